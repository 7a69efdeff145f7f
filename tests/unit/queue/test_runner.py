import re
from collections.abc import MutableSequence

import pytest

from eximia.base.ordered_set import OrderedSet
from eximia.queue.runner import QueueRun, RunSettings
from eximia.queue.schedule import Schedule

from .house import House

A, B, C = "1xV3H1-0001qt-0A", "1xV3H2-0001qt-0B", "1xV3H3-0001qt-0C"


def run(house: House, settings: RunSettings, **more: object) -> list[tuple[str, bool, bool, bool]]:
    seen: list[tuple[str, bool, bool, bool]] = []

    def deliver(
        message_id: str, *, queue: str, forced: bool, deliver_frozen: bool, first_pass: bool, local_only: bool
    ) -> None:
        seen.append((message_id, forced, deliver_frozen, first_pass))

    QueueRun(house.process, settings, deliver, in_order=True, **more).run(77)  # type: ignore[arg-type]
    return seen


@pytest.mark.parametrize(
    ("settings", "flags"),
    [
        (RunSettings(), ""),
        (RunSettings(two_stage=True, first_only=True, force_frozen=True, local_only=True), "-qqiffl"),
        (RunSettings(force=True, recipient="foo"), "-qf -R foo"),
        (RunSettings(recipient="a.b", recipient_regex=True, sender="bar"), "-Rr a.b -S bar"),
    ],
)
def test_flags(settings: RunSettings, flags: str) -> None:
    assert settings.flags() == flags


def test_order_range_and_log(house: House) -> None:
    for message_id in (C, A, B):
        house.add(message_id)
    assert run(house, RunSettings()) == [(each, False, False, False) for each in (A, B, C)]
    assert [each[0] for each in run(house, RunSettings(start_id=B))] == [B, C]
    assert [each[0] for each in run(house, RunSettings(start_id=B, end_id=B, force=True))] == [B]
    assert house.main_log()[:2] == ["Start queue run: pid=77", "End queue run: pid=77"]
    assert house.main_log()[-2:] == ["Start queue run: pid=77 -qf", "End queue run: pid=77 -qf"]


def test_two_stages_and_named_queue(house: House) -> None:
    house.add(A, queue="night")
    settings = RunSettings(queue="night", two_stage=True)
    assert run(house, settings) == [(A, False, False, True), (A, False, False, False)]
    assert house.main_log()[0] == "Start 'night' queue run: pid=77 -qq"


def test_selection_forces_the_first(house: House) -> None:
    house.add(A, to=("x@FOO.ex", "y@other.ex"))
    house.add(B, to=("y@other.ex",))
    house.add(C, to=("z@foo.ex", "done@bar.ex"), nonrecipients=OrderedSet({"done@bar.ex"}), sender="s@bar.ex")
    assert run(house, RunSettings(recipient="@foo.ex")) == [(A, True, False, False), (C, False, False, False)]
    assert run(house, RunSettings(recipient="@foo.ex", force_frozen=True))[1] == (C, True, True, False)
    assert run(house, RunSettings(recipient="done@bar.ex")) == []
    assert [each[0] for each in run(house, RunSettings(recipient="foo", sender="BAR"))] == [C]


def test_regular_expressions(house: House) -> None:
    class Regexes:
        def search(self, pattern: str, subject: str, *, caseless: bool = False, start: int = 0) -> object:
            return re.search(pattern, subject, re.IGNORECASE if caseless else 0)

    house.process.services.regexes = Regexes()  # type: ignore[assignment]
    house.add(A, to=("x@foo.ex",))
    house.add(B, to=("fooooo@y.ex",))
    assert [each[0] for each in run(house, RunSettings(recipient="@FO*", recipient_regex=True))] == [A]


def test_first_only(house: House) -> None:
    house.add(A, first_delivery=False)
    house.add(B)
    assert [each[0] for each in run(house, RunSettings(first_only=True))] == [B]


def test_load_ends_the_run(house: House) -> None:
    house.add(A)
    house.add(B)
    loads = iter([1.0, 9.5])
    assert len(run(house, RunSettings(), load_max=8.0, load=lambda: next(loads))) == 1
    assert house.main_log()[-1] == "Abandon queue run: pid=77 (load 9.50, max 8.00)"


def test_order_is_shuffled_by_default(house: House) -> None:
    for message_id in (A, B, C):
        house.add(message_id)
    seen: list[str] = []

    def reverse(items: MutableSequence[str]) -> None:
        items.sort(reverse=True)

    QueueRun(house.process, RunSettings(), lambda message_id, **_: seen.append(message_id), shuffle=reverse).run(1)
    assert seen == [C, B, A]


class Done:
    def __init__(self, done: bool) -> None:
        self._done = done

    def done(self) -> bool:
        return self._done


class FakeWorld:
    """Clock and spawn in one; time passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.started: list[tuple[float, RunSettings]] = []
        self.finished = True
        self.schedule: Schedule | None = None
        self.clock = self

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        assert self.schedule is not None
        self.schedule.stopped = self.now > 100

    def spawn(self, function: object, settings: RunSettings) -> Done:
        self.started.append((self.now, settings))
        return Done(self.finished)


def test_schedule_keeps_intervals_and_the_limit() -> None:
    world = FakeWorld()
    slow, fast = RunSettings(), RunSettings(queue="fast")
    world.schedule = Schedule(world, [(slow, 60), (fast, 40)], lambda _: None, limit=lambda: 2)  # type: ignore[arg-type]
    world.schedule.run()
    assert world.started == [(0, slow), (0, fast), (40, fast), (60, slow), (80, fast)]
    world = FakeWorld()
    world.finished = False
    world.schedule = Schedule(world, [(slow, 30)], lambda _: None, limit=lambda: 2)  # type: ignore[arg-type]
    world.schedule.run()
    assert [when for when, _ in world.started] == [0, 30]
