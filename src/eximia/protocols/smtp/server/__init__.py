"""The server's side of SMTP, without sockets.

`Server` cuts what the client sends into events: commands, the header and body of a message, the ends of things.
`grammar` names the commands, `parameters` reads the ESMTP parameters of MAIL and RCPT, `replies` forms answers,
`data` undoes dot-stuffing and line ends, `header_block` separates the header. Which answer is given is the session's
business (`reception`).
"""

from __future__ import annotations

from .data import ChunkReader, DataReader, DotReader, StreamReader
from .header_block import HeaderBlock
from .machine import BodyChunk, Command, DataEnd, Event, Header, Server
from .parameters import BadParameter, MailParameters, RcptParameters
from .replies import reply

__all__ = [
    "BadParameter",
    "BodyChunk",
    "ChunkReader",
    "Command",
    "DataEnd",
    "DataReader",
    "DotReader",
    "Event",
    "Header",
    "HeaderBlock",
    "MailParameters",
    "RcptParameters",
    "Server",
    "StreamReader",
    "reply",
]
