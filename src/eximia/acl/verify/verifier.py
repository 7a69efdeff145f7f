"""What an item of `verify =` offers."""

from __future__ import annotations

from collections.abc import Callable

from eximia.acl.run import Run


class Request:
    """The argument, understood: `verify = name[=value][/option...]`. `text` is all of it, for messages."""

    __slots__ = ("options", "text", "value")

    def __init__(self, text: str, value: str | None, options: list[str]) -> None:
        self.text = text
        self.value = value
        self.options = options


class Verifier:
    """`check` answers whether it verifies, and may leave texts in the run; it raises Defer and AclError."""

    __slots__ = ("check", "forbidden", "takes_options", "takes_value")

    def __init__(
        self,
        check: Callable[[Run, Request], bool],
        *,
        forbidden: int = 0,
        takes_options: bool = False,
        takes_value: bool = False,
    ) -> None:
        self.check = check
        self.forbidden = forbidden
        self.takes_options = takes_options
        self.takes_value = takes_value
