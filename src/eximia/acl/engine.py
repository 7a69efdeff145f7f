"""What verbs do with the answers of conditions (manual 44.13, 44.17, 44.18, 44.20).

Not the conditions and modifiers: each has a file of its own. Not the texts: see `messages`.
"""

from __future__ import annotations

from collections.abc import Sequence

from eximia.base.errors import Defer, ExpansionError, ForcedFailure, LookupDefer
from eximia.base.template import Template
from eximia.context import Context
from eximia.expand import expand
from eximia.lists.match import is_broken

from . import messages
from .catalogue import HANDLERS
from .errors import AclError
from .find import find_acl
from .model import Acl, Handler, Item, ItemKind, Statement
from .phases import (
    DATA,
    DKIM,
    ENDINGS,
    EXPANSION,
    MAIL,
    MAILAUTH,
    MIME,
    NOT_SMTP,
    NOT_SMTP_MIME,
    PRDR,
    RCPT,
    Phase,
    mask,
)
from .result import AclResult, Outcome
from .run import MAX_DEPTH, Run

_TOO_DEEP = "ACL nested too deep: possible loop"
_MAY_DISCARD = mask(PRDR, MAIL, RCPT, DKIM, MIME, DATA, NOT_SMTP, NOT_SMTP_MIME)
#: the session's note of the phase that is going on
_PHASE = "acl.phase"
#: the session's note of how many ACLs are running one inside the other
_DEPTH = "acl.depth"
_ACCEPTING = {"accept": Outcome.ACCEPT, "discard": Outcome.DISCARD}
_REFUSING = {"deny": Outcome.DENY, "defer": Outcome.DEFER, "drop": Outcome.DROP}


def run(ctx: Context, phase: Phase, source: Template | None, args: Sequence[str] = ()) -> AclResult:
    """Run the ACL that the option value `source` names (or holds, or where its file is); None: the option is unset.

    `args` become $acl_arg1... Never raises: what goes wrong is the outcome ERROR or DEFER with a log message.
    """
    if source is None:
        return AclResult(Outcome.ACCEPT if phase.unset_accepts else Outcome.DENY)
    one = Run(ctx, phase)
    try:
        text = source.text if source.constant else expand(source, ctx)
    except ForcedFailure:
        return AclResult(Outcome.ACCEPT)
    except ExpansionError as error:
        deferred = isinstance(error, LookupDefer)
        return AclResult(
            Outcome.DEFER if deferred else Outcome.ERROR, "", f'failed to expand ACL string "{source.text}": {error}'
        )
    return run_text(one, text, source, args)


def run_text(one: Run, text: str, source: Template, args: Sequence[str]) -> AclResult:
    """Run the ACL called (or written as) `text` from the outside."""
    scope, notes = one.ctx.scope, one.ctx.session.notes
    saved, outer = scope.acl_args, notes.get(_PHASE)
    depth = notes.get(_DEPTH, 0)
    scope.acl_args = tuple(args)
    notes[_PHASE] = one.phase
    notes[_DEPTH] = depth + 1
    try:
        if depth >= MAX_DEPTH:
            raise AclError(_TOO_DEEP)
        outcome = run_acl(one, find_acl(one, text, source.span))
    except Defer as error:
        outcome = Outcome.DEFER
        one.log_message = error.message
        one.user_message = error.user_message
    except AclError as error:
        outcome = Outcome.ERROR
        one.log_message = error.message
        one.user_message = error.user_message
    finally:
        scope.acl_args = saved
        notes[_PHASE] = outer
        notes[_DEPTH] = depth
    return AclResult(_allowed(one, outcome), one.user_message, one.log_message, one.log_targets)


def _allowed(one: Run, outcome: Outcome) -> Outcome:
    """Some outcomes make no sense in some phases: they are errors of the ACL."""
    if outcome is Outcome.DISCARD and not one.phase.bit & _MAY_DISCARD:
        verb = "discard"
    elif outcome is Outcome.DROP and one.phase is MAILAUTH:
        verb = "drop"
    else:
        return outcome
    one.ctx.process.log.panic(f'"{verb}" verb not allowed in {one.phase.log_name} ACL', one.ctx.message.id)
    one.user_message = ""
    return Outcome.ERROR


def current_phase(ctx: Context) -> Phase:
    """The phase of the ACL that is running in this session, or the one for expansions outside of ACLs."""
    phase: Phase | None = ctx.session.notes.get(_PHASE)
    return EXPANSION if phase is None else phase


def run_nested(one: Run, text: str, source: Template, args: Sequence[str]) -> Outcome:
    """Run an ACL from a condition of another one. Raises Defer and AclError."""
    if one.depth + 1 >= MAX_DEPTH:
        raise AclError(_TOO_DEEP)
    acl = find_acl(one, text, source.span)
    scope = one.ctx.scope
    notes = one.ctx.session.notes
    saved = scope.acl_args, one.acl, one.verb
    scope.acl_args = tuple(args)
    one.depth += 1
    notes[_DEPTH] = notes.get(_DEPTH, 0) + 1
    try:
        return run_acl(one, acl)
    finally:
        one.depth -= 1
        notes[_DEPTH] -= 1
        scope.acl_args, one.acl, one.verb = saved


def run_acl(one: Run, acl: Acl) -> Outcome:
    """Obey the statements of `acl` in order. Raises Defer and AclError."""
    one.acl = acl
    if one.debug and acl.name:
        one.say(f'using ACL "{acl.name}"')
    for statement in acl.statements:
        end = _obey(one, acl, statement)
        if end is not None:
            return end
    if one.debug:
        one.say(f"end of {acl.shown}: implicit DENY")
    if one.trace is not None:
        one.trace.step("acl", acl.span, acl.name, "deny", "end of the ACL")
    return Outcome.DENY


def _obey(one: Run, acl: Acl, statement: Statement) -> Outcome | None:
    """Obey one statement; None when control passes to the next one."""
    verb = statement.verb
    one.user_message = one.log_message = ""
    one.verb = verb
    if one.debug:
        one.say(f'processing "{verb}" ({statement.span})')
    state = messages.Texts()
    try:
        holds = _conditions_hold(one, statement, state)
    except Defer as error:
        _note(one, acl, statement, "deferred")
        one.ctx.session.acl_verify_message = ""
        if verb == "warn" and not is_broken(error):
            messages.warn_skipped(one, error.message)
            return None
        raise
    except AclError:
        _note(one, acl, statement, "error")
        raise
    _note(one, acl, statement, _WORDS[holds])
    messages.settle(one, verb, holds, state)
    end: Outcome | None = None
    if verb == "warn":
        if holds is True:
            messages.warn(one, state)
        one.user_message = one.log_message = ""
        return None
    if verb in _ACCEPTING:
        if holds is True:
            end = _ACCEPTING[verb]
            if end is Outcome.DISCARD:
                _no_failure_at_the_end(one, verb)
        elif holds is Outcome.DISCARD:
            end = Outcome.DISCARD
            if one.debug:
                one.say(f"end of {acl.shown}: {_ACCEPTING[verb].value}")
                return end
        elif state.endpass:
            if one.debug:
                one.say(f"{verb}: endpass encountered - denying access")
            return Outcome.DENY if holds is False else Outcome.DROP
    elif verb == "require":
        if holds is not True:
            _no_failure_at_the_end(one, verb)
            if one.debug:
                one.say(f"end of {acl.shown}: not OK")
            return Outcome.DENY if holds is False else Outcome.DROP
    elif holds is True:
        end = _REFUSING[verb]
        if one.debug:
            one.say(f"end of {acl.shown}: {end.value}")
        _no_failure_at_the_end(one, verb)
        return end
    if end is not None and one.debug:
        one.say(f"end of {acl.shown}: {end.value}")
    return end


def _no_failure_at_the_end(one: Run, verb: str) -> None:
    """Nothing is left to refuse when a session ends. Raises AclError."""
    if one.phase.bit & ENDINGS and not one.depth:
        raise AclError(f"QUIT or not-QUIT toplevel ACL may not fail ('{verb}' verb used incorrectly)", one.user_message)


def _conditions_hold(one: Run, statement: Statement, state: messages.Texts) -> bool | Outcome:
    """Go through the items until one does not hold."""
    bit = one.phase.bit
    for item in statement.items:
        kind = item.kind
        if kind:
            if kind == ItemKind.SET:
                _set(one, item)
            else:
                state.note(one, item)
            continue
        handler = item.handler
        if handler is None:
            handler = _handler(item)
        template = item.template
        argument: str | Template
        if not handler.expands:
            argument = template
        elif template.constant:
            argument = template.text
        else:
            text = _expanded(one, template)
            if text is None:
                continue
            argument = text
        if one.debug:
            _show(one, item, argument)
        if handler.forbidden & bit:
            raise AclError(f"cannot {handler.use} {item.name} condition in {one.phase.log_name} ACL")
        answer = handler.check(one, argument)
        if item.negated:
            if answer is True:
                answer = False
            elif answer is False or answer is Outcome.DROP:
                answer = True
        if one.trace is not None:
            one.trace.step("condition", template.span, item.shown, str(answer).lower(), template.text)
        if answer is True:
            continue
        if answer is Outcome.DISCARD and statement.verb not in _ACCEPTING:
            raise AclError(
                f'nested ACL returned "discard" for "{statement.verb}" command (only allowed with "accept" or '
                f'"discard")'
            )
        return False if answer is None else answer
    return True


def _handler(item: Item) -> Handler:
    """The object behind a name, imported when it is first needed."""
    handler = HANDLERS.get(item.name)
    assert handler is not None, item.name  # the parser has looked
    item.handler = handler
    return handler


def _expanded(one: Run, template: Template) -> str | None:
    """The argument's text; None when its expansion was forced to fail: the item then does not count."""
    try:
        return expand(template, one.ctx)
    except ForcedFailure:
        return None
    except LookupDefer as error:
        raise Defer(error.cause or f'failed to expand ACL string "{template.text}": {error}') from error
    except ExpansionError as error:
        raise AclError(f'failed to expand ACL string "{template.text}": {error}') from error


def _set(one: Run, item: Item) -> None:
    """`set name = value`."""
    template = item.template
    value = template.text if template.constant else _expanded(one, template)
    if value is None:
        return
    if one.debug:
        _show(one, item, value)
    name = item.variable
    if name.startswith("acl_c"):
        one.ctx.session.acl_vars[name[5:]] = value
    elif name.startswith("acl_m"):
        one.ctx.message.acl_vars[name[5:]] = value
    else:
        # dkim_verify_status and dkim_verify_reason: the variables of those names
        one.ctx.message.variables[name] = value


_WORDS: dict[bool | Outcome, str] = {
    True: "succeeded",
    False: "failed",
    Outcome.DROP: 'yielded "drop"',
    Outcome.DISCARD: 'yielded "discard"',
}


def _note(one: Run, acl: Acl, statement: Statement, how: str) -> None:
    if one.trace is not None:
        one.trace.step("statement", statement.span, statement.verb, how, acl.name)
    if one.debug:
        one.say(f"{statement.verb}: condition test {how} in {acl.shown}")


def _show(one: Run, item: Item, argument: str | Template) -> None:
    """The condition about to be tested, and what it expands to when that differs."""
    left = f"check {item.shown} "
    text = item.template.text
    one.say(f"{left}= {text}")
    if isinstance(argument, str) and argument != text:
        one.say_flat(" " * len(left) + f"= {argument}")
