"""Policy on the event loop: one greenlet a session, switched directly by the loop's callbacks.

The *hub* is the greenlet in which the loop runs. Policy runs in other greenlets; where it must wait it switches to
the hub, and the callback that brings what it waits for switches back. No Future or Task stands in between.

Rules: only a callback of the loop may switch into policy (code that runs in a policy greenlet schedules instead);
never hold a `threading.Lock` across a wait; never call `add_reader`, `remove_reader` or their like from policy (libuv
then follows a pointer into the hub's C stack, which greenlet may have put aside): let the hub do it with `call_soon`.
Nothing outside `aio` knows greenlet.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from inspect import isgeneratorfunction
from queue import SimpleQueue
from typing import Any, Generic, TypeVar, cast

import greenlet

from eximia.base.steps import Steps, Sync, synchronise

T = TypeVar("T")
R = TypeVar("R")


class Waiter:
    """One wait of one greenlet. Made in policy, ended once by `set` or `fail` from anywhere in the loop's thread."""

    __slots__ = ("_bridge", "_error", "_greenlet", "_ready", "_value")

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._greenlet: greenlet.greenlet | None = None
        self._ready = False
        self._value: Any = None
        self._error: BaseException | None = None

    @property
    def ready(self) -> bool:
        return self._ready

    def set(self, value: Any = None) -> None:
        """End the wait with a value. Ignored when it has ended already (a reply and a time-out may race)."""
        if self._ready:
            return
        self._ready = True
        self._value = value
        self._wake()

    def fail(self, error: BaseException) -> None:
        """End the wait with an exception."""
        if self._ready:
            return
        self._ready = True
        self._error = error
        self._wake()

    def _wake(self) -> None:
        waiting = self._greenlet
        if waiting is None:
            return
        self._greenlet = None
        bridge = self._bridge
        if greenlet.getcurrent() is bridge.hub:
            waiting.switch()
        else:
            bridge.loop.call_soon(waiting.switch)

    def wait(self) -> Any:
        """Wait for `set` or `fail`; the value, or the exception raised."""
        if not self._ready:
            current = greenlet.getcurrent()
            if current is self._bridge.hub:
                raise RuntimeError("policy that may wait was called from the event loop, not from a policy greenlet")
            self._greenlet = current
            self._bridge.hub.switch()
        if self._error is not None:
            raise self._error
        return self._value


class PolicyTask(Generic[T]):
    """Policy that runs beside its starter. An exception nobody joins for is reported by `Bridge.on_error`."""

    __slots__ = ("_bridge", "_done", "_error", "_value", "_waiters", "joined")

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._done = False
        self._value: Any = None
        self._error: BaseException | None = None
        self._waiters: list[Waiter] = []
        self.joined = False

    def run(self, function: Callable[..., T], args: tuple[Any, ...]) -> None:
        try:
            self._value = function(*args)
        except BaseException as error:  # noqa: BLE001  (handed to whoever joins, or reported)
            self._error = error
        self._done = True
        self._bridge.tasks.discard(self)
        self._bridge.endless.discard(self)
        if self._error is not None and not self._waiters and not self.joined:
            self._bridge.report(self._error)
        for waiter in self._waiters:
            waiter.set()

    def done(self) -> bool:
        return self._done

    def join(self) -> T:
        self.joined = True
        if not self._done:
            waiter = Waiter(self._bridge)
            self._waiters.append(waiter)
            waiter.wait()
        if self._error is not None:
            raise self._error
        return cast("T", self._value)


class _Group:
    """The work of `together` for one function: it takes all items that wait, as one list."""

    __slots__ = ("busy", "items", "steps")

    def __init__(self, *, steps: bool) -> None:
        self.items: list[tuple[Any, Waiter]] = []
        self.busy = 0
        #: the function is a generator, which runs in the loop (`base.steps`); else a thread calls it
        self.steps = steps


#: at most this many batches of one function at the same time: the disk joins the flushes of two well
GROUP_BATCHES = 2
#: seconds: when synchronising data takes less, the loop does it itself, which is quicker than handing it to a thread
QUICK = 0.002
#: threads that `blocking` may have at work: commands and agents may take long, so they are many, started when needed
THREADS = 64


class Bridge:
    """The hub, its threads, and starting policy. One per process; made in the thread of the loop."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, on_error: Callable[[BaseException], None] | None = None
    ) -> None:
        self.loop = loop
        self.hub = greenlet.getcurrent()
        self.on_error = on_error
        #: tasks that run now: keeps them alive, and tells a stopping worker what to wait for
        self.tasks: set[PolicyTask[Any]] = set()
        self.endless: set[PolicyTask[Any]] = set()
        #: batches of `together` have threads of their own: no slow command may hold up the receiving of mail
        self._batches = ThreadPoolExecutor(GROUP_BATCHES * 2, "batch")
        self._work: SimpleQueue[
            tuple[Callable[..., Any], tuple[Any, ...], Callable[[Any, BaseException | None], None]] | None
        ] = SimpleQueue()
        self._threads = 0
        #: pieces of work that threads have or that wait for one
        self._load = 0
        self._finished: deque[tuple[Callable[[Any, BaseException | None], None], Any, BaseException | None]] = deque()
        self._signalled = False
        self._lock = threading.Lock()
        #: seconds that synchronising data took lately
        self._sync_time = 1.0
        self._groups: dict[Callable[..., Any], _Group] = {}

    # Policy

    def spawn(self, function: Callable[..., T], *args: Any) -> PolicyTask[T]:
        """Start `function` in a greenlet of its own; it runs at once until its first wait, then the caller goes on."""
        task: PolicyTask[T] = PolicyTask(self)
        self.tasks.add(task)
        new = greenlet.greenlet(task.run, self.hub)
        if greenlet.getcurrent() is self.hub:
            new.switch(function, args)
        else:
            self.loop.call_soon(new.switch, function, args)
        return task

    def spawn_forever(self, function: Callable[..., T], *args: Any) -> None:
        """Like `spawn`, for what runs as long as the process: a stopping worker does not wait for it."""
        task = self.spawn(function, *args)
        if task in self.tasks:
            self.endless.add(task)

    @property
    def busy(self) -> bool:
        """Whether policy runs that has an end."""
        return bool(self.tasks - self.endless)

    def waiter(self) -> Waiter:
        return Waiter(self)

    def sleep(self, seconds: float) -> None:
        waiter = Waiter(self)
        self.loop.call_later(seconds, waiter.set)
        waiter.wait()

    def report(self, error: BaseException) -> None:
        """An exception that nobody waits for: a bug, or the end of the program. Never raises: other policy that the
        same callback was to wake would be left waiting."""
        if self.on_error is not None:
            try:
                self.on_error(error)
                return
            except Exception as trouble:  # noqa: BLE001 (logs that cannot be written)
                error.add_note(f"and could not be told: {trouble!r}")
        self.loop.call_exception_handler({"message": "policy ended by an exception", "exception": error})

    # Threads

    def blocking(self, function: Callable[..., T], *args: Any) -> T:
        """Run `function` in a thread; the calling greenlet waits."""
        waiter = Waiter(self)

        def finished(value: Any, error: BaseException | None) -> None:
            if error is not None:
                waiter.fail(error)
            else:
                waiter.set(value)

        self._submit(function, args, finished)
        return cast("T", waiter.wait())

    def together(self, function: Callable[[list[T]], list[R] | Steps[list[R]]], item: T) -> R:
        """See `base.ports.Ports.together`."""
        group = self._groups.get(function)
        if group is None:
            group = self._groups[function] = _Group(steps=isgeneratorfunction(function))
        waiter = Waiter(self)
        group.items.append((item, waiter))
        if group.busy < GROUP_BATCHES:
            # At the end of this turn of the loop, so that what arrived in the same turn goes together.
            group.busy += 1
            self.loop.call_soon(self._run_group, cast("Callable[[list[Any]], list[Any]]", function), group)
        return cast("R", waiter.wait())

    def _run_group(self, function: Callable[[list[Any]], list[Any] | Steps[list[Any]]], group: _Group) -> None:
        batch, group.items = group.items, []
        if not batch:
            group.busy -= 1
            return

        def finished(results: Any, error: BaseException | None) -> None:
            # Start the next batch before the waiting policy goes on: the disk should not idle meanwhile.
            self._run_group(function, group)
            for index, (_, waiter) in enumerate(batch):
                result = error if error is not None else results[index]
                if isinstance(result, BaseException):
                    waiter.fail(result)
                else:
                    waiter.set(result)

        items = [item for item, _ in batch]
        if group.steps:
            self._advance(cast("Steps[Any]", function(items)), None, None, finished)
        else:
            self._batches.submit(self._work_on, function, (items,), finished)

    def _advance(
        self,
        steps: Steps[Any],
        answer: Any,
        failure: BaseException | None,
        finished: Callable[[Any, BaseException | None], None],
    ) -> None:
        """Go on with work in steps until it has to wait again."""
        while True:
            try:
                request = steps.send(answer) if failure is None else steps.throw(failure)
            except StopIteration as end:
                finished(end.value, None)
                return
            except Exception as error:  # noqa: BLE001  (raised again in the greenlets that wait)
                finished(None, error)
                return
            if not (isinstance(request, Sync) and request.data_only and self._sync_time < QUICK):
                break
            answer, failure = self._timed(request), None

        def go_on(answer: Any, failure: BaseException | None = None) -> None:
            self._advance(steps, answer, failure, finished)

        if not isinstance(request, Sync):
            self._batches.submit(self._work_on, request, (), go_on)
        elif request.data_only:
            self._batches.submit(self._work_on, self._timed, (request,), go_on)
        else:
            self._batches.submit(self._work_on, synchronise, (request,), go_on)

    def _timed(self, request: Sync) -> list[OSError | None]:
        """Synchronise data, and remember how long that takes. A single bad time ends waiting in place, for it may be
        the first of many; about thirty good ones begin it."""
        begin = time.perf_counter()
        results = synchronise(request)
        took = time.perf_counter() - begin
        self._sync_time += (took - self._sync_time) / (1 if took > 10 * QUICK else 10)
        return results

    def _submit(
        self, function: Callable[..., Any], args: tuple[Any, ...], finished: Callable[[Any, BaseException | None], None]
    ) -> None:
        with self._lock:
            self._load += 1
            start = self._threads < min(self._load, THREADS)
            if start:
                self._threads += 1
        self._work.put((function, args, finished))
        if start:
            threading.Thread(target=self._thread, daemon=True, name="blocking").start()

    def _thread(self) -> None:
        while True:
            work = self._work.get()
            if work is None:
                return
            self._work_on(*work, thread=True)

    def close(self) -> None:
        """End the threads; nothing is given to them any more."""
        for _ in range(self._threads):
            self._work.put(None)

    def _work_on(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        finished: Callable[[Any, BaseException | None], None],
        *,
        thread: bool = False,
    ) -> None:
        """Do a piece of work in a thread (`thread`: one that `_submit` counts), and tell the loop of its end."""
        value: Any = None
        error: BaseException | None = None
        try:
            value = function(*args)
        except BaseException as caught:  # noqa: BLE001  (raised again in the greenlet that waits)
            error = caught
        with self._lock:
            self._load -= thread
            self._finished.append((finished, value, error))
            signal = not self._signalled
            self._signalled = True
        if signal:
            try:
                self.loop.call_soon_threadsafe(self._drain)
            except RuntimeError:
                pass  # the loop is closed: the process is ending

    def _drain(self) -> None:
        with self._lock:
            ready = list(self._finished)
            self._finished.clear()
            self._signalled = False
        for finished, value, error in ready:
            finished(value, error)


class LoopClock:
    """base.ports.Clock over the loop."""

    __slots__ = ("_bridge",)

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        self._bridge.sleep(seconds)
