"""The envelope commands of one message: MAIL and RCPT with their parameters (RFC 5321, 1870, 3461, 4954, 6531)."""

from __future__ import annotations

from eximia.base.dataclass import dataclass

from .capabilities import Capabilities


@dataclass(frozen=True, slots=True)
class Recipient:
    """One RCPT command. `notify` and `orcpt` are the DSN parameters as they are written, "" for none."""

    address: str
    notify: str = ""
    orcpt: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What MAIL and RCPT say. Addresses are text as everywhere (bytes as latin-1), without angle brackets."""

    sender: str
    recipients: tuple[Recipient, ...]
    #: what SIZE= tells, -1: nothing
    size: int = -1
    #: RET= and ENVID= values, "" for none
    ret: str = ""
    envid: str = ""
    #: value of AUTH= before xtext, None: not sent
    auth: str | None = None
    #: per-recipient data responses are wanted where the server has them
    prdr: bool = False
    smtputf8: bool = False
    requiretls: bool = False
    #: IGNOREQUOTA is wanted (LMTP)
    ignore_quota: bool = False
    #: DSN parameters may be sent
    dsn: bool = True

    def mail(self, peer: Capabilities) -> str:
        """The MAIL command for this server, without line end."""
        command = f"MAIL FROM:<{self.sender}>"
        if self.size >= 0 and peer.size:
            command += f" SIZE={self.size}"
        if self.prdr and peer.prdr:
            command += " PRDR"
        if self.smtputf8 and peer.smtputf8:
            command += " SMTPUTF8"
        if self.requiretls and peer.requiretls:
            command += " REQUIRETLS"
        if self.dsn and peer.dsn:
            if self.ret:
                command += f" RET={self.ret}"
            if self.envid:
                command += f" ENVID={self.envid}"
        if self.auth is not None:
            command += f" AUTH={xtext(self.auth)}"
        return command

    def rcpt(self, recipient: Recipient, peer: Capabilities) -> tuple[str, str]:
        """(what the log shows, the parameters) of one RCPT command."""
        parameters = ""
        if self.dsn and peer.dsn:
            if recipient.notify:
                parameters += f" NOTIFY={recipient.notify}"
            if recipient.orcpt:
                parameters += f" ORCPT={recipient.orcpt}"
        if self.ignore_quota and peer.ignore_quota:
            parameters += " IGNOREQUOTA"
        return f"RCPT TO:<{recipient.address}>", parameters


def xtext(text: str) -> str:
    """RFC 3461's xtext; an empty text is `<>`, as RFC 4954 wants it for AUTH."""
    if not text:
        return "<>"
    return "".join(c if "!" <= c <= "~" and c not in "+=" else f"+{ord(c) & 0xFF:02X}" for c in text)
