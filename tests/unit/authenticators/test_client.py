"""AUTH as a client: dialogues as transcripts."""

from pathlib import Path
from typing import Any

import pytest

from eximia.authenticators.client import authenticate
from eximia.authenticators.options.cram_md5 import CramMd5Options
from eximia.authenticators.options.external import ExternalOptions
from eximia.authenticators.options.plaintext import PlaintextOptions
from eximia.authenticators.outcome import ClientReply
from eximia.base.span import NOWHERE
from eximia.base.template import Template
from eximia.base.text import Untainted
from eximia.config.binding import Given, Instance
from support_acl import World


class Server:
    """A transcript: expected lines and replies in turn."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)

    def command(self, line: str) -> ClientReply:
        assert self.lines[0] == f"C: {line}"
        reply = self.lines[1].removeprefix("S: ")
        del self.lines[:2]
        return ClientReply(int(reply[:3]), reply)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.address.host, world.address.host_address = "mx.ex", "10.0.0.1"
    return world


def add(world: World, name: str, driver: str, options: type, public: str, **values: Any) -> None:
    given = {key: Template(value) if isinstance(value, str) else value for key, value in values.items()}
    one: Instance[Any] = Instance(name, NOWHERE, driver, options(public_name=Untainted(public), **given), Given())
    if not hasattr(world.process.config, "authenticators"):
        world.process.config.authenticators = []
    world.process.config.authenticators.append(one)


PLAIN_OK = ("C: AUTH PLAIN AHUAcF4=", "S: 235 ok")


def test_plain(world: World) -> None:
    add(world, "a", "plaintext", PlaintextOptions, "PLAIN", client_send="^u^p^^", client_set_id="me")
    end = authenticate(world.context, ("PLAIN",), Server(*PLAIN_OK))
    assert (end.authenticator, end.id) == ("a", "me")


def test_login_sees_the_prompts(world: World) -> None:
    add(world, "a", "plaintext", PlaintextOptions, "LOGIN", client_send=": $auth1 : <$auth2>")
    server = Server("C: AUTH LOGIN", "S: 334 dXNlcg==", "C: dXNlcg==", "S: 334 cGFzcw==", "C: PHBhc3M+", "S: 235 ok")
    assert authenticate(world.context, ("LOGIN",), server).authenticator == "a"


def test_refusal_is_logged_and_the_next_one_tried(world: World) -> None:
    add(world, "cram", "cram_md5", CramMd5Options, "CRAM-MD5", client_name="u", client_secret="s")
    add(world, "ext", "external", ExternalOptions, "EXTERNAL", client_send="mel")
    server = Server("C: AUTH CRAM-MD5", "S: 535 5.7.8 no", "C: AUTH EXTERNAL bWVs", "S: 235 ok")
    failures: list[str] = []
    end = authenticate(world.context, ("CRAM-MD5", "EXTERNAL"), server, failures.append)
    assert end.authenticator == "ext"
    assert failures == ["535 5.7.8 no"]
    assert world.log.written == [("main", "cram authenticator failed H=mx.ex [10.0.0.1] 535 5.7.8 no")]


def test_cram_md5_digest_of_the_rfc(world: World) -> None:
    add(world, "cram", "cram_md5", CramMd5Options, "CRAM-MD5", client_name="tim", client_secret="tanstaaftanstaaf")
    server = Server(
        "C: AUTH CRAM-MD5",
        "S: 334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+",
        "C: dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw",
        "S: 235 ok",
    )
    assert authenticate(world.context, ("CRAM-MD5",), server).authenticator == "cram"


def test_temporary_refusal_ends_it_with_the_secret_masked(world: World) -> None:
    add(world, "a", "plaintext", PlaintextOptions, "PLAIN", client_send="^u^p^^")
    end = authenticate(world.context, ("PLAIN",), Server(PLAIN_OK[0], "S: 454 4.7.0 later"))
    assert end.authenticator == ""
    assert end.command == "AUTH PLAIN ********"
    assert end.temporary == ClientReply(454, "454 4.7.0 later")


def test_challenge_that_is_no_base64(world: World) -> None:
    add(world, "a", "plaintext", PlaintextOptions, "LOGIN", client_send="<; ;u;p")
    server = Server("C: AUTH LOGIN", "S: 334 !!!", "C: *", "S: 501 cancelled")
    end = authenticate(world.context, ("LOGIN",), server)
    assert end.authenticator == ""
    assert end.tried
    assert world.log.written[0][1] == (
        'a authenticator cancelled authentication H=mx.ex [10.0.0.1] Invalid base64 string in server response "334 !!!"'
    )


def test_invalid_base64_can_be_ignored(world: World) -> None:
    add(
        world,
        "a",
        "plaintext",
        PlaintextOptions,
        "LOGIN",
        client_send="<; ;u;<$auth1>",
        client_ignore_invalid_base64=True,
    )
    server = Server("C: AUTH LOGIN", "S: 334 !!!", "C: dQ==", "S: 334 !!!", "C: PD4=", "S: 235 ok")
    assert authenticate(world.context, ("LOGIN",), server).authenticator == "a"


def test_conditions_and_expansions(world: World) -> None:
    add(world, "off", "plaintext", PlaintextOptions, "PLAIN", client_send="x", client_condition="no")
    add(world, "forced", "plaintext", PlaintextOptions, "PLAIN", client_send="${if eq{1}{2}{x}fail}")
    assert authenticate(world.context, ("PLAIN",), Server()).tried
    add(world, "bad", "plaintext", PlaintextOptions, "PLAIN", client_send="${if")
    end = authenticate(world.context, ("PLAIN",), Server())
    assert end.expansion.startswith('expansion of "${if" failed in bad authenticator: ')
    assert not authenticate(world.context, ("OTHER",), Server()).tried
