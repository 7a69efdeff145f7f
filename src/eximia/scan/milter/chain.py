"""All filters of a session, asked one after the other; the first that decides against a command ends it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from eximia.base.text import to_bytes
from eximia.context import Context

from .milter import Decision, Milter
from .settings import MilterSettings


class Chain:
    """See the module's docstring; the methods are the steps of a session."""

    __slots__ = ("_milters",)

    def __init__(self, settings: Sequence[MilterSettings]) -> None:
        self._milters = [Milter(each) for each in settings]

    def connect(self, ctx: Context) -> Decision | None:
        session = ctx.session
        address = session.sender_host_address or "127.0.0.1"
        name = session.sender_host_name or (f"[{address}]" if session.sender_host_address else "localhost")
        return self._each(lambda one: one.connect(ctx, to_bytes(name), to_bytes(address), session.sender_host_port))

    def helo(self, ctx: Context) -> Decision | None:
        name = to_bytes(ctx.session.sender_helo_name)
        return self._each(lambda one: one.helo(ctx, name))

    def mail(self, ctx: Context, parameters: Sequence[str] = ()) -> Decision | None:
        sender, words = to_bytes(ctx.message.sender_address), [to_bytes(each) for each in parameters]
        return self._each(lambda one: one.mail(ctx, sender, words))

    def rcpt(self, ctx: Context, recipient: str, parameters: Sequence[str] = ()) -> Decision | None:
        address, words = to_bytes(recipient), [to_bytes(each) for each in parameters]
        return self._each(lambda one: one.rcpt(ctx, address, words))

    def data(self, ctx: Context) -> Decision | None:
        return self._each(lambda one: one.data(ctx))

    def unknown(self, ctx: Context, command: str) -> Decision | None:
        return self._each(lambda one: one.unknown(ctx, to_bytes(command)))

    def message(self, ctx: Context) -> Decision | None:
        """Each filter sees what those before it made of the message."""
        return self._each(lambda one: one.message(ctx))

    def abort(self) -> None:
        for one in self._milters:
            one.abort()

    def quit(self) -> None:
        for one in self._milters:
            one.quit()

    def _each(self, ask: Callable[[Milter], Decision | None]) -> Decision | None:
        for one in self._milters:
            if one.failed:
                if one.settings.default != "accept":
                    return Decision(one.settings.default, who=one.settings.name)
                continue
            decision = ask(one)
            if decision is not None:
                return decision
        return None
