"""Reading and obeying a script (RFC 5228; the grammar is that of the notes on Exim's implementation)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.base.errors import ExpansionError
from eximia.base.text import Untainted
from eximia.context import FilterDelivery, FilterResult, Kind
from eximia.filters.errors import FilterError
from eximia.message.address import AddressSyntaxError, parse_address

from .commands import COMMANDS
from .lexer import Script
from .setup import Setup, setup_of
from .tests import TESTS

if TYPE_CHECKING:
    from eximia.context import Context

#: nested blocks and tests
DEEPEST = 64

#: what -bI:sieve lists
EXTENSIONS = (
    "comparator-i;ascii-numeric", "copy", "encoded-character", "enotify", "envelope", "fileinto", "subaddress",
    "vacation",
)  # fmt: skip
CAPABILITIES = frozenset(
    (*EXTENSIONS, "comparator-i;octet", "comparator-i;ascii-casemap", "comparator-en;ascii-casemap")
)


class StopScript(Exception):
    """`stop` was obeyed."""


class Sieve:
    """One run. `testing`: nothing of the configuration is needed that a user's test lacks."""

    def __init__(self, ctx: Context, text: str, setup: Setup, *, testing: bool = False) -> None:
        self.ctx = ctx
        self.script = Script(text)
        self.setup = setup
        self.testing = testing
        self.required: set[str] = set()
        self.keep = True
        self.deliveries: list[FilterDelivery] = []
        self.vacation_seen = False
        self.depth = 0
        #: what a test tells the user
        self.remarks: list[str] = []

    def run(self) -> None:
        """Raises FilterError."""
        self._requirements()
        try:
            self.commands(obey=True)
        except StopScript:
            return
        if not self.script.at_end():
            raise self.script.wrong("syntax error")

    def _requirements(self) -> None:
        script = self.script
        script.white()
        while script.word("require"):
            script.white()
            bracket = script.text.startswith("[", script.position)
            names = script.strings()
            if names is None:
                raise script.wrong("missing string list" if bracket else "capability string list expected")
            for name in names:
                if name.lower() not in CAPABILITIES:
                    raise script.wrong("unknown capability")
                if name.lower() == "enotify" and self.setup.notify_owner is None:
                    raise script.wrong("enotify disabled")
                self.required.add(name.lower())
            if "encoded-character" in self.required:
                script.encoded_characters = True
            self.semicolon()

    def need(self, capability: str) -> None:
        """Refuse what was not required."""
        if capability not in self.required:
            raise self.script.wrong(f'missing previous require "{capability}";')

    def semicolon(self) -> None:
        """The end of a command."""
        if not self.script.accept(";"):
            raise self.script.wrong("missing semicolon")

    def commands(self, *, obey: bool) -> None:
        """Commands up to the end of a block or of the script; all are read, those of `obey` obeyed."""
        script = self.script
        while True:
            script.white()
            if script.at_end() or script.text[script.position] == "}":
                return
            if script.word("if"):
                self._if(obey=obey)
                continue
            if script.word("stop"):
                self.semicolon()
                if obey:
                    raise StopScript
                continue
            name = script.word(*COMMANDS)
            if not name:
                raise script.wrong("expecting command or closing brace" if self.depth else "syntax error")
            COMMANDS[name](self, obey)

    def _if(self, *, obey: bool) -> None:
        script = self.script
        done = False
        word = "if"
        while word:
            value = word == "else" or self.test(evaluate=obey and not done)
            chosen = obey and value and not done
            if not script.accept("{"):
                raise script.wrong("missing block")
            self._block(obey=chosen)
            if not script.accept("}"):
                raise script.wrong("missing end of block")
            done = done or value
            word = "" if word == "else" else script.word("elsif", "else")

    def _block(self, *, obey: bool) -> None:
        self._enter()
        self.commands(obey=obey)
        self.depth -= 1

    def _enter(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.script.wrong("nesting too deep")

    def test(self, *, evaluate: bool) -> bool:
        """Read one test; its value when `evaluate`, else false."""
        name = self.script.word(*TESTS)
        if not name:
            raise self.script.wrong("missing test")
        self._enter()
        value = TESTS[name](self, evaluate)
        self.depth -= 1
        return value

    # What commands do

    def deliver(self, delivery: FilterDelivery) -> None:
        """Set a delivery up, unless it is there already."""
        for known in self.deliveries:
            if delivery.reply is None and (known.kind, known.text) == (delivery.kind, delivery.text):
                return
        self.deliveries.append(delivery)

    def file_into(self, folder: str) -> None:
        """Deliver into a folder; the transport makes a path of the name."""
        name = self.setup.inbox if folder.lower() == "inbox" else folder
        self.deliver(FilterDelivery(Kind.FILE, Untainted(name)))

    def redirect(self, text: str) -> None:
        """Deliver to an address, which must have a domain."""
        try:
            address = parse_address(text).address
        except AddressSyntaxError as error:
            raise self.script.wrong(f'malformed recipient address "{text}": {error.message}') from None
        if "@" not in address:
            raise self.script.wrong("unqualified recipient address")
        self.deliver(FilterDelivery(Kind.ADDRESS, address))


def interpret_sieve(ctx: Context, text: str, options: Any, default_domain: str = "") -> FilterResult:
    """What the script comes to. With an error in it the message is filed into the inbox, and the log says why."""
    try:
        setup = setup_of(ctx, options)
    except ExpansionError as error:
        return FilterResult("error", message=error.message)
    sieve = Sieve(ctx, text, setup)
    try:
        sieve.run()
    except FilterError as error:
        sieve.keep = True
        if ctx.process.log is not None and ctx.message.id:
            ctx.process.log.main(f"Sieve error: {error.message}", message_id=ctx.message.id)
    if sieve.keep:
        sieve.file_into("inbox")
    return FilterResult("delivered", deliveries=sieve.deliveries)
