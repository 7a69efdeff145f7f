"""Authentication-Results: header lines taken apart and made (RFC 8601).

In a program of your own:

    from eximia.mailauth.authres import parse, field, Result
    parsed = parse("Authentication-Results: example.com; spf=pass smtp.mailfrom=example.net")
    parsed.authserv_id, parsed.results[0].method, parsed.results[0].properties["smtp.mailfrom"]
    field("example.com", [Result("spf", "pass", properties={"smtp.mailfrom": "example.net"})])

A value without quotes may have any characters but white space, `;`, quotes and parentheses: many write signatures
(`header.b=`) and addresses so. Properties without a type (`version=TLSv1.2`) are passed over, as RFC 8601 asks for
what is not known, and a semicolon may stand at the end. `strict` has none of this, but the grammar of RFC 8601 section
2.2 to the letter. `${authresults}` of the string language is `expand.authresults`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eximia.base.dataclass import dataclass
from eximia.base.dataclass import field as _field
from eximia.base.pattern import pattern
from eximia.message.authres import comment, pvalue, value

_NAME = pattern(r"[A-Za-z0-9_-]*[A-Za-z0-9]")
_DIGITS = pattern(r"\d{1,4}")
_PLAIN = pattern(r'[^ ;"()\\\x00-\x1f\x7f]+')
#: `token` of RFC 2045, and an address or the end of one
_TOKEN = pattern(r'[^\x00-\x20\x7f()<>@,;:\\"/\[\]?=]+')
_ADDRESS = pattern(
    r"(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\xff.-]+)?@"
    r"[A-Za-z0-9\x80-\xff](?:[A-Za-z0-9\x80-\xff_-]*)(?:\.[A-Za-z0-9\x80-\xff](?:[A-Za-z0-9\x80-\xff_-]*))*"
)
_QUOTED = pattern(r'"((?:[^"\\]|\\.)*)"')
_BLANKS = pattern(r"[ \t\r\n]*")
_ESCAPED = pattern(r"\\(.)")
#: a field longer than this, or with more results, is refused
LONGEST = 65_536
MOST_RESULTS = 500


class AuthResError(ValueError):
    """The header field breaks the grammar, or has a version that is not ours."""


@dataclass(frozen=True, slots=True)
class Result:
    """One result. Names of properties are `type.name` in lower case."""

    method: str
    result: str
    method_version: int = 1
    reason: str | None = None
    properties: Mapping[str, str] = _field(default_factory=dict)
    comment: str = ""


@dataclass(frozen=True, slots=True)
class AuthResults:
    """A header field."""

    authserv_id: str
    results: tuple[Result, ...] = ()
    version: int = 1


def parse(header: str, *, relaxed: bool = False, strict: bool = False) -> AuthResults:
    """A whole field, with its name and folding. Raises AuthResError; with `relaxed`, results that break the grammar
    are left out instead, and the authserv-id may be missing; for `strict` see above."""
    if len(header) > LONGEST:
        raise AuthResError("field is too long")
    name, colon, body = header.partition(":")
    name = name.strip(" \t\r\n").lower()
    if not colon or name not in ("authentication-results", "arc-authentication-results"):
        raise AuthResError("not an Authentication-Results: field")
    if name.startswith("arc-"):
        # What comes first there is the instance.
        body = body.partition(";")[2]
    return parse_body(body, relaxed=relaxed, strict=strict)


def parse_body(body: str, *, relaxed: bool = False, strict: bool = False) -> AuthResults:
    """As `parse`, for what follows the colon."""
    reader = _Reader(body, strict=strict)
    authserv_id = reader.authserv_id()
    if not authserv_id:
        if not relaxed:
            raise AuthResError("no authserv-id")
        # Some begin with the first result.
        reader = _Reader(f";{body}")
    reader.skip()
    version = reader.number()
    if version not in (None, 1):
        raise AuthResError(f"unknown version {version}")
    results: list[Result] = []
    reader.skip()
    if reader.at_end():
        # Old software leaves out "none".
        if not relaxed:
            raise AuthResError("no results")
        return AuthResults(authserv_id)
    while not reader.at_end():
        reader.expect(";")
        reader.skip()
        if reader.at_end() and not strict:
            break
        start = reader.position
        if not results and reader.word_is_last("none"):
            return AuthResults(authserv_id)
        try:
            result = reader.result()
            if not reader.at_end() and reader.text[reader.position] != ";":
                raise AuthResError(f"unexpected {reader.rest()!r}")
            results.append(result)
        except AuthResError:
            if not relaxed:
                raise
            reader.position = start
            reader.to_semicolon()
        if len(results) > MOST_RESULTS:
            raise AuthResError("too many results")
    if not results and not (relaxed and authserv_id):
        raise AuthResError("no results")
    return AuthResults(authserv_id, tuple(results))


def field(authserv_id: str, results: Sequence[Result], *, fold: str = "\n\t") -> str:
    """A whole header field without its final newline, each result on a line of its own."""
    parts = [f"Authentication-Results: {value(authserv_id)}"]
    parts += [text(each) for each in results]
    if len(parts) == 1:
        parts.append("none")
    return f";{fold}".join(parts)


def text(one: Result) -> str:
    """One result as it stands in a field."""
    made = f"{_name(one.method)}={_name(one.result)}"
    if one.comment:
        made += f" {comment(one.comment)}"
    if one.reason:
        made += f" reason={value(one.reason)}"
    for name, content in one.properties.items():
        kind, _, rest = name.partition(".")
        made += f" {_name(kind)}.{_name(rest)}={pvalue(content)}"
    return made


def _name(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r} is no keyword of Authentication-Results")
    return name


class _Reader:
    """Reads the text of a field from left to right."""

    __slots__ = ("comment", "position", "strict", "text")

    def __init__(self, text: str, *, strict: bool = False) -> None:
        self.text = text
        self.position = 0
        self.strict = strict
        #: the last comment that was passed over
        self.comment = ""

    def at_end(self) -> bool:
        return self.position >= len(self.text)

    def rest(self) -> str:
        return self.text[self.position : self.position + 40]

    def skip(self) -> bool:
        """Pass over white space and comments; whether there was any. Raises AuthResError for an open comment."""
        start = self.position
        while True:
            found = _BLANKS.match(self.text, self.position)
            assert found is not None  # it matches nothing, too
            self.position = found.end()
            if not self.text.startswith("(", self.position):
                return self.position > start
            self._comment()

    def _comment(self) -> None:
        depth, start, position = 0, self.position, self.position
        end = len(self.text)
        while position < end:
            char = self.text[position]
            position += 1
            if char == "\\":
                position += 1
            elif char == "(":
                depth += 1
            elif char == ")":
                depth -= 1
                if depth == 0:
                    self.position = position
                    self.comment = _ESCAPED.sub(r"\1", self.text[start + 1 : position - 1])
                    return
        raise AuthResError("comment does not end")

    def expect(self, char: str) -> None:
        if not self.text.startswith(char, self.position):
            raise AuthResError(f"expected {char!r}, found {self.rest()!r}")
        self.position += len(char)

    def number(self) -> int | None:
        found = _DIGITS.match(self.text, self.position)
        if found is None:
            return None
        self.position = found.end()
        return int(found[0])

    def word_is_last(self, word: str) -> bool:
        """Whether `word` and nothing else follows; then it has been read."""
        start = self.position
        found = _NAME.match(self.text, start)
        if found is not None and found[0].lower() == word:
            self.position = found.end()
            self.skip()
            if self.at_end():
                return True
        self.position = start
        return False

    def to_semicolon(self) -> None:
        """Go to the next semicolon that is not quoted, as well as that can be told."""
        while not self.at_end() and self.text[self.position] != ";":
            quoted = _QUOTED.match(self.text, self.position)
            self.position = quoted.end() if quoted is not None else self.position + 1

    def _keyword(self, what: str) -> str:
        found = _NAME.match(self.text, self.position)
        if found is None:
            raise AuthResError(f"expected {what}, found {self.rest()!r}")
        self.position = found.end()
        return found[0].lower()

    def authserv_id(self) -> str:
        """The first value, "" when the field begins with something else."""
        self.skip()
        quoted = self.text.startswith('"', self.position)
        found = self.value()
        return "" if "=" in found and not quoted else found

    def value(self, *, address: bool = False) -> str:
        """A token or quoted string; a quoted local part may have a domain after it. `address`: an address may stand
        there, too."""
        quoted = _QUOTED.match(self.text, self.position)
        if quoted is not None:
            self.position = quoted.end()
            content = _ESCAPED.sub(r"\1", quoted[1])
            if not self.text.startswith("@", self.position):
                return content
            domain = _PLAIN.match(self.text, self.position)
            assert domain is not None  # it begins with "@"
            self.position = domain.end()
            return f'"{quoted[1]}"{domain[0]}'
        if not self.strict:
            found = _PLAIN.match(self.text, self.position)
        else:
            found = _ADDRESS.match(self.text, self.position) if address else None
            found = found or _TOKEN.match(self.text, self.position)
        if found is None:
            return ""
        self.position = found.end()
        return found[0]

    def result(self) -> Result:
        """One `resinfo` without its semicolon."""
        method = self._keyword("a method")
        self.skip()
        version = 1
        if self.text.startswith("/", self.position):
            self.position += 1
            self.skip()
            number = self.number()
            if number is None:
                raise AuthResError("expected the version of a method")
            version = number
            self.skip()
        self.expect("=")
        self.skip()
        result = self._keyword("a result")
        self.comment = ""
        reason: str | None = None
        properties: dict[str, str] = {}
        remark = ""
        while self.skip() and not self.at_end() and self.text[self.position] != ";":
            remark = remark or self.comment
            name = self._keyword("a property")
            self.skip()
            typed = self.text.startswith(".", self.position)
            if typed:
                self.position += 1
                self.skip()
                name = f"{name}.{self._keyword('the name of a property')}"
                self.skip()
            self.expect("=")
            self.skip()
            before = self.position
            content = self.value(address=typed)
            if self.strict and (self.position == before or (not typed and (name != "reason" or reason or properties))):
                raise AuthResError(f"unexpected {name} or nothing after it")
            if not typed and name == "reason" and reason is None and not properties:
                if self.position == before:
                    raise AuthResError("expected a reason")
                reason = content
            elif typed:
                properties.setdefault(name, content)
        return Result(method, result, version, reason, properties, remark or self.comment)
