"""The main section's options (manual chapter 14), by topic; `MainOptions` is all of them."""

from __future__ import annotations

from .access import AccessOptions
from .acl import AclOptions
from .bounce import BounceOptions
from .dns import DnsOptions
from .logging import LoggingOptions
from .lookups import LookupOptions
from .mailauth import MailAuthOptions
from .message import MessageOptions
from .process import ProcessOptions
from .queue import QueueOptions
from .scan import ScanOptions
from .smtp import SmtpOptions
from .spool import SpoolOptions
from .tls import TlsOptions


class MainOptions(
    AccessOptions,
    AclOptions,
    BounceOptions,
    DnsOptions,
    LoggingOptions,
    LookupOptions,
    MailAuthOptions,
    MessageOptions,
    ProcessOptions,
    QueueOptions,
    ScanOptions,
    SmtpOptions,
    SpoolOptions,
    TlsOptions,
):
    """Everything that may be set before the first `begin`."""
