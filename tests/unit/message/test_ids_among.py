"""Picking the message ids out of the names in a spool folder."""

from __future__ import annotations

import pytest

from eximia.message.ids import IdSource, ids_among, is_message_id

LONG = IdSource(pid=4711).next()[0]
SHORT = IdSource(pid=4711, short=True).next()[0]


@pytest.mark.parametrize(
    "texts",
    [
        [],
        [LONG],
        [LONG, LONG[:-1] + "z"],
        [LONG, SHORT],
        [LONG, LONG[:-1] + "_"],
        [LONG, LONG[:-1] + "-"],
        [LONG, "-" + LONG[1:]],
        [SHORT, SHORT[:-1] + "\xe4"],
        [LONG, "hdr." + LONG, "", "x", "abcdef-", LONG + "1"],
    ],
)
def test_the_same_as_one_by_one(texts: list[str]) -> None:
    assert ids_among(texts) == [text for text in texts if is_message_id(text)]
