"""`cli.messages` and `cli.queue_list`: output, permissions and exit codes."""

import pytest

from eximia.cli.messages import act
from eximia.cli.queue_list import show
from eximia.spool import SpoolFormatError

from .house import House

A, B, NONE = "1xV3H1-0001qt-0A", "1xV3H2-0001qt-0B", "1xV3H9-0001qt-0A"
Output = pytest.CaptureFixture[bytes]


class Deliveries:
    """Stands for the delivery of a message."""

    def __init__(self) -> None:
        self.made: list[tuple[str, bool, str]] = []
        self.damaged = False

    def __call__(self, message_id: str, *, queue: str, forced: bool, give_up: str) -> None:
        if self.damaged:
            raise SpoolFormatError(message_id, 5)
        self.made.append((message_id, forced, give_up))


@pytest.fixture
def deliveries() -> Deliveries:
    return Deliveries()


def run(house: House, deliveries: Deliveries, action: str, *words: str) -> int:
    return act(house.process, action, words, deliveries)


def test_changes_and_their_exit_codes(house: House, deliveries: Deliveries, capfdbinary: Output) -> None:
    house.add(A)
    house.add(B)
    assert run(house, deliveries, "Mf", A, NONE, B) == 1
    assert capfdbinary.readouterr().out.decode() == (
        f"Message {A} is now frozen\nSpool data file for {NONE} does not exist\nMessage {B} is now frozen\n"
    )
    assert run(house, deliveries, "Mt", A) == 0
    assert run(house, deliveries, "Mmad", A, B) == 0
    assert (
        capfdbinary.readouterr()
        .out.decode()
        .endswith(f"Message {A} has been modified\nMessage {B} has been modified\n\n")
    )
    assert run(house, deliveries, "MG", "night", A, B) == 0
    assert capfdbinary.readouterr().out.decode() == f"Message {A} Message {B} \n"
    assert house.process.spool.count("night") == 2


def test_views(house: House, deliveries: Deliveries, capfdbinary: Output) -> None:
    house.add(A)
    assert run(house, deliveries, "Mvb", A) == 0
    assert capfdbinary.readouterr().out.decode() == f"{A}-D\nbody\n"
    assert run(house, deliveries, "Mvc", A) == 0
    assert capfdbinary.readouterr().out == b"From: a@b.ex\n\nbody\n"
    assert run(house, deliveries, "Mvh", A, B) == 1
    assert capfdbinary.readouterr().out == b"*** Only one message can be listed at once\n"
    assert run(house, deliveries, "Mvl", A) == 1
    assert capfdbinary.readouterr().out.decode() == (f"Failed to open msglog file for {A}: No such file or directory\n")
    assert run(house, deliveries, "Mvh", NONE) == 1
    assert capfdbinary.readouterr().out.decode() == (
        f"Failed to open input file for {NONE}-H: No such file or directory\n"
    )


def test_deliveries(house: House, deliveries: Deliveries) -> None:
    house.add(A)
    assert run(house, deliveries, "M", A, NONE) == 0
    assert run(house, deliveries, "Mc", A) == 0
    assert run(house, deliveries, "Mg", A, NONE) == 0
    assert deliveries.made == [
        (A, True, ""),
        (NONE, True, ""),
        (A, False, ""),
        (A, True, "cancelled by administrator"),
    ]
    assert any(line.startswith(f"{A} cancelled by ") for line in house.main_log())


def test_damage_is_reported(house: House, deliveries: Deliveries) -> None:
    from types import SimpleNamespace

    house.process.main = SimpleNamespace(keep_malformed=345600)  # type: ignore[assignment]
    house.add(A)
    deliveries.damaged = True
    assert run(house, deliveries, "M", A) == 0
    assert house.main_log() == [f"{A} Format error in spool file {A}-H: size=5"]


def test_who_may(house: House, deliveries: Deliveries, capfdbinary: Output) -> None:
    house.add(A)
    process = house.process
    process.is_admin = False
    process.caller_uid = 54321
    for action in ("Mf", "Mvh", "Mrm", "Mes"):
        assert run(house, deliveries, action, A) == 1
    assert capfdbinary.readouterr().out == b"Permission denied\n" * 4
    assert run(house, deliveries, "M", A) == 1
    assert capfdbinary.readouterr().err == b"exim: Permission denied\n"
    assert act(process, "M", [A], deliveries, prod_requires_admin=False) == 0
    process.caller_uid = 0  # the messages of these tests come from uid 0
    assert run(house, deliveries, "Mrm", A) == 0
    assert show(process, "", []) == 1
    assert capfdbinary.readouterr().err == b"exim: permission denied\n"


def test_listing(house: House, capfdbinary: Output) -> None:
    house.add(A)
    house.add(B)
    assert show(house.process, "c", []) == 0
    assert show(house.process, "i", [B]) == 0
    assert show(house.process, "", [], requires_admin=False) == 0
    assert capfdbinary.readouterr().out.decode() == (
        f"2\n{B}\n 1m    19 {A} <a@b.ex>\n          c@d.ex\n\n 1m    19 {B} <a@b.ex>\n          c@d.ex\n\n"
    )
