"""A process asks the daemon how many messages are in the queue."""

import asyncio
import threading
import uuid

from eximia.daemon.notifier import QUEUE_SIZE, Notifier, ask


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
