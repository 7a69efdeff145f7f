"""Receptions that Exim and we are given alike: command line, input, additions to the configuration."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """`args` follow -C; `main` are lines of the main section, `acl` of the ACL section."""

    name: str
    args: tuple[str, ...]
    input: str
    main: str = ""
    acl: str = ""
    #: the caller is not root
    untrusted: bool = False


BS = ("-bs", "-oMa", "192.0.2.7.1234", "-oMi", "192.0.2.25.25")
LOCAL_BS = ("-bs",)
BH = ("-bh", "192.0.2.7")
HELO = "HELO client.example\r\n"
EHLO = "EHLO client.example\r\n"
ENVELOPE = "MAIL FROM:<a@b.example>\r\nRCPT TO:<x@y.example>\r\n"
QUIT = "QUIT\r\n"


def data(text: str) -> str:
    return f"DATA\r\n{text}\r\n.\r\n"


def over(name: str, text: str, *, args: tuple[str, ...] = BS, main: str = "", acl: str = "") -> Case:
    return Case(name, args, text, main, acl)


def session(name: str, text: str, *, main: str = "", acl: str = "") -> Case:
    """With EHLO before and QUIT after."""
    return Case(name, BS, EHLO + text + QUIT, main, acl)


def message(name: str, text: str, *, main: str = "", acl: str = "") -> Case:
    """One message with this text after DATA."""
    return session(name, ENVELOPE + data(text), main=main, acl=acl)


def denies(phase: str, verb: str) -> Case:
    return Case(
        f"{phase}: {verb}".replace("\n", " "),
        BS,
        f"{EHLO}{ENVELOPE}{data('Subject: x')}VRFY a@b\r\n{QUIT}",
        f"acl_smtp_{phase} = t\n" + ("" if phase == "rcpt" else "acl_smtp_rcpt = yes\n"),
        f"t:\n  {verb}\n",
    )


LINES = "\r\n".join(f"line {number}" for number in range(50))

CASES = [
    session("plain message", ENVELOPE + data("Subject: hello\r\n\r\nbody")),
    over("plain message in HELO", HELO + ENVELOPE + data("Subject: hello\r\n\r\nbody") + QUIT),
    session("two messages", ENVELOPE + data("A: b\r\n\r\nx") + ENVELOPE + data("C: d\r\n\r\ny")),
    session("verbs without data", "NOOP\r\nNOOP x\r\nHELP\r\nHELP x\r\nRSET\r\nDATA\r\n"),
    session("unexpected data", "RSET x\r\nDATA x\r\nQUIT x\r\n"),
    over("unknown verbs", "FOO\r\nBAR\r\nEHLOX\r\nX\r\nNOOP\r\n"),
    over("blank lines", "\r\n \r\n foo\r\n" + QUIT),
    over("bad greetings", "HELO\r\nEHLO a b\r\n" + QUIT),
    over("odd greetings", "HELO [1.2.3.4]\r\nEHLO [IPv6:2001:db8::1]\r\nHELO a.\r\nHELO -\r\nHELO 1.2.3\r\n" + QUIT),
    over("underscore", "EHLO a_b\r\nHELO a_b\r\n" + QUIT, main="helo_allow_chars = _"),
    over("junk greeting", "HELO a b\r\nHELO \xe9\r\n" + QUIT, main="helo_accept_junk_hosts = *"),
    over("no greeting", ENVELOPE + "DATA\r\n" + QUIT),
    over("no greeting needed", ENVELOPE + data("A: b") + QUIT, main="hosts_require_helo ="),
    session("RCPT before MAIL", "RCPT TO:<a@b>\r\nDATA\r\n"),
    session("MAIL twice", "MAIL FROM:<a@b>\r\nMAIL FROM:<c@d>\r\n"),
    session("greeting inside a transaction", ENVELOPE + EHLO + "RCPT TO:<a@b>\r\n"),
    session("incomplete, RSET", ENVELOPE + "RSET\r\nMAIL FROM:<>\r\nRSET\r\n"),
    over("lost in a transaction", EHLO + ENVELOPE),
    over("lost in the header", EHLO + ENVELOPE + "DATA\r\nSubject: x"),
    over("lost in the body", EHLO + ENVELOPE + "DATA\r\nSubject: x\r\n\r\nfoo"),
    session("malformed senders", "MAIL FROM:<a\r\nMAIL FROM:\r\nMAIL FROM:<a b@c>\r\n"),
    session("malformed recipients", "MAIL FROM:<>\r\nRCPT TO:<>\r\nRCPT TO:<@x>\r\nRCPT TO:<a@b>x\r\n"),
    session("unqualified", "MAIL FROM:<a>\r\nMAIL FROM:<>\r\nRCPT TO:<a>\r\nRCPT TO:<postmaster>\r\n"),
    session(
        "unqualified and allowed",
        "MAIL FROM:<a>\r\nRCPT TO:<b>\r\n" + data("From: c\r\nTo: d, e@f\r\nReply-To: g"),
        main="sender_unqualified_hosts = *\nrecipient_unqualified_hosts = *",
    ),
    session("too many errors", "MAIL FROM:<a\r\n" * 6),
    over("too many nonmail", "NOOP\r\n" * 12),
    session("RSET is free once", "RSET\r\n" * 13),
    session("too many messages", "MAIL FROM:<>\r\nRSET\r\nMAIL FROM:<>\r\n", main="smtp_accept_max_per_connection = 1"),
    session("SIZE", "MAIL FROM:<a@b> SIZE=2000\r\nMAIL FROM:<a@b> SIZE=10\r\n", main="message_size_limit = 1000"),
    session("SIZE not a number", "MAIL FROM:<a@b> SIZE=x\r\n"),
    session(
        "values that were not offered",
        "MAIL FROM:<a@b> RET=FOO\r\nRSET\r\nMAIL FROM:<a@b> RET=FULL RET=HDRS\r\nRSET\r\nMAIL FROM:<a@b> RET\r\n",
    ),
    *[
        Case(
            f"batch of more recipients than {option}",
            ("-bS", "-odq"),
            (
                "MAIL FROM:<a@b.example>\r\n"
                + "".join(f"RCPT TO:<x{number}@y.example>\r\n" for number in range(3))
                + data("hi")
            )
            * 2,
            main=f"recipients_max = {option}",
        )
        for option in ("2", "2\nrecipients_max_reject", "3", "0")
    ],
    session(
        "RCPT and DATA around a failing MAIL",
        "RCPT TO:<x@y>\r\nMAIL FROM:<a b\r\nDATA\r\n",
        main="acl_smtp_notquit = t",
        acl="t:\n accept logwrite = $rcpt_count $rcpt_fail_count\n",
    ),
    session(
        "RCPT without MAIL counts as failed",
        "RCPT TO:<x@y>\r\nFOO\r\nFOO\r\nFOO\r\nFOO\r\n",
        main="acl_smtp_notquit = t",
        acl="t:\n accept logwrite = $rcpt_count $rcpt_fail_count\n",
    ),
    over("protocol after a bad EHLO", "EHLO x;y\r\n" + ENVELOPE + data("hi") + QUIT, main="hosts_require_helo ="),
    session("BODY not offered", "MAIL FROM:<a@b> BODY=9BIT\r\n", main="no_accept_8bitmime"),
    session(
        "empty values",
        "MAIL FROM:<a@b> RET=\r\nRCPT TO:<x@y> NOTIFY=\r\nRSET\r\nMAIL FROM:<a@b> BODY=\r\nRSET\r\nMAIL FROM:<a@b> AUTH=\r\nRSET\r\nMAIL FROM:<a@b> RET\r\nMAIL FROM:<a@b> BODY\r\n",
        main="dsn_advertise_hosts = *",
    ),
    session("AUTH in the log", "MAIL FROM:<a@b> AUTH=x+2By@z\r\n"),
    session(
        "white space and quotes in RCPT",
        'MAIL FROM:<a@b>\r\nRCPT TO:\r\nRCPT TO:"a b" <c@d>\r\nRCPT TO:<"a b"@d>\r\nRCPT TO:a b <c@d>\r\nRCPT TO: <c@d> \r\nRCPT TO:(x)<c@d>\r\n',
    ),
    Case(
        "comments in RCPT after HELO",
        BS,
        f"{HELO}MAIL FROM:<a@b>\r\nRCPT TO:<c@d> (x)\r\nRCPT TO:< c@d >\r\nRCPT TO:c@d (x)\r\n{QUIT}",
    ),
    session("BODY", "MAIL FROM:<a@b> BODY=9BIT\r\nMAIL FROM:<a@b> BODY=8BITMIME\r\n"),
    session("SMTPUTF8", "MAIL FROM:<a@b> SMTPUTF8\r\nRCPT TO:<\xc3\xa9@x>\r\n" + data("A: \xc3\xa9")),
    session("SMTPUTF8 not offered", "MAIL FROM:<a@b> SMTPUTF8\r\n", main="smtputf8_advertise_hosts ="),
    session(
        "DSN",
        "MAIL FROM:<a@b> RET=HDRS ENVID=x\r\nRCPT TO:<c@d> NOTIFY=DELAY ORCPT=rfc822;e@f\r\n" + data("A: b"),
        main="dsn_advertise_hosts = *",
    ),
    session(
        "DSN errors",
        "MAIL FROM:<a@b> RET=X\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d> NOTIFY=NEVER,DELAY\r\n",
        main="dsn_advertise_hosts = *",
    ),
    session("DSN not offered", "MAIL FROM:<a@b> RET=HDRS\r\n"),
    session("AUTH not offered", "AUTH PLAIN\r\n"),
    session("PRDR", "MAIL FROM:<a@b> PRDR\r\n", main="prdr_enable"),
    session(
        "PRDR, one refused",
        "MAIL FROM:<a@b> PRDR\r\nRCPT TO:<bad@y>\r\nRCPT TO:<good@y>\r\n" + data("A: b"),
        main="prdr_enable\nacl_smtp_data_prdr = t",
        acl="t:\n  deny local_parts = bad\n  accept\n",
    ),
    session(
        "PRDR, all refused",
        "MAIL FROM:<a@b> PRDR\r\nRCPT TO:<bad@y>\r\nRCPT TO:<good@y>\r\n" + data("A: b") + "NOOP\r\n",
        main="prdr_enable\nacl_smtp_data_prdr = t",
        acl="t:\n  deny message = no way\n",
    ),
    session(
        "PRDR, deferred and messages",
        "MAIL FROM:<a@b> PRDR\r\nRCPT TO:<bad@y>\r\nRCPT TO:<good@y>\r\n" + data("A: b"),
        main="prdr_enable\nacl_smtp_data_prdr = t",
        acl="t:\n  defer local_parts = bad\n  accept message = fine\n",
    ),
    session(
        "PRDR, one recipient",
        "MAIL FROM:<a@b> PRDR\r\nRCPT TO:<bad@y>\r\n" + data("A: b"),
        main="prdr_enable\nacl_smtp_data_prdr = t",
        acl="t:\n  deny\n",
    ),
    session("AUTH parameter", "MAIL FROM:<a@b> AUTH=<>\r\nRSET\r\nMAIL FROM:<a@b> AUTH=c@d\r\n"),
    session("8BITMIME not offered", "MAIL FROM:<a@b> BODY=8BITMIME\r\n", main="no_accept_8bitmime"),
    session(
        "literals and routes",
        'MAIL FROM:<@x,@y:a@b>\r\nRCPT TO:<a@[192.0.2.1]>\r\nRCPT TO:<"a b"@c>\r\n',
        main="allow_domain_literals",
    ),
    session("trailing dots", "MAIL FROM:<a@b.>\r\nRSET\r\nMAIL FROM:<a@b..>\r\n", main="strip_trailing_dot"),
    session("banner and host name", "NOOP\r\n", main="smtp_banner = one\\ntwo\nsmtp_active_hostname = other.example"),
    session("bad size limit", "MAIL FROM:<a@b>\r\n", main="message_size_limit = foo"),
    session("connection refused", "", main="host_reject_connection = 192.0.2.7"),
    session("not logged", "MAIL FROM:<>\r\n", main="hosts_connection_nolog = *"),
    message("received text", "A: b", main="received_header_text = Received: by here; really"),
    message("quoted local part", 'From: "a b"@c\r\nTo: d (x, y), <e@f>'),
    message("data ACL text", "A: b", main="acl_smtp_data = t", acl="t:\n  accept message = 250 2.6.0 taken\n"),
    session(
        "predata refuses",
        ENVELOPE + "DATA\r\nRSET\r\n",
        main="acl_smtp_predata = t",
        acl="t:\n  deny message = 554 5.5.1 no data\n",
    ),
    over(
        "notquit",
        EHLO + ENVELOPE,
        main="acl_smtp_notquit = t",
        acl="t:\n  warn logwrite = why $smtp_notquit_reason\n",
    ),
    over(
        "quit ACL",
        EHLO + QUIT,
        main="acl_smtp_quit = t",
        acl="t:\n  accept message = bye\n       logwrite = quitting\n",
    ),
    over("lost after DATA", EHLO + ENVELOPE + "DATA\r\n"),
    over("lost at once", ""),
    session(
        "nobody offers anything",
        "HELP\r\n",
        main="pipelining_advertise_hosts =\nchunking_advertise_hosts =\nno_accept_8bitmime",
    ),
    session("recipients_max", "MAIL FROM:<>\r\n" + "RCPT TO:<a@b>\r\n" * 4 + data("x: y"), main="recipients_max = 2"),
    session(
        "recipients_max_reject",
        "MAIL FROM:<>\r\n" + "RCPT TO:<a@b>\r\n" * 3 + "DATA\r\n",
        main="recipients_max = 2\nrecipients_max_reject",
    ),
    message("message too big", "Subject: x\r\n\r\n" + LINES, main="message_size_limit = 200"),
    message("header too long", "\r\n".join(f"X-{n}: value value" for n in range(50)), main="header_maxsize = 500"),
    message("header line too long", "X: " + "y" * 500 + "\r\n\r\nbody", main="header_line_maxsize = 100"),
    message("8 bit", "Subject: \xe9\r\n\r\n\xe9\xff\x80"),
    message("no header", "just text\r\nmore"),
    message("empty", ""),
    message("dots", "A: b\r\n\r\n..x\r\n.y\r\n..."),
    message("bare line feeds", "A: b\r\nC: d\nE: f\r\n\r\nx\ny\r\n"),
    message("folded", "A: b\r\n c\r\n\td\r\nE:\r\n f\r\n\r\nbody"),
    message("NULs", "A: b\x00c\r\n\r\nd\x00e"),
    message(
        "headers that go",
        "Return-Path: <x@y>\r\nEnvelope-To: a@b\r\nDelivery-Date: now\r\nBcc: x@y\r\nSender: s@t\r\n"
        "Received: from x\r\nDate: d\r\nMessage-ID: <i@j>\r\nFrom: f@g\r\nTo: t@u\r\nCc: c@d\r\nReply-To: r@s",
    ),
    message(
        "headers that stay",
        "Return-Path: <x@y>\r\nEnvelope-To: a@b",
        main="no_return_path_remove\nno_envelope_to_remove",
    ),
    message("resent", "Resent-From: a@b\r\nResent-Message-Id: <r@s>\r\nMessage-Id: <i@j>\r\nResent-To: c@d"),
    message("encoded subject", "Subject: =?utf-8?Q?caf=C3=A9?= x\r\n\r\n"),
    message(
        "From line", "From a@b Fri Jan  5 12:35 GMT 1996\r\nSubject: x\r\n\r\nbody", main="ignore_fromline_hosts = *"
    ),
    message("From line not allowed", "From a@b Fri Jan  5 12:35 GMT 1996\r\nSubject: x\r\n\r\nbody"),
    session("BDAT", ENVELOPE + "BDAT 20 LAST\r\nSubject: x\r\n\r\nbody\r\n"),
    session("BDAT in chunks", ENVELOPE + "BDAT 12\r\nSubject: x\r\nBDAT 8 LAST\r\n\r\nbody\r\n"),
    session(
        "BDAT kept as it came",
        ENVELOPE + "BDAT 39 LAST\r\nSubject: x\r\n\r\n.body\r\n..\r\nlf\nzero\x00\r\n\r\n",
        main="spool_wireformat",
    ),
    session("BDAT without recipients", "MAIL FROM:<>\r\nBDAT 3\r\nabcNOOP\r\n"),
    session("BDAT without size", ENVELOPE + "BDAT\r\nBDAT x\r\n"),
    over("BDAT without EHLO", HELO + ENVELOPE + "BDAT 3\r\n" + QUIT),
    session("NUL in a command", "NOOP a\x00b\r\nNOOP\r\n"),
    session("VRFY and EXPN without ACL", "VRFY a@b\r\nEXPN a@b\r\nETRN #x\r\n"),
    session("VRFY and EXPN", "VRFY a@b\r\nVRFY a b\r\nVRFY a\r\n", main="acl_smtp_vrfy = yes\nacl_smtp_expn = yes"),
    session("ETRN", "ETRN foo\r\n" + ENVELOPE + "ETRN #a\r\n", main="acl_smtp_etrn = yes"),
    message(
        "data ACL adds headers",
        "Received: x\r\nSubject: y\r\n\r\nbody",
        main="acl_smtp_data = t",
        acl="""t:
  warn add_header = X-A: end
  warn add_header = :at_start:X-B: start
  warn add_header = :after_received:X-C: after
  warn add_header = :at_start_rfc:X-D: rfc
  warn add_header = no header
  warn remove_header = subject
  accept
""",
    ),
    message(
        "rcpt ACL adds headers",
        "Subject: y\r\n\r\nbody",
        main="acl_smtp_rcpt = t",
        acl="t:\n  accept add_header = X-A: b\n",
    ),
    message("fakereject", "a: b", main="acl_smtp_data = t", acl="t:\n  accept control = fakereject\n"),
    message("fakedefer", "a: b", main="acl_smtp_data = t", acl="t:\n  accept control = fakedefer/later\n"),
    message("frozen", "a: b", main="acl_smtp_data = t", acl="t:\n  accept control = freeze\n"),
    message("submission", "Sender: x@y\r\nTo: t", main="acl_smtp_rcpt = t", acl="t:\n  accept control = submission\n"),
    message(
        "submission with From",
        "From: x@y\r\nSender: z@z",
        main="acl_smtp_rcpt = t",
        acl="t:\n  accept control = submission/domain=d.example\n",
    ),
    *[
        denies(phase, verb)
        for phase in ("connect", "helo", "mail", "rcpt", "predata", "data")
        for verb in (
            "deny",
            "deny message = 571 5.7.1 go away",
            "defer message = two\\nlines",
            "drop",
            "deny log_message = why",
            "accept message = fine",
        )
    ],
    denies("mail", "discard"),
    denies("rcpt", "discard"),
    denies("data", "discard"),
    Case("local SMTP", LOCAL_BS, EHLO + ENVELOPE + data("Subject: x\r\n\r\nbody") + QUIT),
    Case("-bs with a host name", (*BS, "-oMs", "host.example"), EHLO + ENVELOPE + data("A: b") + QUIT),
    Case("-bs with name and ident", (*BS, "-oMs", "host.example", "-oMt", "me"), EHLO + ENVELOPE + data("A: b") + QUIT),
    Case("local SMTP, nothing", LOCAL_BS, ""),
    Case("-bh", BH, EHLO + ENVELOPE + data("Subject: x\r\n\r\nbody") + QUIT),
    Case("-bh refused", BH, EHLO + ENVELOPE + QUIT, "acl_smtp_rcpt = t", "t:\n  deny message = no\n"),
    Case("-bm", ("x@y",), "\nbody\n"),
    Case("-bm two recipients", ("x@y", "z"), "From: root\nTo: foo\nCc: a, b@c\n\nbody\n"),
    Case("-bm with a dot", ("x@y",), "Subject: s\n\nbody\n.\nmore\n"),
    Case("-bm -i with a dot", ("-i", "x@y"), "Subject: s\n\nbody\n.\nmore\n"),
    Case("-bm From line", ("x@y",), "From u@v Fri Jan  5 12:35 GMT 1996\nSubject: s\n\nbody\n"),
    Case("-bm -f", ("-f", "q@r", "x@y"), "Subject: s\n\nbody\n"),
    Case("-bm -f unqualified", ("-f", "q", "x@y"), "Subject: s\n\nbody\n"),
    Case("-bm -f bad", ("-f", "a b", "x@y"), "Subject: s\n\nbody\n"),
    Case("-bm -f null", ("-f", "<>", "x@y"), "From: \n\nx"),
    Case("-bm -F", ("-F", "A. B", "x@y"), "\nbody\n"),
    Case("-bm -F and -f", ("-f", "q@r", "-F", 'My "Name" x', "x@y"), "\nbody\n"),
    Case("-bm -G", ("-G", "x@y"), "\nbody\n"),
    Case("-bm -bnq", ("-bnq", "x@y"), "To: foo\nFrom: bar\n\nbody\n"),
    Case("-bm CRLF", ("x@y",), "Subject: s\r\n\r\nbody\r\n"),
    Case(
        "-bm all of -oM",
        (
            "-oMa",
            "192.0.2.9",
            "-oMs",
            "host.example",
            "-oMt",
            "id",
            "-oMr",
            "proto",
            "-oMai",
            "aid",
            "-oMaa",
            "auth",
            "-oMas",
            "as@x",
            "-oMi",
            "192.0.2.25.25",
            "x@y",
        ),
        "Subject: s\n\nbody\n",
    ),
    Case("-bm empty", ("x@y",), ""),
    Case("-bm with a comma", ("a@b,c@d",), "\nx\n"),
    Case("-bm bad recipient", ("-oep", "x y"), "To: foo\n\nbody\n"),
    Case("-bm bad recipient by mail", ("-oem", "x y"), "To: foo\n\nbody\n"),
    Case("-bm too big", ("-oep", "x@y"), "Subject: s\n\n" + "b\n" * 400, "message_size_limit = 500"),
    Case("-bm too many", ("-oep", "a@b", "c@d", "e@f"), "\nx\n", "recipients_max = 2"),
    Case(
        "-bm refused",
        ("-oep", "x@y"),
        "Subject: s\n\nb\n",
        "acl_not_smtp = t",
        "t:\n  deny message = no way\n       log_message = logged\n",
    ),
    Case("-bm refused without words", ("-oep", "x@y"), "Subject: s\n\nb\n", "acl_not_smtp = t", "t:\n  deny\n"),
    Case(
        "-bm long header",
        ("-oep", "x@y"),
        "Subject: s\n" + "X: yyyyyyyyyyyyyyyyyyyyyyy\n" * 30 + "\nb\n",
        "header_maxsize = 300",
    ),
    Case(
        "-bm frozen, added header",
        ("x@y",),
        "Subject: s\n\nb\n",
        "acl_not_smtp = t\nacl_not_smtp_start = u",
        "t:\n  accept add_header = X-A: b\n         control = freeze\nu:\n  accept control = suppress_local_fixups\n",
    ),
    Case("-t", ("-t",), "To: a@b, Foo <c@d>\nCc: grp: e@f, g@h;\nBcc: i@j\n\nbody\n"),
    Case("-t minus arguments", ("-t", "a@b"), "To: a@b, e@f\nBcc: c@d\n\nbody\n"),
    Case("-t plus arguments", ("-t", "a@b"), "To: e@f\n\nbody\n", "no_extract_addresses_remove_arguments"),
    Case("-t resent", ("-t", "-i", "-f", "q@r"), "Resent-To: a@b\nTo: z@z\n\nbody\n.\nx\n"),
    Case("-t nobody", ("-t", "-oep"), "Subject: foo\n\nb\n"),
    Case("-t nobody by mail", ("-t", "-oem"), "Subject: foo\n\nb\n"),
    Case("-t bad", ("-t", "-oep"), "To: a b, c d@e, f@g\nCc: q w\n\nb\n"),
    Case("-t one bad by mail", ("-t", "-oem"), "To: <a b>, c@d\n\nb\n"),
    Case("-t too many", ("-t", "-oep"), "To: a@b, c@d, e@f\n\nb\n", "recipients_max = 2"),
    Case("-bS", ("-bS",), ENVELOPE + data("Subject: s\r\n\r\nb\r\n..c") + ENVELOPE + data("A: b") + "QUIT\r\nfoo\r\n"),
    Case("-bS error", ("-bS",), ENVELOPE + data("Subject: s\r\n\r\nb") + "MAIL FROM:<a@b>\r\nRCPT TO:<x@y\r\nDATA\r\n"),
    Case("-bS error at once", ("-bS",), "MAIL FROM:<a@b\r\n"),
    Case("-bS unfinished", ("-bS",), "HELO x\r\n" + ENVELOPE + "DATA\r\nfoo\r\n"),
    Case("-bS out of order", ("-bS",), "NOOP\r\nRCPT TO:<x@y>\r\n"),
    Case("-bS unknown", ("-bS",), "FOO\r\n"),
    Case("-bS nothing", ("-bS",), ""),
    # lists that cannot be read: nobody passes for that
    *(
        over(f"{option} in a file that is not there", text, main=f"{option} = {items}")
        for option, text, items in (
            ("host_reject_connection", "", "/nosuch/file"),
            ("host_reject_connection", "", "net-lsearch;/nosuch/file"),
            ("helo_try_verify_hosts", "", "192.0.2.9 : /nosuch/file"),
            ("helo_verify_hosts", "", "!/nosuch/file : *"),
            ("hosts_require_helo", "MAIL FROM:<a@b>\r\n", "/nosuch/file"),
            ("pipelining_advertise_hosts", EHLO, "/nosuch/file"),
            ("chunking_advertise_hosts", EHLO, "net-lsearch;/nosuch/file"),
            ("helo_lookup_domains", EHLO, "lsearch;/nosuch/file"),
            ("ignore_fromline_hosts", f"{EHLO}{ENVELOPE}DATA\r\nFrom x\r\n.\r\n", "/nosuch/file"),
        )
    ),
    Case("-bS with an unreadable list", ("-bS", *BS[1:3]), ENVELOPE, "sender_unqualified_hosts = /nosuch/file"),
    # and those that cannot be expanded: some services are offered all the same
    *(
        over(f"{option} cannot be expanded", EHLO + QUIT, main=f"{option} = ${{readfile{{/nosuch}}}}")
        for option in (
            "host_reject_connection",
            "dsn_advertise_hosts",
            "chunking_advertise_hosts",
            "smtputf8_advertise_hosts",
            "pipelining_advertise_hosts",
        )
    ),
]
