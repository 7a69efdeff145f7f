"""How many messages are in the queue: counted now and then."""

from eximia.daemon.notifier import KEPT, QueueSize


def test_the_queue_is_counted_once_a_minute() -> None:
    counts = iter([3, 5])
    now = [100.0]
    size = QueueSize(lambda: next(counts), lambda: now[0])
    assert size() == size() == "3"
    now[0] += KEPT
    assert size() == "5"
