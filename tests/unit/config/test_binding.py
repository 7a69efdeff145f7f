"""Settings to options: names, negation, repetition, drivers (manual 6.11, 6.12, 6.23)."""

from __future__ import annotations

import pytest

from eximia.authenticators.options.catalogue import AUTHENTICATOR_OPTIONS
from eximia.authenticators.options.generic import AuthenticatorOptions
from eximia.base.errors import ConfigError
from eximia.base.template import Template
from eximia.config.binding import Given, Instance, bind_instances, bind_main
from eximia.config.main import MainOptions
from eximia.config.values import ValueReader
from eximia.routers.options.catalogue import ROUTER_OPTIONS
from eximia.routers.options.generic import RouterOptions
from eximia.transports.options.catalogue import TRANSPORT_OPTIONS
from eximia.transports.options.generic import TransportOptions

from .helpers import parse


def main(text: str) -> tuple[MainOptions, Given, list[ConfigError]]:
    return bind_main(MainOptions, parse(text).main, ValueReader())


def routers(text: str) -> tuple[list[Instance[RouterOptions]], list[ConfigError]]:
    file = parse("begin routers\n" + text)
    return bind_instances("router", file.routers, ROUTER_OPTIONS, RouterOptions, ValueReader())


def transports(text: str) -> tuple[list[Instance[TransportOptions]], list[ConfigError]]:
    file = parse("begin transports\n" + text)
    return bind_instances("transport", file.transports, TRANSPORT_OPTIONS, TransportOptions, ValueReader())


def test_main_options() -> None:
    text = "queue_only\nno_message_logs\nhide split_spool_directory = yes\nsmtp_accept_max = 3\ndaemon_smtp_port = 26"
    options, given, errors = main(text)
    assert not errors
    assert (options.queue_only, options.message_logs, options.split_spool_directory) == (True, False, True)
    assert options.smtp_accept_max == 3
    assert options.daemon_smtp_ports == "26"
    assert given.hidden == {"split_spool_directory"}
    assert [names[:2] for names in given.old_names] == [("daemon_smtp_port", "daemon_smtp_ports")]
    assert options.received_headers_max == 30


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("smtp_acept_max = 3", 'main option "smtp_acept_max" unknown', 'did you mean "smtp_accept_max"?'),
        ("no_primary_hostname", "negation prefix applied to a non-boolean option", ""),
        ("primary_hostname", "unexpected end of line (data missing) after primary_hostname", ""),
        ("primary_hostname x", 'missing "=" after primary_hostname', ""),
        ("queue_only x", "extra characters follow boolean option queue_only", ""),
        ("no_queue_only = no", "extra characters follow boolean option no_queue_only", ""),
        ("queue_only\nno_queue_only", '"no_queue_only" option set for the second time', ""),
    ],
)
def test_main_errors(text: str, message: str, hint: str) -> None:
    _, _, errors = main(text)
    assert [(error.message, error.hint) for error in errors] == [(message, hint)]


def test_errors_do_not_stop_the_rest() -> None:
    options, _, errors = main("foo = 1\nsmtp_accept_max = x\nqueue_only")
    assert len(errors) == 2
    assert options.queue_only


def test_a_router() -> None:
    found, errors = routers(
        "r:\n verify = no\n driver = redirect\n data = $x\n set = a=b\n set = c=d\n condition = 1\n condition = ${y}\n"
        " headers_add = A: b\n headers_add = C: d\n headers_remove = x\n headers_remove = y : z\n more = ${if z}"
    )
    assert not errors
    options = found[0].options
    assert found[0].driver == "redirect"
    assert (options.verify_sender, options.verify_recipient) == (False, False)
    assert options.set == "a=b;c=d"
    assert options.condition == Template("${if and{{bool_lax{1}}{bool_lax{${y}}}}}")
    assert options.headers_add == Template("A: b\nC: d")
    assert options.headers_remove == Template("x:y:z")
    assert isinstance(options.more, Template)
    assert options.retry_use_local_part


@pytest.mark.parametrize(
    ("text", "removed"),
    [
        ("<, a, b:c", "a:b::c"),
        ("<, a, b\n headers_remove = c", "a:b:c"),
        ("c\n headers_remove = <; a ; b", "c:a:b"),
        ("\n headers_remove = a\n headers_remove = ", "a"),
        (" : : a:", "a"),
    ],
)
def test_lists_that_grow(text: str, removed: str) -> None:
    found, errors = routers(f"r:\n driver = accept\n transport = t\n headers_remove = {text}")
    assert not errors
    assert found[0].options.headers_remove == Template(removed)


@pytest.mark.parametrize(
    ("text", "message", "where"),
    [
        ("r:\n driver = acept", 'router r: cannot find router driver "acept"', None),
        ("r:\n drivr = x", 'option "drivr" unknown ("driver" must be specified before any private options)', None),
        ("r:\n transport = t", 'no driver defined for router "r"', ""),
        ("r:\n driver = redirect\n data = x\n foo = y", 'option "foo" unknown', None),
        ("r:\n driver = redirect", 'one of "file" or "data" must be specified', "for r router"),
        ("r:\n driver = accept", "r router:\n  a transport is required for this router", ""),
        ("r:\n driver = accept\n self = x\n transport = t", "x is not valid for the self option", "for r router"),
        (
            "r:\n driver = redirect\n data = x\n domains = a\n domains = b",
            '"domains" option set for the second time',
            None,
        ),
    ],
)
def test_router_errors(text: str, message: str, where: str | None) -> None:
    found, errors = routers(text)
    assert not found
    assert [(error.message, error.where) for error in errors] == [(message, where)]


def test_formats_decide_defaults() -> None:
    found, errors = transports(
        "a:\n driver = appendfile\n directory = /x\n maildir_format\n user = root\n"
        "b:\n driver = appendfile\n file = /x\n mbx_format\n"
        "c:\n driver = pipe\n use_bsmtp\n message_prefix = x\n"
        "d:\n driver = smtp"
    )
    assert not errors
    a, b, c, d = (one.options for one in found)
    assert (a.message_prefix, a.check_string, a.use_lockfile, a.user, a.group) == (None, None, True, 0, 0)
    assert (b.use_lockfile, b.use_mbx_lock) == (False, True)
    assert (c.check_string, c.escape_string, c.message_prefix, c.message_suffix) == (".", "..", Template("x"), None)
    assert (a.retry_use_local_part, d.retry_use_local_part) == (True, False)


def test_a_number_as_user_needs_a_group() -> None:
    _, errors = transports("t:\n driver = appendfile\n file = /x\n user = 33")
    assert [error.message for error in errors] == ["user set without group for the t transport"]


def test_public_name_is_the_instances_by_default() -> None:
    file = parse("begin authenticators\nPLAIN:\n driver = plaintext")
    reader = ValueReader()
    found, _ = bind_instances("authenticator", file.authenticators, AUTHENTICATOR_OPTIONS, AuthenticatorOptions, reader)
    assert found[0].options.public_name == "PLAIN"
