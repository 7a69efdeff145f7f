"""The grant goes to the privileged parent as text and comes back the same; anything else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eximia.privileged.grant import Grant, GrantError, Listener

GRANT = Grant(
    workers=3,
    listeners=(Listener("127.0.0.1", 25), Listener("::", 587)),
    uid=101,
    gid=102,
    user="mail",
    never_users=frozenset({0, 8}),
    pid_file="/run/a b.pid",
    inetd_wait=0,
)


def test_round_trip() -> None:
    assert Grant.decode(GRANT.encode()) == GRANT


def test_root_is_never_allowed() -> None:
    text = GRANT.encode().replace(b"never 0 8", b"never ")
    assert 0 in Grant.decode(text).never_users


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"version 1", b"version 2"),
        (b"workers 3", b"workers 0"),
        (b"workers 3", b"workers 3\nworkers 4"),
        (b"listen :: 587", b"listen :: 99999"),
        (b"backlog", b"unknown"),
        (b"identity 101", b"identity x"),
    ],
)
def test_anything_unexpected_is_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(GrantError):
        Grant.decode(GRANT.encode().replace(old, new))


@given(st.binary())
def test_garbage_raises_nothing_else(data: bytes) -> None:
    try:
        Grant.decode(data)
    except GrantError:
        pass
