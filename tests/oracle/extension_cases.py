"""SMTP extensions: early pipelining, SMTPUTF8, SIZE, 8BITMIME, ETRN and others, both sides."""

from __future__ import annotations

from typing import Any

from .session_world import DATA, EHLO, ENVELOPE, QUIT, ROUTERS, TRANSPORTS, Dialogue

PIPED = TRANSPORTS + " hosts_pipe_connect = *\n"
PIPING = [{"ehlo": ("PIPELINING", "PIPECONNECT", "SIZE")}]
UTF8 = "MAIL FROM:<s@from.example> SMTPUTF8\r\nRCPT TO:<j\xc3\xb6e@y.example>\r\n"
UTF8_DOMAIN = "MAIL FROM:<s@from.example> SMTPUTF8\r\nRCPT TO:<joe@b\xc3\xbccher.example>\r\n"

#: what the installed Exim shows is no domain
CONVERTED = (
    '-ID => joe@xn--bcher.example-wob <joe@b\xc3\xbccher.example> R=r T=t H=127.0.0.1 [127.0.0.1] C="250 OK"',
    '+ID => joe@xn--bcher-kva.example <joe@b\xc3\xbccher.example> R=r T=t H=127.0.0.1 [127.0.0.1] C="250 OK"',
)

#: what the installed Exim has in its buffer when it starts the queue run is written a second time by the child
TWICE = (
    "-250-mx.test.example Hello root at client.example [192.0.2.7]",
    *(
        f"-250-{word}"
        for word in ["SIZE 52428800", "8BITMIME", "ETRN", "PIPELINING", "PIPECONNECT", "CHUNKING", "SMTPUTF8"]
    ),
    "-250 HELP",
)


def etrn(acl: str, *lines: str, **more: Any) -> Dialogue:
    main = "acl_smtp_etrn = etrn\n" + more.pop("main", "")
    return Dialogue(
        main=main, acl=f"rcpt:\n accept\netrn:\n {acl}\n", said=EHLO + "".join(f"{x}\r\n" for x in lines) + QUIT, **more
    )


def utf8(said: str = UTF8, ehlo: tuple[str, ...] = ("SMTPUTF8", "8BITMIME"), **more: Any) -> Dialogue:
    return Dialogue(said=EHLO + said + DATA + QUIT, peers=[{"ehlo": ehlo}], **more)


def says(*lines: str, **more: Any) -> Dialogue:
    return Dialogue(said=EHLO + "".join(f"{line}\r\n" for line in lines) + QUIT, **more)


CASES = {
    "pipe connect, twice": Dialogue(transports=PIPED, times=2, peers=PIPING, selector="-pid +pipelining"),
    "pipe connect, not offered": Dialogue(transports=PIPED, times=2, selector="-pid +pipelining"),
    "pipe connect, two recipients": Dialogue(
        transports=PIPED,
        times=2,
        peers=PIPING,
        said=EHLO + ENVELOPE + "RCPT TO:<ann@y.example>\r\n" + DATA + QUIT,
        selector="-pid +pipelining",
    ),
    "pipe connect, not for this host": Dialogue(
        transports=TRANSPORTS + " hosts_pipe_connect = 10.0.0.0/8\n", times=2, peers=PIPING, selector="-pid +pipelining"
    ),
    "pipe connect, events": Dialogue(
        transports=PIPED + " hosts_avoid_esmtp = *\n", times=2, peers=PIPING, selector="-pid +pipelining"
    ),
    "pipe connect not advertised": says("NOOP", main="pipelining_connect_advertise_hosts =\n"),
    "pipelining not advertised": says("NOOP", main="pipelining_advertise_hosts =\n"),
    "utf8 goes on": utf8(),
    "utf8 domain": utf8(UTF8_DOMAIN),
    "utf8 unsupported by the server": utf8(ehlo=("8BITMIME",), main="queue_only\n"),
    "utf8 converted, always": utf8(UTF8_DOMAIN, transports=TRANSPORTS + " utf8_downconvert = 1\n", differs=CONVERTED),
    "utf8 converted, where needed": utf8(
        UTF8_DOMAIN, ehlo=("SIZE",), transports=TRANSPORTS + " utf8_downconvert = -1\n", differs=CONVERTED
    ),
    "utf8 not converted": utf8(
        UTF8_DOMAIN,
        ehlo=("SIZE",),
        transports=TRANSPORTS + " utf8_downconvert = 0\n",
        differs=(
            "-X-Failed-Recipients: joe@b\\303\\274cher.example",
            "+X-Failed-Recipients: joe@b\xc3\xbccher.example",
            "-  joe@b\\303\\274cher.example",
            "+  joe@b\xc3\xbccher.example",
            "+    utf8 support required but not offered for forwarding",
        ),
    ),
    "utf8 control": utf8(
        UTF8_DOMAIN, ehlo=("SIZE",), acl="rcpt:\n accept control = utf8_downconvert\n", differs=CONVERTED
    ),
    "utf8 control, if needed": utf8(UTF8_DOMAIN, acl="rcpt:\n accept control = utf8_downconvert/-1\n"),
    "utf8 without the parameter": says("MAIL FROM:<s@from.example>", "RCPT TO:<j\xc3\xb6e@y.example>"),
    "utf8 sender without the parameter": says("MAIL FROM:<s\xc3\xb6@from.example>"),
    "utf8 not advertised": says("MAIL FROM:<s@from.example> SMTPUTF8", main="smtputf8_advertise_hosts =\n"),
    "utf8 parameter with a value": says("MAIL FROM:<s@from.example> SMTPUTF8=x"),
    "utf8 broken": utf8(UTF8.replace("\xc3\xb6", "\xff")),
    "size too big": says("MAIL FROM:<s@from.example> SIZE=99999999", main="message_size_limit = 1000\n"),
    "size no number": says("MAIL FROM:<s@from.example> SIZE=x"),
    "size goes on": Dialogue(peers=[{"ehlo": ("SIZE 100",)}]),
    "body=8bitmime": says("MAIL FROM:<s@from.example> BODY=8BITMIME", "RCPT TO:<joe@y.example>"),
    "body=binary": says("MAIL FROM:<s@from.example> BODY=BINARYMIME"),
    "8bitmime off": says("MAIL FROM:<s@from.example> BODY=8BITMIME", main="accept_8bitmime = false\n"),
    "chunking off": says("MAIL FROM:<s@from.example>", "BDAT 3 LAST", main="chunking_advertise_hosts =\n"),
    "chunks to a server": Dialogue(peers=[{"ehlo": ("CHUNKING", "PIPELINING")}]),
    "chunks not wanted": Dialogue(
        peers=[{"ehlo": ("CHUNKING",)}], transports=TRANSPORTS + " hosts_try_chunking = !*\n"
    ),
    "pipelining avoided": Dialogue(
        peers=[{"ehlo": ("PIPELINING",)}], transports=TRANSPORTS + " hosts_avoid_pipelining = *\n"
    ),
    "esmtp avoided": Dialogue(transports=TRANSPORTS + " hosts_avoid_esmtp = *\n"),
    "ehlo refused": Dialogue(peers=[{"rules": [("EHLO", b"500 what\r\n")]}]),
    "etrn, no acl": says("ETRN #y.example"),
    "etrn denied": etrn("deny message = not you", "ETRN #y.example"),
    "etrn accepted": etrn("accept", "ETRN #y.example", differs=TWICE),
    "etrn says": etrn("accept message = as you like", "ETRN #y.example", differs=TWICE),
    "etrn without #": etrn("accept", "ETRN y.example"),
    "etrn in a transaction": etrn("accept", "MAIL FROM:<s@from.example>", "ETRN #y.example"),
    "etrn command": etrn(
        "accept",
        "ETRN y.example",
        main='smtp_etrn_command = /bin/sh -c "echo $domain >@D/box/etrn"\nsmtp_etrn_serialize = false\n',
    ),
    "etrn bad command": etrn("accept", "ETRN y.example", main="smtp_etrn_command = /bin/sh ${bad\n"),
    "vrfy": says("VRFY joe@y.example", main="acl_smtp_vrfy = accept\n"),
    "vrfy fails": says(
        "VRFY joe@y.example",
        main="acl_smtp_vrfy = accept\n",
        routers="n:\n driver = redirect\n allow_fail\n data = :fail: gone\n",
    ),
    "vrfy denied": says("VRFY joe@y.example", main="acl_smtp_vrfy = deny\n"),
    "vrfy without acl": says("VRFY joe@y.example"),
    "expn": says(
        "EXPN list@y.example",
        main="acl_smtp_expn = accept\n",
        routers="n:\n driver = redirect\n expn\n local_parts = list\n data = a@y.example,b@y.example\n" + ROUTERS,
    ),
    "expn without acl": says("EXPN list@y.example"),
    "help": says("HELP"),
    "auth not offered": says("AUTH PLAIN x"),
    "starttls not offered": says("STARTTLS"),
    "burl": says("BURL imap://x"),
}
