"""Deliveries that a run in two phases starts early."""

from eximia.queue.ramp import THRESHOLD, Ramp


def test_a_delivery_for_each_batch_of_messages_to_a_host() -> None:
    started: list[str] = []
    ramp = Ramp(started.append)
    for number in range(2 * THRESHOLD + 1):
        ramp.note("smtp", "mx.example")
        ramp.note("smtp", f"other{number}.example")
        assert len(started) == number // THRESHOLD
        ramp.tried(f"id{number}")
    assert started == [f"id{THRESHOLD - 1}", f"id{2 * THRESHOLD - 1}"]
