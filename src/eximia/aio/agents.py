"""Agents, as policy sees them: `base.ports.Agents` in the server and at the command line.

In the server a worker asks the privileged parent for an agent of a user and keeps it while it is used; several
deliveries for one user share it. Without root, or when the work is ours anyway, a job runs in a thread of this
process.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Protocol

from eximia.base.errors import Defer
from eximia.base.ports import Identity
from eximia.privileged.agent import run_job, start_agent
from eximia.privileged.wire import WireError, pack_jobs, receive_frame, send_frame, unpack_results


class AgentSource(Protocol):
    """Where a new agent comes from: the parent, or a fork of ourselves."""

    def __call__(self, identity: Identity) -> socket.socket:
        """A socket connected to a new agent. Raises OSError or WireError when there is none to be had."""


class Gate(Protocol):
    """Entered around a job."""

    def __enter__(self) -> object: ...

    def __exit__(self, *exc: object) -> None: ...


class AgentPool:
    """Connections to agents by identity. `run` blocks; the server calls it in a thread, one job a connection."""

    def __init__(self, source: AgentSource) -> None:
        self.source = source
        self._idle: dict[Identity, list[socket.socket]] = {}

    def run(
        self, identity: Identity, job: str, fields: Mapping[str, Any], fds: Sequence[int], timeout: float
    ) -> dict[str, Any]:
        """One job in an agent of `identity`. Raises Defer when no agent can be had or it died."""
        request = pack_jobs([(job, fields)])
        while True:
            found = self._take(identity)
            kept = found is not None
            try:
                sock = found if found is not None else self.source(identity)
            except (OSError, WireError) as error:
                raise Defer(f"no agent for uid {identity.uid}: {error}") from error
            try:
                sock.settimeout(timeout or None)
                send_frame(sock, request, fds)
                frame = receive_frame(sock)
                answers = unpack_results(frame[0]) if frame is not None else []
            except (OSError, WireError) as error:
                sock.close()
                if kept and not isinstance(error, TimeoutError):
                    continue  # it had gone idle just now: ask a new one
                raise Defer(f"agent for uid {identity.uid}: {error}") from error
            if frame is None:
                sock.close()
                if kept:
                    continue
                raise Defer(f"agent for uid {identity.uid} ended without an answer")
            self._idle.setdefault(identity, []).append(sock)
            return unpack_result(identity, answers[0])

    def _take(self, identity: Identity) -> socket.socket | None:
        """An idle connection. Other threads take, too: that there is one now does not say that it is for us."""
        try:
            return self._idle[identity].pop()
        except (KeyError, IndexError):
            return None

    def close(self) -> None:
        for sockets in self._idle.values():
            for sock in sockets:
                sock.close()
        self._idle.clear()


def unpack_result(identity: Identity, answer: dict[str, Any]) -> dict[str, Any]:
    """What a job returned. Raises Defer when it ended by an exception."""
    if "error" in answer:
        raise Defer(f"agent for uid {identity.uid}: {answer['error']}")
    result: dict[str, Any] = answer["result"]
    return result


class Batches(Protocol):
    """Several jobs in one frame: `batches.AgentBatches`."""

    def run(self, identity: Identity, job: str, fields: Mapping[str, Any]) -> dict[str, Any]: ...


class Agents:
    """base.ports.Agents. `blocking` runs a function so that only the caller waits."""

    def __init__(
        self,
        pool: AgentPool | None,
        blocking: Callable[..., Any],
        gate: Callable[[Identity], Gate] | None = None,
        batches: Batches | None = None,
    ) -> None:
        """`gate` bounds how many agents of one identity work at the same time; `batches` does jobs that are `quick`."""
        self._pool = pool
        self._batches = batches
        self._blocking = blocking
        self._gate = gate
        self._uid = os.geteuid()
        self._gid = os.getegid()

    def run(
        self,
        identity: Identity | None,
        job: str,
        fields: Mapping[str, Any],
        fds: Sequence[int] = (),
        timeout: float = 0,
        *,
        quick: bool = False,
    ) -> dict[str, Any]:
        result: dict[str, Any]
        if identity is None or self._pool is None or (identity.uid == self._uid and self._uid != 0):
            result = self._blocking(run_job, job, dict(fields), list(fds))
        elif quick and not fds and self._batches is not None:
            result = self._batches.run(identity, job, fields)
        else:
            with self._gate(identity) if self._gate is not None else nullcontext():
                result = self._blocking(self._pool.run, identity, job, fields, fds, timeout)
        return result


def fork_agent(identity: Identity) -> socket.socket:
    """An agent forked from this process, which is root and has no threads (the command line)."""
    _, sock = start_agent(identity.uid, identity.gid, identity.user)
    return sock
