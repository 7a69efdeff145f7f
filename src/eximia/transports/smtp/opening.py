"""Getting a session with a host: one from the pool, or a new one; and giving it back (manual 30.1, 30.4)."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

from eximia.base.errors import ExpansionError, NetworkError
from eximia.base.template import Template
from eximia.context.delivery import Errno, Host
from eximia.context.session import TlsFacts
from eximia.transports.strings import expand, host_matches

from . import early
from .authentication import authenticate
from .connection import Connection, greet, raised
from .dane import find as find_dane
from .encryption import TlsFailure, first_words, secure
from .failure import NOT_SUPPORTED, TIMED_OUT, Failure, Fault
from .mta_sts import admit, enforced, note
from .pool import pool_of
from .proxies import connect_by_proxy
from .watching import watcher_of

if TYPE_CHECKING:
    from eximia.context import Context

    from .dane import Dane
    from .turned import Turned

#: options whose expanded value makes sessions differ
_CONNECTION_OPTIONS = (
    "helo_data",
    "socks_proxy",
    "dscp",
    "tls_certificate",
    "tls_privatekey",
    "tls_require_ciphers",
    "tls_sni",
    "tls_verify_certificates",
    "tls_crl",
    "tls_alpn",
    "hosts_require_tls",
    "hosts_avoid_tls",
    "hosts_require_auth",
    "hosts_try_auth",
    "hosts_require_dane",
    "hosts_try_dane",
    "authenticated_sender",
)
_CONNECTING = 0x100
#: what leaves a conversation in no known state
_BROKEN = (Errno.CONNECTION_CLOSED, Errno.SMTP_FORMAT, Errno.TLS_FAILURE)
_MAIN_VARIABLES = ("$primary_hostname", "$host", "$host_address", "$host_port")


def obtain(
    ctx: Context, name: str, options: Any, host: Host, port: int, interface: str, current: Connection | None
) -> tuple[Connection, bool]:
    """A session ready for MAIL, and whether it carried a message before. `current` is the one in hand, if any.
    Raises Failure."""
    turned: Turned | None = ctx.session.turned
    if turned is not None and turned.is_for(host, port):
        return turned.session(ctx, options, host)
    if current is not None:
        if current.messages > 0 and not used_up(ctx, current, options):
            return current, True
        if current.messages >= 0:
            current.quit()
    # With DANE the certificate may have been issued for the domain of the mail.
    domain = ctx.address.domain if host.secure else ""
    key = (name, host.name, host.address, port, interface, domain, *differing(ctx, options))
    if ctx.address.mta_sts or ctx.message.requiretls:
        key = (*key, enforced(ctx) or ctx.message.requiretls)
    found = pool_of(ctx).take(key)
    if found is not None:
        found.watch = watcher_of(ctx)
        ctx.address.sending_ip_address, ctx.address.sending_port = found.stream.local
        ctx.address.tls_out = found.tls
        return found, True
    return open_connection(ctx, options, host, port, interface, key), False


def release(ctx: Context, options: Any, connection: Connection | None) -> None:
    """The message is done: keep the session for another, or end it."""
    if connection is None or connection.messages < 0:
        return
    if ctx.session.turned is not None and connection is ctx.session.turned.connection:
        return  # it is its owner's
    keep = (
        options.event_action is None
        and not used_up(ctx, connection, options)
        and not (connection.tls.version and _not_kept(ctx, options, connection.host))
    )
    if keep:
        pool_of(ctx).give(connection)
    else:
        connection.quit()
        raised(ctx, options, "tcp:close", "")


def used_up(ctx: Context, connection: Connection, options: Any) -> bool:
    """The session has carried as many messages as it may (`-oB` goes before the transport's option)."""
    call = ctx.process.invocation
    limit = options.connection_max_messages
    if call is not None and call.batch_limit is not None:
        limit = call.batch_limit
    told = connection.peer.limit_mail
    return 0 < limit <= connection.messages or 0 < told <= connection.messages


def _not_kept(ctx: Context, options: Any, host: Host) -> bool:
    return host_matches(ctx, options.hosts_nopass_tls, host.name, host.address)


def differing(ctx: Context, options: Any) -> tuple[str, ...]:
    """The values of options that are expanded for each message and shape the session. Raises Failure."""
    values = []
    for option in _CONNECTION_OPTIONS:
        template = getattr(options, option, None)
        if not isinstance(template, Template) or template.constant or template.text in _MAIN_VARIABLES:
            continue
        try:
            values.append(expand(template, ctx))
        except ExpansionError:
            # Opening the session tells what is wrong; until then it is a value of its own.
            values.append("\0")
    return tuple(values)


def open_connection(
    ctx: Context,
    options: Any,
    host: Host,
    port: int,
    interface: str,
    key: tuple[Any, ...] = (),
    *,
    verifying: bool = False,
) -> Connection:
    """Connect, greet, start TLS and authenticate as the options say. Raises Failure. `verifying`: for a callout."""
    try:
        return _open(ctx, options, host, port, interface, key, verifying=verifying)
    except TlsFailure as failure:
        if not failure.retry_in_clear:
            raise
        log = ctx.process.log
        if log is not None and not options.disable_logging:
            what = "callout unencrypted to " if verifying else "delivering unencrypted to H="
            log.main(
                f"{failure.message}: {what}{host.name} [{host.address}] (not in hosts_require_tls)",
                message_id=ctx.message.id,
            )
        ctx.address.tls_out = TlsFacts()
        return _open(ctx, options, host, port, interface, key, verifying=verifying, in_clear=True)


def _open(
    ctx: Context,
    options: Any,
    host: Host,
    port: int,
    interface: str,
    key: tuple[Any, ...],
    *,
    verifying: bool,
    in_clear: bool = False,
) -> Connection:
    ctx.address.tls_out = TlsFacts()
    ctx.address.host_dnssec = host.authenticated
    # Only deliveries count: a check of what would happen has no message.
    counts = not verifying and ctx.message.id and getattr(ctx.process.main, "tls_reports", False)
    dane = None
    if options.protocol != "lmtp":
        try:
            dane = find_dane(ctx, options, host, port)
        except Failure as failure:
            if counts:
                _count(ctx, host, None, failure.report, failure.message)
            raise
    refusal = raised(ctx, options, "tcp:connect", "")
    if refusal:
        raise Failure("", Errno.EVENT)
    on_connect = options.protocol == "smtps" or (host.tls_required and port != 25)
    policies = ctx.address.mta_sts if dane is None else ()
    doubt = ""
    if policies:
        try:
            doubt = "" if admit(ctx, host) else "validation-failure"
        except Failure as failure:
            if counts:
                _count(ctx, host, None, failure.report, failure.message)
            raise
    expected = None
    if options.hosts_pipe_connect is not None and not on_connect and dane is None and early.wanted(ctx, options, host):
        expected = early.remembered(ctx, host, port)
    connection = _connected(ctx, options, host, port, interface, key)
    connection.dane = dane
    connection.sts = (bool(policies) and enforced(ctx)) or (ctx.message.requiretls and dane is None)
    connection.verifying = verifying
    connection.in_clear = in_clear
    try:
        if expected is not None and early.begin(ctx, connection, options, expected):
            return connection
        if on_connect:
            connection.startup.append("TLS")
            secure(ctx, connection, options, on_connect=True)
            first_words(ctx, connection, options, greet, clear=False)
        else:
            greet(ctx, connection, options)
        secure(ctx, connection, options, on_connect=False)
        if policies and not connection.tls.certificate_verified:
            note(ctx, host, "no session with a certificate that can be verified")
            doubt = "validation-failure"
        if counts:
            _count(ctx, host, dane, doubt if connection.tls.version else NOT_SUPPORTED, "")
        authenticate(ctx, connection, options)
    except Failure as failure:
        failure.heard = (connection.greeting, connection.helo_response)
        # A conversation that broke cannot be ended politely.
        if failure.errno > 0 or failure.errno in _BROKEN:
            connection.stream.close()
        else:
            connection.quit()
        raised(ctx, options, "tcp:close", "")
        if counts and failure.report:
            _count(ctx, host, dane, failure.report, failure.message)
        if connection.sts and failure.errno in (Errno.TLS_REQUIRED, Errno.TLS_FAILURE):
            failure.fault = Fault.MESSAGE  # other domains may ask less of the same host
        raise
    return connection


def _count(ctx: Context, host: Host, dane: Dane | None, result: str, reason: str) -> None:
    """One session more for the TLS reports; `result` is empty for a good one."""
    from .tls_report import count

    count(ctx, host, dane, result=result, reason=reason)


def _connected(ctx: Context, options: Any, host: Host, port: int, interface: str, key: tuple[Any, ...]) -> Connection:
    net = ctx.process.ports.net
    watch = watcher_of(ctx)
    if watch is not None:
        watch.note(f"Connecting to {host.name} [{host.address}]:{port} ...")
    proxy: tuple[str, int] = ("", 0)
    try:
        if options.socks_proxy is not None:
            stream, proxy = connect_by_proxy(ctx, options, host.address, port, interface)
        else:
            stream = net.connect(host.address, port, timeout=options.connect_timeout, interface=interface)
    except NetworkError as error:
        if watch is not None:
            watch.failed(os.strerror(error.errno) if error.errno > 0 else error.message)
        if error.timed_out:
            raise Failure("", TIMED_OUT, more_errno=_CONNECTING) from error
        if error.errno > 0:
            raise Failure("", error.errno) from error
        raise Failure(error.message, Errno.UNKNOWN) from error
    connection = Connection(stream, host, port, key)
    connection.watch = watch
    if watch is not None:
        watch.note(" connected")
    connection.wait = options.command_timeout
    connection.lmtp = options.protocol == "lmtp"
    connection.proxy = proxy
    ctx.address.sending_ip_address, ctx.address.sending_port = stream.local
    stream.set_send_timeout(options.data_timeout)
    if options.keepalive:
        _set_option(connection, socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if options.dscp is not None:
        _set_dscp(ctx, connection, options)
    return connection


def _set_option(connection: Connection, level: int, option: int, value: int) -> None:
    """A socket option; streams that are no sockets have none."""
    fd = connection.stream.fileno()
    if fd < 0:
        return
    duplicate = socket.socket(fileno=os.dup(fd))
    try:
        duplicate.setsockopt(level, option, value)
    except OSError:
        pass
    finally:
        duplicate.close()


def _set_dscp(ctx: Context, connection: Connection, options: Any) -> None:
    from .dscp import dscp_value

    try:
        text = expand(options.dscp, ctx)
    except ExpansionError as error:
        raise Failure(f"failed to expand dscp: {error.message}", Errno.HOST_EXPAND_FAIL, Fault.LOCAL) from error
    value = dscp_value(text)
    if value is None:
        return
    if ":" in connection.host.address:
        _set_option(connection, socket.IPPROTO_IPV6, socket.IPV6_TCLASS, value)
    else:
        _set_option(connection, socket.IPPROTO_IP, socket.IP_TOS, value)
