"""Outcomes that delivery itself gives to addresses."""

from __future__ import annotations

from eximia.context import Outcome, Result


def deferral(
    message: str,
    errno: int = -1,
    *,
    freeze: bool = False,
    panic: bool = False,
    more_errno: int = 0,
    user_message: str = "",
) -> Outcome:
    """An outcome that puts an address off."""
    return Outcome(Result.DEFERRED, message, errno, more_errno, freeze=freeze, panic=panic, user_message=user_message)


def failure(message: str, *, errno: int = 0, silent: bool = False, pass_message: bool = True) -> Outcome:
    """An outcome that fails an address."""
    return Outcome(Result.FAILED, message, errno, pass_message=pass_message, silent=silent)
