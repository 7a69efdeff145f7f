"""The smtp transport: hosts in order, sessions, messages, and an outcome for every address (manual chapter 30)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eximia.base.errors import ExpansionError, ForcedFailure
from eximia.context.delivery import Errno, Host, HostStatus, Outcome, Result, SmtpFacts
from eximia.message.dsn import RET_FULL, RET_HDRS, notify_text
from eximia.protocols.smtp.client import Envelope, Recipient
from eximia.transports.content import content_for
from eximia.transports.strings import expand

from . import retry
from .early import forget
from .failure import Failure, Fault
from .hosts import hosts_for, interface_for, port_of
from .judge import answered, judge
from .log import address_raised, host_item, log_host_failure, log_line, tell_host_failure
from .mta_sts import strictest
from .opening import obtain, release
from .requiretls import demand, is_unprotected, is_waived, never
from .send import finish_refused, send_message
from .utf8 import ascii_address, converts
from .waiting import leave, serialized, wait_for

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.context.delivery import Address, Batch

    from .connection import Connection
    from .held import Held

_RET: Final = {RET_FULL: "FULL", RET_HDRS: "HDRS"}


class Smtp:
    """One transport with `driver = smtp`."""

    local = False

    def __init__(self, name: str, options: Any) -> None:
        self.name = name
        self.options = options

    def deliver(self, ctx: Context, batch: Batch) -> None:
        """Give every address of the batch an outcome; retry changes are put on the addresses."""
        addresses = list(batch.addresses)
        try:
            if self.options.message_linelength_limit < ctx.message.max_received_linelength:
                raise Failure(
                    "message has lines too long for transport",
                    Errno.UNKNOWN,
                    Fault.LOCAL,
                    permanent=True,
                    stop=True,
                    pass_message=True,
                )
            if batch.falls_back:
                self._fall_back(ctx, batch, addresses)
                return
            hosts = hosts_for(ctx, self.name, self.options, addresses[0])
            left = _Run(self, ctx, batch, hosts, self._port(ctx)).try_hosts(addresses)
            if left and self.has_fallback(addresses[0]):
                if batch.leaves:
                    batch.left = left
                    return
                self._fall_back(ctx, batch, left)
        except Failure as failure:
            for address in addresses:
                if address.outcome is None:
                    address.outcome = outcome_of(failure)

    def _port(self, ctx: Context) -> int:
        return port_of(ctx, self.name, self.options)

    def has_fallback(self, address: Address) -> bool:
        """There are hosts to try when all others were in vain."""
        if address.local_host_removed:
            return False
        own = self.options.fallback_hosts
        return bool(address.fallback_hosts or (own is not None and own.text))

    def _fall_back(self, ctx: Context, batch: Batch, addresses: list[Address]) -> None:
        """Try them for addresses that have an outcome already."""
        try:
            hosts = self._fallback(ctx, addresses[0])
            if hosts:
                _Run(self, ctx, batch, hosts, self._port(ctx)).try_hosts(addresses)
        except Failure as failure:
            for address in addresses:
                if address.outcome is None or address.outcome.result is Result.DEFERRED:
                    facts = address.outcome.smtp if address.outcome is not None else None
                    address.outcome = outcome_of(failure, facts)

    def _fallback(self, ctx: Context, address: Address) -> list[Host]:
        """Those hosts: of the router, as they stand, or the transport's. Raises Failure."""
        text = address.fallback_hosts
        template = self.options.fallback_hosts
        from .hosts import randomize, read_host_list, resolved, shuffled

        try:
            found = read_host_list(text or expand(template, ctx))
        except ExpansionError as error:
            raise Failure(f"failed to expand fallback_hosts: {error.message}", Errno.UNKNOWN, Fault.LOCAL) from error
        if len(found) > 1 and randomize(ctx, self.options):
            found = shuffled(found)
        return resolved(ctx, self.name, self.options, found)


def outcome_of(failure: Failure, facts: SmtpFacts | None = None) -> Outcome:
    """What a failure means for an address that it leaves undelivered."""
    result = Result.FAILED if failure.permanent else Result.DEFERRED
    return Outcome(
        result,
        failure.message,
        int(failure.errno),
        failure.more_errno,
        panic=failure.panic,
        smtp=facts,
        pass_message=failure.pass_message,
        status=failure.status,
    )


def _open(addresses: list[Address]) -> list[Address]:
    """Those that another host may still take."""
    return [a for a in addresses if a.outcome is None or a.outcome.result is Result.DEFERRED]


class _Run:
    """One go through a list of hosts."""

    def __init__(self, transport: Smtp, ctx: Context, batch: Batch, hosts: list[Host], port: int) -> None:
        self.transport = transport
        self.options: Any = transport.options
        self.ctx = ctx
        self.batch = batch
        self.hosts = hosts
        self.port = port
        self.force = bool(ctx.message.notes.get("deliver_force"))
        self._tried = 0
        self._total = 0

    def try_hosts(self, addresses: list[Address]) -> list[Address]:
        """Try the hosts in order; the addresses that are left, each with its last outcome."""
        options = self.options
        left = addresses
        tried = 0
        skipped: list[Host] = []
        self._tried = self._total = 0
        for position, host in enumerate(self.hosts):
            if not left:
                return []
            if not host.address:
                skipped.append(host)
                continue
            port = host.port or self.port
            key = retry.host_key(self.ctx, options, host, port)
            usable, has_record, has_message_record = retry.check(self.ctx, host, key, force=self.force)
            expired = host.status is HostStatus.UNUSABLE_EXPIRED
            if not usable and not (
                expired and not options.delay_after_cutoff and host.last_try < self.ctx.message.received_time
            ):
                skipped.append(host)
                continue
            if self._total >= options.hosts_max_try_hardlimit:
                break
            if self._tried >= options.hosts_max_try and not expired and not self._higher_mx_follows(position):
                break
            self._total += 1
            if not expired:
                self._tried += 1
            turn = serialized(self.ctx, options, host)
            if turn is None:
                host.why = "busy"
                wait_for(self.ctx, self.transport.name, host.name)
                skipped.append(host)
                continue
            tried += 1
            try:
                left = self._one_host(host, port, key, left, known=(has_record, has_message_record))
            finally:
                if turn:
                    leave(self.ctx, turn)
        if left and not tried:
            self._nothing_tried(left, skipped)
        return _open(left)

    def _higher_mx_follows(self, position: int) -> bool:
        """`hosts_max_try` is used up, but a host with a higher MX value is next: this one does not count."""
        host = self.hosts[position]
        previous = self.hosts[position - 1] if position else host
        return host.mx > previous.mx >= 0

    def _nothing_tried(self, left: list[Address], skipped: list[Host]) -> None:
        """Every host was passed over. Each address is told of its own domain."""
        result, errno, pattern = Result.DEFERRED, Errno.RETRY_HOSTS, "retry time not reached for any host for '{}'"
        known = [host for host in skipped if host.address]
        if all(host.status is HostStatus.UNUSABLE_EXPIRED for host in known) and (known or not skipped):
            # Also where hosts_max_try allows none at all, which only bounces when there is nowhere to fall back.
            if self.options.delay_after_cutoff:
                words = "(and retry time not reached)"
            else:
                words = "and were last tried after this message arrived"
            if skipped or not self.transport.has_fallback(left[0]):
                result, errno = Result.FAILED, Errno.NONE
            pattern = f"all hosts for '{{}}' have been failing for a long time {words}"
        elif all(host.why == "no IP address" for host in skipped):
            errno, pattern = Errno.UNKNOWN_HOST, f"failed to lookup IP address for {skipped[0].name}"
        elif any(host.why == "busy" for host in skipped):
            pattern = "connection limit reached for all hosts for '{}'"
        for address in left:
            address.outcome = Outcome(
                result, pattern.replace("{}", address.domain), errno, pass_message=result is Result.FAILED
            )

    def _one_host(
        self, host: Host, port: int, key: str, addresses: list[Address], known: tuple[bool, bool]
    ) -> list[Address]:
        """Try one host; the addresses that are left for the next."""
        ctx = self.ctx
        variables = ctx.address
        variables.host = host.name
        variables.host_address = host.address
        variables.host_port = port
        variables.sending_ip_address, variables.sending_port = "", 0
        variables.mta_sts = ()
        host.port = port
        host.tried = True
        for address in addresses:
            address.outcome = None
        connection: Connection | None = None
        facts = SmtpFacts(host=host)
        left = addresses
        try:
            name = self.transport.name
            if self.options.mta_sts_domains is not None:
                by_policy = host.from_mx or host.name == addresses[0].domain
                if by_policy and not is_waived(ctx):
                    variables.mta_sts = strictest(ctx, self.options, [address.domain for address in addresses])
            interface = interface_for(ctx, name, self.options, host)
            while left:
                held = self._held(left, host, port) if ctx.message.held is not None else None
                if held is not None:
                    connection, reused = held.connection, False
                else:
                    connection, reused = obtain(ctx, name, self.options, host, port, interface, connection)
                facts = connection.facts(reused=reused)
                if ctx.message.requiretls and not connection.lmtp:
                    demand(ctx, connection, last=host is self.hosts[-1])
                batch, rest = self._portion(left, connection)
                try:
                    again = self._transaction(connection, batch, facts, host, port, key, held)
                except Failure as failure:
                    if not ((reused or connection.was_early) and failure.unheard):
                        raise
                    if not reused:
                        forget(ctx, host, port)  # what it answered to EHLO
                    # It went stale while idle; the server saw nothing of this message.
                    connection.stream.abort()
                    connection.messages = -1
                    connection = None
                    continue
                left = again + rest
            release(ctx, self.options, connection)
            connection = None
        except Failure as failure:
            if connection is not None:
                connection.stream.abort()
                connection.messages = -1
            if ctx.message.requiretls and host is self.hosts[-1] and is_unprotected(failure):
                failure = never(failure)
            if facts.tls is None:
                facts.tls = variables.tls_out
            if not facts.greeting:
                facts.greeting, facts.helo_response = failure.heard
            if not facts.local_port:
                facts.local_address, facts.local_port = variables.sending_ip_address, variables.sending_port
            self._failed(failure, addresses, facts, host, port, key)
            if failure.stop:
                raise
            if failure.fault is Fault.HOST and failure.permanent and failure.errno != Errno.EVENT:
                # It does not want us at all; the next one may.
                return [a for a in addresses if a.outcome is None or a.outcome.result is not Result.DELIVERED]
        done = [a for a in addresses if a.outcome is not None and a.outcome.result is Result.DELIVERED]
        if done and any(known):
            retry.forget(done, key, ctx.message.id, host=known[0], message=known[1])
        return _open(addresses)

    def _held(self, addresses: list[Address], host: Host, port: int) -> Held | None:
        """The session that a callout left open, when it has the envelope of these addresses; it is used up then."""
        held: Held = self.ctx.message.held
        there = held.connection.host
        if (
            held.transport.name != self.transport.name
            or (there.name, there.address, held.connection.port) != (host.name, host.address, port)
            or held.sender != self.batch.return_path
            or sorted(a.address for a in addresses) != sorted(a.address for a in held.addresses)
        ):
            return None
        self.ctx.message.held = None
        held.connection.wait = self.options.command_timeout
        return held

    def _portion(self, addresses: list[Address], connection: Connection) -> tuple[list[Address], list[Address]]:
        """What fits into one transaction by ESMTP LIMITS; `max_rcpt` was applied when batches were made."""
        limit = connection.peer.limit_rcpt
        if connection.peer.limit_rcpt_domain == 1:
            domain = addresses[0].domain
            same = [a for a in addresses if a.domain == domain]
            others = [a for a in addresses if a.domain != domain]
        else:
            same, others = addresses, []
        if 0 < limit < len(same):
            return same[:limit], same[limit:] + others
        return same, others

    def _transaction(
        self,
        connection: Connection,
        addresses: list[Address],
        facts: SmtpFacts,
        host: Host,
        port: int,
        key: str,
        held: Held | None = None,
    ) -> list[Address]:
        """One message for these addresses; those that are to be sent again over this connection."""
        ctx = self.ctx
        envelope = self._envelope(connection, addresses)
        facts.authenticated_sender = envelope.auth or ""
        content = content_for(ctx, self.transport.name, self.options, addresses, self.batch.return_path)
        facts.signed = content.signed
        wrapped = bool(getattr(ctx.process.main, "mua_wrapper", False))
        try:
            transaction = send_message(connection, envelope, content, self.options, all_or_nothing=wrapped, held=held)
        except Failure as broken:
            answered(broken.answers, addresses, facts, broken.ended_by)
            raise
        if self.options.rcpt_include_affixes:
            for address in addresses[: transaction.named]:
                address.kept_affixes = True
        if connection.was_early and not facts.reused:
            facts.early_pipelining = True
            facts.greeting, facts.helo_response = connection.greeting, connection.helo_response
        failure = judge(transaction, envelope, addresses, facts, lmtp=connection.lmtp)
        converted = ctx.message.smtputf8 and not envelope.smtputf8
        for address in addresses:
            if address.outcome is not None:
                address.outcome.size = connection.sent
                if converted and not address.address.isascii():
                    address.outcome.sent_as = ascii_address(address.address)
        self._deferred_recipients(addresses, facts, host, port)
        if transaction.refused_data_is_open:
            finish_refused(connection, transaction)
            connection.messages = -1
        again = [addresses[index] for index in transaction.postponed]
        if failure is not None:
            if transaction.mail_reply is not None and transaction.mail_reply.code == 421:
                failure.unheard = True
                raise failure
            whole = [a for a in addresses if a.outcome is None and a not in again]
            self._failed(failure, whole, facts, host, port, key)
        return again

    def _deferred_recipients(self, addresses: list[Address], facts: SmtpFacts, host: Host, port: int) -> None:
        """Retry hints for recipients with a temporary error."""
        for address in addresses:
            outcome = address.outcome
            if outcome is None or outcome.result is not Result.DEFERRED:
                continue
            alone = outcome.errno != Errno.RCPT_4XX
            change = retry.address_change(address, self.batch.return_path, self.options, host, outcome, alone=alone)
            address.retries.append(change)
            if not alone:
                text = f"{host_item(self.ctx, host, port)}: {outcome.message}"
                more = change.more_errno
                last = host is self.hosts[-1]
                if self.options.event_action is not None:
                    for name in ("msg:rcpt:host:defer", "msg:rcpt:defer")[: 1 + last]:
                        address_raised(self.ctx, self.options, address, name, outcome.message, more)
                if not last:
                    log_line(self.ctx, self.options, text)

    def _failed(
        self, failure: Failure, addresses: list[Address], facts: SmtpFacts, host: Host, port: int, key: str
    ) -> None:
        """A failure for all addresses that have no verdict yet."""
        ctx = self.ctx
        waiting = [a for a in addresses if a.outcome is None]
        plain = not failure.message and (failure.errno > 0 or failure.errno == Errno.EVENT)
        show = facts if failure.with_host and not plain else None
        for address in waiting:
            address.outcome = outcome_of(failure, show)
            if plain:
                address.outcome.message = ""
        if failure.permanent and failure.fault is Fault.MESSAGE:
            return
        if failure.fault is Fault.LOCAL and not failure.log:
            return
        if failure.log and not failure.panic:
            log_host_failure(ctx, self.options, host, port, failure, waiting)
        elif failure.errno == Errno.TLS_FAILURE:
            tell_host_failure(ctx, self.options, host, failure, waiting)
        retry.learn(ctx, waiting, host, key, failure)
        if failure.fault is Fault.HOST and waiting and not failure.permanent:
            wait_for(ctx, self.transport.name, host.name)

    def _envelope(self, connection: Connection, addresses: list[Address]) -> Envelope:
        options = self.options
        message = self.ctx.message
        peer = connection.peer
        size = -1
        if peer.size and options.size_addition >= 0:
            size = message.size + message.linecount + options.size_addition
        sender = self.batch.return_path
        recipients = [self._recipient(address, connection) for address in addresses]
        utf8 = message.smtputf8
        if utf8 and converts(self.ctx, options, connection):
            utf8 = False
            sender = ascii_address(sender)
            recipients = [Recipient(ascii_address(r.address), r.notify, r.orcpt) for r in recipients]
        return Envelope(
            sender,
            tuple(recipients),
            size,
            _RET.get(message.dsn_ret, ""),
            message.dsn_envid,
            self._auth_parameter(connection),
            prdr=connection.prdr and len(addresses) > 1,
            smtputf8=utf8,
            requiretls=message.requiretls,
            ignore_quota=options.lmtp_ignore_quota,
            # the addresses of a batch are alike in this
            dsn=not addresses[0].dsn_lasthop,
        )

    def _recipient(self, address: Address, connection: Connection) -> Recipient:
        text = address.address
        if (address.prefix or address.suffix) and not self.options.rcpt_include_affixes:
            local, _, domain = text.rpartition("@")
            local = local[len(address.prefix) : len(local) - len(address.suffix)]
            text = f"{local}@{domain}"
        if not connection.peer.dsn or address.dsn_lasthop:
            return Recipient(text)
        return Recipient(text, notify_text(address.dsn_flags), address.dsn_orcpt)

    def _auth_parameter(self, connection: Connection) -> str | None:
        """The value of AUTH= on MAIL, or None."""
        options = self.options
        authenticated = bool(connection.authenticated)
        if options.authenticated_sender is not None:
            try:
                value = expand(options.authenticated_sender, self.ctx)
            except ForcedFailure:
                value = ""
            except ExpansionError as error:
                raise Failure(
                    f"failed to expand authenticated_sender: {error.message}",
                    Errno.HOST_EXPAND_FAIL,
                    Fault.LOCAL,
                    log=False,
                ) from error
            if value and (authenticated or options.authenticated_sender_force):
                return value
        if not authenticated:
            return None
        return self.ctx.session.authenticated_sender or None
