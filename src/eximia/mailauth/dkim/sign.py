"""Making DKIM signatures (RFC 6376 section 5, RFC 8463), with the body in pieces.

    signing = Signing(fields, Signer("example.org", "sel", load_private_key(pem)))
    signing.feed(body)
    message = signing.field() + message

The field is laid out as Exim's: `v a q c d s h bh i t x l b`, folded with a tab.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence

from eximia.base.dataclass import dataclass
from eximia.mailauth.canon import HASHES, BodyDigests
from eximia.mailauth.fields import Fields, split_message
from eximia.mailauth.keys import SigningKey

#: What is signed when nothing is said (RFC 4871 section 5.5).
DEFAULT_HEADERS = (
    "From:Sender:Reply-To:Subject:Date:Message-ID:To:Cc:MIME-Version:Content-Type:Content-Transfer-Encoding:"
    "Content-ID:Content-Description:Resent-Date:Resent-From:Resent-Sender:Resent-To:Resent-Cc:Resent-Message-ID:"
    "In-Reply-To:References:List-Id:List-Help:List-Unsubscribe:List-Subscribe:List-Post:List-Owner:List-Archive"
)
_DEFAULT = tuple(DEFAULT_HEADERS.split(":"))
_LINE = 78


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs and how. `sign_headers`: names; a name stands for one field of it or the absence of one, once for each
    time it is named; with `=` before it for all there are; with `+` for all and the absence of another. `length`: say
    how long the body is (`l=`). `created` and `expires`: seconds since 1970."""

    domain: str
    selector: str
    key: SigningKey
    canon_header: str = "relaxed"
    canon_body: str = "relaxed"
    hash_name: str = "sha256"
    sign_headers: Sequence[str] = _DEFAULT
    identity: str = ""
    created: int | None = None
    expires: int | None = None
    length: bool = False

    @property
    def algorithm(self) -> str:
        return f"{self.key.keytype}-{self.hash_name}"


def chosen_headers(fields: Fields, wanted: Sequence[str]) -> list[bytes]:
    """The names for `h=`: fields that are there from bottom to top, as the message writes them, then absent ones."""
    once: dict[bytes, int] = {}
    always: set[bytes] = set()
    #: (name in lower case, name as given, whether only what `once` still wants)
    last: list[tuple[bytes, bytes, bool]] = []
    for item in wanted:
        mark = item[:1] if item[:1] in ("=", "+") else ""
        given = item[len(mark) :].strip().encode("latin-1")
        if not given:
            continue
        low = given.lower()
        if mark:
            always.add(low)
        else:
            once[low] = once.get(low, 0) + 1
        if mark != "=":
            last.append((low, given, not mark))
    names = []
    for field, low in zip(reversed(fields.all), reversed(fields.names), strict=True):
        if low in always or once.get(low):
            if once.get(low):
                once[low] -= 1
            names.append(field[: field.index(b":")].rstrip(b" \t"))
    for low, given, absent in last:
        if absent:
            if not once[low]:
                continue
            once[low] -= 1
        names.append(given)
    return names


class Signing:
    """One signature in the making. Several with the same `bodies` are fed once. Raises ValueError when there is nothing
    to sign, KeyError for an unknown canonicalisation or hash."""

    __slots__ = ("_digest", "bodies", "fields", "names", "signer")

    def __init__(self, fields: Sequence[bytes] | Fields, signer: Signer, bodies: BodyDigests | None = None) -> None:
        self.fields = fields if isinstance(fields, Fields) else Fields(fields)
        self.signer = signer
        self.bodies = BodyDigests() if bodies is None else bodies
        self._digest = self.bodies.want(signer.canon_body, signer.hash_name)
        self.names = chosen_headers(self.fields, signer.sign_headers)
        if not self.names:
            raise ValueError("no header to sign")

    def feed(self, data: bytes) -> None:
        """A piece of the body."""
        self.bodies.feed(data)

    def field(self) -> bytes:
        """The DKIM-Signature field, with CRLF line ends. The body must be complete."""
        self.bodies.finish()
        signer = self.signer
        hasher = HASHES[signer.hash_name]()
        for text in self.fields.selected([name.lower() for name in self.names], signer.canon_header):
            hasher.update(text)
        layout = Layout(b"DKIM-Signature: ")
        for text in self._tags():
            layout.add(text)
        layout.add_names(b"h=", self.names)
        layout.add_long(b"bh=" + base64.b64encode(self._digest.value()))
        for text in self._more_tags():
            layout.add(text)
        layout.begin_value()
        own = Fields([layout.text() + b";\r\n"]).canonical(0, signer.canon_header)
        hasher.update(own.removesuffix(b"\r\n"))
        layout.append_long(base64.b64encode(signer.key.sign(hasher.digest(), signer.hash_name)))
        return layout.text() + b";\r\n"

    def _tags(self) -> Iterable[bytes]:
        signer = self.signer
        yield b"v=1"
        yield b"a=%b" % signer.algorithm.encode("latin-1")
        yield b"q=dns/txt"
        yield f"c={signer.canon_header}/{signer.canon_body}".encode("latin-1")
        yield b"d=%b" % signer.domain.encode("latin-1")
        yield b"s=%b" % signer.selector.encode("latin-1")

    def _more_tags(self) -> Iterable[bytes]:
        signer = self.signer
        if signer.identity:
            yield b"i=%b" % signer.identity.encode("latin-1")
        if signer.created is not None:
            yield b"t=%d" % signer.created
        if signer.expires is not None:
            yield b"x=%d" % signer.expires
        if signer.length:
            yield b"l=%d" % self._digest.length


class Layout:
    """A field that is folded where it may be, in lines of at most 78 characters where that can be done."""

    __slots__ = ("_column", "_parts")

    def __init__(self, start: bytes) -> None:
        self._parts = [start]
        self._column = len(start)

    def text(self) -> bytes:
        """What is there so far."""
        return b"".join(self._parts)

    def _fold(self) -> None:
        self._parts.append(b"\r\n\t")
        self._column = 1

    def _write(self, text: bytes) -> None:
        self._parts.append(text)
        self._column += len(text)

    def add(self, tag: bytes) -> None:
        """A tag that stays in one piece, and its semicolon."""
        if len(self._parts) > 1:
            if self._column + 1 + len(tag) > _LINE:
                self._fold()
            else:
                self._write(b" ")
        self._write(tag)
        self._end()

    def add_long(self, tag: bytes) -> None:
        """A tag that is cut where the line ends, when it does not fit into the next."""
        if len(tag) < _LINE:
            self.add(tag)
        else:
            self._write(b" ")
            self.append_long(tag)
            self._end()

    def begin_value(self) -> None:
        """`b=`, whose value is still to come."""
        if self._column + 3 > _LINE:
            if self._column < _LINE:
                self._write(b" ")
            self._fold()
        else:
            self._write(b" ")
        self._write(b"b=")

    def _end(self) -> None:
        """The semicolon, on a line of its own where it must."""
        if self._column >= _LINE:
            self._fold()
        self._write(b";")

    def append_long(self, text: bytes) -> None:
        """Text without white space of its own, cut where the lines end."""
        while True:
            room = _LINE - self._column
            if room <= 0:
                self._fold()
                continue
            self._write(text[:room])
            text = text[room:]
            if not text:
                return

    def add_names(self, tag: bytes, names: Sequence[bytes]) -> None:
        """A tag whose value is a list of names, cut at the colons."""
        if self._column + 1 + len(tag) + len(names[0]) > _LINE:
            self._fold()
        else:
            self._write(b" ")
        self._write(tag + names[0])
        for name in names[1:]:
            if self._column + 1 + len(name) <= _LINE:
                self._write(b":" + name)
            elif self._column < _LINE:
                self._write(b":")
                self._fold()
                self._write(name)
            else:
                self._fold()
                self._write(b":" + name)
        self._end()


def sign(message: bytes, signer: Signer) -> bytes:
    """The DKIM-Signature field for a whole message."""
    fields, body = split_message(message)
    signing = Signing(fields, signer)
    signing.feed(body)
    return signing.field()
