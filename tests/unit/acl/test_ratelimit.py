"""ratelimit and seen: rates over time, what counts as one event, and what is stored."""

from math import exp
from pathlib import Path

import pytest

from eximia.acl import phases
from eximia.acl.conditions.ratelimit import smoothed
from eximia.acl.result import Outcome
from eximia.context import AddressContext, Message, Recipient
from support_acl import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def over(world: World, text: str, phase: phases.Phase = phases.RCPT) -> bool:
    """Whether the limit is reached; each call is a new message and a new command."""
    world.message = Message(sender_address="s@x.ex", size=world.message.size, recipients=world.message.recipients)
    world.session.command_history.append("MAIL")
    return world.run(phase, f"accept ratelimit = {text}").outcome is Outcome.ACCEPT


def test_smoothing() -> None:
    assert smoothed(0.0, 3600.0, 3600.0, 1.0) == pytest.approx(1 - exp(-1))
    assert smoothed(5.0, 0.0, 3600.0, 1.0) == pytest.approx(6.0)
    assert smoothed(8.0, 3600.0, 3600.0, 0.0) == pytest.approx(8 * exp(-1))


def test_a_burst_reaches_the_limit_and_time_forgives(world: World) -> None:
    assert [over(world, "3 / 1h / strict") for _ in range(4)] == [False, False, False, True]
    assert world.session.sender_rate == "4.0"
    assert (world.session.sender_rate_limit, world.session.sender_rate_period) == ("3", "1h")
    world.clock.now += 3600 * 3
    assert not over(world, "3 / 1h / strict")


def test_leaky_does_not_store_what_is_over(world: World) -> None:
    for _ in range(5):
        over(world, "2 / 1h")
    record = world.process.hints.ratelimit.get("1h/per_mail/1.2.3.4")
    assert record is not None
    assert record.rate == pytest.approx(2.0)


def test_readonly_neither_counts_nor_stores(world: World) -> None:
    assert not over(world, "1 / 1h / readonly")
    assert world.process.hints.ratelimit.get("1h/per_mail/1.2.3.4") is None


def test_one_message_counts_once(world: World) -> None:
    for _ in range(3):
        world.run(phases.RCPT, "accept ratelimit = 10 / 1h / strict")
    record = world.process.hints.ratelimit.get("1h/per_mail/1.2.3.4")
    assert record is not None
    assert record.rate == 1.0


def test_per_rcpt_counts_recipients_or_commands(world: World) -> None:
    for local_part in ("a", "b", "c"):
        world.rcpt(local_part, source="accept ratelimit = 10 / 1h / per_rcpt / strict / k1")
    world.message.recipients = [Recipient(f"{n}@x") for n in range(5)]
    over(world, "10 / 1h / per_rcpt / strict / k2", phases.DATA)
    rates = {key: record.rate for key, record, _ in world.process.hints.ratelimit.scan()}
    assert rates == {"1h/per_rcpt/k1": pytest.approx(3.0), "1h/per_rcpt/k2": pytest.approx(5.0)}


def test_different_recipients_count_once_a_period(world: World) -> None:
    text = "10 / 1h / per_addr / strict"
    for local_part in ("a", "a", "b", "a"):
        world.rcpt(local_part, source=f"accept ratelimit = {text}")
    assert world.session.sender_rate == "2.0"
    world.clock.now += 3601
    world.rcpt("a", source=f"accept ratelimit = {text}")
    record = world.process.hints.ratelimit.get("1h/per_rcpt/unique/1.2.3.4")
    assert record is not None
    assert len(record.events) == 8


def test_bytes_and_units(world: World) -> None:
    world.message.size = 2000
    assert over(world, "1.5k / 1h / per_byte / strict / k")
    assert not over(world, "1M / 1h / per_byte / count=7 / strict / j")
    record = world.process.hints.ratelimit.get("1h/per_mail/j")
    assert record is not None
    assert record.rate == 7.0


@pytest.mark.parametrize(
    "phase, text, error",
    [
        (
            phases.MAIL,
            "1/1h/per_rcpt/strict",
            '"per_rcpt" must not have /leaky or /strict option, or cannot be used in MAIL ACL',
        ),
        (phases.RCPT, "x/1h", '"x" is not a positive number'),
        (phases.RCPT, "1/0s", '"0s" is not a time value'),
        (phases.RCPT, "1", '"NULL" is not a time value'),
        (phases.RCPT, "1/1h/leaky/readonly", "conflicting update modes"),
        (phases.RCPT, "1/1h/per_cmd/per_conn", "conflicting per_* options"),
    ],
)  # fmt: skip
def test_errors(world: World, phase: phases.Phase, text: str, error: str) -> None:
    result = world.run(phase, f"accept ratelimit = {text}")
    assert result.outcome is Outcome.ERROR
    assert result.log_message == f'error in arguments to "ratelimit" condition: {error}'


def seen(world: World, text: str) -> bool:
    world.define(f"a:\n accept seen = {text}\n")
    return world.run().outcome is Outcome.ACCEPT


def test_greylisting(world: World) -> None:
    world.address = AddressContext(local_part="q", domain="test.ex")
    text = "-5m / key=${sender_host_address}_$local_part@$domain"
    assert not seen(world, text)
    world.clock.now += 299
    assert not seen(world, text)
    world.clock.now += 2
    assert seen(world, text)


def test_seen_lately_renews_the_record(world: World) -> None:
    assert not seen(world, "1h")
    world.clock.now += 3000
    assert seen(world, "1h")
    world.clock.now += 3000
    assert seen(world, "1h")
    world.clock.now += 3601
    assert not seen(world, "1h / readonly")


def test_before_test_refreshes_old_records(world: World) -> None:
    seen(world, "-1s / key=k")
    world.clock.now += 10
    assert seen(world, "-1s / key=k / refresh=1h")
    first = world.process.hints.seen.get("k")
    world.clock.now += 4000
    assert seen(world, "-1s / key=k / refresh=1h")
    second = world.process.hints.seen.get("k")
    assert first is not None
    assert second is not None
    assert (second.time - first.time) == 4010
