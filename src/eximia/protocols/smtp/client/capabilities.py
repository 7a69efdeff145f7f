"""What a server said in its answer to EHLO or LHLO (RFC 5321 section 4.1.1.1), read once a connection."""

from __future__ import annotations

from eximia.base.dataclass import dataclass, field

from .reply import Reply


@dataclass(slots=True)
class Capabilities:
    """The extensions of one server. Options of the transport may switch some off (`hosts_avoid_pipelining`...)."""

    #: the first word of the answer: the server's name for itself
    name: str = ""
    #: SIZE was announced (its value, 0: no limit, is `size_limit`)
    size: bool = False
    size_limit: int = 0
    pipelining: bool = False
    chunking: bool = False
    eightbitmime: bool = False
    dsn: bool = False
    prdr: bool = False
    smtputf8: bool = False
    requiretls: bool = False
    starttls: bool = False
    ignore_quota: bool = False
    #: the server allows commands before its banner (Exim's PIPECONNECT)
    pipe_connect: bool = False
    #: mechanisms announced with AUTH, upper case, in the server's order
    auth: tuple[str, ...] = ()
    #: ESMTP LIMITS (RFC 9422); 0: no limit told
    limit_mail: int = 0
    limit_rcpt: int = 0
    limit_rcpt_domain: int = 0
    #: every keyword, upper case, with the rest of its line
    keywords: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, reply: Reply) -> Capabilities:
        """Read a positive answer to EHLO or LHLO. Unknown keywords are kept in `keywords`."""
        self = cls()
        first, *rest = reply.lines
        self.name = first.partition(" ")[0]
        for line in rest:
            keyword, _, arguments = line.strip().partition(" ")
            keyword = keyword.upper()
            if keyword.startswith("AUTH="):  # the form of old servers
                keyword, arguments = "AUTH", f"{keyword[5:]} {arguments}"
            self.keywords[keyword] = arguments
            setting = _FLAGS.get(keyword)
            if setting is not None:
                setattr(self, setting, True)
            if keyword == "SIZE":
                self.size_limit = _number(arguments)
            elif keyword == "AUTH":
                known = self.auth
                self.auth = (*known, *(m for m in arguments.upper().split() if m not in known))
            elif keyword == "LIMITS":
                self._read_limits(arguments)
        return self

    def _read_limits(self, arguments: str) -> None:
        for item in arguments.split():
            name, _, value = item.partition("=")
            attribute = _LIMITS.get(name.upper())
            if attribute is not None:
                setattr(self, attribute, _number(value))


_FLAGS = {
    "SIZE": "size",
    "PIPELINING": "pipelining",
    "CHUNKING": "chunking",
    "8BITMIME": "eightbitmime",
    "DSN": "dsn",
    "PRDR": "prdr",
    "SMTPUTF8": "smtputf8",
    "REQUIRETLS": "requiretls",
    "STARTTLS": "starttls",
    "IGNOREQUOTA": "ignore_quota",
    "PIPECONNECT": "pipe_connect",
    "PIPE_CONNECT": "pipe_connect",
    "X_PIPE_CONNECT": "pipe_connect",
}
_LIMITS = {"MAILMAX": "limit_mail", "RCPTMAX": "limit_rcpt", "RCPTDOMAINMAX": "limit_rcpt_domain"}


def _number(text: str) -> int:
    text = text.strip()
    return int(text) if text.isdigit() and len(text) < 20 else 0
