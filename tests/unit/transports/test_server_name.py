"""`host_name_extract`."""

from __future__ import annotations

from eximia.base.template import Template
from eximia.lists.regex import Regexes
from eximia.transports.smtp.sessions import _USUAL, server_name
from support_transports import World


def test_the_name_comes_from_the_answer_to_ehlo() -> None:
    world = World()
    world.process.services.regexes = Regexes()
    ctx = world.context()
    transport = world.transport("smtp", hosts="h.example")
    assert transport.options.host_name_extract.text == _USUAL
    ctx.address.host = "x.mail.outlook.com"
    answer = "250-AM7.prod.example Hello [192.0.2.1]\n250 SIZE"
    assert server_name(ctx, transport.options, answer) == "AM7.prod.example"
    ctx.address.host = "h.example"
    assert server_name(ctx, transport.options, answer) == ""
    options = transport.options.replace(host_name_extract=Template("${extract{2}{ }{$item}}"))
    assert server_name(ctx, options, answer) == "Hello"
    assert ctx.scope.item == ""
