"""How many messages are in the queue: counted now and then, and told to other processes."""

import asyncio
import threading
import uuid

from eximia.daemon.notifier import KEPT, QUEUE_SIZE, Notifier, QueueSize, ask


def test_the_queue_is_counted_once_a_minute() -> None:
    counts = iter([3, 5])
    now = [100.0]
    size = QueueSize(lambda: next(counts), lambda: now[0])
    assert size() == size() == "3"
    now[0] += KEPT
    assert size() == "5"


def test_question_and_answer() -> None:
    name = f"\0eximia-test-{uuid.uuid4()}"
    assert ask(name, QUEUE_SIZE) == ""
    loop = asyncio.new_event_loop()
    first = Notifier(loop, name, lambda: "17")
    answers: list[str] = []

    def others() -> None:
        answers.append(ask(name, QUEUE_SIZE))
        loop.call_soon_threadsafe(loop.stop)

    thread = threading.Thread(target=others)
    thread.start()
    loop.run_forever()
    thread.join()
    assert answers == ["17"]
    first.close()
    assert ask(name, QUEUE_SIZE) == ""
    loop.close()
