"""What local transports have in common: as whom they run, where, and what their jobs are told (manual 23, 24)."""

from __future__ import annotations

import grp
import os
import pwd
from typing import TYPE_CHECKING, Any

from eximia.base.errors import ExpansionError
from eximia.base.ports import Identity
from eximia.base.template import Template
from eximia.base.writing import write_all
from eximia.context.delivery import Errno, Outcome, Result
from eximia.message.dates import rfc5322

from .commands import CommandError
from .filtering import filter_arguments
from .headers import header_block
from .smtp.failure import Failure, Fault
from .strings import expand

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eximia.context import Context
    from eximia.context.delivery import Address, Batch

#: bodies up to this size travel with the fields; bigger ones as a descriptor
_WITH_FIELDS = 1 << 18


def identity_for(ctx: Context, name: str, options: Any, address: Address) -> Identity:
    """The user and group of a delivery, by the rules of manual 23.2. Raises Failure."""
    group = None if options.group is None else _number(ctx, name, options.group, "group")
    uid, gid, login, initgroups = _transport_user(ctx, name, options)
    if group is not None:
        gid = group
    if uid is None and getattr(options, "pipe_as_creator", False):
        uid = ctx.message.originator_uid
        if gid is None:
            gid = ctx.message.originator_gid
    if uid is None and address.uid is not None:
        uid, login, initgroups = address.uid, address.user_name, address.initgroups
        # Only with the router's user may its group be taken; a transport's group overrides it.
    if gid is None and address.gid is not None:
        gid = address.gid
    site = ctx.process.site
    if uid is None:
        uid = _exim(ctx, "exim_user", "uid", os.geteuid())
        login = ""
        if gid is None:
            gid = _exim(ctx, "exim_group", "gid", os.getegid())
    if gid is None:
        raise _panic(f"User set without group for {name} transport", Errno.BAD_GROUP)
    for users, word in (
        (getattr(ctx.process.main, "never_users", ()), "never_users"),
        (getattr(site, "never_users", ()), "fixed_never_users"),
    ):
        if uid in users:
            raise _panic(f"User {uid} set for {name} transport is on the {word} list", Errno.BAD_USER)
    if getattr(ctx.process.main, "deliver_drop_privilege", False):
        # The privilege to become somebody else was given up.
        exim_uid, exim_gid = _exim(ctx, "exim_user", "uid", os.geteuid()), _exim(ctx, "exim_group", "gid", os.getegid())
        if (uid, gid) != (exim_uid, exim_gid):
            whom = f"{address.local_part} <{address.address}> transport={name}"
            raise _panic(
                f"unable to set gid={gid} or uid={uid} (euid={exim_uid}): local delivery to {whom}", Errno.UNKNOWN
            )
    return Identity(uid, gid, login if initgroups else "")


def _exim(ctx: Context, option: str, field: str, ours: int) -> int:
    set_value = getattr(ctx.process.main, option, None)
    if isinstance(set_value, int):
        return set_value
    number = getattr(ctx.process.site, field, -1)
    return number if isinstance(number, int) and number >= 0 else ours


def _transport_user(ctx: Context, name: str, options: Any) -> tuple[int | None, int | None, str, bool]:
    """(uid, gid, login, initgroups) of the transport's `user`."""
    if options.user is None:
        return None, None, "", False
    text: str = ""
    if isinstance(options.user, Template):
        text = _text(ctx, name, options.user, "user")
        if not text.isdigit():
            try:
                entry = pwd.getpwnam(text)
            except KeyError:
                raise _panic(
                    f'Failed to find user "{text}" from expanded string "{options.user.text}" for the {name} transport',
                    Errno.BAD_USER,
                ) from None
            return entry.pw_uid, entry.pw_gid, entry.pw_name, options.initgroups
        return int(text), None, "", False
    uid = int(options.user)
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return uid, None, "", False
    return uid, entry.pw_gid, entry.pw_name, options.initgroups


def _number(ctx: Context, name: str, value: int | Template, what: str) -> int:
    if isinstance(value, int):
        return value
    text = _text(ctx, name, value, what)
    if text.isdigit():
        return int(text)
    try:
        return grp.getgrnam(text).gr_gid
    except KeyError:
        raise _panic(
            f'Failed to find {what} "{text}" from expanded string "{value.text}" for the {name} transport',
            Errno.BAD_GROUP,
        ) from None


def _text(ctx: Context, name: str, template: Template, what: str) -> str:
    try:
        return str(expand(template, ctx))
    except ExpansionError as error:
        errno = Errno.BAD_USER if what == "user" else Errno.BAD_GROUP
        raise _panic(
            f'Failed to expand {what} string "{template.text}" for the {name} transport: {error.message}', errno
        ) from error


def _panic(text: str, errno: int) -> Failure:
    return Failure(text, errno, Fault.LOCAL, announce=True)


def directories(ctx: Context, name: str, options: Any, address: Address) -> tuple[str, str]:
    """(home, current directory) by manual 23.3; sets `$home`. Raises Failure."""
    home = _directory(ctx, name, options.home_directory, "home")
    if home is None:
        home = _routed(ctx, name, address.home_directory, "home")
    ctx.address.home = home or ""
    current = _directory(ctx, name, options.current_directory, "current")
    if current is None:
        current = _routed(ctx, name, address.current_directory, "current")
    for path, what in ((home, "home"), (current, "current")):
        if path is not None and not path.startswith("/"):
            raise _panic(f'{what} directory path "{path}" is not absolute for {name} transport', Errno.NOT_ABSOLUTE)
    return home or "", current or home or "/"


def _routed(ctx: Context, name: str, value: Any, what: str) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, Template):
        return _directory(ctx, name, value, what)
    # as it is: the home of an account is no text from outside, and must not become any
    home: str = value
    return home


def _directory(ctx: Context, name: str, template: Template | None, what: str) -> str | None:
    if template is None:
        return None
    try:
        return expand(template, ctx)
    except ExpansionError as error:
        raise _panic(
            f'{what} directory "{template.text}" failed to expand for {name} transport: {error.message}',
            Errno.HOST_EXPAND_FAIL,
        ) from error


def check_current(current: str) -> None:
    """The current directory must be there. Raises Failure."""
    if current == "/":
        return
    try:
        os.stat(current)
    except PermissionError:
        return  # it may be open to the user of the delivery
    except OSError as error:
        raise Failure(f"failed to chdir to {current}", error.errno or 0, Fault.LOCAL) from error


class MessageFields:
    """The message for a job: fields, and descriptors that must be closed afterwards."""

    __slots__ = ("fds", "fields", "mine")

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}
        self.fds: list[int] = []
        self.mine = False

    def close(self) -> None:
        if self.mine:
            for fd in self.fds:
                os.close(fd)


def message_fields(ctx: Context, name: str, options: Any, batch: Batch, where: str) -> MessageFields:
    """What `jobs.source` reads. `where` is named in errors: the file or command. Raises Failure."""
    message = ctx.message
    made = MessageFields()
    date = rfc5322(ctx.process.ports.clock.time()) if options.delivery_date_add else ""
    try:
        header = header_block(ctx, options, batch.addresses, batch.return_path, date)
    except ExpansionError as error:
        what = f" while writing to {where}" if where else ""
        raise Failure(
            f"failed to expand headers_add or headers_remove{what}: {error.message}",
            Errno.HEADERS_FAIL,
            Fault.LOCAL,
            panic=True,
        ) from error
    try:
        filter_command = filter_arguments(ctx, options, batch.addresses)
    except CommandError as error:
        raise Failure(error.message, Errno.UNKNOWN, Fault.LOCAL, panic=True) from error
    body = message.body
    made.fields = {
        "header": header,
        "no_body": options.headers_only,
        "filter": filter_command,
        "filter_timeout": options.transport_filter_timeout,
        "body": None,
        "offset": body.offset,
        "size": body.size,
        "wire": body.wire,
    }
    if options.headers_only:
        return made
    data = body.data
    if data is not None and len(data) <= _WITH_FIELDS and not body.wire:
        made.fields["body"] = data
    elif data is not None:
        fd = os.memfd_create("message", os.MFD_CLOEXEC)
        write_all(fd, data)
        made.fds, made.mine = [fd], True
        made.fields["offset"] = 0
    elif body.fd >= 0:
        made.fds = [body.fd]
    else:
        made.fds, made.mine = [os.open(body.path, os.O_RDONLY | os.O_CLOEXEC)], True
    return made


def outcome_of(answer: dict[str, Any]) -> Outcome:
    """What a job's answer means for its addresses."""
    if answer["result"] == "delivered":
        return Outcome(Result.DELIVERED, size=answer.get("size", 0), file_name=answer.get("file", ""))
    return Outcome(
        Result.FAILED if answer["result"] == "failed" else Result.DEFERRED,
        answer.get("message", ""),
        answer.get("errno", 0),
        answer.get("more_errno", 0),
        user_message=answer.get("user_message", ""),
        freeze=answer.get("freeze", False),
        panic=answer.get("panic", False),
    )


def give_all(batch: Batch, outcome: Outcome) -> None:
    """The same end for every address of a batch."""
    for address in batch.addresses:
        address.outcome = outcome


def recipient_address(address: Address, options: Any) -> str:
    """The address as RCPT shows it: without affixes, unless `rcpt_include_affixes` is set (manual 24)."""
    source = address
    while source.is_special and source.parent is not None:
        source = source.parent
    text = source.address
    if (source.prefix or source.suffix) and not options.rcpt_include_affixes:
        local, _, domain = text.rpartition("@")
        return f"{local[len(source.prefix) : len(local) - len(source.suffix)]}@{domain}"
    return text


def keep_affixes(addresses: Iterable[Address]) -> None:
    """RCPT commands with these whole addresses have been made."""
    for address in addresses:
        address.kept_affixes = True


def bsmtp_envelope(batch: Batch, options: Any) -> str:
    """The commands before a message in batched SMTP (manual 49.10)."""
    end = "\r\n" if options.use_crlf else "\n"
    lines = [f"MAIL FROM:<{batch.return_path}>"]
    lines += [f"RCPT TO:<{recipient_address(address, options)}>" for address in batch.addresses]
    if options.rcpt_include_affixes:
        keep_affixes(batch.addresses)
    lines.append("DATA")
    return "".join(line + end for line in lines)
