"""ACLs in all phases, what controls and modifiers do to sessions and messages, MIME, authentication."""

from __future__ import annotations

from typing import Any

from support_authenticators import CRAM as CRAM_SERVER
from support_authenticators import PLAIN as PLAIN_SERVER

from .mime_cases import CASES as MIME_CASES
from .session_world import BS, DATA, EHLO, ENVELOPE, QUIT, Dialogue

QUEUED = "queue_only\nqueue_only_override = false\n"
MIME_TEXT = (
    "Subject: parts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=BB\r\n\r\npreamble\r\n"
    '--BB\r\nContent-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    "caf=C3=A9 money\r\n"
    '--BB\r\nContent-Type: application/octet-stream; name="evil.exe"\r\n'
    'Content-Disposition: attachment; filename="evil.exe"\r\nContent-Transfer-Encoding: base64\r\n'
    "Content-Description: a thing\r\nContent-ID: <x@y>\r\n\r\naGVsbG8gd29ybGQK\r\n--BB--\r\n"
)
#: a scanner that always finds something
FOUND = "cmdline:/bin/echo Virus Eicar-Test found in %s:found in:Virus (\\S+) found"
MIME_SAID = f"{EHLO}{ENVELOPE}DATA\r\n{MIME_TEXT}.\r\n{QUIT}"


def phase(name: str, acl: str, said: str = EHLO + ENVELOPE + DATA + QUIT, **more: Any) -> Dialogue:
    """`acl` is the text of the ACL of a phase; the RCPT ACL accepts."""
    main = f"acl_smtp_{name} = t\n{QUEUED}" + more.pop("main", "")
    rcpt = "" if name == "rcpt" else "acl_smtp_rcpt = accept\n"
    return Dialogue(main=main + rcpt, acl=f"t:\n {acl}\n", said=said, **more)


def mime(acl: str, said: str = MIME_SAID, **more: Any) -> Dialogue:
    return phase("mime", acl, said, **more)


def control(text: str, said: str = EHLO + ENVELOPE + DATA + QUIT, **more: Any) -> Dialogue:
    return Dialogue(main=QUEUED + more.pop("main", ""), acl=f"rcpt:\n accept control = {text}\n", said=said, **more)


def auth(said: str, *, end: str = QUIT, **more: Any) -> Dialogue:
    authenticators = (
        f"\n{PLAIN_SERVER}{CRAM_SERVER}"
        """login:
 driver = plaintext
 public_name = LOGIN
 server_prompts = <| User: | Pass:
 server_condition = ${if eq{$auth2}{secret}}
 server_set_id = $auth1
broken:
 driver = plaintext
 public_name = BROKEN
 server_prompts = :
 server_condition = ${bad
deferring:
 driver = plaintext
 public_name = DEFER
 server_prompts = :
 server_condition = ${lookup{x}lsearch{/no/such/file}}
outside:
 driver = external
 public_name = EXTERNAL
 server_param2 = $sender_host_address
 server_condition = ${if eq{$auth2}{192.0.2.7}}
 server_set_id = ext
"""
    )
    return Dialogue(main=QUEUED + more.pop("main", ""), authenticators=authenticators, said=EHLO + said + end, **more)


RATED = (
    EHLO + "MAIL FROM:<s@from.example>\r\nRCPT TO:<a@y.example>\r\nRCPT TO:<b@y.example>\r\nRCPT TO:<A@y.example>\r\n" + DATA
    + "MAIL FROM:<s2@from.example>\r\nRCPT TO:<a@y.example>\r\nRSET\r\nMAIL FROM:<> SIZE=1000\r\nRCPT TO:<c@y.example>\r\n"
    + "DATA\r\nContent-Type: text/plain\r\n\r\nfoo\r\n.\r\nEXPN b\r\n" + QUIT
)  # fmt: skip


def rates(*options: str) -> Dialogue:
    """The rates that conditions with these options, each with a key of its own, find in every ACL of a session."""
    phases = ("connect", "helo", "mail", "rcpt", "predata", "mime", "data", "quit", "expn")
    lines = "".join(
        f" warn set acl_c_x = no\n warn ratelimit = 2/1h/{text}/{number}\n  set acl_c_x = yes\n"
        f" warn logwrite = {number}: $acl_c_x $sender_rate $sender_rate_limit $sender_rate_period\n"
        for number, text in enumerate(options)
    )
    main = "".join(f"acl_smtp_{name} = {name}\n" for name in phases)
    acl = "".join(f"{name}:\n warn logwrite = {name}\n{lines} accept\n" for name in phases)
    return Dialogue(main=QUEUED + main, acl=acl, said=RATED)


PLAIN = "AUTH PLAIN AG1lAHNlY3JldA==\r\n"
WRONG = "AUTH PLAIN AG1lAHdyb25n\r\n"
LOGIN = "AUTH LOGIN\r\nbWU=\r\nc2VjcmV0\r\n"

CASES = {
    **{
        f"{name}: {verb}": phase(name, f"{verb} message = words for <$sender_host_address>\n log_message = logged")
        for name in ("connect", "helo", "mail", "predata", "data", "quit", "notquit")
        for verb in ("accept", "deny", "defer", "drop", "warn")
        if (name, verb) not in (("quit", "drop"), ("notquit", "drop"))
    },
    "helo: message of two lines": phase("helo", "accept message = one\\ntwo"),
    "helo: message for the greeting": phase("helo", "accept message = Welcome $sender_helo_name"),
    "connect: message for the banner": phase("connect", "accept message = 220 mine"),
    "mail: variables": phase("mail", "warn set acl_m_a = 1\n set acl_c_b = 2\n accept logwrite = $acl_m_a $acl_c_b"),
    "data: what is there": phase(
        "data",
        "accept logwrite = $message_size $message_linecount $body_linecount $recipients_count $h_subject: "
        "$message_body_size $sender_address $received_count $recipients",
    ),
    "data: add_header": phase(
        "data",
        "accept add_header = X-End: 1\n add_header = :at_start:X-Start: 1\n add_header = :after_received:X-After: 1\n"
        " add_header = :at_start_rfc:X-Rfc: 1",
    ),
    "data: remove_header": phase("data", "accept remove_header = subject : x-none"),
    "data: log_reject_target": phase("data", "deny log_reject_target = main"),
    "data: no log": phase("data", "deny log_reject_target ="),
    "rcpt: discard": phase("rcpt", "discard log_message = thrown"),
    "mail: discard": phase("mail", "discard log_message = thrown"),
    "rcpt: nested": phase("rcpt", "accept acl = u a b\nu:\n accept logwrite = $acl_narg $acl_arg1 $acl_arg2"),
    "rcpt: nested denies": phase("rcpt", "accept acl = u\nu:\n deny message = inner"),
    "rcpt: endpass": phase("rcpt", "accept domains = y.example\n endpass\n message = inside\n condition = no"),
    "rcpt: delay": phase("rcpt", "accept delay = 0s"),
    "rcpt: require": phase("rcpt", "require message = needed\n condition = no\n accept"),
    "rcpt: condition not here": phase("rcpt", "accept mime_regex = x"),
    "rcpt: authenticated": phase("rcpt", "accept authenticated = *\n deny message = log in"),
    "rcpt: encrypted": phase("rcpt", "accept encrypted = *\n deny message = use TLS"),
    "rcpt: hosts": phase("rcpt", "accept hosts = 192.0.2.0/24\n deny"),
    "rcpt: senders": phase("rcpt", "accept senders = *@from.example\n deny"),
    "rcpt: sender_domains": phase(
        "rcpt", "accept sender_domains = !from.example\n deny message = $sender_domain_data no"
    ),
    "rcpt: code in message": phase("rcpt", "deny message = 551 5.7.1 moved"),
    "rcpt: wrong code in message": phase("rcpt", "deny message = 451 later"),
    "rcpt: lines in message": phase("rcpt", "deny message = one\\ntwo\\nthree"),
    "rcpt: long message": phase("rcpt", f"deny message = {'word ' * 40}"),
    "rcpt: ratelimit": phase(
        "rcpt",
        "defer ratelimit = 1 / 1h / strict\n message = $sender_rate_limit $sender_rate_period\n accept",
        said=EHLO + ENVELOPE + "RCPT TO:<b@y.example>\r\nRCPT TO:<c@y.example>\r\n" + QUIT,
    ),
    "rcpt: ratelimit per_rcpt": phase(
        "rcpt",
        "defer ratelimit = 2 / 1h / per_rcpt / leaky\n message = no more\n accept",
        said=EHLO + ENVELOPE + "RCPT TO:<b@y.example>\r\nRCPT TO:<c@y.example>\r\nRCPT TO:<d@y.example>\r\n" + QUIT,
    ),
    "rcpt: ratelimit readonly": phase("rcpt", "defer ratelimit = 1 / 1h / per_cmd / readonly\n accept"),
    "rcpt: ratelimit count": phase(
        "rcpt", "defer ratelimit = 2 / 1h / per_cmd / count=3 / strict\n message = $sender_rate_limit\n accept"
    ),
    "rcpt: ratelimit unique": phase(
        "rcpt",
        "defer ratelimit = 1 / 1h / per_cmd / unique=$local_part / strict\n message = many\n accept",
        said=EHLO + ENVELOPE + "RCPT TO:<joe@y.example>\r\nRCPT TO:<c@y.example>\r\nRCPT TO:<d@y.example>\r\n" + QUIT,
    ),
    "rcpt: ratelimit per_addr": phase(
        "rcpt",
        "defer ratelimit = 1 / 1h / per_addr / strict\n message = many\n accept",
        said=EHLO + ENVELOPE + "RCPT TO:<joe@y.example>\r\nRCPT TO:<c@y.example>\r\nRCPT TO:<d@y.example>\r\n" + QUIT,
    ),
    "rcpt: ratelimit bad option": phase("rcpt", "defer ratelimit = 1 / 1h / nonsense\n accept"),
    "rcpt: ratelimit bad period": phase("rcpt", "defer ratelimit = 1 / soon\n accept"),
    "rcpt: ratelimit two modes": phase("rcpt", "defer ratelimit = 1 / 1h / per_mail / per_cmd\n accept"),
    "rcpt: ratelimit in all phases": rates(
        "per_mail",
        "per_byte",
        "per_cmd",
        "per_conn",
        "per_rcpt",
        "per_addr",
        "count=2",
        "unique=$local_part",
        "per_mail/readonly",
        "per_conn/strict",
        "per_cmd/count=1.5/key",
        "Strict/COUNT=2/other",
    ),
    "rcpt: ratelimit counts": rates("strict/count=/a", "per_rcpt/unique=$local_part/b", "per_cmd/count= 2/c"),
    **{
        f"rcpt: ratelimit {text}": phase(
            "rcpt", f"warn ratelimit = {text}\n logwrite = $sender_rate over $sender_rate_limit\n accept"
        )
        for text in (
            "",
            "/1h",
            "1/1h/per_mail/per_mail",
            "1/1h/count=1k",
            "1k/1h/count=2e3",
            "+.5/1h",
            "1/1h/leaky/leaky",
            "1,5/1h",
        )
    },
    **{
        f"{name}: ratelimit {per}": phase(name, f"warn ratelimit = 1/1h/{per}/strict\n accept", said=RATED)
        for name in ("connect", "helo", "mail", "predata", "data", "quit")
        for per in ("per_mail", "per_rcpt", "per_conn", "per_addr")
    },
    **{
        f"local: ratelimit {name} {per}": Dialogue(
            main=f"acl_{name} = t\nacl_smtp_rcpt = accept\n",
            acl=f"t:\n warn ratelimit = 1/1h/{per}/strict\n logwrite = $sender_rate\n accept\n",
            args=("-odq", "-t", "-oMa", "192.0.2.7"),
            said="To: a@b.example, c@d.example\nContent-Type: text/plain\n\nx\n",
        )
        for name, per in (
            ("not_smtp", "per_mail"),
            ("not_smtp", "per_rcpt"),
            ("not_smtp_start", "per_byte"),
            ("not_smtp_start", "per_cmd"),
            ("not_smtp_mime", "per_conn"),
        )
    },
    "rcpt: ratelimit wrong phase": phase("helo", "defer ratelimit = 1 / 1h / per_rcpt\n accept"),
    "rcpt: seen": phase(
        "rcpt",
        "deny seen = -1h / key=$local_part\n message = again\n accept",
        said=EHLO + ENVELOPE + "RCPT TO:<joe@y.example>\r\nRCPT TO:<c@y.example>\r\n" + QUIT,
    ),
    "rcpt: seen readonly": phase(
        "rcpt",
        "deny seen = -1h / readonly\n accept",
        said=EHLO + ENVELOPE + "RCPT TO:<c@y.example>\r\n" + QUIT,
    ),
    "rcpt: seen bad option": phase("rcpt", "deny seen = 1h / nonsense\n accept"),
    "rcpt: queue": phase("rcpt", "accept queue = other"),
    "control: submission": control("submission"),
    "control: submission, domain and name": control("submission/domain=sub.example/name=Joe"),
    "control: submission, sender_retain": control("submission/sender_retain"),
    "control: suppress_local_fixups": control("suppress_local_fixups"),
    "control: freeze": control("freeze"),
    "control: freeze without telling": control("freeze/no_tell"),
    "control: fakereject": control("fakereject"),
    "control: fakereject, lines": control("fakereject/no\\nway"),
    "control: fakedefer": control("fakedefer/later"),
    "control: queue": control("queue"),
    "control: queue_only": control("queue_only"),
    "control: caseful": control(
        "caseful_local_part\n logwrite = $local_part", said=EHLO + ENVELOPE.replace("joe", "JOE")
    ),
    "control: caselower": control("caselower_local_part\n logwrite = $local_part"),
    "control: no_multiline_responses": control(
        "no_multiline_responses", said=EHLO + ENVELOPE + "EHLO again.example\r\n" + QUIT
    ),
    "control: error": control("error"),
    "control: unknown": control("nonsense"),
    "control: unwanted option": control("freeze/nonsense"),
    "control: wrong phase": phase("data", "accept control = submission"),
    "control: no_pipelining": phase("connect", "accept control = no_pipelining", said=EHLO + QUIT),
    "control: allow_auth_unadvertised": phase(
        "connect", "accept control = allow_auth_unadvertised", said="HELO x\r\nAUTH PLAIN AG1lAHNlY3JldA==\r\n" + QUIT
    ),
    "mime: accepts": mime("accept logwrite = $mime_content_type|$mime_filename|$mime_charset|$mime_boundary"),
    "mime: variables": mime(
        "accept logwrite = $mime_part_count|$mime_is_multipart|$mime_is_coverletter|$mime_is_rfc822|$mime_anomaly_level"
        "|$mime_content_disposition|$mime_content_transfer_encoding|$mime_content_description|$mime_content_id"
    ),
    "mime: denies a name": mime(
        "deny condition = ${if match{$mime_filename}{\\N\\.exe$\\N}}\n message = no $mime_filename\n accept"
    ),
    "mime: decode": mime("warn decode = default\n logwrite = $mime_content_size\n accept"),
    "mime: regex": mime("deny mime_regex = mon.y\n message = found $regex_match_string\n accept"),
    "mime: decode off": mime("warn decode = false\n accept"),
    "mime: regex of the message": phase("data", "deny regex = ^Content-ID\n message = id\n accept", said=MIME_SAID),
    "mime: regex of a part": mime("deny regex = Received : .hi\n message = m=$regex_match_string\n accept"),
    "malware: name in other letters": phase(
        "data", "deny malware = eicar\n message = $malware_name\n accept", main=f"av_scanner = {FOUND}\n"
    ),
    "malware: name": phase(
        "data", "deny malware = ^Eicar\n message = $malware_name\n accept", main=f"av_scanner = {FOUND}\n"
    ),
    "mime: plain message": mime("accept logwrite = $mime_content_type", said=EHLO + ENVELOPE + DATA + QUIT),
    "mime: discard": mime("discard"),
    "mime: broken boundary": mime(
        "accept logwrite = $mime_content_type $mime_anomaly_text", said=MIME_SAID.replace("--BB--", "--nothing")
    ),
    "mime: message/rfc822": mime(
        "accept logwrite = $mime_part_count $mime_content_type $mime_is_rfc822",
        said=MIME_SAID.replace("application/octet-stream", "message/rfc822").replace("base64", "7bit"),
    ),
    "auth: offered": auth(""),
    "auth: plain": auth(PLAIN + ENVELOPE + DATA),
    "auth: plain, wrong": auth(WRONG),
    "auth: plain in two steps": auth("AUTH PLAIN\r\nAG1lAHNlY3JldA==\r\n"),
    "auth: login": auth(LOGIN),
    "auth: cancelled": auth("AUTH LOGIN\r\n*\r\n"),
    "auth: no base64": auth("AUTH PLAIN !!!\r\n"),
    "auth: hangs up": auth("AUTH PLAIN\r\n", end=""),
    "auth: hangs up in the middle": auth("AUTH PLAIN\r\nAG1lAHNlY3JldA==", end=""),
    "auth: hangs up half-way": auth("AUTH LOGIN\r\nbWU=\r\n", end=""),
    "auth: unknown": auth("AUTH NONE x\r\n"),
    "auth: no mechanism": auth("AUTH\r\n"),
    "auth: broken": auth("AUTH BROKEN AG1lAHNlY3JldA==\r\n"),
    "auth: defers": auth("AUTH DEFER AG1lAHNlY3JldA==\r\n"),
    "auth: external": auth("AUTH EXTERNAL ZXh0\r\n"),
    "auth: external, empty": auth("AUTH EXTERNAL =\r\n"),
    "auth: twice": auth(PLAIN + PLAIN),
    "auth: in a transaction": auth("MAIL FROM:<s@from.example>\r\n" + PLAIN),
    "auth: cram, no answer": auth("AUTH CRAM-MD5\r\n*\r\n"),
    "auth: cram, wrong": auth("AUTH CRAM-MD5\r\nbWUgMDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\r\n"),
    "auth: cram, unknown user": auth("AUTH CRAM-MD5\r\neW91IDAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAx\r\n"),
    "auth: too many failures": auth(WRONG * 4, main="smtp_max_synprot_errors = 1\n"),
    "auth: acl denies": auth(PLAIN, main="acl_smtp_auth = deny\n"),
    "auth: acl says": auth(PLAIN, main="acl_smtp_auth = a\n", acl="rcpt:\n accept\na:\n deny message = not now\n"),
    "auth: AUTH= of mail": auth(PLAIN + "MAIL FROM:<s@from.example> AUTH=<>\r\n"),
    "auth: AUTH= value": auth(
        PLAIN + "MAIL FROM:<s@from.example> AUTH=a+40b.example\r\nRCPT TO:<x@y.example>\r\n" + DATA
    ),
    "auth: AUTH= bad": auth(PLAIN + "MAIL FROM:<s@from.example> AUTH=a+4\r\n"),
    "auth: AUTH= not logged in": auth("MAIL FROM:<s@from.example> AUTH=a@b.example\r\n"),
    "auth: mailauth acl": auth(
        PLAIN + "MAIL FROM:<s@from.example> AUTH=a@b.example\r\n",
        main="acl_smtp_mailauth = m\n",
        acl="rcpt:\n accept\nm:\n deny log_message = no $authenticated_sender\n",
    ),
    "auth: protocol": auth(
        PLAIN + "MAIL FROM:<s@from.example> SMTPUTF8\r\n",
        main="acl_smtp_connect = p\nacl_smtp_helo = p\nacl_smtp_mail = p\n",
        acl="rcpt:\n accept\np:\n accept logwrite = <$received_protocol>\n",
    ),
    "auth: results, no id": Dialogue(
        said=EHLO + "AUTH X eA==\r\n" + ENVELOPE + QUIT,
        authenticators="\na:\n driver = plaintext\n public_name = X\n server_prompts = :\n server_condition = yes\n",
        acl="rcpt:\n accept logwrite = <$received_protocol> ${authresults{mx}}\n",
    ),
    "auth: id with a line end": auth("AUTH PLAIN AHUKMjAyNi0xMS0yMyAwMTowMTowMSBmYWtl6QBw\r\n"),
    "auth: prompts that fail": Dialogue(
        said=EHLO + "AUTH X eA==\r\n" + QUIT,
        authenticators="\na:\n driver = plaintext\n public_name = X\n server_prompts = ${if eq{a}{b}{x}fail}\n"
        " server_condition = yes\n",
    ),
    "auth: advertise condition that fails": Dialogue(
        said=EHLO + "AUTH X eA==\r\n" + QUIT,
        authenticators="\na:\n driver = plaintext\n public_name = X\n server_prompts = :\n server_condition = yes\n"
        " server_advertise_condition = ${bad\n",
    ),
    "auth: AUTH= not believed": Dialogue(
        said=EHLO + "AUTH X eA==\r\nMAIL FROM:<s@from.example> AUTH=a@b.example\r\n" + QUIT,
        authenticators="\na:\n driver = plaintext\n public_name = X\n server_prompts = :\n server_condition = yes\n"
        " server_mail_auth_condition = no\n",
    ),
    "auth: not advertised": auth(PLAIN, main="auth_advertise_hosts =\n"),
    "auth: helo": Dialogue(said="HELO x\r\n" + PLAIN + QUIT),
    "not smtp": Dialogue(
        args=("-odi", "joe@y.example"),
        said="Subject: x\n\nbody\n",
        main="acl_not_smtp = n\n",
        acl="rcpt:\n accept\nn:\n deny senders = root@*\n message = not like this\n accept\n",
    ),
    "not smtp start": Dialogue(
        args=("-odi", "joe@y.example"),
        said="Subject: x\n\nbody\n",
        main="acl_not_smtp_start = n\nacl_not_smtp = o\n",
        acl="rcpt:\n accept\nn:\n accept set acl_m_x = 1\no:\n accept logwrite = x $acl_m_x $recipients\n",
    ),
    "not smtp discard": Dialogue(
        args=("-odi", "joe@y.example"),
        said="Subject: x\n\nbody\n",
        main="acl_not_smtp = n\n",
        acl="rcpt:\n accept\nn:\n discard\n",
    ),
    "batched": Dialogue(args=("-bS", "-odi"), said=ENVELOPE + DATA),
    "batched, refused": Dialogue(args=("-bS", "-odi"), said=ENVELOPE + DATA, acl="rcpt:\n deny message = no\n"),
    "local session": Dialogue(args=("-bs", "-odi")),
    "limits: messages": Dialogue(
        said=EHLO + (ENVELOPE + "DATA\r\n\r\n.\r\n") * 3 + QUIT,
        main=QUEUED + "smtp_accept_max_per_connection = 2\n",
    ),
    "limits: recipients": Dialogue(
        said=EHLO + ENVELOPE + "RCPT TO:<b@y.example>\r\nRCPT TO:<c@y.example>\r\n" + DATA + QUIT,
        main=QUEUED + "recipients_max = 2\n",
    ),
    "limits: recipients, reject": Dialogue(
        said=EHLO + ENVELOPE + "RCPT TO:<b@y.example>\r\nRCPT TO:<c@y.example>\r\nDATA\r\n" + QUIT,
        main=QUEUED + "recipients_max = 2\nrecipients_max_reject\n",
    ),
    "limits: nonmail": Dialogue(
        said=EHLO + "NOOP\r\nRSET\r\nNOOP\r\nNOOP\r\n" + QUIT, main="smtp_accept_max_nonmail = 2\n"
    ),
    "limits: unknown commands": Dialogue(said=EHLO + "A\r\nB\r\nC\r\nD\r\nE\r\n" + QUIT),
    "limits: size": Dialogue(
        main=QUEUED + "message_size_limit = 300\n", said=EHLO + ENVELOPE + DATA.replace("bye", "long line " * 60) + QUIT
    ),
    "host rejected": Dialogue(said=QUIT, main="host_reject_connection = 192.0.2.7\n"),
    "banner": Dialogue(said=QUIT, main="smtp_banner = hello from $primary_hostname\\nsecond\n"),
    "helo junk": Dialogue(said="EHLO a_b\r\n" + QUIT),
    "helo junk allowed": Dialogue(said="EHLO a_b\r\n" + QUIT, main="helo_accept_junk_hosts = *\n"),
    "helo verified": Dialogue(said=EHLO + QUIT, main="helo_verify_hosts = *\n"),
    "unqualified": Dialogue(said=EHLO + "MAIL FROM:<s>\r\nRCPT TO:<x>\r\nMAIL FROM:<>\r\nRCPT TO:<x>\r\n" + QUIT),
    "unqualified allowed": Dialogue(
        said=EHLO + "MAIL FROM:<s>\r\nRCPT TO:<x>\r\n" + DATA + QUIT,
        main=QUEUED + "sender_unqualified_hosts = *\nrecipient_unqualified_hosts = *\n",
    ),
    "source route": Dialogue(said=EHLO + "MAIL FROM:<@a,@b:s@from.example>\r\nRCPT TO:<joe%y.example@z>\r\n" + QUIT),
    "literal": Dialogue(said=EHLO + "MAIL FROM:<s@[1.2.3.4]>\r\n" + QUIT),
    "literal allowed": Dialogue(said=EHLO + "MAIL FROM:<s@[1.2.3.4]>\r\n" + QUIT, main="allow_domain_literals\n"),
    "rewritten": Dialogue(rewrite="s@from.example n@new.example Ffrs\n", main=QUEUED),
    "rewritten recipients": Dialogue(
        rewrite="*@y.example $1@back.example T\ns@from.example n@new.example Ff\n",
        selector="-pid +received_recipients +received_sender +address_rewrite",
    ),
    "rewritten when verified": Dialogue(
        rewrite="*@y.example $1@back.example T\ns@from.example n@new.example F\n",
        main=QUEUED,
        acl="rcpt:\n warn logwrite = before $sender_address\n require verify = sender\n  verify = recipient\n"
        " warn logwrite = after $sender_address $local_part@$domain\n accept\n",
    ),
    "rewritten in MAIL": Dialogue(
        rewrite="s@from.example n@new.example F\n",
        main=QUEUED + "acl_smtp_mail = mail\nacl_smtp_data = data\n",
        acl="mail:\n warn logwrite = mail $sender_address\n accept\n"
        "data:\n warn logwrite = data $sender_address\n accept\n",
    ),
    "rewritten from the command line": Dialogue(
        rewrite="*@y.example $1@back.example T\ns@from.example n@new.example F\n",
        args=("-odi", "-f", "s@from.example", "joe@y.example"),
        said="Subject: x\n\nx\n",
    ),
    "rewritten at smtp time": Dialogue(rewrite="\\N^joe@(.*)$\\N ann@$1 S\n", main=QUEUED),
    "received time zone": Dialogue(
        main=QUEUED + "received_header_text = Received: by me for ${if def:received_for{$received_for}}\n"
    ),
    "limits: recipients that were refused": Dialogue(
        main=QUEUED + "recipients_max = 2\nacl_smtp_quit = quit\nacl_smtp_notquit = notquit\n",
        acl="rcpt:\n deny local_parts = no\n accept\nquit:\n accept logwrite = quit\n"
        "notquit:\n accept logwrite = notquit $smtp_notquit_reason\n",
        said="RCPT TO:<u@y.example>\r\n" + EHLO + "RCPT TO:<u@y.example>\r\nMAIL FROM:<s@from.example>\r\n"
        "RCPT TO:<no@y.example>\r\nRCPT TO:<>\r\nRCPT TO:<u@y.example>\r\nRSET\r\n"
        "MAIL FROM:<s@from.example>\r\nRCPT TO:<u@y.example>\r\nRCPT TO:<no@y.example>\r\n" + QUIT,
        selector="-pid +smtp_protocol_error +smtp_syntax_error +smtp_incomplete_transaction +smtp_connection",
    ),
    "limits: errors of the protocol": Dialogue(
        main=QUEUED + "acl_smtp_notquit = notquit\n",
        acl="rcpt:\n accept\nnotquit:\n accept logwrite = notquit $smtp_notquit_reason\n",
        said=EHLO + "MAIL FROM:<s@from.example>\r\n" + "MAIL FROM:<s@from.example>\r\n" * 5 + QUIT,
    ),
    "limits: commands but MAIL": Dialogue(
        main=QUEUED + "smtp_accept_max_nonmail = 2\nacl_smtp_notquit = notquit\n",
        acl="rcpt:\n accept\nnotquit:\n accept logwrite = notquit $smtp_notquit_reason\n",
        said=EHLO + "NOOP\r\n" * 6 + QUIT,
    ),
    **{
        f"ends: {name}, {verb}{more}".strip(): Dialogue(
            main=f"{QUEUED}acl_smtp_{name} = a\n",
            acl=f"rcpt:\n accept\na:\n {verb} message = words\n{more}",
            said=EHLO + (QUIT if name == "quit" else ""),
        )
        for name, verb, more in (
            ("quit", "discard", ""),
            ("quit", "require", " condition = no\n"),
            ("quit", "require", " acl = b\nb:\n drop\n"),
            ("quit", "accept", " endpass\n condition = no\n"),
            ("notquit", "deny", ""),
            ("notquit", "discard", ""),
            ("notquit", "accept", " set acl_c_a = ${lookup{a}lsearch{/dev/null}}\n"),
        )
    },
    "limits: empty HELO": Dialogue(
        main=QUEUED + "acl_smtp_notquit = notquit\n",
        acl="rcpt:\n accept\nnotquit:\n accept logwrite = notquit $smtp_notquit_reason\n",
        said="HELO\r\n" * 6 + QUIT,
    ),
    **MIME_CASES,
    "no caller address": Dialogue(args=("-bs", "-odi", "-oMs", "name.example", *BS[1:3])),
}

#: the file of tests that each case belongs to: what decides, or what is decided about
_OTHER = ("auth: ", "mime: ", "control: ", "limits: ", "rcpt: ratelimit")
PHASES = {name: case for name, case in CASES.items() if not name.startswith(_OTHER)}
EFFECTS = {name: case for name, case in CASES.items() if name.startswith(_OTHER)}
