"""References to header lines, compared with what an installed Exim makes of the same message."""

from __future__ import annotations

import pytest

from eximia.context import Body, Context
from eximia.expand import compile_text
from eximia.message.header import parse_block
from expand.world import context

MESSAGE = """\
From: "A B" <a@b.example>
To: x@y.example,
 z@w.example
To: second@to.example
Subject:   =?utf-8?Q?caf=C3=A9?= hello\x20\x20
X-One: 1
X-One: 2
X-Empty:
X-Colon: a:b
X-Colon: c
X-Adj: =?utf-8?Q?a?=  \t =?utf-8?Q?b?= c =?utf-8?q?d?=
X-Bad: =?utf-8?Q?abc =?utf-8?Q?=zz?= =?utf-8?B?!!!!?= =?utf-8?X?abc?=
X-Nul: =?utf-8?Q?a=00b?=
X-Unknown: =?foo-8?Q?x=41?=
Reply-To: r@r.example

body line 1
body\0line 2
"""


@pytest.fixture
def ctx() -> Context:
    made = context()
    made.message.headers, body = parse_block(MESSAGE)
    made.message.body = Body(body.encode("latin-1"))
    return made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$h_subject:", "caf\xc3\xa9 hello"),
        ("$rh_subject:|", "   =?utf-8?Q?caf=C3=A9?= hello  \n|"),
        ("$bh_subject:", "caf\xc3\xa9 hello"),
        ("$lh_subject:|", "   =?utf-8?Q?caf=C3=A9?= hello  |"),
        ("$h_to:", "x@y.example,\n z@w.example,\nsecond@to.example"),
        ("$rh_to:", " x@y.example,\n z@w.example\n second@to.example\n"),
        ("$lh_to:", " x@y.example,\n z@w.example: second@to.example"),
        ("$header_X-ONE:", "1\n2"),
        ("$h_x-empty:|$h_nosuch:|", "||"),
        ("$lh_x-colon:", " a::b: c"),
        ("$h_x-adj:", "ab c d"),
        ("$h_x-bad:", "=?utf-8?Q?abc =?utf-8?Q?=zz?= =?utf-8?B?!!!!?= =?utf-8?X?abc?="),
        ("$h_x-nul:", "a?b"),
        ("$h_x-unknown:", "xA"),
        ("$h_subject x", "caf\xc3\xa9 hello x"),
        ("$h_x-one", "1\n2"),
        ("$h_subject}x", ""),
        ("$reply_address", "r@r.example"),
        ("$message_body", "body line 1 body line 2 "),
        ("$message_body_size", "24"),
        ("${addresses:$h_to:}", "x@y.example:z@w.example:second@to.example"),
        ("${if def:h_x-empty:{y}{n}}${if def:h_nosuch:{y}{n}}${if def:bh_to:{y}{n}}", "yny"),
    ],
)
def test_header(ctx: Context, text: str, expected: str) -> None:
    assert compile_text(text)(ctx) == expected


def test_deleted_headers_are_not_seen(ctx: Context) -> None:
    ctx.message.headers[0].type = "*"
    assert compile_text("$h_from:${if def:h_from:{y}{n}}")(ctx) == "n"


def test_header_values_are_tainted(ctx: Context) -> None:
    assert type(compile_text("$h_x-one:")(ctx)) is str
