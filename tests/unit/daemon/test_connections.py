"""Counting connections over workers that share memory."""

import os
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from eximia.daemon.connections import Connections
from eximia.privileged.supervisor import SHARED_BYTES

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
