"""`acl`: run another ACL, with arguments (manual 44.26)."""

from __future__ import annotations

from eximia.acl.errors import AclError
from eximia.acl.model import Handler
from eximia.acl.result import Outcome
from eximia.acl.run import Run
from eximia.acl.words import call_words
from eximia.base.errors import Defer, ExpansionError, ForcedFailure, LookupDefer
from eximia.base.template import Template
from eximia.expand import expand

#: more arguments than that are ignored
_MOST_ARGUMENTS = 9


def _check(one: Run, template: Template) -> bool | Outcome:
    """The name and each argument are expanded for themselves; a forced failure ends the arguments."""
    from eximia.acl.engine import run_nested

    if template.parsed is None:
        template.parsed = call_words(template)
    words: list[Template] = template.parsed
    values: list[str] = []
    for word in words[: _MOST_ARGUMENTS + 1]:
        try:
            values.append(word.text if word.constant else expand(word, one.ctx))
        except ForcedFailure:
            if not values:
                return True
            break
        except LookupDefer as error:
            raise Defer(error.cause or f'failed to expand ACL string "{words[0].text}": {error}') from error
        except ExpansionError as error:
            raise AclError(f'failed to expand ACL string "{words[0].text}": {error}') from error
    name = values[0] if values else Template("").text
    outcome = run_nested(one, name, template, values[1:])
    if outcome is Outcome.ACCEPT:
        return True
    if outcome is Outcome.DENY:
        return False
    if outcome is Outcome.DEFER:
        raise Defer(one.log_message, one.user_message)
    return outcome


ACL = Handler("acl", _check, expands=False)
