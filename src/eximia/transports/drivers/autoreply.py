"""The autoreply transport (manual chapter 27): a new message in answer to the one that is delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.base.dataclass import dataclass, field
from eximia.base.errors import ExpansionError, ForcedFailure, NotTaken
from eximia.base.text import Untainted, is_tainted
from eximia.config.times import read_time
from eximia.context.delivery import BAD_REPLY, Errno, Kind, Outcome, Reply, Result
from eximia.expand import expand_text
from eximia.lists import match_address
from eximia.message.address import AddressSyntaxError, addresses_in, parse_address
from eximia.message.dates import log_stamp, rfc5322
from eximia.message.references import references_line
from eximia.transports.filtering import filtered
from eximia.transports.headers import header_block
from eximia.transports.local import check_current, directories, give_all, identity_for, outcome_of
from eximia.transports.smtp.failure import Failure, Fault
from eximia.transports.strings import expand
from eximia.transports.users_text import as_user
from eximia.transports.writer import body_blocks

if TYPE_CHECKING:
    from eximia.base.ports import Identity
    from eximia.base.template import Template
    from eximia.context import Context
    from eximia.context.delivery import Batch

_RULE = "------ This is a copy of the"
_EACCES = 13


@dataclass(slots=True)
class _Letter:
    """What is to be sent, everything expanded."""

    from_: str = ""
    reply_to: str = ""
    to: str = ""
    cc: str = ""
    bcc: str = ""
    subject: str = ""
    headers: str = ""
    text: str = ""
    file: str = ""
    file_expand: bool = False
    log: str = ""
    once: str = ""
    once_folder: bool = False
    once_repeat: int = 0
    #: there is a subject, although it is empty
    has_subject: bool = False
    return_message: bool = False
    recipients: list[str] = field(default_factory=list)


class Autoreply:
    """One transport with `driver = autoreply`."""

    local = True

    def __init__(self, name: str, options: Any) -> None:
        self.name = name
        self.options = options

    def deliver(self, ctx: Context, batch: Batch) -> None:
        """Give every address of the batch an outcome."""
        address = batch.first
        identity = identity_for(ctx, self.name, self.options, address)
        _, current = directories(ctx, self.name, self.options, address)
        check_current(current)
        reply = address.reply if address.kind is Kind.REPLY else None
        if reply is not None and address.address.endswith(BAD_REPLY):
            address.ignore_error = True
            give_all(batch, Outcome(Result.FAILED, "filter autoreply generated syntactically invalid recipient"))
            return
        letter = self._letter(ctx) if reply is None else self._from_filter(ctx, reply)
        never = self.options.never_mail
        if never is not None:
            self._check_never(ctx)
            for name in ("to", "cc", "bcc"):
                setattr(letter, name, _without_unwanted(ctx, never, getattr(letter, name)))
            if not (letter.to or letter.cc or letter.bcc):
                give_all(batch, Outcome(Result.DELIVERED))
                return
        letter.recipients = _addresses(f"{letter.to}\n{letter.cc}\n{letter.bcc}".split("\n"))
        fields = self._job_fields(ctx, letter)
        answer = self._job(ctx, identity, {**fields, "step": "read"})
        if "sent_before" not in answer:
            give_all(batch, outcome_of(answer))
            return
        if not answer["sent_before"]:
            text = answer["text"]
            if text and letter.file_expand:
                text = _expanded_file(ctx, identity, batch.first.locked, text)
            data = self._message(ctx, letter, text, batch)
            self._submit(ctx, data, letter.recipients, identity)
            recorded = self._job(ctx, identity, {**fields, "step": "record", "log_text": _log_text(fields, letter)})
            if recorded["result"] != "done" and ctx.process.log is not None:
                ctx.process.log.main(recorded["message"], ctx.message.id)
        give_all(batch, Outcome(Result.DELIVERED))

    def _submit(self, ctx: Context, data: bytes, recipients: list[str], author: Identity) -> None:
        """Raises Failure when an ACL refuses the answer."""
        try:
            ctx.process.services.submit(ctx.process, data, recipients, reference=ctx.message.id, author=author)
        except NotTaken as refused:
            raise Failure(
                f"Failed to send message from {self.name} transport (1)", Errno.NONE, Fault.LOCAL
            ) from refused

    def _job(self, ctx: Context, identity: Identity, fields: dict[str, Any]) -> dict[str, Any]:
        """The job, when there is a file for it."""
        if not (fields["file"] or fields["once"] or fields["log"]):
            return {"result": "done", "sent_before": False, "text": None}
        return ctx.process.ports.agents.run(identity, "autoreply", fields)

    # What the message says

    def _letter(self, ctx: Context) -> _Letter:
        """From the transport's own options. Raises Failure."""
        options = self.options
        return _Letter(
            from_=self._checked(ctx, options.from_, header=True),
            reply_to=self._checked(ctx, options.reply_to, header=True),
            to=self._checked(ctx, options.to, header=True),
            cc=self._checked(ctx, options.cc, header=True),
            bcc=self._checked(ctx, options.bcc, header=True),
            subject=self._checked(ctx, options.subject, header=True),
            headers=self._checked(ctx, options.headers),
            text=self._checked(ctx, options.text),
            file=self._file(ctx, options.file, "file"),
            file_expand=options.file_expand,
            log=self._log(ctx),
            once=self._file(ctx, options.once, "once file"),
            has_subject=options.subject is not None,
            once_repeat=self._repeat(ctx),
            return_message=options.return_message,
        )

    def _from_filter(self, ctx: Context, reply: Reply) -> _Letter:
        """From a filter's mail or vacation command; the transport's options count only for a few things."""
        for value, what in ((reply.file, "file"), (reply.log_file, "log"), (reply.once_file, "once file")):
            if value and is_tainted(value):
                raise self._tainted(value, what)
        return _Letter(
            from_=reply.from_,
            reply_to=reply.reply_to,
            to=reply.to,
            cc=reply.cc,
            bcc=reply.bcc,
            subject=reply.subject,
            headers=reply.headers,
            text=reply.text,
            file=reply.file,
            file_expand=reply.file_expand,
            log=reply.log_file,
            once=reply.once_file,
            once_folder=reply.once_folder,
            once_repeat=reply.once_repeat,
            return_message=reply.return_message or self.options.return_message,
        )

    def _checked(self, ctx: Context, template: Any, *, header: bool = False) -> str:
        """An expanded option; a header line holds printing characters only, and ends without a newline. Raises
        Failure."""
        if template is None:
            return ""
        try:
            text = expand(template, ctx)
        except ExpansionError as error:
            raise Failure(
                f'Expansion of "{template.text}" failed in {self.name} transport: {error.message}',
                Errno.NONE,
                Fault.LOCAL,
                permanent=True,
            ) from error
        if header:
            self._check_printing(ctx, template.text, text)
        return text.rstrip("\n") if header else text

    def _check_printing(self, ctx: Context, source: str, text: str) -> None:
        topbit = bool(getattr(ctx.process.main, "print_topbitchars", False))
        for position, char in enumerate(text):
            number = ord(char)
            if 32 <= number < 127 or char == "\t" or (number > 127 and topbit):
                continue
            if char == "\n" and text[position + 1 : position + 2] in (" ", "\t", ""):
                continue
            raise Failure(
                f'Expansion of "{source}" in {self.name} transport contains non-printing character {number}',
                Errno.NONE,
                Fault.LOCAL,
                permanent=True,
            )

    def _file(self, ctx: Context, template: Any, what: str) -> str:
        name = self._checked(ctx, template)
        if name and is_tainted(name):
            raise self._tainted(name, what)
        return name

    def _log(self, ctx: Context) -> str:
        """The log file; without one that came from outside the answer is sent as well."""
        name = self._checked(ctx, self.options.log)
        if name and is_tainted(name):
            if ctx.process.log is not None:
                ctx.process.log.panic(f"Tainted filename '{name}'", ctx.message.id)
            return ""
        return name

    def _tainted(self, name: str, what: str) -> Failure:
        return Failure(f"Tainted '{name}' ({what} for {self.name} transport) not permitted", _EACCES, Fault.LOCAL)

    def _repeat(self, ctx: Context) -> int:
        template = self.options.once_repeat
        if template is None:
            return 0
        text = self._checked(ctx, template).strip()
        seconds = read_time(text)
        if seconds is None:
            raise Failure(
                f'Invalid time value "{text}" for "once_repeat" in {self.name} transport',
                Errno.NONE,
                Fault.LOCAL,
                permanent=True,
            )
        return seconds

    def _check_never(self, ctx: Context) -> None:
        """A `never_mail` that cannot be expanded fails the address. Raises Failure."""
        template = self.options.never_mail
        if template.constant:
            return
        try:
            expand(template, ctx)
        except ExpansionError as error:
            raise Failure(
                f'Failed to expand "{template.text}" for "never_mail" in {self.name} transport',
                Errno.NONE,
                Fault.LOCAL,
                permanent=True,
            ) from error

    def _job_fields(self, ctx: Context, letter: _Letter) -> dict[str, Any]:
        return {
            "transport": self.name,
            "file": letter.file,
            "file_optional": self.options.file_optional,
            "once": letter.once,
            "once_folder": letter.once_folder,
            "once_file_size": self.options.once_file_size,
            "once_repeat": letter.once_repeat,
            "to": letter.to,
            "log": letter.log,
            "mode": self.options.mode,
            "stamp": log_stamp(ctx.process.ports.clock.time()),
        }

    # Its form

    def _message(self, ctx: Context, letter: _Letter, file_text: str | None, batch: Batch) -> bytes:
        lines = []
        heads = (("From", letter.from_), ("Reply-To", letter.reply_to), ("To", letter.to), ("Cc", letter.cc))
        lines += [f"{name}: {value}" for name, value in heads if value]
        if letter.subject or letter.has_subject:
            lines.append(f"Subject: {letter.subject}")
        lines += _threading(ctx)
        lines.append("Auto-Submitted: auto-replied")
        if letter.headers:
            lines.append(letter.headers)
        parts = ["\n".join(lines), "\n\n"]
        if letter.text:
            parts.append(letter.text if letter.text.endswith("\n") else letter.text + "\n")
        if file_text:
            parts.append(file_text)
            if not file_text.endswith("\n"):
                parts.append("\n")
        data = "".join(parts).encode("latin-1", "replace")
        if letter.return_message:
            data += self._original(ctx, batch)
        return data

    def _original(self, ctx: Context, batch: Batch) -> bytes:
        """The copy of the message that is answered (`return_message`)."""
        options = self.options
        if options.body_only:
            intro = f"\n{_RULE} body of the message, without the headers.\n\n"
        elif options.headers_only:
            intro = f"\n{_RULE} message's header lines.\n\n"
        else:
            intro = f"\n{_RULE} message, including all the headers.\n\n"
        date = rfc5322(ctx.process.ports.clock.time()) if options.delivery_date_add else ""
        try:
            header = header_block(ctx, options, batch.addresses, batch.return_path, date)
        except ExpansionError as error:
            raise Failure(
                f"failed to expand headers_add or headers_remove: {error.message}", Errno.HEADERS_FAIL, Fault.LOCAL
            ) from error
        body = b""
        if not options.headers_only:
            limit = getattr(ctx.process.main, "bounce_return_size_limit", 0) or 0
            for block in body_blocks(ctx.message.body):
                body += block
                if 0 < limit <= len(body):
                    body = body[:limit]
                    break
        output = None
        if options.transport_filter is not None:
            output = filtered(ctx, self.name, options, batch.addresses, header, [body])
        if output is None:
            output = header.encode("latin-1", "replace") + body
        return intro.encode("ascii") + (output if output.endswith(b"\n") else output + b"\n")


def _without_unwanted(ctx: Context, never: Template, text: str) -> str:
    """An address list without the addresses of `never_mail`."""
    kept = []
    dropped = False
    for start, end in addresses_in(text):
        piece = text[start:end].strip()
        try:
            address = parse_address(piece).address
        except AddressSyntaxError:
            kept.append(piece)
            continue
        if match_address(never, address, ctx) is None:
            kept.append(piece)
        else:
            dropped = True
    return ", ".join(kept) if dropped else text


def _threading(ctx: Context) -> list[str]:
    """In-Reply-To: and References: by RFC 5322 section 3.6.4."""
    answered = [header.body.strip() for header in ctx.message.headers if header.type == "I"]
    if not answered:
        return []
    return [f"In-Reply-To: {answered[-1]}", references_line(ctx.message.headers, most=13).rstrip("\n")]


def _expanded_file(ctx: Context, identity: Identity, locked: frozenset[str], text: str) -> str:
    """The file's lines, each expanded as the user; one that cannot be expanded stays as it is."""

    def expanded() -> str:
        lines = []
        for line in text.splitlines(keepends=True):
            try:
                lines.append(expand_text(Untainted(line), ctx))
            except (ExpansionError, ForcedFailure):
                lines.append(line)
        return "".join(lines)

    return as_user(ctx, identity, locked, text, expanded)


def _addresses(texts: list[str]) -> list[str]:
    """All addresses in some address lists, each once."""
    found: dict[str, None] = {}
    for text in texts:
        for start, end in addresses_in(text):
            try:
                address = parse_address(text[start:end]).address
            except AddressSyntaxError:
                continue
            if address:
                found.setdefault(address)
    return list(found)


def _log_text(fields: dict[str, Any], letter: _Letter) -> str:
    lines = [str(fields["stamp"])]
    for name, value in (
        ("From", letter.from_),
        ("To", letter.to),
        ("Cc", letter.cc),
        ("Bcc", letter.bcc),
        ("Subject", letter.subject),
    ):
        if value:
            lines.append(f"  {name}: {value}")
    if letter.headers:
        lines.append(f"  {letter.headers}")
    return "\n".join(lines) + "\n"
