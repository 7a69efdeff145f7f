"""An AUTH command from beginning to end, less the reading and writing (manual 33.2, 33.3; RFC 4954)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from eximia.base.errors import ExpansionError, ForcedFailure, LookupDefer
from eximia.base.namedtuple import NamedTuple
from eximia.base.text import Untainted
from eximia.config.binding import Instance
from eximia.context import Context
from eximia.expand import expand
from eximia.logs.lines.hosts import peer
from eximia.logs.printing import printing

from .catalogue import DRIVERS
from .conditions import decode_base64, encode_base64, text_of
from .outcome import BadBase64, Cancelled, ServerResult, Unexpected, Verdict

_FALSE = frozenset({"", "0", "no", "false"})


class AuthReply(NamedTuple):
    """The reply to the AUTH command; `authenticated` says whether the session now is."""

    code: str
    text: str
    authenticated: bool = False


def instances(ctx: Context) -> Sequence[Instance[Any]]:
    """All authenticators, in the order of the configuration."""
    found: Sequence[Instance[Any]] = getattr(ctx.process.config, "authenticators", None) or ()
    return found


def is_server(one: Instance[Any]) -> bool:
    """Whether the instance takes part on the server's side."""
    option = one.options.server_when
    return option != "no" and getattr(one.options, option) is not None


def offered(ctx: Context) -> list[Instance[Any]]:
    """The mechanisms to advertise, by `server_advertise_condition`. The tls driver is no SMTP mechanism."""
    return [one for one in instances(ctx) if is_server(one) and one.driver != "tls" and _advertised(ctx, one)]


def _advertised(ctx: Context, one: Instance[Any]) -> bool:
    condition = one.options.server_advertise_condition
    if condition is None:
        return True
    try:
        return text_of(ctx, condition).lower() not in _FALSE
    except (ForcedFailure, LookupDefer):
        return False
    except ExpansionError as error:
        ctx.process.log.panic(f'failed to expand condition "{condition.text}" for {one.name} authenticator: {error}')
        return False


def find(ctx: Context, mechanism: str, advertised: Sequence[str]) -> Instance[Any] | None:
    """The server authenticator for a mechanism that was advertised (names of instances), or for any mechanism when
    control=allow_auth_unadvertised was used."""
    wanted = mechanism.upper()
    for one in instances(ctx):
        if is_server(one) and one.driver != "tls" and str(one.options.public_name).upper() == wanted:
            if one.name in advertised or ctx.session.allow_auth_unadvertised:
                return one
    return None


def authenticate(ctx: Context, one: Instance[Any], argument: str, prompt: Callable[[str], str]) -> AuthReply:
    """Run the exchange of an AUTH command. `argument` is what follows the mechanism's name. `prompt` sends the text
    of a 334 reply and returns the client's line. Logs a failure, and notes success and failure in the session."""
    session = ctx.session
    session.auth_vars = []
    session.notes["auth.instance"] = one.name

    def ask(challenge: bytes | str) -> bytes:
        return _answer(prompt(challenge if isinstance(challenge, str) else encode_base64(challenge)))

    driver = DRIVERS.get(one.driver)
    assert driver is not None  # the configuration was checked
    try:
        result = driver.server(ctx, one.options, _initial(argument), ask)
    except Cancelled:
        return _failed(ctx, one, "501", "Authentication cancelled", "", "")
    except BadBase64:
        return _failed(ctx, one, "501", "Invalid base64 data", "", "")
    except Unexpected:
        return _failed(ctx, one, "553", "Initial data not expected", "", "")
    if result.verdict is Verdict.OK:
        _note_success(ctx, one)
        return AuthReply("235", "Authentication succeeded", authenticated=True)
    if result.verdict is Verdict.FAIL:
        return _failed(ctx, one, "535", "Incorrect authentication data", "", result.log)
    return _failed(ctx, one, "435", "Unable to authenticate at present", result.text, result.log)


def _initial(argument: str) -> bytes | None:
    if not argument:
        return None
    return b"" if argument == "=" else decode_base64(argument)


def _answer(line: str) -> bytes:
    if line == "*":
        raise Cancelled("*")
    return decode_base64(line)


def _identity(ctx: Context, one: Instance[Any]) -> str:
    """`server_set_id`; a failing expansion gives none."""
    template = one.options.server_set_id
    if template is None:
        return ""
    try:
        return expand(template, ctx)
    except ExpansionError:
        return ""


def _note_success(ctx: Context, one: Instance[Any]) -> None:
    session = ctx.session
    session.sender_host_authenticated = Untainted(one.name)
    session.notes["auth_public_name"] = Untainted(one.options.public_name or one.name)
    session.authenticated_id = _identity(ctx, one)
    session.authenticated_fail_id = ""
    session.authentication_failed = False
    session.notes["auth.mail_condition"] = one.options.server_mail_auth_condition


def _failed(ctx: Context, one: Instance[Any], code: str, text: str, shown: str, logged: str) -> AuthReply:
    session, process = ctx.session, ctx.process
    identity = _identity(ctx, one) if code in ("535", "435") else ""
    session.authentication_failed = True
    session.authenticated_fail_id = identity
    selectors = process.log.selectors
    line = f"{one.name} authenticator failed for {peer(session, selectors)}: {code} {text}"
    if identity:
        line += f" (set_id={printing(identity)})"
    if logged:
        line += f": {logged}"
    said = _raise_event(ctx, one, f"{code} {text}")
    process.log.reject(said or line, ctx.message.id)
    return AuthReply(code, f"{text}: {shown}" if shown else text)


def _raise_event(ctx: Context, one: Instance[Any], text: str) -> str:
    """The event auth:fail, with the authenticator's name in $sender_host_authenticated. What its action expands to
    takes the place of the usual log line (manual 33.2 of 4.98)."""
    action = ctx.process.main.event_action
    if action is None:
        return ""
    session = ctx.session
    held = session.sender_host_authenticated
    session.sender_host_authenticated = Untainted(one.name)
    try:
        return ctx.process.services.event(ctx, "auth:fail", text, action) or ""
    finally:
        session.sender_host_authenticated = held


def mail_auth_allowed(ctx: Context) -> bool:
    """`server_mail_auth_condition` of the authenticator that let the client in: whether its AUTH= is believed."""
    template = ctx.session.notes.get("auth.mail_condition")
    if template is None:
        return True
    try:
        return text_of(ctx, template).lower() not in _FALSE
    except ExpansionError:
        return False


def authenticate_tls(ctx: Context) -> str:
    """Let the tls authenticator, if there is one, look at the client's certificate after the handshake.

    Returns a text when that must be tried later, else empty; success is noted in the session (manual chapter 42)."""
    for one in instances(ctx):
        if one.driver == "tls" and is_server(one):
            driver: Any = DRIVERS.get("tls")
            result: ServerResult = driver.check(ctx, one.options)
            if result.verdict is Verdict.OK:
                _note_success(ctx, one)
            elif result.verdict is Verdict.DEFER:
                return result.log or "Unable to authenticate at present"
            return ""
    return ""
