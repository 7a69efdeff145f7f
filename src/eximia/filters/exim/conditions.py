"""Conditions of `if` (filter document 3.21 to 3.30): trees that test themselves and can be written out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass
from eximia.base.errors import ExpansionError
from eximia.base.pattern import pattern
from eximia.filters.errors import FilterError
from eximia.message.address import AddressSyntaxError, addresses_in, parse_address

from .personal import is_personal
from .run import Run

if TYPE_CHECKING:
    from .reader import Reader


class Condition:
    """A condition. `wanted` false: it is negated."""

    wanted: bool = True

    def test(self, run: Run) -> bool:
        """Its value, negation included, told in the commentary."""
        raise NotImplementedError

    def written(self) -> str:
        """The condition as the commentary writes it."""
        raise NotImplementedError

    def told(self, run: Run, value: bool) -> bool:
        """Write the outcome of a part into the commentary."""
        if run.comment is not None:
            run.comment(f"{'  ' * run.depth}Sub-condition is {'true' if value else 'false'}: {self.written()} ")
        return value


@dataclass(slots=True, eq=False)
class Both(Condition):
    """`and`, `or`."""

    word: str
    left: Condition
    right: Condition
    wanted: bool = True

    def test(self, run: Run) -> bool:
        """See `Condition.test`."""
        value = tested(self.left, run)
        if value == (self.word == "and"):
            value = tested(self.right, run)
        return value == self.wanted

    def written(self) -> str:
        parts = [
            f"({each.written()})" if isinstance(each, Both) and each.word == "or" and each.wanted else each.written()
            for each in (self.left, self.right)
        ]
        text = f"{parts[0]} {self.word} {parts[1]}"
        return text if self.wanted else f"not ({text})"


def tested(condition: Condition, run: Run) -> bool:
    """The value of a part of a condition, told in the commentary."""
    return condition.told(run, condition.test(run))


@dataclass(slots=True, eq=False)
class Flag(Condition):
    """`delivered`, `error_message`, `first_delivery`, `manually_thawed`."""

    word: str
    wanted: bool = True

    def test(self, run: Run) -> bool:
        """See `Condition.test`."""
        message = run.ctx.message
        value = {
            "delivered": lambda: run.delivered,
            "error_message": lambda: not message.sender_address,
            "first_delivery": lambda: message.first_delivery,
            "manually_thawed": lambda: message.manually_thawed,
        }[self.word]()
        return value == self.wanted

    def written(self) -> str:
        return self.word if self.wanted else f"not {self.word}"


@dataclass(slots=True, eq=False)
class Personal(Condition):
    """`personal`, with aliases."""

    aliases: tuple[str, ...]
    wanted: bool = True

    def test(self, run: Run) -> bool:
        """See `Condition.test`."""
        aliases = []
        for alias in self.aliases:
            try:
                aliases.append(run.expand_raw(alias))
            except ExpansionError as error:
                raise FilterError(f'failed to expand "{alias}" in filter file: {error.message}') from None
        return is_personal(run.ctx, aliases) == self.wanted

    def written(self) -> str:
        return "personal" if self.wanted else "not personal"


@dataclass(slots=True, eq=False)
class AnyAddress(Condition):
    """`foranyaddress text (condition)`."""

    text: str
    inner: Condition
    wanted: bool = True

    def test(self, run: Run) -> bool:
        """See `Condition.test`. `$thisaddress` stays as it is when the condition is true."""
        text = _expanded(run, self.text)
        variables = run.ctx.message.variables
        before = variables.get("thisaddress", "")
        value = False
        for start, end in addresses_in(text):
            try:
                found = parse_address(text[start:end]).address
            except AddressSyntaxError:
                continue
            variables["thisaddress"] = found
            if run.comment is not None:
                run.comment(f"{'  ' * run.depth}Extracted address {found}")
            value = tested(self.inner, run)
            if value:
                break
        if not value:
            variables["thisaddress"] = before
        return value == self.wanted

    def written(self) -> str:
        text = f"foranyaddress {self.text} ({self.inner.written()})"
        return text if self.wanted else f"not {text}"


def _expanded(run: Run, text: str) -> str:
    try:
        return run.expand_raw(text)
    except ExpansionError as error:
        raise FilterError(f'failed to expand "{text}" in filter file: {error.message}') from None


def _matches(run: Run, subject: str, regex: str, *, caseless: bool) -> bool:
    if run.comment is not None:
        run.comment(f"{'  ' * run.depth}Match expanded arguments:")
        run.comment(f"{'  ' * run.depth}  Subject = {subject}")
        run.comment(f"{'  ' * run.depth}  Pattern = {regex}")
    try:
        found = run.ctx.process.services.regexes.search(regex, subject, caseless=caseless)
    except ExpansionError as error:
        text = error.message.removeprefix("regular expression error in ")
        raise FilterError(f"error while compiling regular expression {text}") from None
    if found is None:
        return False
    run.ctx.scope.numeric = (found.group(0), *found.captures())
    return True


_PLAIN: dict[str, Callable[[str, str], bool]] = {
    "begins": str.startswith,
    "ends": str.endswith,
    "is": str.__eq__,
    "contains": str.__contains__,
}
#: word -> (test, word without its s)
WORDS = {
    "begins": "begins", "begin": "begins", "ends": "ends", "end": "ends", "is": "is", "contains": "contains",
    "contain": "contains", "matches": "matches", "match": "matches",
}  # fmt: skip
_NEGATED = {"begins": "does not begin", "ends": "does not end", "is": "is not", "contains": "does not contain"}
_NEGATED["matches"] = "does not match"


@dataclass(slots=True, eq=False)
class Text(Condition):
    """The five tests of texts; in capitals the case of letters counts."""

    left: str
    word: str
    caseful: bool
    right: str
    wanted: bool = True

    def test(self, run: Run) -> bool:
        """See `Condition.test`."""
        left, right = _expanded(run, self.left), _expanded(run, self.right)
        if self.word == "matches":
            return _matches(run, left, right, caseless=not self.caseful) == self.wanted
        if not self.caseful:
            if self.word == "contains" and not right:
                return not self.wanted  # as in Exim; with CONTAINS every text contains the empty one
            left, right = left.lower(), right.lower()
        return _PLAIN[self.word](left, right) == self.wanted

    def written(self) -> str:
        word = self.word if self.wanted else _NEGATED[self.word]
        if self.caseful:
            if self.wanted or self.word == "is":
                word = word.replace(self.word, self.word.upper())
            else:
                word = " ".join([*word.split()[:-1], word.split()[-1].upper()])
        return f"{self.left} {word} {self.right}"


_UNITS = {"k": 1024, "m": 1024 * 1024}
_NUMBER = pattern(r"\s*([+-]?)(?:0[xX]([0-9a-fA-F]*)|(0[0-7]*)|([1-9][0-9]*))([kKmM]?)\s*\Z")


def number(text: str) -> int:
    """A number as C reads it (decimal, 0x, octal with a zero before it), with an optional K or M. Raises
    FilterError."""
    found = _NUMBER.match(text)
    if found is None:
        raise FilterError(f'malformed numerical string "{text}"')
    sign, hexadecimal, octal, decimal, unit = found.groups()
    if hexadecimal is not None:
        value = int(hexadecimal or "0", 16)
    else:
        value = int(octal, 8) if octal is not None else int(decimal)
    return (-value if sign == "-" else value) * _UNITS.get(unit.lower(), 1)


@dataclass(slots=True, eq=False)
class Number(Condition):
    """`above`, `below`."""

    left: str
    word: str
    right: str
    wanted: bool = True

    def test(self, run: Run) -> bool:
        """See `Condition.test`."""
        left, right = number(_expanded(run, self.left)), number(_expanded(run, self.right))
        return ((left > right) if self.word == "above" else (left < right)) == self.wanted

    def written(self) -> str:
        return f"{self.left} {'' if self.wanted else 'not '}{self.word} {self.right}"


# Reading


def read_condition(reader: Reader, *, inner: bool = False) -> Condition:
    """A condition up to its `then`, or (`inner`) up to its closing bracket. `and` binds more than `or`."""
    found: list[Condition] = []
    ors: list[Condition] = []
    while True:
        found.append(_read_one(reader))
        reader.skip()
        if reader.peek() == ")":
            if not inner:
                raise FilterError(f'unexpected ")" in line {reader.line} of filter file')
            reader.position += 1
            reader.skip()
            break
        if reader.peek() == "(":
            raise FilterError(f'unexpected "(" in line {reader.line} of filter file')
        line = reader.line
        # a bracket does not end these words
        word = reader.word()
        if word == "then":
            if inner:
                raise FilterError(f'missing ")" at end of condition near line {line} of filter file')
            break
        if word == "or":
            ors.append(_all_of(found))
            found = []
        elif word != "and":
            raise FilterError(
                f'"and" or "or" or "{")" if inner else "then"}" expected near line {reader.line} of filter file, '
                f'but found "{word}"'
            )
    ors.append(_all_of(found))
    result = ors[0]
    for each in ors[1:]:
        result = Both("or", result, each)
    return result


def _all_of(conditions: list[Condition]) -> Condition:
    result = conditions[0]
    for each in conditions[1:]:
        result = Both("and", result, each)
    return result


def _read_one(reader: Reader) -> Condition:
    reader.skip()
    if reader.peek() == "(":
        reader.position += 1
        return read_condition(reader, inner=True)
    if not reader.peek():
        raise FilterError('"then" missing at end of filter file')
    quoted = reader.peek() == '"'
    first = reader.value(brackets=True)
    if not quoted:
        if first == "then":
            raise FilterError(f'unexpected "then" near line {reader.line} of filter file')
        if first == "not":
            condition = _read_one(reader)
            condition.wanted = not condition.wanted
            return condition
        if first in ("delivered", "error_message", "first_delivery", "manually_thawed"):
            return Flag(first)
        if first == "personal":
            return Personal(_aliases(reader))
        if first == "foranyaddress":
            text = "" if reader.peek() == "(" else reader.value(brackets=True)
            if reader.peek() != "(":
                raise FilterError(f'"(" expected after "foranyaddress" near line {reader.line} of filter file')
            reader.position += 1
            return AnyAddress(text, read_condition(reader, inner=True))
    return _read_test(reader, first)


def _aliases(reader: Reader) -> tuple[str, ...]:
    aliases: list[str] = []
    while True:
        # The line number is not set back, as in Exim's messages.
        position = reader.position
        if reader.peek() in ("(", ")") or reader.word(brackets=True) != "alias":
            reader.position = position
            return tuple(aliases)
        aliases.append(reader.value(brackets=True))


def _read_test(reader: Reader, left: str) -> Condition:
    """What follows the first value of a test."""
    word = reader.word(brackets=True)
    line = reader.line
    wanted = True
    if word.lower() in ("is", "does"):
        # The line number is not set back, as in Exim's messages.
        position = reader.position
        following = _next(reader)
        if following.lower() == "not":
            wanted = False
            position = reader.position
            following = _next(reader)
        if following in ("above", "below") or word.lower() == "does" or _test_of(following) is not None:
            word, line = following, reader.line
        else:
            reader.position = position
    if word in ("above", "below"):
        return Number(left, word, reader.value(brackets=True), wanted)
    test = _test_of(word)
    if test is None:
        raise FilterError(f'unrecognized condition word "{word}" near line {line} of filter file')
    return Text(left, test, word[0].isupper(), reader.value(brackets=True), wanted)


def _test_of(word: str) -> str | None:
    """The test of a word, which is in small letters or in capitals; `is` may be in both."""
    if word.islower() or word.isupper() or word.lower() == "is":
        return WORDS.get(word.lower())
    return None


def _next(reader: Reader) -> str:
    """The next word, nothing at a bracket."""
    return "" if reader.peek() in ("(", ")") else reader.word(brackets=True)
