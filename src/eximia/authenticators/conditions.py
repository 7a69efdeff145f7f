"""What the drivers share: variables, conditions, base64 (manual 33.1)."""

from __future__ import annotations

import binascii
from collections.abc import Sequence

from eximia.base.errors import ExpansionError, ForcedFailure, LookupDefer
from eximia.base.template import Template
from eximia.base.text import from_bytes
from eximia.base.trace import Trace
from eximia.context import Context
from eximia.expand import expand

from .options.generic import AuthenticatorOptions
from .outcome import FAIL, OK, BadBase64, ServerResult, Verdict

_YES = frozenset({"1", "yes", "true"})
_NO = frozenset({"", "0", "no", "false"})


def set_variables(ctx: Context, values: Sequence[bytes | str]) -> None:
    """Make `values` $auth1, $auth2... and, as of old, $1, $2..."""
    texts = [value if isinstance(value, str) else from_bytes(value) for value in values]
    ctx.session.auth_vars = texts
    ctx.scope.numeric = ("", *texts)


class OptionError(ExpansionError):
    """An option could not be expanded; `text` is the option as written."""

    def __init__(self, text: str, message: str) -> None:
        super().__init__(message)
        self.text = text


def text_of(ctx: Context, template: Template | None) -> str:
    """The expansion of an option; empty when it is unset. Raises OptionError, LookupDefer and ForcedFailure."""
    if template is None:
        return ""
    if template.constant:
        return template.text
    try:
        return expand(template, ctx)
    except (ForcedFailure, LookupDefer):
        raise
    except ExpansionError as error:
        raise OptionError(template.text, error.message) from error


def secret_of(ctx: Context, template: Template | None) -> str | ServerResult:
    """The expansion of an option that holds a secret: a forced failure fails, any other error defers."""
    try:
        return text_of(ctx, template)
    except ForcedFailure:
        return FAIL
    except ExpansionError as error:
        return ServerResult(Verdict.DEFER, "", error.message)


def check_condition(ctx: Context, options: AuthenticatorOptions) -> ServerResult:
    """`server_condition`, after the mechanism itself was content."""
    trace = ctx.process.trace
    watched = trace is not None and "auth" in trace.categories
    if trace is not None and watched:
        _say_variables(ctx, options, trace)
    template = options.server_condition
    if template is None:
        return OK
    text = secret_of(ctx, template)
    if trace is not None and watched and isinstance(text, str):
        trace.debug("auth", f"expanded string: {text}")
    if not isinstance(text, str):
        return text
    if text.lower() in _YES:
        return OK
    if text.lower() in _NO:
        return FAIL
    return ServerResult(Verdict.DEFER, text, text)


def _say_variables(ctx: Context, options: AuthenticatorOptions, trace: Trace) -> None:
    """What `-d+auth` shows before the condition, and `server_debug_print`."""
    trace.debug("auth", f"{ctx.session.notes.get('auth.instance', '')} authenticator server_condition:")
    for sign in ("$auth", "$"):
        for number, value in enumerate(ctx.session.auth_vars, 1):
            trace.debug("auth", f"  {sign}{number} = {value}")
    template = options.server_debug_print
    if template is not None:
        try:
            text = expand(template, ctx)
        except ExpansionError as error:
            text = f"expansion failed: {error.message}"
        trace.debug("auth", text)


def decode_base64(text: str) -> bytes:
    """Raises BadBase64."""
    try:
        return binascii.a2b_base64(text.strip().encode("latin-1"), strict_mode=True)
    except (binascii.Error, ValueError):
        raise BadBase64(text) from None


def encode_base64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode("ascii")
