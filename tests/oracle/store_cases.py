"""Where a message ends: answers, pipes, mailboxes; and connection limits."""

from __future__ import annotations

from .policy_cases import QUEUED
from .session_world import DATA, EHLO, ENVELOPE, QUIT, Dialogue
from .way_cases import SHELL, TO, TWO, B, C, file, local, pipe, reply

CASES = {
    "autoreply: headers": reply(
        f"{TO} cc = c@from.example\n bcc = b@from.example\n reply_to = r@x.example\n headers = X-A: 1\\nX-B: 2\n"
        " text = x\\ny\n subject = Re: $h_subject:\n return_message\n"
    ),
    "autoreply: nobody": reply(" text = x\n"),
    "autoreply: from nobody": local("autoreply", TO + " text = x\n"),
    "autoreply: file": reply(f"{TO} file = @D/reply\n file_expand\n", files={"reply": "hello $sender_address\nbye\n"}),
    "autoreply: never_mail": reply(f"{TO} text = x\n never_mail = *@from.example\n"),
    "autoreply: never_mail, one of two": reply(
        " to = a@from.example, b@y.example\n text = x\n never_mail = *@y.example\n"
    ),
    "pipe: output of a failure": pipe(SHELL.format("echo oops; exit 2"), " return_fail_output\n"),
    "pipe: output": pipe(SHELL.format("echo hello"), " return_output\n log_output\n"),
    "pipe: too much output": pipe("/usr/bin/yes", " max_output = 100\n return_fail_output\n", ignore="^y?$"),
    "pipe: time-out": pipe("/bin/sleep 5", " timeout = 1s\n"),
    "pipe: deferred": pipe(SHELL.format("exit 75"), " log_defer_output\n"),
    "pipe: environment": pipe("/usr/bin/env", " log_output\n"),
    "pipe: status ignored": pipe("/bin/false", " ignore_status\n"),
    "appendfile: batch": file(" file = @D/box/j\n batch_max = 10\n envelope_to_add\n", said=TWO),
    "appendfile: bsmtp": file(" file = @D/box/j\n use_bsmtp\n batch_max = 10\n", said=TWO),
    "appendfile: mbx": file(" file = @D/box/j\n mbx_format\n"),
    "appendfile: quota": file(" file = @D/box/j\n quota = 100\n"),
    "appendfile: quota, bounced": file(" file = @D/box/j\n quota = 100\n", retry=""),
    "appendfile: maildir": file(" directory = @D/box/md\n maildir_format\n"),
    "appendfile: mailstore": file(" directory = @D/box/ms\n mailstore_format\n mailstore_prefix = p-$local_part\n"),
    "appendfile: /dev/null": file(" file = /dev/null\n"),
    "appendfile: a router's user without a group": Dialogue(
        routers="r:\n driver = accept\n user = 8\n transport = box\n",
        transports="box:\n driver = appendfile\n file = @D/box/x\n group = 8\n",
    ),
    "appendfile: tainted": file(" file = @D/box/$local_part\n"),
    "limits: one message a connection": Dialogue(
        said=EHLO + ENVELOPE + DATA + "MAIL FROM:<>\r\nRCPT TO:<joe@y.example>\r\nNOOP\r\n" + QUIT,
        main="smtp_accept_max_per_connection = 1\n",
    ),
    "limits: queued after one": Dialogue(
        said=EHLO + (ENVELOPE + DATA) * 3 + QUIT, main="smtp_accept_queue_per_connection = 1\n"
    ),
    "limits: rate of MAIL": Dialogue(
        said=EHLO + "MAIL FROM:<>\r\nRSET\r\n" * 3 + QUIT,
        main="smtp_ratelimit_hosts = *\nsmtp_ratelimit_mail = 1,0.1s,1.05,1s\n",
    ),
    "limits: rate of RCPT": Dialogue(
        said=EHLO + ENVELOPE + B + C + QUIT, main="smtp_ratelimit_hosts = *\nsmtp_ratelimit_rcpt = 1,0.1s,1.05,1s\n"
    ),
    "limits: protocol errors": Dialogue(said=EHLO + "MAIL FROM\r\n" * 6 + QUIT, main="smtp_max_synprot_errors = 2\n"),
    "limits: unknown commands": Dialogue(said=EHLO + "XX\r\n" * 6 + QUIT, main="smtp_max_unknown_commands = 1\n"),
    "limits: no limit for some": Dialogue(
        said=EHLO + "NOOP\r\n" * 6 + QUIT,
        main="smtp_accept_max_nonmail = 1\nsmtp_accept_max_nonmail_hosts = !192.0.2.0/24\n",
    ),
    "banner of an ACL, space at its end": Dialogue(
        main=f"acl_smtp_connect = t\n{QUEUED}",
        acl="rcpt:\n accept\nt:\n accept message = hello there ${if eq{a}{a}{ }}\n",
        said=QUIT,
    ),
    "banner with a space at its end": Dialogue(said=QUIT, main='smtp_banner = "hello  "\n'),
}
