"""Counting connections over workers that share memory."""

import os
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from eximia.daemon.connections import Connections
from eximia.privileged.supervisor import SHARED_BYTES
from support_together import AT_ONCE, in_processes

HOSTS = ["127.0.0.1", "192.0.2.7", "2001:db8::1", "0.0.0.0", "255.255.255.255"]


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0, 1]), st.sampled_from(HOSTS)), max_size=60))
def test_counts_equal_a_plain_count(steps: list[tuple[bool, int, str]]) -> None:
    fd = os.memfd_create("test")
    os.ftruncate(fd, SHARED_BYTES * 2)
    workers = [Connections(fd, index, 2) for index in range(2)]
    plain = [Counter[str](), Counter[str]()]
    for add, index, host in steps:
        if add:
            workers[index].add(host)
            plain[index][host] += 1
        elif plain[index][host]:
            workers[index].remove(host)
            plain[index][host] -= 1
    both = plain[0] + plain[1]
    for worker in workers:
        assert worker.counts() == [sum(each.values()) for each in plain]
        assert worker.total() == sum(both.values())
        for host in HOSTS:
            assert worker.from_host(host) == both[host]
    os.close(fd)


def test_of_those_that_come_at_once_as_many_are_taken_as_there_is_room_for() -> None:
    """Each process counts, and those that were too many do not keep others out."""
    fd = os.memfd_create("test")
    os.ftruncate(fd, SHARED_BYTES * AT_ONCE)

    def come(index: int) -> str:
        here = Connections(fd, index, AT_ONCE)
        return " ".join(str(here.enter("192.0.2.7", 100)) for _ in range(40))

    totals = [int(total) for text in in_processes(come) for total in text.split()]
    assert sorted(total for total in totals if total <= 100) == list(range(1, 101))
    assert {total for total in totals if total > 100} == {101}
    os.close(fd)


def test_one_that_was_refused_does_not_count() -> None:
    alone = Connections(-1, 0, 1)
    assert [alone.enter("192.0.2.7", 2) for _ in range(4)] == [1, 2, 3, 3]
    alone.remove("192.0.2.7")
    assert alone.enter("192.0.2.8", 2) == 2
    assert alone.enter("192.0.2.8", 0) == 3
