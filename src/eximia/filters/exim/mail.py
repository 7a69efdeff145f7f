"""`mail` and `vacation`: messages that a filter sends (filter document 3.14)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.context import FilterDelivery, Kind, Reply
from eximia.context.delivery import BAD_REPLY
from eximia.filters.errors import FilterError
from eximia.message.address import AddressSyntaxError, addresses_in, parse_address

from .deliveries import Marks
from .run import Run, shown

if TYPE_CHECKING:
    from .reader import Reader

#: keywords with a value, in the order in which a test prints them
_TEXTS = ("to", "cc", "bcc", "from", "reply_to", "subject", "extra_headers", "text", "file", "log", "once")
_VACATION = {
    "subject": "On vacation",
    "file": ".vacation.msg",
    "log": ".vacation.log",
    "once": ".vacation",
    "once_repeat": "7d",
}
#: header texts, where a newline must be followed by white space
_HEADERS = ("to", "cc", "bcc", "from", "reply_to", "subject")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def interval(text: str) -> int:
    """Seconds of `5d4h`; -1 when it is no interval."""
    total = value = 0
    digits = False
    for char in text:
        if char.isdigit():
            value = value * 10 + int(char)
            digits = True
        elif char in _UNITS and digits:
            total += value * _UNITS[char]
            value, digits = 0, False
        else:
            return -1
    return -1 if digits or not text else total


class Mail:
    """Either command; `vacation` has defaults."""

    __slots__ = ("_expand_file", "_marks", "_name", "_once_repeat", "_repeats", "_return_message", "_values")

    def __init__(self, name: str, marks: Marks) -> None:
        self._name = name
        self._marks = marks
        self._values: dict[str, str] = {}
        self._expand_file = False
        self._return_message = False
        self._once_repeat = ""
        self._repeats = False

    @classmethod
    def read(cls, reader: Reader, marks: Marks, name: str) -> Mail:
        """The keywords that follow, in any order."""
        mail = cls(name, marks)
        while mail._keyword(reader):
            pass
        if name == "vacation":
            for key, value in _VACATION.items():
                if key == "once_repeat":
                    mail._once_repeat = mail._once_repeat or value
                elif key == "file" and key not in mail._values:
                    mail._values[key] = value
                    mail._expand_file = True
                else:
                    mail._values.setdefault(key, value)
        return mail

    def _keyword(self, reader: Reader) -> bool:
        """Read one keyword with its value; false when the next word is none."""
        # The line number is not set back, as in Exim's messages.
        position = reader.position
        word = reader.word()
        if word in _TEXTS:
            self._values[word] = reader.value()
            if word == "file":
                self._expand_file = False
            return True
        if word == "once_repeat":
            self._once_repeat = reader.value()
            self._repeats = True
            return True
        if word == "expand":
            following = reader.word()
            if following != "file":
                raise FilterError(f'"expand" not followed by "file"  near line {reader.line} of filter file')
            self._values["file"] = reader.value()
            self._expand_file = True
            return True
        if word == "return":
            if reader.word() != "message":
                raise FilterError(f'"return" not followed by "message"  near line {reader.line} of filter file')
            self._return_message = True
            return True
        reader.position = position
        return False

    def obey(self, run: Run) -> None:
        """Expand the texts and set the message up."""
        values = {key: self._value(run, key) for key in _TEXTS if key in self._values}
        repeat = run.expand(self._once_repeat, self._name)
        if run.say is not None:
            self._print(run, values, repeat)
        elif not run.ctx.message.sender_address:
            # A bounce is not answered.
            return
        reply = Reply(
            from_=values.get("from", ""),
            reply_to=values.get("reply_to", ""),
            to=values.get("to") or self._default_recipient(run),
            cc=values.get("cc", ""),
            bcc=values.get("bcc", ""),
            subject=values.get("subject", ""),
            headers=values.get("extra_headers", ""),
            text=values.get("text", ""),
            file=values.get("file", ""),
            file_expand=self._expand_file,
            log_file=values.get("log", ""),
            once_file=values.get("once", ""),
            once_repeat=max(0, interval(repeat)) if repeat else 0,
            return_message=self._return_message,
        )
        delivery = FilterDelivery(Kind.REPLY, _first_address(reply.to), None, self._marks.noerror, reply=reply)
        run.deliver(delivery, significant=self._marks.seen is True)

    def _value(self, run: Run, key: str) -> str:
        text = self._values[key]
        value = run.expand(text, self._name)
        if key in _HEADERS:
            at = value.find("\n")
            while at >= 0:
                if value[at + 1 : at + 2] not in (" ", "\t"):
                    raise FilterError(f'\\n not followed by space in "{shown(value)}" in {self._name} command')
                at = value.find("\n", at + 1)
        elif key in ("file", "log", "once"):
            if any((char < " " and char != "\t") or char >= "\x7f" for char in value):
                raise FilterError(f'non-printing character in "{shown(value)}" in {self._name} command')
        elif key == "extra_headers":
            _check_headers(value, self._name)
        return value

    @staticmethod
    def _default_recipient(run: Run) -> str:
        try:
            return run.expand_raw("$reply_address") or BAD_REPLY
        except ExpansionError:
            return BAD_REPLY

    def _print(self, run: Run, values: dict[str, str], repeat: str) -> None:
        assert run.say is not None
        vacation = " (vacation)" if self._name == "vacation" else ""
        noerror = " (noerror)" if self._marks.noerror else ""
        seen = "Seen mail" if self._marks.seen else "Mail"
        recipient = values.get("to", "<default>")
        run.say(f"{seen} to: {recipient}{vacation}{noerror}")
        for key in _TEXTS[1:]:
            if key in values:
                expanded = " (expanded)" if key == "file" and self._expand_file else ""
                run.say(f"{key:>7}: {shown(values[key])}{expanded}")
        if self._once_repeat or self._repeats:
            run.say(f"once_repeat: {repeat}")
        if self._return_message:
            run.say("Return original message")


def _check_headers(value: str, name: str) -> None:
    """Every line but the first must go on with white space, be empty, or begin with a header name."""
    lines = value.split("\n")
    for number, line in enumerate(lines[1:], 1):
        if line[:1] in (" ", "\t") or (not line and number < len(lines) - 1):
            continue
        field = line.partition(":")[0].rstrip(" \t")
        if ":" not in line or not field or any(char <= " " or char == "\x7f" for char in field):
            raise FilterError(f'\\n not followed by space or valid header name in "{shown(value)}" in {name} command')


def _first_address(text: str) -> str:
    for start, end in addresses_in(text):
        try:
            return parse_address(text[start:end]).address
        except AddressSyntaxError:
            break
    return BAD_REPLY
