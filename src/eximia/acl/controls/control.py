"""What a control offers to the `control` modifier."""

from __future__ import annotations

from collections.abc import Callable

from eximia.acl.errors import AclError
from eximia.acl.phases import NO_MESSAGE
from eximia.acl.run import Run


class Control:
    """`apply(run, options)`: `options` is what follows the name and a slash, None when there is no slash;
    False: the modifier fails as a condition does.

    `takes_options` False makes a slash a syntax error. `shown` is the name in the error about phases.
    """

    __slots__ = ("apply", "forbidden", "shown", "takes_options")

    def __init__(
        self,
        shown: str,
        apply: Callable[[Run, str | None], bool | None],
        *,
        forbidden: int = 0,
        takes_options: bool = False,
    ) -> None:
        self.shown = shown
        self.apply = apply
        self.forbidden = forbidden
        self.takes_options = takes_options


def switch_on(one: Run, name: str) -> None:
    """Set a flag of the message. One that an ACL sets before there is a message (connection, HELO) is for all messages
    of the session: reception sets it for each."""
    setattr(one.ctx.message, name, True)
    if one.phase.bit & NO_MESSAGE:
        one.ctx.session.message_flags.add(name)


def syntax_error(name: str, options: str | None) -> AclError:
    """The error for a control that cannot be understood."""
    text = name if options is None else f"{name}/{options}"
    return AclError(f'syntax error in "control={text}"')
