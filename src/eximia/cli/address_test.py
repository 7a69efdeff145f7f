"""Address testing and verification: -bt, -bv, -bvs (manual 5.3). What is written, line by line."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from eximia.context import Address, Context, Host, HostStatus
from eximia.logs.log import needed_selector
from eximia.message.address import AddressSyntaxError, parse_address, qualify, split_list
from eximia.reception.protocol_name import syntax_options
from eximia.routers.children import rewritten
from eximia.routers.engine import route_address, split_for
from eximia.routers.result import Mode, Verdict

if TYPE_CHECKING:
    from eximia.logs.selectors import Selectors

Write = Callable[[str], Any]

PROMPT = "> "
FAILED = 2
DEFERRED = 1


class TestLog:
    """The logs of a test: standard error, in the form of -v (`LOG: MAIN`) or with the time."""

    def __init__(self, selectors: Selectors, write: Write, *, labelled: bool) -> None:
        self.selectors = selectors
        self._write = write
        self._labelled = labelled

    def main(self, text: str, message_id: str = "") -> None:
        self._say(f"{needed_selector(text)}MAIN", text)

    def panic(self, text: str, message_id: str = "", *, main: bool = True) -> None:
        self._say("MAIN PANIC" if main else "PANIC", text)

    def die(self, text: str) -> None:
        """What ends the program."""
        self._say("MAIN PANIC DIE", text)

    def reject(self, text: str, message_id: str = "", **more: Any) -> None:
        self._say("MAIN REJECT", text)

    def forked(self) -> None:
        """Nothing is open."""

    def _say(self, where: str, text: str) -> None:
        if self._labelled:
            self._write(f"LOG: {where}\n  {text}\n")
        else:
            self._write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")


class AddressTest:
    """One run of the program: addresses shown once are duplicates later."""

    def __init__(
        self, ctx: Context, mode: Mode, write: Write, complain: Write, *, verbose: bool, details: bool
    ) -> None:
        """`details`: the caller may see why an address fails. `verbose`: all of the routing is shown, as -bt does."""
        self.ctx = ctx
        self.mode = mode
        self.write = write
        self.complain = complain
        self.verbose = verbose or mode is Mode.TEST
        self.details = details
        self.status = 0
        #: what names them: of one that was typed as it was typed, without the domain that it got
        self._shown: set[str] = set()
        self._typed = ""

    def run(self, texts: Iterable[str], *, interactive: bool = False) -> int:
        """Test each; the exit status."""
        if interactive:
            self.write(PROMPT)
        for text in texts:
            # a line that is typed is one address
            for one in [text] if interactive else split_list(text):
                self.status = max(self.status, self.test(one))
            if interactive:
                self.write(PROMPT)
        if interactive:
            self.write("\n")
        return self.status

    def test(self, text: str) -> int:
        """One address as it was typed."""
        main = self.ctx.process.main
        syntax = syntax_options(main)
        try:
            parsed = parse_address(text.strip(), syntax=syntax)
        except AddressSyntaxError as error:
            self.write(f"syntax error: {error.message}\n")
            return FAILED
        domain = main.qualify_domain
        if self.mode is not Mode.VERIFY_SENDER and main.qualify_recipient:
            domain = main.qualify_recipient
        complete = qualify(parsed.address, str(domain))
        new = rewritten(self.ctx, complete, "sender" if self.mode is Mode.VERIFY_SENDER else "recipient")
        if new != complete:
            self.write(f"Address rewritten as: {new}\n")
        address = Address(new)
        self._typed = parsed.address
        return self._show_all(address) if self.verbose else self._verify(address)

    def _verify(self, top: Address) -> int:
        """-bv without -v: one line."""
        here = top
        asked = top.address
        while True:
            routed = self._route(here)
            if routed is None:
                return self._status_of(here, asked)
            verdict, children = routed
            # After an `unseen` router the copy that goes on is what counts.
            if verdict is Verdict.DISCARDED or len(children) != 1 or children[0].is_special:
                self.write(f"{asked} verified\n")
                return 0
            here = children[0]

    def _show_all(self, top: Address) -> int:
        """-bt, and -bv with -v: everything that routing makes of the address."""
        status = 0
        discarded = told = False
        new = [top]
        local: list[Address] = []
        remote: list[Address] = []
        while new:
            address = new.pop(0)
            if address.is_special:
                told = True
                self._show_special(address)
                continue
            routed = self._route(address)
            if routed is None:
                told = True
                status = max(status, self._status_of(address, address.address))
                self._ancestors(address)
                new[:0] = self._children
                continue
            verdict, children = routed
            new[:0] = children
            if verdict is Verdict.DISCARDED:
                discarded = True
            elif verdict is Verdict.ACCEPTED:
                kept = local if _is_local(address) else remote
                kept.append(address)
        if discarded and not (told or local or remote):
            self.write(f"mail to {top.address} is discarded\n")
        for address in [*reversed(local), *reversed(remote)]:
            self._show(address, top)
        return status

    _children: list[Address]

    def _route(self, address: Address) -> tuple[Verdict, list[Address]] | None:
        """Route; None when the address failed or was deferred (then its children are in `_children`)."""
        split_for(self.ctx, address)
        if address.outcome is not None:
            self._children = []
            return None
        self.ctx.message.notes["debug_print"] = self.complain
        routed = route_address(self.ctx, address, self.mode)
        self._children = routed.children
        if routed.verdict in (Verdict.FAILED, Verdict.DEFERRED):
            return None
        return routed.verdict, routed.children

    def _status_of(self, address: Address, name: str) -> int:
        """Say that an address failed or cannot be resolved."""
        outcome = address.outcome
        assert outcome is not None
        failed = outcome.result.value == "failed"
        if failed:
            what = "is undeliverable" if self.mode is Mode.TEST else "failed to verify"
        else:
            what = "cannot be resolved at this time"
        why = f": {outcome.message}" if self.details else ""
        self.write(f"{name} {what}{why}\n")
        return FAILED if failed else DEFERRED

    def _ancestors(self, address: Address) -> None:
        parent = address.parent
        while parent is not None:
            self.write(f"    <-- {parent.address}\n")
            parent = parent.parent

    def _show_special(self, address: Address) -> None:
        """A pipe, file or reply."""
        source = address.parent.address if address.parent is not None else ""
        what = f"mail {address.address}" if address.kind.value == "reply" else address.address
        forbidden = " *** forbidden ***" if address.forbidden and not address.setup_error else ""
        self.write(f"{source} -> {what}{forbidden}\n")
        if forbidden:
            return
        if address.setup_error:
            self.write(f"*** Error in setting up pipe, file, or autoreply:\n{address.setup_error}\n")
        else:
            self.write(f"  transport = {address.transport.name}\n")

    def _show(self, address: Address, top: Address) -> None:
        """An address that was accepted: where it came from, and where it goes."""
        key = self._typed if address is top else address.unique
        again = "   [duplicate, would not be delivered]" if key in self._shown else ""
        self._shown.add(key)
        self.write(f"{address.address}{again}\n")
        self._ancestors(address)
        transport = address.transport.name if address.transport is not None else "unset"
        self.write(f"  router = {address.router.name}, transport = {transport}\n")
        if address.hosts:
            for line in host_lines(address.hosts):
                self.write(f"{line}\n")
        elif address.result_data:
            self.write(f"  host {address.result_data} {'':9}\n")


def _is_local(address: Address) -> bool:
    from eximia.transports.engine import is_local

    return address.transport is None or is_local(address.transport)


def host_lines(hosts: list[Host]) -> list[str]:
    """The hosts in columns: name, address, and what else is known."""
    width = max(len(host.name) for host in hosts)
    addresses = [f"[{host.address or 'unknown'}]" for host in hosts]
    address_width = max(map(len, addresses))
    lines = []
    for host, address in zip(hosts, addresses, strict=True):
        line = f"  host {host.name:<{width}} {address:<{address_width}}"
        if host.mx >= 0:
            line += f" MX={host.mx}"
        if host.port:
            line += f" port={host.port}"
        if host.status is HostStatus.UNUSABLE:
            line += " ** unusable **"
        lines.append(line)
    return lines
