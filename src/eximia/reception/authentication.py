"""AUTH in a session: what is offered, and an exchange carried over the dialogue (manual 33.3). The mechanisms are in
`authenticators`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.authenticators import server
from eximia.authenticators.outcome import BadBase64

from .ending import SessionOver

if TYPE_CHECKING:
    from .session import SmtpSession

#: the session's note of the authenticators that were advertised
_OFFERED = "auth.offered"


class Authentication:
    """See `extensions.ServerAuth`."""

    __slots__ = ()

    def mechanisms(self, session: SmtpSession) -> list[str]:
        """The public names to offer, and a note of whose they are."""
        found = server.offered(session.ctx)
        session.ctx.session.notes[_OFFERED] = [one.name for one in found]
        return list(dict.fromkeys(str(one.options.public_name) for one in found))

    def authenticate(self, session: SmtpSession, mechanism: str, initial: str | None) -> None:
        """Run the exchange and answer the command."""
        ctx = session.ctx
        one = server.find(ctx, mechanism, ctx.session.notes.get(_OFFERED, ()))
        if one is None:
            session.protocol_error("504", f"{mechanism} authentication mechanism not supported")
            return

        lost: SessionOver | None = None

        def prompt(text: str) -> str:
            nonlocal lost
            session.reply("334", text)
            try:
                command = session.next_command()
            except SessionOver as over:
                if not over.lost:
                    raise
                # a client that hangs up has tried, and is told in the log: what it said is its answer
                lost = over
                return session.server.waiting.decode("latin-1").strip()
            if command.too_long:
                raise BadBase64
            return command.line

        answer = server.authenticate(ctx, one, initial or "", prompt)
        session.reply(answer.code, answer.text)
        if lost is not None:
            raise lost


AUTHENTICATION = Authentication()
