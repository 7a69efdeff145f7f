"""The client's side of SMTP and LMTP, without sockets.

`ReplyReader` cuts bytes into replies, `Capabilities` reads the answer to EHLO, `Transaction` sends one message.
What a reply means for a delivery is the transport's business.
"""

from __future__ import annotations

from .capabilities import Capabilities
from .envelope import Envelope, Recipient, xtext
from .reply import MalformedReply, Reply, ReplyReader
from .transaction import Transaction

__all__ = ["Capabilities", "Envelope", "MalformedReply", "Recipient", "Reply", "ReplyReader", "Transaction", "xtext"]
