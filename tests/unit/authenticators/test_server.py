"""AUTH as a server: each mechanism with data and dialogues, and what the session and the log then say."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eximia.authenticators import ntlm
from eximia.authenticators.options.cram_md5 import CramMd5Options
from eximia.authenticators.options.external import ExternalOptions
from eximia.authenticators.options.gsasl import GsaslOptions
from eximia.authenticators.options.plaintext import PlaintextOptions
from eximia.authenticators.options.spa import SpaOptions
from eximia.authenticators.options.tls import TlsAuthenticatorOptions
from eximia.authenticators.scram import ClientScram, salted_password, stored_and_server_key
from eximia.authenticators.server import authenticate, authenticate_tls, find, mail_auth_allowed, offered
from eximia.base.span import NOWHERE
from eximia.base.template import Template
from eximia.base.text import Untainted
from eximia.config.binding import Given, Instance
from support_acl import World


def b64(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def instance(name: str, driver: str, options: type, public: str, **values: Any) -> Instance[Any]:
    given = {key: Template(value) if isinstance(value, str) else value for key, value in values.items()}
    return Instance(
        name, NOWHERE, driver, options(driver=Untainted(driver), public_name=Untainted(public), **given), Given()
    )


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.process.config.authenticators = [
        instance(
            "plain", "plaintext", PlaintextOptions, "PLAIN", server_prompts=":",
            server_condition="${if eq{$auth2:$auth3}{u:p}{yes}{${if eq{$auth2}{dfr}{tempo}{no}}}}",
            server_set_id="$auth2", server_mail_auth_condition="${if eq{$authenticated_sender}{good@x.ex}}",
        ),
        instance(
            "login", "plaintext", PlaintextOptions, "LOGIN", server_prompts="Username:: : Password::",
            server_condition="${if and{{eq{$auth1}{u}}{eq{$2}{p}}}}", server_set_id="$auth1",
        ),
        instance(
            "cram", "cram_md5", CramMd5Options, "CRAM-MD5", server_secret="${if eq{$auth1}{u}{sec}fail}",
            server_set_id="$auth1",
        ),
        instance(
            "ext", "external", ExternalOptions, "EXTERNAL", server_param2="two",
            server_condition="${if eq{$auth1$auth2}{meltwo}}", server_set_id="$auth1",
        ),
        instance(
            "hidden", "plaintext", PlaintextOptions, "HIDDEN", server_condition="yes", server_advertise_condition="no"
        ),
        instance("spa", "spa", SpaOptions, "NTLM", server_password="${if eq{$auth1}{u}{p}fail}", server_set_id="$auth1"),
        instance(
            "scram", "gsasl", GsaslOptions, "SCRAM-SHA-256", server_password="${if eq{$auth1}{u}{p}fail}",
            server_condition="yes", server_set_id="$auth1",
        ),
        instance("client", "plaintext", PlaintextOptions, "CLIENT", client_send="x"),
    ]  # fmt: skip
    return world


def by_name(world: World, name: str) -> Instance[Any]:
    return next(one for one in world.process.config.authenticators if one.name == name)


class Client:
    """Answers prompts from a list; what it was asked is kept."""

    def __init__(self, *answers: str | Callable[[str], str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, prompt: str) -> str:
        self.asked.append(prompt)
        answer = self.answers.pop(0)
        return answer if isinstance(answer, str) else answer(prompt)


def run(world: World, name: str, argument: str, *answers: str | Callable[[str], str]) -> tuple[str, list[str]]:
    client = Client(*answers)
    reply = authenticate(world.context, by_name(world, name), argument, client)
    assert reply.authenticated is (reply.code == "235")
    return f"{reply.code} {reply.text}", client.asked


def test_offer_and_search(world: World) -> None:
    names = [one.name for one in offered(world.context)]
    assert names == ["plain", "login", "cram", "ext", "spa", "scram"]
    found = find(world.context, "pLaIn", names)
    assert found is not None
    assert found.name == "plain"
    assert find(world.context, "HIDDEN", names) is None
    assert find(world.context, "CLIENT", names) is None
    world.session.allow_auth_unadvertised = True
    assert find(world.context, "HIDDEN", names) is not None


@pytest.mark.parametrize(
    "name, argument, answers, reply, asked",
    [
        ("plain", b64("\0u\0p"), [], "235 Authentication succeeded", []),
        ("plain", "", [b64("\0u\0p")], "235 Authentication succeeded", [""]),
        ("plain", b64("\0u\0x"), [], "535 Incorrect authentication data", []),
        ("plain", b64("\0dfr\0x"), [], "435 Unable to authenticate at present: tempo", []),
        ("plain", "!!!!", [], "501 Invalid base64 data", []),
        ("plain", "foo bar", [], "501 Invalid base64 data", []),
        ("plain", "=", [], "535 Incorrect authentication data", []),
        ("plain", "", ["*"], "501 Authentication cancelled", [""]),
        ("login", "", [b64("u"), b64("p")], "235 Authentication succeeded", ["VXNlcm5hbWU6", "UGFzc3dvcmQ6"]),
        ("login", b64("u"), [b64("p")], "235 Authentication succeeded", ["UGFzc3dvcmQ6"]),
        ("login", "", [b64("u"), "*"], "501 Authentication cancelled", ["VXNlcm5hbWU6", "UGFzc3dvcmQ6"]),
        ("cram", b64("u"), [], "553 Initial data not expected", []),
        ("ext", b64("mel"), [], "235 Authentication succeeded", []),
        ("ext", "", [b64("mel")], "235 Authentication succeeded", [""]),
        ("ext", "=", [], "535 Incorrect authentication data", []),
        ("spa", "", ["*"], "535 Incorrect authentication data", ["NTLM supported"]),
    ],
)
def test_replies(world: World, name: str, argument: str, answers: list[str], reply: str, asked: list[str]) -> None:
    assert run(world, name, argument, *answers) == (reply, asked)


def test_success_is_noted(world: World) -> None:
    run(world, "plain", b64("\0u\0p"))
    session = world.session
    assert (session.sender_host_authenticated, session.authenticated_id) == ("plain", "u")
    world.session.authenticated_sender = "good@x.ex"
    assert mail_auth_allowed(world.context)
    world.session.authenticated_sender = "bad@x.ex"
    assert not mail_auth_allowed(world.context)
    assert world.log.written == []


def test_failure_is_logged(world: World) -> None:
    run(world, "plain", b64("\0u\0x"))
    run(world, "plain", b64("\0dfr\0x"))
    run(world, "plain", "!!")
    lines = [line for where, line in world.log.written if where == "reject"]
    assert lines == [
        "plain authenticator failed for (cl.ex) [1.2.3.4]: 535 Incorrect authentication data (set_id=u)",
        "plain authenticator failed for (cl.ex) [1.2.3.4]: 435 Unable to authenticate at present (set_id=dfr): tempo",
        "plain authenticator failed for (cl.ex) [1.2.3.4]: 501 Invalid base64 data",
    ]
    assert world.session.authentication_failed
    assert world.session.sender_host_authenticated == ""


def test_event_takes_the_place_of_the_log_line(world: World) -> None:
    """As Exim 4.98.2 does; the authenticator's name is in $sender_host_authenticated meanwhile."""
    seen: list[tuple[str, str, str]] = []

    def event(ctx: Any, name: str, data: str, action: Any) -> str:
        seen.append((name, data, ctx.session.sender_host_authenticated))
        return "told"

    world.process.services.event = event
    object.__setattr__(world.process.main, "event_action", Template("x", NOWHERE))
    run(world, "plain", b64("\0u\0x"))
    assert seen == [("auth:fail", "535 Incorrect authentication data", "plain")]
    assert world.session.sender_host_authenticated == ""
    assert [line for where, line in world.log.written if where == "reject"] == ["told"]


def cram_answer(secret: str, user: str = "u") -> Callable[[str], str]:
    import hmac

    return lambda prompt: b64(f"{user} {hmac.new(secret.encode(), base64.b64decode(prompt), 'md5').hexdigest()}")


@pytest.mark.parametrize(
    "answer, code",
    [(cram_answer("sec"), "235"), (cram_answer("bad"), "535"), (cram_answer("sec", "other"), "535"), (b64("u"), "535")],
)
def test_cram_md5(world: World, answer: Callable[[str], str] | str, code: str) -> None:
    assert run(world, "cram", "", answer)[0].startswith(code)


@pytest.mark.parametrize("password, code", [("p", "235"), ("x", "535")])
def test_spa(world: World, password: str, code: str) -> None:
    def respond(prompt: str) -> str:
        message = ntlm.read_challenge(base64.b64decode(prompt))
        return b64(ntlm.respond(message, "u", "", password, 1e9))

    assert run(world, "spa", b64(ntlm.negotiate()), respond)[0].startswith(code)


@pytest.mark.parametrize("password, code", [("p", "235"), ("x", "535")])
def test_scram(world: World, password: str, code: str) -> None:
    client = ClientScram("sha256", "u")

    def prove(prompt: str) -> str:
        client.read(base64.b64decode(prompt))
        return b64(client.final(salted_password("sha256", password, client.salt, client.iterations)))

    def check(prompt: str) -> str:
        client.verify(base64.b64decode(prompt))
        return ""

    assert run(world, "scram", b64(client.first()), prove, check)[0].startswith(code)


def test_scram_with_stored_keys_and_given_salt(world: World) -> None:
    salted = salted_password("sha1", "pencil", b"0123456789ab", 5000)
    stored, server_key = stored_and_server_key("sha1", salted)
    world.process.config.authenticators.append(
        instance(
            "kept",
            "gsasl",
            GsaslOptions,
            "SCRAM-SHA-1",
            server_key=b64(server_key),
            server_skey=b64(stored),
            server_scram_iter="5000",
            server_scram_salt=b64("0123456789ab"),
            server_set_id="$auth1",
        )
    )
    client = ClientScram("sha1", "u,=")

    def prove(prompt: str) -> str:
        client.read(base64.b64decode(prompt))
        assert (client.salt, client.iterations) == (b"0123456789ab", 5000)
        return b64(client.final(salted))

    assert run(world, "kept", b64(client.first()), prove, "")[0].startswith("235")
    assert world.session.authenticated_id == "u,="


@pytest.mark.parametrize(
    "first", ["", "n,,n=u", "x,,n=u,r=a", "p=tls-unique,,n=u,r=a", "n,,m=x,n=u,r=a", "n,,n=a=zz,r=b"]
)
def test_malformed_scram(world: World, first: str) -> None:
    assert run(world, "scram", b64(first) or "=")[0].startswith("535")


@pytest.mark.parametrize(
    "mechanism, argument, answers, auth",
    [
        ("PLAIN", b64("z\0u\0p"), [], ["u", "z", "p"]),
        ("LOGIN", "", [b64("u"), b64("p")], ["u", "", "p"]),
        ("EXTERNAL", "=", [], [""]),
        ("ANONYMOUS", b64("sirius"), [], ["sirius"]),
    ],
)
def test_simple_mechanisms_of_gsasl(
    world: World, mechanism: str, argument: str, answers: list[str], auth: list[str]
) -> None:
    world.process.config.authenticators = [
        instance("g", "gsasl", GsaslOptions, mechanism, server_condition="yes"),
    ]
    assert run(world, "g", argument, *answers)[0].startswith("235")
    assert world.session.auth_vars == auth


def test_tls_authenticator(world: World) -> None:
    world.process.config.authenticators = [
        instance(
            "tls",
            "tls",
            TlsAuthenticatorOptions,
            "TLS",
            server_param1="me",
            server_condition="${if eq{$auth1}{me}}",
            server_set_id="$auth1",
        )
    ]
    assert authenticate_tls(world.context) == ""
    assert world.session.sender_host_authenticated == ""
    world.session.tls_in.peer_certificate = b"der"
    authenticate_tls(world.context)
    assert (world.session.sender_host_authenticated, world.session.authenticated_id) == ("tls", "me")
    assert offered(world.context) == []


def test_the_condition_is_shown_in_debug_output() -> None:
    from types import SimpleNamespace

    from eximia.authenticators.conditions import check_condition
    from eximia.authenticators.options.generic import AuthenticatorOptions
    from eximia.authenticators.outcome import Verdict

    said: list[tuple[str, str]] = []
    trace = SimpleNamespace(categories={"auth"}, debug=lambda category, text: said.append((category, text)))
    session = SimpleNamespace(notes={"auth.instance": "p"}, auth_vars=["", "u"])
    ctx: Any = SimpleNamespace(process=SimpleNamespace(trace=trace), session=session)
    options = AuthenticatorOptions(server_condition=Template("true"), server_debug_print=Template("DBG"))
    assert check_condition(ctx, options).verdict is Verdict.OK
    assert [text for _, text in said] == [
        "p authenticator server_condition:",
        *("  $auth1 = ", "  $auth2 = u", "  $1 = ", "  $2 = u"),
        "DBG",
        "expanded string: true",
    ]
