"""The texts of an ACL: `message`, `log_message`, and what `warn` does with them (manual 44.18, 44.21)."""

from __future__ import annotations

from eximia.base.errors import ExpansionError, ForcedFailure
from eximia.base.template import Template
from eximia.expand import expand
from eximia.logs.lines.hosts import client
from eximia.logs.printing import printing

from .headers import add_header
from .model import Item, ItemKind
from .phases import NO_MESSAGE, NOT_SMTP_START
from .result import Outcome
from .run import Run

#: verbs whose own texts are used when the conditions hold; the others' when they do not
_WHEN_TRUE = frozenset({"defer", "deny", "drop", "warn"})
_WHEN_EITHER = frozenset({"accept", "discard"})


class Texts:
    """What a statement has met of `message`, `log_message` and `endpass`; later ones replace earlier ones."""

    __slots__ = ("endpass", "log", "user")

    def __init__(self) -> None:
        self.user: Template | None = None
        self.log: Template | None = None
        self.endpass = False

    def note(self, one: Run, item: Item) -> None:
        """Remember an item; it is expanded when the statement ends."""
        if item.kind == ItemKind.MESSAGE:
            self.user = item.template
            if one.debug:
                one.say(f"  message: {item.template.text}")
        elif item.kind == ItemKind.LOG_MESSAGE:
            self.log = item.template
            if one.debug:
                one.say(f"l_message: {item.template.text}")
        else:
            self.endpass = True


def settle(one: Run, verb: str, holds: bool | Outcome, texts: Texts) -> None:
    """Make `one.user_message` and `one.log_message` what this statement's end says."""
    session = one.ctx.session
    if verb in _WHEN_EITHER:
        # With endpass, the texts are for refusing only.
        applies = not (holds is True and texts.endpass)
    elif verb in _WHEN_TRUE:
        applies = holds is True
    else:
        applies = holds is not True
    # A success does not carry what a failed (and negated) condition or a nested ACL said.
    pleasant = holds is True and (verb in _WHEN_EITHER or verb == "warn")
    underlying_user, underlying_log = one.user_message, one.log_message
    if pleasant:
        one.user_message = one.log_message = ""
    if applies:
        if texts.user is not None:
            session.acl_verify_message = underlying_user
            own = _expanded(one, texts.user)
            if own:
                one.user_message = own
        if texts.log is not None:
            session.acl_verify_message = underlying_log or ("" if verb == "warn" else underlying_user)
            own = _expanded(one, texts.log)
            if own:
                one.log_message = f"{own}: {one.log_message}" if one.log_message else own
        if not one.log_message and verb != "warn":
            one.log_message = one.user_message
    session.acl_verify_message = ""


def _expanded(one: Run, template: Template) -> str:
    if template.constant:
        return template.text
    try:
        return expand(template, one.ctx)
    except ForcedFailure:
        return ""
    except ExpansionError as error:
        one.ctx.process.log.panic(f'failed to expand ACL message "{template.text}": {error}', one.ctx.message.id)
        return ""


def warn(one: Run, texts: Texts) -> None:
    """A `warn` statement held: log its text (once a message), add its `message` as a header line."""
    if one.log_message:
        who = client(one.ctx.session, one.ctx.process.log.selectors)
        text = f"{who} Warning: {printing(one.log_message)}"
        said = one.ctx.message.notes.setdefault("acl.warnings", set())
        if text not in said:
            said.add(text)
            one.ctx.process.log.main(text, one.ctx.message.id)
    if one.user_message:
        if one.phase.bit & (NO_MESSAGE | NOT_SMTP_START.bit):
            one.ctx.process.log.panic(
                f'ACL "warn" with "message" setting found in a non-message ({one.phase.log_name}) ACL: cannot specify '
                f"header lines here: message ignored",
                one.ctx.message.id,
            )
        else:
            add_header(one.ctx.message, one.user_message)


def warn_skipped(one: Run, why: str) -> None:
    """A condition of a `warn` statement could not be decided: the statement is left."""
    selectors = one.ctx.process.log.selectors
    if not selectors.acl_warn_skipped:
        return
    reason = f": {why}" if why else ""
    who = client(one.ctx.session, selectors)
    one.ctx.process.log.main(
        f'{who} Warning: ACL "warn" statement skipped: condition test deferred{reason}', one.ctx.message.id
    )
