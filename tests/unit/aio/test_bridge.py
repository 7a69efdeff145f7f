"""Policy in greenlets over a loop: waiting, threads, batches, errors."""

import asyncio
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import pytest

from eximia.aio.bridge import Bridge


def run(policy: Callable[[Bridge], Any], loop: asyncio.AbstractEventLoop | None = None) -> Any:
    """Run `policy` in a bridge of its own; its result or exception."""
    loop = loop or asyncio.new_event_loop()
    try:
        bridge = Bridge(loop, on_error=lambda error: None)
        outcome: list[Any] = []

        def body() -> None:
            try:
                outcome.append(policy(bridge))
            except BaseException as error:  # noqa: BLE001
                outcome.append(error)
            loop.stop()

        loop.call_soon(bridge.spawn, body)
        loop.run_forever()
        bridge.close()
    finally:
        loop.close()
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


def test_blocking_work_runs_in_another_thread_and_its_result_comes_back() -> None:
    assert run(lambda bridge: bridge.blocking(threading.get_ident)) != threading.get_ident()


def test_an_exception_of_a_thread_is_raised_in_the_policy() -> None:
    with pytest.raises(ZeroDivisionError):
        run(lambda bridge: bridge.blocking(lambda: 1 // 0))


def test_spawned_policy_runs_beside_and_is_joined() -> None:
    def policy(bridge: Bridge) -> list[int]:
        tasks = [bridge.spawn(lambda n=n: bridge.blocking(lambda: n * n)) for n in range(20)]
        return [task.join() for task in tasks]

    assert run(policy) == [n * n for n in range(20)]


def test_items_that_wait_together_go_together_and_each_gets_its_own_result() -> None:
    batches: list[list[int]] = []

    def work(items: list[int]) -> list[int | Exception]:
        batches.append(items)
        return [ValueError(str(item)) if item == 3 else item * 10 for item in items]

    def policy(bridge: Bridge) -> list[Any]:
        def one(item: int) -> Any:
            try:
                return bridge.together(work, item)
            except ValueError as error:
                return str(error)

        tasks = [bridge.spawn(one, item) for item in range(30)]
        return [task.join() for task in tasks]

    assert run(policy) == [str(n) if n == 3 else n * 10 for n in range(30)]
    assert sorted(item for batch in batches for item in batch) == list(range(30))
    assert len(batches) < 30


def test_no_work_waits_for_other_work_while_threads_may_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = threading.Event()

    class Late(SimpleQueue):  # type: ignore[type-arg]
        """A thread that has got its work does not go on at once."""

        def get(self, *args: Any, **kwargs: Any) -> Any:
            work = super().get(*args, **kwargs)
            taken.set()
            time.sleep(0.02)
            return work

    def policy(bridge: Bridge) -> bool:
        bridge.blocking(lambda: None)
        taken.clear()
        done = threading.Event()
        first = bridge.spawn(bridge.blocking, done.wait, 5)
        bridge.sleep(0)
        assert taken.wait(5)
        bridge.blocking(done.set)
        return first.join()

    monkeypatch.setattr("eximia.aio.bridge.SimpleQueue", Late)
    assert run(policy)


def test_waiting_in_the_loop_itself_is_refused() -> None:
    loop = asyncio.new_event_loop()
    bridge = Bridge(loop)
    with pytest.raises(RuntimeError, match="policy greenlet"):
        bridge.waiter().wait()
    loop.close()


def test_an_error_nobody_joins_for_is_reported() -> None:
    loop = asyncio.new_event_loop()
    reported: list[BaseException] = []
    bridge = Bridge(loop, on_error=reported.append)

    def fails() -> None:
        raise KeyError("x")

    bridge.spawn(fails)
    loop.close()
    assert [type(each) for each in reported] == [KeyError]


def test_trouble_that_cannot_be_told_keeps_nobody_else_waiting() -> None:
    """Threads end work for two at the same time; of what the first makes of it nothing can be logged."""

    def policy(bridge: Bridge) -> int:
        def no_log(error: BaseException) -> None:
            raise OSError(24, "Too many open files")

        told: list[Any] = []
        bridge.loop.set_exception_handler(lambda loop, context: told.append(context["exception"]))
        bridge.on_error = no_log
        both = threading.Barrier(2)

        def fail() -> None:
            bridge.blocking(both.wait, 5)
            raise ValueError("told")

        bridge.spawn(fail)
        task = bridge.spawn(bridge.blocking, both.wait, 5)
        bridge.sleep(0)
        time.sleep(0.1)
        task.join()
        return len(told)

    assert run(policy) == 1
