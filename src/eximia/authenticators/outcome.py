"""How an exchange ended, and how drivers talk with the other side."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, Protocol

from eximia.base.errors import EximiaError
from eximia.base.namedtuple import NamedTuple
from eximia.context import Context


class Verdict(Enum):
    """The end of an exchange."""

    OK = "ok"
    FAIL = "fail"
    #: cannot be decided now
    DEFER = "defer"
    #: a client gave up: the server's challenge makes no sense
    CANCELLED = "cancelled"


class ServerResult(NamedTuple):
    """`text` is shown to the client of a temporary failure, `log` only logged."""

    verdict: Verdict
    text: str = ""
    log: str = ""


OK = ServerResult(Verdict.OK)
FAIL = ServerResult(Verdict.FAIL)


class Cancelled(EximiaError):
    """The client sent `*`."""


class BadBase64(EximiaError):
    """The client sent something that is no base64."""


class Unexpected(EximiaError):
    """The client sent initial data where the mechanism has none."""


#: sends a challenge (bytes in base64, text as it is) and returns the client's answer, decoded. Raises Cancelled and
#: BadBase64.
Ask = Callable[[bytes | str], bytes]


class ClientReply(NamedTuple):
    """What the server said to AUTH or a response: code and the text of all lines, codes included."""

    code: int
    text: str

    @property
    def challenge(self) -> str:
        """The text after 334."""
        return self.text[4:].strip()


class Dialogue(Protocol):
    """The client's side of a connection."""

    def command(self, line: str) -> ClientReply:
        """Send a line and wait for the reply. Raises what the transport raises when the connection fails."""


class ClientResult(NamedTuple):
    """`reply`: the server's last word; `text`: why we gave up."""

    verdict: Verdict
    reply: ClientReply | None = None
    text: str = ""


class Driver(Protocol):
    """A mechanism family. `options` are the instance's."""

    def server(self, ctx: Context, options: Any, initial: bytes | None, ask: Ask) -> ServerResult:
        """Authenticate a client. `initial`: the data of the AUTH command, None when there is none.

        Sets `ctx.session.auth_vars` ($auth1...). Raises Cancelled, BadBase64, Unexpected.
        """

    def client(self, ctx: Context, options: Any, dialogue: Dialogue) -> ClientResult:
        """Authenticate to a server. Raises ForcedFailure when this authenticator is not for this host, and
        ExpansionError."""
