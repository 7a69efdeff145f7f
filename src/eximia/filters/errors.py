"""What is wrong with a filter."""

from __future__ import annotations

from eximia.base.errors import EximiaError


class FilterError(EximiaError):
    """The filter cannot be read or obeyed; `message` is Exim's text."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
