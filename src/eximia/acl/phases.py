"""The moments at which ACLs run, and sets of them (manual 44.2 to 44.14, 44.24, 44.26).

Conditions, modifiers and controls say in which phases they make no sense as a bit mask.
"""

from __future__ import annotations

from eximia.base.namedtuple import NamedTuple


class Phase(NamedTuple):
    """One moment. `bit`: its place in masks; `log_name`: what Exim calls it in messages; `option`: the main option
    that names its ACL; `unset_accepts`: what happens when that option is not set."""

    bit: int
    log_name: str
    option: str
    unset_accepts: bool = True


CONNECT = Phase(1 << 0, "connection", "acl_smtp_connect")
HELO = Phase(1 << 1, "EHLO or HELO", "acl_smtp_helo")
MAIL = Phase(1 << 2, "MAIL", "acl_smtp_mail")
MAILAUTH = Phase(1 << 3, "MAILAUTH", "acl_smtp_mailauth")
RCPT = Phase(1 << 4, "RCPT", "acl_smtp_rcpt", unset_accepts=False)
PREDATA = Phase(1 << 5, "PREDATA", "acl_smtp_predata")
DKIM = Phase(1 << 6, "DKIM", "acl_smtp_dkim")
MIME = Phase(1 << 7, "MIME", "acl_smtp_mime")
PRDR = Phase(1 << 8, "PRDR", "acl_smtp_data_prdr")
DATA = Phase(1 << 9, "DATA", "acl_smtp_data")
QUIT = Phase(1 << 10, "QUIT", "acl_smtp_quit")
NOTQUIT = Phase(1 << 11, "NOTQUIT", "acl_smtp_notquit")
VRFY = Phase(1 << 12, "VRFY", "acl_smtp_vrfy", unset_accepts=False)
EXPN = Phase(1 << 13, "EXPN", "acl_smtp_expn", unset_accepts=False)
ETRN = Phase(1 << 14, "ETRN", "acl_smtp_etrn", unset_accepts=False)
ATRN = Phase(1 << 15, "ATRN", "acl_smtp_atrn", unset_accepts=False)
AUTH = Phase(1 << 16, "AUTH", "acl_smtp_auth")
STARTTLS = Phase(1 << 17, "STARTTLS", "acl_smtp_starttls")
WELLKNOWN = Phase(1 << 18, "WELLKNOWN", "acl_smtp_wellknown", unset_accepts=False)
NOT_SMTP_START = Phase(1 << 19, "non-SMTP-start", "acl_not_smtp_start")
NOT_SMTP_MIME = Phase(1 << 20, "non-SMTP MIME", "acl_not_smtp_mime")
NOT_SMTP = Phase(1 << 21, "non-SMTP", "acl_not_smtp")
#: an ACL run by `${acl...}` outside of any ACL, for example while routing
EXPANSION = Phase(1 << 22, "expansion", "")

PHASES = (
    CONNECT,
    HELO,
    MAIL,
    MAILAUTH,
    RCPT,
    PREDATA,
    DKIM,
    MIME,
    PRDR,
    DATA,
    QUIT,
    NOTQUIT,
    VRFY,
    EXPN,
    ETRN,
    ATRN,
    AUTH,
    STARTTLS,
    WELLKNOWN,
    NOT_SMTP_START,
    NOT_SMTP_MIME,
    NOT_SMTP,
)

BY_OPTION = {phase.option: phase for phase in PHASES}


def mask(*phases: Phase) -> int:
    """The set of `phases`."""
    bits = 0
    for phase in phases:
        bits |= phase.bit
    return bits


ALL = mask(*PHASES, EXPANSION)


def all_but(*phases: Phase) -> int:
    """Every phase except these: for what is allowed in these only. Evaluation outside an ACL is left to its user."""
    return ALL & ~mask(*phases)


#: commands that are not about a message
COMMANDS = mask(HELO, MAILAUTH, VRFY, EXPN, ETRN, ATRN, AUTH, STARTTLS, WELLKNOWN)
ENDINGS = mask(QUIT, NOTQUIT)
#: no message is being received
NO_MESSAGE = CONNECT.bit | COMMANDS | ENDINGS
NOT_OVER_SMTP = mask(NOT_SMTP, NOT_SMTP_START)
