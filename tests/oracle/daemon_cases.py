"""Sessions of several clients with one server: what it lets in at the same time (manual 14, 49.4, 49.5)."""

from __future__ import annotations

from .daemon_world import Daemon

MAIL = ("MAIL FROM:<s@x.example>", "RCPT TO:<joe@test.example>", "DATA", "Subject: x\n\nhi\n.")


def one(name: str, address: str, *said: str) -> list[str]:
    """A whole session of one client."""
    return [f"{name}+{address}", f"{name} EHLO x", *(f"{name} {each}" for each in said), "wait 0.3"]


def three(*more: str) -> list[str]:
    """Three that are connected, one after the other, and say EHLO."""
    return [*one("a", "127.0.0.2"), *one("b", "127.0.0.3"), *one("c", "127.0.0.3"), *more]


LEAVE = ("a QUIT", "b QUIT", "c QUIT")

CASES = {
    "smtp_accept_max": Daemon(
        three("a QUIT", "wait 0.5", *one("d", "127.0.0.4", "QUIT"), "b QUIT"), "smtp_accept_max = 2\n"
    ),
    "smtp_accept_max, one": Daemon(three(*LEAVE), "smtp_accept_max = 1\n"),
    "smtp_accept_max, none": Daemon(three(*LEAVE), "smtp_accept_max = 0\n"),
    "smtp_accept_max, no log of connections": Daemon(
        three(*LEAVE), "smtp_accept_max = 2\n", selector="-pid -smtp_connection"
    ),
    "smtp_accept_max, connection_reject off": Daemon(
        three(*LEAVE), "smtp_accept_max = 2\n", selector="-pid -connection_reject +smtp_connection"
    ),
    "smtp_accept_max, ports and interfaces shown": Daemon(
        three(*LEAVE), "smtp_accept_max = 2\n", selector="-pid +incoming_port +incoming_interface +smtp_connection"
    ),
    "per host": Daemon(three("b QUIT", "wait 0.5", *one("d", "127.0.0.3", "QUIT")), "smtp_accept_max_per_host = 1\n"),
    "per host, two": Daemon(three(*LEAVE), "smtp_accept_max_per_host = 2\n"),
    "per host, expanded": Daemon(
        three(*LEAVE), "smtp_accept_max_per_host = ${if match{$sender_host_address}{3\\$}{1}{0}}\n"
    ),
    "per host, not a number": Daemon(three(*LEAVE), "smtp_accept_max_per_host = none\n"),
    "per host, empty": Daemon(three(*LEAVE), "smtp_accept_max_per_host = ${if eq{a}{b}{1}{}}\n"),
    "per host, cannot be expanded": Daemon(three(*LEAVE), "smtp_accept_max_per_host = ${nothing}\n"),
    "per host, beyond smtp_accept_max": Daemon(three(*LEAVE), "smtp_accept_max_per_host = 5\nsmtp_accept_max = 2\n"),
    "per host, logged": Daemon(
        three(*LEAVE),
        "smtp_accept_max_per_host = 1\n",
        selector="-pid +incoming_port +incoming_interface +smtp_no_mail",
    ),
    "reserve": Daemon(
        three(*one("d", "127.0.0.9", "QUIT"), *one("e", "127.0.0.9", "QUIT"), *LEAVE),
        "smtp_accept_max = 4\nsmtp_accept_reserve = 2\nsmtp_reserve_hosts = 127.0.0.9\n",
    ),
    "reserve, all": Daemon(
        three(*LEAVE), "smtp_accept_max = 2\nsmtp_accept_reserve = 2\nsmtp_reserve_hosts = 127.0.0.3\n"
    ),
    "reserve, no hosts": Daemon(three(*LEAVE), "smtp_accept_max = 3\nsmtp_accept_reserve = 1\n"),
    "load reserve": Daemon(three(*LEAVE), "smtp_load_reserve = 0\nsmtp_reserve_hosts = 127.0.0.3\n"),
    "load reserve, no hosts": Daemon(three(*LEAVE), "smtp_load_reserve = 0\n"),
    "queue": Daemon(
        three(
            *(f"a {each}" for each in MAIL), "a QUIT", "wait 0.6", *(f"b {each}" for each in MAIL), "b QUIT", "c QUIT"
        ),
        "smtp_accept_queue = 2\n",
    ),
    "queue, connections logged": Daemon(
        three(*(f"a {each}" for each in MAIL), *LEAVE), "smtp_accept_queue = 1\n", selector="-pid -delay_delivery"
    ),
    "queue per connection": Daemon(
        one("a", "127.0.0.2", *MAIL, *MAIL, *MAIL, "QUIT"), "smtp_accept_queue_per_connection = 1\n"
    ),
    "queue per connection, off": Daemon(
        one("a", "127.0.0.2", *MAIL, *MAIL, "QUIT"), "smtp_accept_queue_per_connection = 0\n"
    ),
    "per connection": Daemon(
        one("a", "127.0.0.2", *MAIL, *MAIL, *MAIL, "RSET", "QUIT"), "smtp_accept_max_per_connection = 2\n"
    ),
    "per connection, transactions that come to nothing": Daemon(
        one("a", "127.0.0.2", MAIL[0], "RSET", MAIL[0], "RSET", MAIL[0], "EHLO y", *MAIL[:2], "QUIT"),
        "smtp_accept_max_per_connection = 2\n",
    ),
    "per connection, expanded": Daemon(
        one("a", "127.0.0.2", *MAIL, *MAIL, "QUIT"),
        "smtp_accept_max_per_connection = ${if eq{$sender_host_address}{127.0.0.2}{1}{5}}\n",
    ),
    "per connection, not a number": Daemon(
        one("a", "127.0.0.2", *MAIL, *MAIL, "QUIT"), "smtp_accept_max_per_connection = many\n"
    ),
    "nonmail": Daemon(
        one("a", "127.0.0.2", "NOOP", "NOOP", "RSET", "RSET", "VRFY x", "HELP", "QUIT"), "smtp_accept_max_nonmail = 3\n"
    ),
    "nonmail, mail between": Daemon(
        one("a", "127.0.0.2", "NOOP", *MAIL, "RSET", "NOOP", "EHLO x", "EHLO x", "NOOP", "RSET", "QUIT"),
        "smtp_accept_max_nonmail = 2\n",
    ),
    "nonmail, not for everybody": Daemon(
        [*one("a", "127.0.0.2", "NOOP", "NOOP", "QUIT"), *one("b", "127.0.0.3", "NOOP", "NOOP", "QUIT")],
        "smtp_accept_max_nonmail = 1\nsmtp_accept_max_nonmail_hosts = 127.0.0.3\n",
    ),
    "nonmail, none": Daemon(one("a", "127.0.0.2", "NOOP", "QUIT"), "smtp_accept_max_nonmail = 0\n"),
    "hung up": Daemon(
        [
            "a+127.0.0.2",
            "a-",
            *one("b", "127.0.0.2"),
            "b-",
            *one("c", "127.0.0.2", MAIL[0]),
            "c-",
            *one("d", "127.0.0.2", *MAIL[:3]),
            "d-",
        ],
    ),
    "too early after a message": Daemon(
        [
            *one("a", "127.0.0.2", *MAIL, "FOO\nBAR"),
            *one("b", "127.0.0.3", MAIL[0], "RSET", "FOO\nBAR"),
            *one("c", "127.0.0.4", *MAIL, "EHLO y", "VRFY x\nNOOP"),
        ]
    ),
    "too early, HELO to be verified": Daemon(
        [
            "a+127.0.0.2",
            "a EHLO y\nMAIL FROM:<s@x>",
            "wait 0.3",
            "b+127.0.0.2",
            "b HELO x",
            "b EHLO y\nMAIL FROM:<s@x>",
        ],
        "helo_verify_hosts = *\npipelining_advertise_hosts =\npipelining_connect_advertise_hosts =\n",
    ),
    "nonmail, with arguments": Daemon(one("a", "127.0.0.2", "vrfy  x", "QUIT"), "smtp_accept_max_nonmail = 0\n"),
    "per host, negative": Daemon(["a+127.0.0.2", "a QUIT"], "smtp_accept_max_per_host = -1\n"),
    "per host, thousands": Daemon(["a+127.0.0.2", "a QUIT"], "smtp_accept_max_per_host = 1k\n"),
    "rejected hosts": Daemon(
        ["a+127.0.0.2", "wait 0.3", "b+127.0.0.3", "b QUIT"], "host_reject_connection = 127.0.0.2\n"
    ),
    "connections not logged": Daemon(three(*LEAVE), "hosts_connection_nolog = 127.0.0.3\n"),
    "refused by the ACL of connections": Daemon(
        [
            "a+127.0.0.2",
            "wait 0.3",
            "b+127.0.0.3",
            "wait 0.3",
            "c+127.0.0.4",
            "wait 0.3",
            "d+127.0.0.5",
            "d EHLO x",
            "d MAIL FROM:<a@b>",
            "d QUIT",
        ],
        "acl_smtp_connect = c\n",
        "rcpt:\n accept\nc:\n deny hosts = 127.0.0.2\n drop hosts = 127.0.0.3\n message = go away\n"
        " defer hosts = 127.0.0.4\n accept\n",
    ),
    "too early": Daemon(
        [
            "a+127.0.0.2",
            "a EHLO x\nMAIL FROM:<s@x.example>",
            "wait 0.3",
            *one("b", "127.0.0.3", "MAIL FROM:<s@x>\nRCPT TO:<x@y>", "QUIT"),
        ],
        "pipelining_advertise_hosts =\npipelining_connect_advertise_hosts =\n",
    ),
    "early, PIPECONNECT is offered": Daemon(
        [
            "a+127.0.0.2",
            "a EHLO x\nMAIL FROM:<s@x.example>",
            "wait 0.3",
            *one("b", "127.0.0.3", "HELO x\nMAIL FROM:<s@x.example>", "QUIT"),
        ],
        "acl_smtp_helo = accept\n",
        selector="-pid -smtp_connection",
    ),
    "early, PIPECONNECT is offered up to the first DATA": Daemon(
        [
            *one("a", "127.0.0.2", "DATA", "EHLO y", "FOO\nNOOP"),
            *one("b", "127.0.0.3", "FOO\nNOOP", "BDAT 3 LAST\nx", "RSET", "FOO\nNOOP"),
            *one("c", "127.0.0.4", *MAIL[:2], "DATA\nSubject: x\n\nhi\n."),
            *one("d", "127.0.0.5", "EXPN x\nNOOP", "MAIL FROM:<x@no.example>", MAIL[1], "DATA\nSubject: x\n\nhi\n."),
        ],
        "acl_smtp_expn = deny\nacl_smtp_predata = data\n",
        "rcpt:\n accept\ndata:\n deny senders = x@no.example\n accept\n",
    ),
    "too many bad greetings": Daemon(
        ["a+127.0.0.2", *["a EHLO @@"] * 4, "wait 0.3", "b+127.0.0.3", *["b HELO"] * 3, "b DATA"],
        "smtp_max_synprot_errors = 3\n",
    ),
    "too many other commands within a transaction": Daemon(
        ["a+127.0.0.2", "a EHLO x", "a MAIL FROM:<s@x.example>", "a RCPT TO:<x@test.example>", *["a NOOP"] * 4],
        "smtp_accept_max_nonmail = 3\n",
    ),
    "log lines of ACLs": Daemon(
        one("a", "127.0.0.2", *MAIL),
        "acl_smtp_data = data\n",
        "rcpt:\n accept logwrite = :main,reject: early\ndata:\n warn log_message = \\x01\\xe9\\t.\\r\\nnext\n"
        " warn logwrite = :main,reject: both\n logwrite = :reject: \\x01 one\n accept\n",
    ),
    "a named queue": Daemon(
        one("a", "127.0.0.2", *MAIL),
        acl="rcpt:\n accept queue = bulk\n",
        selector="-pid +sender_on_delivery +return_path_on_delivery -delivery_size",
    ),
}
