"""Messages of our own pass the ACLs of what does not come by SMTP (manual 44.2)."""

from __future__ import annotations

import tempfile

import pytest

from eximia.base.errors import Defer, NotTaken
from eximia.reception.own import submit
from support_reception import make_process, normal

BOUNCE = b"From: Mailer-Daemon@test.example\nTo: s@from.example\nSubject: failed\n\nwords\n"


def hand_in(acl: str, *, recipients: tuple[str, ...] = ("s@from.example",)) -> tuple[list[str], list[str], bool]:
    """Submit a bounce: the log, the header lines of what was taken, and whether it was refused."""
    config = f"acl_not_smtp = n\nbegin acl\nn:\n  {acl}\n"
    with tempfile.TemporaryDirectory() as folder:
        process, log, delivered = make_process(folder, config)
        refused = False
        try:
            submit(process, BOUNCE, recipients, reference="1xV6y5-0002rI-2n")
        except NotTaken:
            refused = True
        headers = [one.text for message in delivered.messages for one in message.headers if not one.deleted]
        return [normal(line) for line in log.lines], headers, refused


def test_accepted_with_a_line_added() -> None:
    _, headers, refused = hand_in("accept senders = :\n  add_header = X-N: 1")
    assert not refused
    assert headers[-1] == "X-N: 1\n"


@pytest.mark.parametrize(
    ("acl", "words"),
    [
        ("deny message = not ours", "rejected by non-SMTP ACL: not ours"),
        ("discard", "=> blackhole (non-SMTP ACL discarded recipients)"),
    ],
)
def test_not_taken(acl: str, words: str) -> None:
    log, headers, refused = hand_in(acl)
    assert refused
    assert headers == []
    assert any(words in line for line in log)


def test_nobody_to_send_it_to() -> None:
    log, headers, refused = hand_in("accept", recipients=())
    assert (headers, refused) == ([], False)
    assert any("no recipients found in headers" in line for line in log)


def test_waits_while_no_received_line_can_be_made() -> None:
    with tempfile.TemporaryDirectory() as folder:
        process, _, delivered = make_process(folder, "received_header_text = ${if\n")
        with pytest.raises(Defer):
            submit(process, BOUNCE, ["s@from.example"])
        assert delivered.messages == []


def test_from_is_our_user_when_nothing_says_whose_it_is() -> None:
    with tempfile.TemporaryDirectory() as folder:
        process, _, delivered = make_process(folder, "")
        submit(process, b"To: s@from.example\n\nwords\n", ["s@from.example"])
        message = delivered.messages[0]
        assert [one.text for one in message.headers if one.name == "from"] == [
            f"From: {message.originator_login}@{process.main.qualify_domain}\n"
        ]
