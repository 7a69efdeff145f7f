"""The `-H` file: envelope, state and header lines of a message (manual chapter 57).

`SpoolHeader` is the value; `write_header` and `read_header` turn it into the file's text and back. Text that came from
outside is marked with a second hyphen, text quoted for a lookup with the lookup's name: the types `Untainted`, plain
`str` and `Quoted` carry the same here. No files are opened: see `spool.store`.
"""

from __future__ import annotations

from typing import Final

from eximia.base.dataclass import dataclass, field
from eximia.base.errors import SpoolError
from eximia.base.ordered_set import OrderedSet
from eximia.base.text import Quoted, Untainted
from eximia.context.message import Recipient
from eximia.message.header import DELETED, Header

from .tree import read_tree, write_tree


@dataclass(slots=True)
class SpoolHeader:
    """What a `-H` file says. Fields in the order of the file; empty, 0 and False are not written."""

    id: str = ""
    login: str = ""
    uid: int = 0
    gid: int = 0
    sender: str = ""
    received_time: int = 0
    warning_count: int = 0
    #: microseconds within the second; -1: unknown
    received_time_usec: int = -1
    #: when reception was complete, seconds with fraction
    received_time_complete: float = 0.0

    helo_name: str = ""
    host_address: str = ""
    host_port: int = 0
    host_name: str = ""
    host_auth: str = ""
    host_auth_pubname: str = ""
    interface_address: str = ""
    interface_port: int = 0
    active_hostname: str = ""
    ident: str = ""
    received_protocol: str = ""
    acl_c: dict[str, str] = field(default_factory=dict)
    acl_m: dict[str, str] = field(default_factory=dict)
    spool_file_wireformat: bool = False
    #: -1: not said
    body_linecount: int = -1
    max_received_linelength: int = 0
    body_zerocount: int = 0
    auth_id: str = ""
    auth_sender: str = ""
    allow_unqualified_recipient: bool = False
    allow_unqualified_sender: bool = False
    deliver_firsttime: bool = False
    #: when it was frozen; -1: it is not
    frozen: int = -1
    #: -N: do not really deliver
    dont_deliver: bool = False
    host_lookup_deferred: bool = False
    host_lookup_failed: bool = False
    sender_set_untrusted: bool = False
    local: bool = False
    localerror: bool = False
    manual_thaw: bool = False
    local_scan: str = ""
    spam_bar: str = ""
    spam_score: str = ""
    spam_score_int: str = ""
    bmi_verdicts: str = ""
    tls_certificate_verified: bool = False
    tls_cipher: str = ""
    #: PEM, with real newlines
    tls_peercert: str = ""
    tls_peerdn: str = ""
    tls_sni: str = ""
    tls_ourcert: str = ""
    tls_ocsp: int = 0
    #: the bits of `$tls_in_resumption`
    tls_resumption: int = 0
    tls_ver: str = ""
    smtputf8: bool = False
    #: ours: RFC 8689
    requiretls: bool = False
    utf8_downcvt: bool = False
    utf8_optdowncvt: bool = False
    dsn_envid: str = ""
    dsn_ret: int = 0
    #: lines of options we do not know, kept for the next write, without newline
    unknown: list[str] = field(default_factory=list)

    nonrecipients: OrderedSet = field(default_factory=OrderedSet)
    recipients: list[Recipient] = field(default_factory=list)
    headers: list[Header] = field(default_factory=list)
    #: bytes of the header lines that are sent, when only sizes were read
    header_bytes: int = field(default=0, compare=False)

    def size_of_headers(self) -> int:
        """Bytes of the header lines that are sent, with the empty line after them: part of the message's size."""
        return sum([len(header.text) for header in self.headers if header.type != DELETED]) + 1


class SpoolFormatError(SpoolError):
    """A `-H` file is damaged. `size` is that of the file; `partial` what was read when the envelope was whole."""

    def __init__(self, message_id: str, size: int, partial: SpoolHeader | None = None) -> None:
        super().__init__(f"Format error in spool file {message_id}-H: size={size}")
        self.size = size
        self.partial = partial


_TEXT: Final = {
    "helo_name",
    "host_name",
    "host_auth",
    "host_auth_pubname",
    "active_hostname",
    "ident",
    "received_protocol",
    "auth_id",
    "auth_sender",
    "local_scan",
    "spam_bar",
    "spam_score",
    "spam_score_int",
    "bmi_verdicts",
    "tls_cipher",
    "tls_peerdn",
    "tls_sni",
    "tls_ver",
    "dsn_envid",
}
_PEM: Final = {"tls_peercert", "tls_ourcert"}
_FLAGS: Final = {
    "spool_file_wireformat": "spool_file_wireformat",
    "allow_unqualified_recipient": "allow_unqualified_recipient",
    "allow_unqualified_sender": "allow_unqualified_sender",
    "deliver_firsttime": "deliver_firsttime",
    "N": "dont_deliver",
    "host_lookup_deferred": "host_lookup_deferred",
    "host_lookup_failed": "host_lookup_failed",
    "sender_set_untrusted": "sender_set_untrusted",
    "local": "local",
    "localerror": "localerror",
    "manual_thaw": "manual_thaw",
    "tls_certificate_verified": "tls_certificate_verified",
    "smtputf8": "smtputf8",
    "requiretls": "requiretls",
    "utf8_downcvt": "utf8_downcvt",
    "utf8_optdowncvt": "utf8_optdowncvt",
}
_NUMBERS: Final = {"body_linecount", "max_received_linelength", "body_zerocount", "frozen", "tls_ocsp", "dsn_ret"}

# The three stretches of options between the ones with a form of their own, in the order of the file.
_FROM_HOST: Final = ("active_hostname", "ident", "received_protocol")
_FLAGS_STATE: Final = (
    ("allow_unqualified_recipient", "allow_unqualified_recipient"),
    ("allow_unqualified_sender", "allow_unqualified_sender"),
    ("deliver_firsttime", "deliver_firsttime"),
)
_FLAGS_ORIGIN: Final = (
    ("N", "dont_deliver"),
    ("host_lookup_deferred", "host_lookup_deferred"),
    ("host_lookup_failed", "host_lookup_failed"),
    ("local", "local"),
    ("localerror", "localerror"),
    ("manual_thaw", "manual_thaw"),
    ("sender_set_untrusted", "sender_set_untrusted"),
)
_SUBMITTED: Final = "--submitted "
_FROM_SCANS: Final = ("local_scan", "spam_bar", "spam_score", "spam_score_int", "bmi_verdicts")


def _mark(value: str) -> str:
    """The hyphens before an option's name: taint and quoting of its value."""
    kind = type(value)
    if kind is Untainted:
        return "-"
    if kind is Quoted:
        return f"--({value.quoter})"  # type: ignore[attr-defined]
    return "--"


def _line(name: str, value: str) -> str:
    if "\n" in value:
        value_text = value.replace("\n", "\\n")
        return f"{_mark(value)}{name} {value_text}\n"
    return f"{_mark(value)}{name} {value}\n"


def write_header(header: SpoolHeader) -> str:
    """The text of the `-H` file."""
    out: list[str] = []
    add = out.append
    add(f"{header.id}-H\n{header.login} {header.uid} {header.gid}\n<{header.sender}>\n")
    add(f"{header.received_time} {header.warning_count}\n")
    if header.received_time_usec >= 0:
        add(f"-received_time_usec .{header.received_time_usec:06d}\n")
    if header.received_time_complete:
        add(f"-received_time_complete {header.received_time_complete:.6f}\n")
    if header.helo_name:
        add(_line("helo_name", header.helo_name))
    if header.host_address:
        add(f"{_mark(header.host_address)}host_address [{header.host_address}]:{header.host_port}\n")
        if header.host_name:
            add(_line("host_name", header.host_name))
        if header.host_auth:
            add(_line("host_auth", header.host_auth))
        if header.host_auth_pubname:
            add(_line("host_auth_pubname", header.host_auth_pubname))
    if header.interface_address:
        mark = _mark(header.interface_address)
        add(f"{mark}interface_address [{header.interface_address}]:{header.interface_port}\n")
    for name in _FROM_HOST:
        value = getattr(header, name)
        if value:
            add(_line(name, value))
    for name, value in header.acl_c.items():
        add(f"{_mark(value)}aclc {name} {len(value)}\n{value}\n")
    for name, value in header.acl_m.items():
        add(f"{_mark(value)}aclm {name} {len(value)}\n{value}\n")
    if header.spool_file_wireformat:
        add("-spool_file_wireformat\n")
    elif header.body_linecount >= 0:
        add(f"-body_linecount {header.body_linecount}\n")
    add(f"-max_received_linelength {header.max_received_linelength}\n")
    if header.body_zerocount:
        add(f"-body_zerocount {header.body_zerocount}\n")
    if header.auth_id:
        add(_line("auth_id", header.auth_id))
    if header.auth_sender:
        add(_line("auth_sender", header.auth_sender))
    out += [f"-{name}\n" for name, attribute in _FLAGS_STATE if getattr(header, attribute)]
    if header.frozen >= 0:
        add(f"-frozen {header.frozen}\n")
    out += [f"-{name}\n" for name, attribute in _FLAGS_ORIGIN if getattr(header, attribute)]
    for name in _FROM_SCANS:
        value = getattr(header, name)
        if value:
            add(_line(name, value))
    _write_tls(header, out)
    if header.smtputf8:
        add("-smtputf8\n")
    if header.requiretls:
        add("-requiretls\n")
    if header.utf8_downcvt:
        add("-utf8_downcvt\n")
    if header.utf8_optdowncvt:
        add("-utf8_optdowncvt\n")
    if header.dsn_envid:
        add(_line("dsn_envid", header.dsn_envid))
    if header.dsn_ret:
        add(f"-dsn_ret {header.dsn_ret}\n")
    out += [f"{line}\n" for line in header.unknown]
    out += [f"{_SUBMITTED}{at} {one.submitted}\n" for at, one in enumerate(header.recipients) if one.submitted]
    add(write_tree(header.nonrecipients))
    add(f"{len(header.recipients)}\n")
    for recipient in header.recipients:
        if recipient.parent >= 0 or recipient.errors_to or recipient.dsn_flags or recipient.orcpt:
            add(
                f"{recipient.address} {recipient.orcpt} {len(recipient.orcpt)},{recipient.dsn_flags}"
                f" {recipient.errors_to} {len(recipient.errors_to)},{recipient.parent}#3\n"
            )
        else:
            add(f"{recipient.address}\n")
    add("\n")
    for line in header.headers:
        text = line.text
        add(f"{len(text):03d}{line.type} {text}")
    return "".join(out)


def _write_tls(header: SpoolHeader, out: list[str]) -> None:
    if header.tls_cipher or header.tls_ver or header.tls_peerdn:
        if header.tls_certificate_verified:
            out.append("-tls_certificate_verified\n")
        for name in ("tls_cipher", "tls_peercert", "tls_peerdn", "tls_sni", "tls_ourcert"):
            value = getattr(header, name)
            if value:
                out.append(_line(name, value))
        if header.tls_ocsp:
            out.append(f"-tls_ocsp {header.tls_ocsp}\n")
    out.append(f"-tls_resumption {chr(65 + header.tls_resumption)}\n")
    if header.tls_ver:
        out.append(_line("tls_ver", header.tls_ver))


def read_header(text: str, message_id: str, *, sizes_only: bool = False) -> SpoolHeader:
    """Read the text of `message_id`'s `-H` file. Raises SpoolFormatError.

    `sizes_only`: add up the header lines in `header_bytes`, do not keep them (for listings).
    """
    header = SpoolHeader(id=message_id)
    partial = None
    try:
        pos = _read_envelope(text, message_id, header)
        partial = header
        if sizes_only:
            _measure_lines(text, pos, header)
        else:
            _read_lines(text, pos, header)
    except (ValueError, IndexError):
        raise SpoolFormatError(message_id, len(text), partial) from None
    return header


def _read_envelope(text: str, message_id: str, header: SpoolHeader) -> int:
    """Everything before the header lines. Returns where they begin. Raises ValueError."""
    first, second, third, fourth, _ = text[:4096].split("\n", 4)
    if first != f"{message_id}-H":
        raise ValueError(first)
    pos = len(first) + len(second) + len(third) + len(fourth) + 4
    header.login, uid, gid = second.rsplit(" ", 2)
    header.uid = int(uid)
    header.gid = int(gid)
    if third[:1] != "<" or third[-1:] != ">":
        raise ValueError(third)
    header.sender = third[1:-1]
    received, warnings = fourth.split(" ")
    header.received_time = int(received)
    header.warning_count = int(warnings)
    while text[pos] == "-":
        pos = _read_option(text, pos, header)
    header.nonrecipients, pos = read_tree(text, pos)
    end = text.index("\n", pos)
    count = int(text[pos:end])
    pos = end + 1
    recipients = header.recipients
    for _ in range(count):
        end = text.index("\n", pos)
        line = text[pos:end]
        if not line:
            raise ValueError("too few recipients")
        recipients.append(_read_recipient(line) if line[-1].isdigit() else Recipient(line))
        pos = end + 1
    if text[pos] != "\n":
        raise ValueError("no empty line after the recipients")
    _read_submitted(header)
    return pos + 1


def _read_submitted(header: SpoolHeader) -> None:
    """Give the recipients what our own option line says of them: the number, and the address that the client gave."""
    for line in [line for line in header.unknown if line.startswith(_SUBMITTED)]:
        number, _, address = line[len(_SUBMITTED) :].partition(" ")
        header.recipients[int(number)].submitted = address
        header.unknown.remove(line)


def _read_option(text: str, pos: int, header: SpoolHeader) -> int:
    """One option line (or more, for ACL variables). Returns the position behind it."""
    end = text.index("\n", pos)
    line = text[pos:end]
    kind: type[str] = Untainted
    quoter = ""
    body = line[1:]
    if body[:1] == "-":
        kind = str
        body = body[1:]
    if body[:1] == "(":
        quoter, _, body = body[1:].partition(")")
    name, _, rest = body.partition(" ")
    if name in {"aclm", "aclc", "acl"}:
        return _read_acl_variable(text, end + 1, header, name, rest, kind, quoter)
    if name in _FLAGS:
        setattr(header, _FLAGS[name], True)
    elif name in _NUMBERS:
        setattr(header, name, int(rest))
    elif name in _TEXT:
        setattr(header, name, Quoted(rest, quoter) if quoter else kind(rest))
    elif name in _PEM:
        setattr(header, name, kind(rest.replace("\\n", "\n")))
    elif name in {"host_address", "interface_address"}:
        address, port = _address_and_port(rest)
        setattr(header, name, kind(address))
        setattr(header, name.replace("_address", "_port"), port)
    elif name == "received_time_usec":
        header.received_time_usec = int(rest[1:])
    elif name == "received_time_complete":
        header.received_time_complete = float(rest)
    elif name == "tls_resumption":
        header.tls_resumption = ord(rest) - 65
    else:
        header.unknown.append(line)
    return end + 1


def _read_acl_variable(
    text: str, pos: int, header: SpoolHeader, kind_name: str, rest: str, kind: type[str], quoter: str
) -> int:
    name, _, length = rest.rpartition(" ")
    end = pos + int(length)
    if text[end] != "\n":
        raise ValueError(name)
    value = Quoted(text[pos:end], quoter) if quoter else kind(text[pos:end])
    if kind_name == "acl":
        # before 4.61: 0 to 9 for the connection, 10 to 19 for the message
        number = int(name)
        if number < 10:
            header.acl_c[str(number)] = value
        else:
            header.acl_m[str(number - 10)] = value
    elif kind_name == "aclc":
        header.acl_c[name] = value
    else:
        header.acl_m[name] = value
    return end + 1


def _address_and_port(text: str) -> tuple[str, int]:
    """`[address]:port`, or the older `address.port`."""
    if text[:1] == "[":
        address, _, port = text[1:].partition("]:")
    else:
        address, _, port = text.rpartition(".")
    return address, int(port)


def _read_recipient(line: str) -> Recipient:
    """A recipient whose line ends with a digit: it may have more fields, marked with `#` and flag bits."""
    rest, mark, bits = line.rpartition("#")
    if not mark or not bits.isdigit() or " " not in rest:
        return Recipient(line)
    flags = int(bits)
    parent, errors_to, orcpt, dsn_flags = -1, "", "", 0
    if flags & 1:
        rest, errors_to, parent = _read_field(rest)
    if flags & 2:
        rest, orcpt, dsn_flags = _read_field(rest)
    return Recipient(rest, errors_to=errors_to, parent=parent, dsn_flags=dsn_flags, orcpt=orcpt)


def _read_field(line: str) -> tuple[str, str, int]:
    """`... <text> <length of text>,<number>` read from its end: what is before, the text, the number."""
    front, _, tail = line.rpartition(" ")
    length, _, number = tail.partition(",")
    size = int(length)
    text = front[len(front) - size :] if size else ""
    before = front[: len(front) - size]
    if before[-1:] != " ":
        raise ValueError(line)
    return before[:-1], text, int(number)


def _read_lines(text: str, pos: int, header: SpoolHeader) -> None:
    """The header lines, from `pos` to the end."""
    size = len(text)
    headers = header.headers
    while pos < size:
        mark = pos
        while text[mark].isdigit():
            mark += 1
        length = int(text[pos:mark])
        if text[mark + 1] != " ":
            raise ValueError("damaged header line")
        start = mark + 2
        end = start + length
        if end > size:
            raise ValueError("header line cut off")
        headers.append(Header(text[start:end], text[mark]))
        pos = end


def _measure_lines(text: str, pos: int, header: SpoolHeader) -> None:
    """The sizes of the header lines that are sent."""
    size = len(text)
    while pos < size:
        mark = pos + 3
        while text[mark].isdigit():
            mark += 1
        length = int(text[pos:mark])
        pos = mark + 2 + length
        if text[mark + 1] != " " or pos > size:
            raise ValueError("damaged header line")
        if text[mark] != DELETED:
            header.header_bytes += length
