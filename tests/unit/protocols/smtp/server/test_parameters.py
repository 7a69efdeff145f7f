"""ESMTP parameters of MAIL and RCPT."""

from __future__ import annotations

import pytest

from eximia.message.dsn import NOTIFY_DELAY, NOTIFY_FAILURE, NOTIFY_NEVER, NOTIFY_SUCCESS, RET_FULL
from eximia.protocols.smtp.server import BadParameter
from eximia.protocols.smtp.server.parameters import SIZE_MAX, encode_xtext, read_mail, read_rcpt, stray_word

ALL = {"SIZE", "BODY", "AUTH", "SMTPUTF8", "PRDR", "RET", "ENVID"}


def test_all_of_mail() -> None:
    found = read_mail("<a@b> SIZE=3 body=8bitmime AUTH=c+40d SMTPUTF8 PRDR RET=FULL ENVID=x+2By", ALL)
    assert (found.address, found.size, found.body, found.auth) == ("<a@b>", 3, 8, "c@d")
    assert (found.smtputf8, found.prdr, found.ret, found.envid) == (True, True, RET_FULL, "x+2By")


@pytest.mark.parametrize("text", ["<a@b> FOO=1", "<a@b> ENVID=a=b", "<a@b> SMTPUTF8=1", "<a@b>SIZE=3"])
def test_unknown_words_stay_with_the_address(text: str) -> None:
    assert read_mail(text, ALL).address == text


def test_parameters_before_an_unknown_one_stay() -> None:
    found = read_mail("<a@b> SIZE=3 FOO=1", ALL)
    assert (found.address, found.size) == ("<a@b> SIZE=3 FOO=1", -1)
    assert read_mail("<a@b> FOO=1 SIZE=3", ALL).address == "<a@b> FOO=1"


def test_what_was_not_offered_is_no_parameter() -> None:
    assert read_mail("<a@b> SIZE=3", ()).address == "<a@b> SIZE=3"


@pytest.mark.parametrize(
    "text, size", [("SIZE=", 0), ("SIZE", 0), ("SIZE=3x", 3), ("SIZE=-1", SIZE_MAX), ("SIZE=" + "9" * 50, SIZE_MAX)]
)
def test_odd_sizes(text: str, size: int) -> None:
    assert read_mail(f"<a@b> {text}", ALL).size == size


@pytest.mark.parametrize(
    "text, message",
    [
        ("BODY=x", "invalid data for BODY"),
        ("BODY", "invalid data for BODY"),
        ("RET=x", "Value for RET is invalid"),
        ("RET=FULL RET=HDRS", "RET can be specified once only"),
        ("ENVID=a ENVID=b", "ENVID can be specified once only"),
        ("ENVID=a+3", "invalid data for ENVID"),
        ("AUTH=a+zz", "invalid data for AUTH"),
    ],
)
def test_bad_values(text: str, message: str) -> None:
    with pytest.raises(BadParameter) as caught:
        read_mail(f"<a@b> {text}", ALL)
    assert caught.value.message == message


def test_rcpt() -> None:
    found = read_rcpt("<x@y> NOTIFY=success,FAILURE,DELAY ORCPT=rfc822;a+40b", dsn=True)
    assert found.address == "<x@y>"
    assert found.notify == NOTIFY_SUCCESS | NOTIFY_FAILURE | NOTIFY_DELAY
    assert found.orcpt == "rfc822;a+40b"
    assert read_rcpt("<x@y> NOTIFY=NEVER", dsn=True).notify == NOTIFY_NEVER
    assert read_rcpt("<x@y> NOTIFY=NEVER", dsn=False).address == "<x@y> NOTIFY=NEVER"


@pytest.mark.parametrize(
    "text, message",
    [
        ("NOTIFY=NEVER,SUCCESS", "Invalid value for NOTIFY parameter"),
        ("NOTIFY=x", "Invalid value for NOTIFY parameter"),
        ("NOTIFY", "Invalid value for NOTIFY parameter"),
        ("NOTIFY=SUCCESS,,DELAY", "Invalid value for NOTIFY parameter"),
        ("NOTIFY=SUCCESS NOTIFY=DELAY", "NOTIFY can be specified once only"),
        ("ORCPT=a;b ORCPT=c;d", "ORCPT can be specified once only"),
        ("ORCPT=rfc822;a+4", "invalid data for ORCPT"),
    ],
)
def test_bad_rcpt(text: str, message: str) -> None:
    with pytest.raises(BadParameter) as caught:
        read_rcpt(f"<x@y> {text}", dsn=True)
    assert caught.value.message == message


def test_xtext() -> None:
    assert encode_xtext("a+b=c d") == "a+2Bb+3Dc+20d"


def test_values_that_were_not_offered_are_not_looked_at() -> None:
    assert read_mail("<a@b> RET=FOO BODY=9BIT SIZE=3", ALL, ("RET", "BODY")).size == 3
    with pytest.raises(BadParameter):
        read_mail("<a@b> BODY=9BIT", ALL, ("RET",))


def test_stray_words() -> None:
    assert stray_word("<a@b> (c)") == ("<a@b> ", "(c)")
    assert stray_word("<a@b> X=Y") is None
    assert stray_word("<a@b>") is None
