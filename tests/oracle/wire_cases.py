"""Messages that came in chunks and are kept as they came (`spool_wireformat`): what policy sees, and every way out."""

from __future__ import annotations

from typing import Any

from .session_world import EHLO, ENVELOPE, QUIT, ROUTERS, TRANSPORTS, Dialogue

HEADER = "Subject: hi\r\nFrom: s@from.example\r\nTo: joe@y.example\r\n\r\n"
BODY = "Hello\r\n.dot\r\n..two\r\nbye\r\n"
ODD = "bare\nlf\r\n\x00zero\r\n"
CHUNKING = [{"ehlo": ("CHUNKING", "PIPELINING")}]
SHOWN = (
    "$message_body_size $message_linecount $body_linecount $body_zerocount $max_received_linelength "
    "${escape:$message_body} ${escape:$message_body_end}"
)
SEEN = "acl_smtp_data = data\nmessage_body_newlines\nspool_wireformat\nmessage_body_visible = 12\n"
LOCAL = "r:\n driver = accept\n transport = t\n"


def chunks(text: str, *sizes: int) -> str:
    """An envelope and the text in chunks of these sizes; the last takes the rest."""
    said, at = ENVELOPE, 0
    for size in sizes:
        said += f"BDAT {size}\r\n{text[at : at + size]}"
        at += size
    return f"{said}BDAT {len(text) - at} LAST\r\n{text[at:]}"


def wire(body: str = BODY, *sizes: int, main: str = "spool_wireformat\n", **more: Any) -> Dialogue:
    return Dialogue(said=EHLO + chunks(HEADER + body, *sizes) + QUIT, main=main, **more)


def local(transport: str, **more: Any) -> Dialogue:
    return wire(routers=LOCAL, transports=f"t:\n{transport}\n user = Debian-exim\n", **more)


#: the same as Exim with the same setting
CASES = {
    "over DATA": wire(),
    "over BDAT": wire(peers=CHUNKING),
    "between CR and LF": wire(BODY, len(HEADER) - 1, 7, peers=CHUNKING),
    "odd line ends over BDAT": wire(ODD, peers=CHUNKING),
    "odd line ends to a file": local(" driver = appendfile\n file = @D/box/one", body=ODD),
    "without a last line end": wire("x\r\nno end", peers=CHUNKING),
    "without a last line end to a file": local(" driver = appendfile\n file = @D/box/one", body="x\r\nno end"),
    "without a body": wire("", peers=CHUNKING),
    "not by chunks": Dialogue(main="spool_wireformat\n", peers=CHUNKING),
    "what policy sees": wire(
        main=SEEN,
        acl=f"data:\n accept logwrite = $message_size {SHOWN}\n",
        transports=TRANSPORTS + f" headers_add = X-Seen: {SHOWN}\n",
    ),
    "scanned": wire(
        main=SEEN,
        acl="data:\n deny regex = ^bye\\r\n accept regex = ^\\N\\.dot$\\N\n logwrite = found\n deny\n",
        peers=CHUNKING,
    ),
    "a mailbox": local(" driver = appendfile\n file = @D/box/one"),
    "bsmtp": local(" driver = appendfile\n file = @D/box/one\n use_bsmtp\n use_crlf"),
    "a filter": wire(
        main="spool_wireformat\nmessage_body_newlines\nsystem_filter = @D/filter\n",
        files={
            "filter": '# Exim filter\nif $message_body contains "dot\\r\\n" then\n'
            ' headers add "X-Found: $message_body_size"\nendif\n'
            'logfile @D/mainlog\nlogwrite "$tod_log ${escape:$message_body}"\n'
        },
    ),
}
#: the same as Exim without the setting: with it, Exim 4.96 loses the body here
PLAIN = {
    "a maildir": local(" driver = appendfile\n directory = @D/box/md\n maildir_format\n quota = 10M"),
    "a pipe": local(' driver = pipe\n command = /bin/sh -c "cat >@D/box/out"\n path = /bin'),
    "a transport filter": local(" driver = appendfile\n file = @D/box/one\n transport_filter = /bin/cat"),
    "a transport filter over SMTP": wire(transports=TRANSPORTS + " transport_filter = /bin/cat\n"),
    "an automatic answer": wire(
        routers="v:\n driver = accept\n domains = y.example\n transport = v\n" + ROUTERS,
        transports=TRANSPORTS
        + "v:\n driver = autoreply\n to = s@from.example\n from = v@y.example\n text = Well\n return_message\n user = Debian-exim\n",
        ignore="Date:|Message-I[dD]:",
    ),
    "a bounce": wire(peers=[{"rules": [("RCPT", b"550 no\r\n")]}]),
}
