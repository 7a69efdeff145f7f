"""Jobs of agents that need not wait for each other, several in one frame: local deliveries that wait at the same time
share the way to the agent and back, and the agent shares the disk's work among them.

One agent of an identity works for this process; another one helps for each full frame that waits. Everything happens in
the loop, without threads. Not here: jobs with descriptors and jobs that may take long (`agents.AgentPool`).
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from eximia.aio.agents import unpack_result
from eximia.base.errors import Defer, NetworkError
from eximia.privileged.wire import LIMIT, WireError, pack_jobs, unpack_results

if TYPE_CHECKING:
    from eximia.aio.agents import AgentSource
    from eximia.aio.bridge import Bridge, Waiter
    from eximia.aio.streams import LoopNetwork, LoopStream
    from eximia.base.ports import Identity

#: jobs in one frame, and the bytes of their bodies together
MOST: Final = 24
MOST_BYTES: Final = LIMIT // 4
#: agents of one identity that work at the same time
AGENTS: Final = 3


class _Queue:
    """What waits for agents of one identity."""

    __slots__ = ("busy", "idle", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[tuple[str, Mapping[str, Any], Waiter]] = deque()
        self.idle: list[LoopStream] = []
        self.busy = 0


class AgentBatches:
    """See the module's docstring. `source` gets a new agent; it blocks, so a thread calls it."""

    def __init__(self, bridge: Bridge, net: LoopNetwork, source: AgentSource) -> None:
        self._bridge = bridge
        self._net = net
        self._source = source
        self._queues: dict[Identity, _Queue] = {}

    def run(self, identity: Identity, job: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """One job, in a frame with others. Raises Defer."""
        queue = self._queues.get(identity)
        if queue is None:
            queue = self._queues[identity] = _Queue()
        waiter = self._bridge.waiter()
        queue.waiting.append((job, fields, waiter))
        if not queue.busy or (queue.busy < AGENTS and len(queue.waiting) >= MOST * queue.busy):
            queue.busy += 1
            self._bridge.spawn(self._work, identity, queue)
        result: dict[str, Any] = waiter.wait()
        return result

    def _work(self, identity: Identity, queue: _Queue) -> None:
        """Send frames until nothing waits."""
        try:
            while queue.waiting:
                batch = _take(queue)
                try:
                    answers = self._exchange(identity, queue, [(job, fields) for job, fields, _ in batch])
                except Defer as error:
                    for _, _, waiter in batch:
                        waiter.fail(Defer(error.message))
                    continue
                for (_, _, waiter), answer in zip(batch, answers, strict=True):
                    try:
                        waiter.set(unpack_result(identity, answer))
                    except Defer as error:
                        waiter.fail(error)
        finally:
            queue.busy -= 1

    def _exchange(
        self, identity: Identity, queue: _Queue, jobs: list[tuple[str, Mapping[str, Any]]]
    ) -> list[dict[str, Any]]:
        """One frame and its answer. Raises Defer."""
        frame = pack_jobs(jobs)
        while True:
            stream, kept = self._stream(identity, queue)
            try:
                stream.send(struct.pack("!I", len(frame)) + frame)
                answer = _receive(stream)
            except (NetworkError, WireError) as error:
                stream.abort()
                raise Defer(f"agent for uid {identity.uid}: {error}") from error
            if answer is None:
                stream.abort()
                if kept:
                    continue  # it had gone idle just now: ask a new one
                raise Defer(f"agent for uid {identity.uid} ended without an answer")
            queue.idle.append(stream)
            return unpack_results(answer)

    def _stream(self, identity: Identity, queue: _Queue) -> tuple[LoopStream, bool]:
        """A connection to an agent, and whether it worked before. Raises Defer."""
        while queue.idle:
            stream = queue.idle.pop()
            if not stream.closed and not stream.pending():
                return stream, True
            stream.abort()
        try:
            sock = self._bridge.blocking(self._source, identity)
            sock.setblocking(False)
            return self._net.adopt(sock), False
        except (OSError, WireError, NetworkError) as error:
            raise Defer(f"no agent for uid {identity.uid}: {error}") from error


def _take(queue: _Queue) -> list[tuple[str, Mapping[str, Any], Waiter]]:
    """The first that wait, as many as one frame may have."""
    batch: list[tuple[str, Mapping[str, Any], Waiter]] = []
    size = 0
    while queue.waiting and len(batch) < MOST and (size < MOST_BYTES or not batch):
        item = queue.waiting.popleft()
        size += len(item[1].get("body") or b"")
        batch.append(item)
    return batch


def _receive(stream: LoopStream) -> bytes | None:
    """One frame; None when the agent is gone. Raises NetworkError, WireError."""
    data = b""
    while len(data) < 4:
        more = stream.recv(0)
        if not more:
            if data:
                raise WireError("cut in the middle of a frame")
            return None
        data += more
    (length,) = struct.unpack_from("!I", data)
    pieces = [data[4:]]
    missing = length - len(pieces[0])
    while missing > 0:
        more = stream.recv(0)
        if not more:
            raise WireError("cut in the middle of a frame")
        pieces.append(more)
        missing -= len(more)
    return b"".join(pieces)
