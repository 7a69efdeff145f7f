"""`${prvscheck{address}{secret}{string}}`: checks what `${prvs...}` made (44.53).

The secret and the third string are expanded after the address has been taken apart, because they may use
`$prvscheck_address` and `$prvscheck_keynum`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.text import EMPTY, Untainted
from eximia.expand.items.prvs import LIFETIME, SIGNED, day, digest
from eximia.expand.nodes import ArgumentsNode, Node, Run, Sequence
from eximia.expand.parser import Parser, Trouble

if TYPE_CHECKING:
    from eximia.context import Context


class PrvscheckItem:
    """Reads the item."""

    def parse(self, parser: Parser, name: str) -> Node:
        args: list[Sequence] = []
        while len(args) < 3:
            if not parser.accept("{"):
                if len(args) < 2:
                    raise parser.trouble(f"Not enough arguments for '{name}' (min is 1)")
                break
            args.append(parser.braced())
        following = parser.skip_space()
        if following == "{":
            raise Trouble(f"Too many arguments for '{name}' (max is 1)")
        if following != "}":
            raise parser.trouble(f"missing '}}' after '{name}'")
        parser.pos += 1
        return PrvscheckNode(args)


class PrvscheckNode(ArgumentsNode):
    """A use of the item."""

    __slots__ = ()

    def compile(self) -> Run:
        address_run, secret_run = self.args[0].compile(), self.args[1].compile()
        text_run = self.args[2].compile() if len(self.args) > 2 else None

        def run(ctx: Context) -> str:
            match = SIGNED.fullmatch(address_run(ctx))
            if match is None:
                # Nothing to check; the strings may still fail.
                secret_run(ctx)
                if text_run is not None:
                    text_run(ctx)
                return EMPTY
            key, days, signature, local_part, domain = match.groups()
            address = f"{local_part}@{domain}"
            notes = ctx.session.notes
            notes["prvscheck_address"] = address
            notes["prvscheck_keynum"] = key
            try:
                secret = secret_run(ctx)
                good = digest(address, secret, key, days) == signature.lower() and _fresh(ctx, int(days))
                notes["prvscheck_result"] = Untainted("1") if good else EMPTY
                return (text_run(ctx) if text_run is not None else "") or address
            finally:
                notes["prvscheck_address"] = notes["prvscheck_keynum"] = EMPTY

        return run


def _fresh(ctx: Context, days: int) -> bool:
    """The signature's last day is not past (day numbers go round at 1000)."""
    return (days - day(ctx)) % 1000 <= LIFETIME


PRVSCHECK = PrvscheckItem()
