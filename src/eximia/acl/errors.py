"""What conditions and modifiers raise besides `base.errors.Defer`."""

from __future__ import annotations

from eximia.base.errors import EximiaError


class AclError(EximiaError):
    """The ACL cannot be obeyed as written (bad argument, wrong phase): the whole ACL ends as "error".

    `message` is what is logged, in Exim's words. The peer is told of a temporary problem, or `user_message`.
    """

    def __init__(self, message: str, user_message: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.user_message = user_message
