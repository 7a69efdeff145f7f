"""The quota options of appendfile: expanded and read before the delivery (manual 26.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.base.errors import ExpansionError
from eximia.context.delivery import Errno
from eximia.transports.smtp.failure import Failure, Fault
from eximia.transports.strings import expand

if TYPE_CHECKING:
    from eximia.context import Context

_FACTORS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_NO_QUOTA = {
    "quota": 0,
    "quota_no_check": False,
    "quota_filecount": 0,
    "quota_filecount_no_check": False,
    "quota_is_inclusive": True,
    "quota_directory": "",
    "quota_warn": 0,
    "mailbox_size": -1,
    "mailbox_filecount": -1,
}
_OPTIONS = ("quota", "quota_filecount", "quota_warn_threshold", "quota_directory", "mailbox_size", "mailbox_filecount")


def quota_fields(ctx: Context, name: str, options: Any) -> dict[str, Any]:
    """What the job needs to know. Raises Failure."""
    if all(getattr(options, option) is None for option in _OPTIONS):
        return _NO_QUOTA
    quota, no_check = _limit(ctx, name, options.quota)
    files, files_no_check = _limit(ctx, name, options.quota_filecount)
    warn = 0
    if options.quota_warn_threshold is not None:
        text = _text(ctx, name, options.quota_warn_threshold).strip()
        if text.endswith("%"):
            percentage = _number(text[:-1], text, options.quota_warn_threshold.text, name)
            if percentage > 100:
                raise Failure(
                    f"Invalid quota_warn_threshold percentage ({percentage}) for {name} transport",
                    Errno.UNKNOWN,
                    Fault.LOCAL,
                    panic=True,
                )
            warn = quota * percentage // 100
        else:
            warn = _number(text, text, options.quota_warn_threshold.text, name)
    return {
        "quota": quota,
        "quota_no_check": no_check,
        "quota_filecount": files,
        "quota_filecount_no_check": files_no_check,
        "quota_is_inclusive": options.quota_is_inclusive,
        "quota_directory": "" if options.quota_directory is None else _text(ctx, name, options.quota_directory),
        "quota_warn": warn,
        "mailbox_size": _known(ctx, name, options.mailbox_size),
        "mailbox_filecount": _known(ctx, name, options.mailbox_filecount),
    }


def _known(ctx: Context, name: str, template: Any) -> int:
    if template is None:
        return -1
    text = _text(ctx, name, template)
    return _number(text, text, template.text, name)


def _limit(ctx: Context, name: str, template: Any) -> tuple[int, bool]:
    """(value, no_check) of a quota; 0 for none."""
    if template is None:
        return 0, False
    text = _text(ctx, name, template)
    number, _, modifiers = text.partition("/")
    value = _number(number, text, template.text, name)
    words = modifiers.split("/") if modifiers else []
    if any(word.strip() != "no_check" for word in words):
        raise _malformed(text, template.text, name)
    return max(0, value), bool(words)


def _text(ctx: Context, name: str, template: Any) -> str:
    try:
        return expand(template, ctx)
    except ExpansionError as error:
        raise Failure(
            f'Expansion of "{template.text}" in {name} transport failed: {error.message}',
            Errno.UNKNOWN,
            Fault.LOCAL,
            panic=True,
        ) from error


def _number(number: str, text: str, source: str, name: str) -> int:
    """A number with a decimal point and K, M or G."""
    digits = number.strip()
    factor = _FACTORS.get(digits[-1:].lower(), 1)
    if factor > 1:
        digits = digits[:-1]
    try:
        return int(float(digits) * factor) if digits else 0
    except ValueError:
        raise _malformed(text, source, name) from None


def _malformed(text: str, source: str, name: str) -> Failure:
    return Failure(
        f'Malformed value "{text}" (expansion of "{source}") in {name} transport',
        Errno.UNKNOWN,
        Fault.LOCAL,
        panic=True,
    )
