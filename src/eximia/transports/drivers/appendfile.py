"""The appendfile transport (manual chapter 26): the decisions made before the recipient's user takes over.

Everything is expanded here; checking, locking and writing is the job in `jobs.mailbox` and `jobs.directory`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.base.errors import Defer, ExpansionError, ForcedFailure
from eximia.base.listtext import split_list
from eximia.base.text import Untainted, is_tainted, like
from eximia.context.delivery import Errno, Kind, Outcome, Result
from eximia.message.ids import base62
from eximia.transports.local import (
    bsmtp_envelope,
    check_current,
    directories,
    give_all,
    identity_for,
    message_fields,
    outcome_of,
)
from eximia.transports.options.appendfile import AppendfileOptions
from eximia.transports.smtp.failure import Failure, Fault
from eximia.transports.strings import expand, expand_flag

from .quota_options import quota_fields
from .quota_warning import send_warning

if TYPE_CHECKING:
    from eximia.base.ports import Identity
    from eximia.context import Context
    from eximia.context.delivery import Address, Batch

_PLAIN_OPTIONS = (
    "create_directory",
    "directory_mode",
    "file_must_exist",
    "mode",
    "mode_fail_narrower",
    "check_owner",
    "check_group",
    "allow_fifo",
    "allow_symlink",
    "use_lockfile",
    "use_fcntl_lock",
    "use_flock_lock",
    "use_mbx_lock",
    "lock_retries",
    "lock_interval",
    "lock_fcntl_timeout",
    "lock_flock_timeout",
    "lockfile_mode",
    "lockfile_timeout",
    "mbx_format",
    "notify_comsat",
    "maildir_retries",
)


class Appendfile:
    """One transport with `driver = appendfile`."""

    local = True

    def __init__(self, name: str, options: Any) -> None:
        self.name = name
        self.options = options
        self._fixed = {option: getattr(options, option) for option in _PLAIN_OPTIONS}
        self._fixed["create_file"] = str(options.create_file or "anywhere")
        self._fixed["transport"] = name
        for option in ("maildirfolder_create_regex", "maildir_quota_directory_regex", "quota_size_regex"):
            value = getattr(options, option)
            self._fixed[option] = None if value is None else str(value)
        self._fixed["file_format"] = _pairs(options.file_format)

    def deliver(self, ctx: Context, batch: Batch) -> None:
        """Give every address of the batch an outcome."""
        options = self.options
        address = batch.first
        identity = identity_for(ctx, self.name, options, address)
        home, current = directories(ctx, self.name, options, address)
        check_current(current)
        path, form = self._path(ctx, batch.addresses, home)
        if path == "/dev/null":
            give_all(batch, Outcome(Result.DELIVERED))
            return
        fields = self._fields(ctx, batch, path, form, home)
        where = path if form == "file" else ""
        message = message_fields(ctx, self.name, options, batch, where)
        try:
            fields.update(message.fields)
            quick = form == "maildir" and not fields["filter"]
            answer = ctx.process.ports.agents.run(identity, "appendfile", fields, message.fds, quick=quick)
            if answer["result"] == "written":
                answer = self._name_file(ctx, identity, fields, answer)
        finally:
            message.close()
        if answer["result"] == "other":
            self._pass_on(ctx, batch, answer["transport"])
            return
        outcome = outcome_of(answer)
        give_all(batch, outcome)
        if outcome.result is Result.DELIVERED and answer.get("warn") and options.quota_warn_threshold is not None:
            send_warning(ctx, self.name, options, address)

    def room(self, ctx: Context, address: Address) -> Outcome | None:
        """None: the quota leaves room for a message of the size announced so far. Raises Failure."""
        options = self.options
        quotas = quota_fields(ctx, self.name, options)
        if not quotas["quota"] and not quotas["quota_filecount"]:
            return None
        identity = identity_for(ctx, self.name, options, address)
        home, _ = directories(ctx, self.name, options, address)
        path, form = self._path(ctx, [address], home)
        fields = {**self._fixed, **quotas, "path": path, "format": form, "home": home}
        fields["message_size"] = max(0, ctx.message.size)
        fields["maildir_use_size_file"] = form == "maildir" and self._flag(ctx, options.maildir_use_size_file)
        answer = ctx.process.ports.agents.run(identity, "mailbox_room", fields, [])
        return None if answer["result"] == "room" else outcome_of(answer)

    # Where to

    def _path(self, ctx: Context, addresses: list[Address], home: str) -> tuple[str, str]:
        """(file or directory, its format). Raises Failure."""
        options = self.options
        address = addresses[0]
        template = options.file if options.file is not None else options.directory
        if template is None:
            if address.kind not in (Kind.FILE, Kind.DIRECTORY):
                raise Failure(
                    f"Mandatory file or directory option missing from {self.name} transport",
                    Errno.UNKNOWN,
                    Fault.LOCAL,
                    panic=True,
                )
            path = address.address
            in_directory = path.endswith("/") or options.maildir_format or options.mailstore_format
        else:
            try:
                path = expand(template, ctx)
            except ExpansionError as error:
                raise Failure(
                    f'Expansion of "{template.text}" (file or directory name for {self.name} transport) failed: '
                    f"{error.message}",
                    Errno.UNKNOWN,
                    Fault.LOCAL,
                    panic=True,
                ) from error
            in_directory = options.file is None
        if options.file is not None and (options.maildir_format or options.mailstore_format):
            form = "maildir" if options.maildir_format else "mailstore"
            raise Failure(
                f'{form}_format requires "directory" to be specified for the {self.name} transport',
                Errno.UNKNOWN,
                Fault.LOCAL,
            )
        if is_tainted(path) and not self._cleaned(path, home):
            raise Failure(
                f"Tainted '{path}' (file or directory name for {self.name} transport) not permitted",
                Errno.UNKNOWN,
                Fault.LOCAL,
                panic=True,
            )
        if not path.startswith("/"):
            raise Failure(
                f'appendfile: file or directory name "{path}" is not absolute', Errno.NOT_ABSOLUTE, Fault.LOCAL
            )
        if template is not None and address.kind in (Kind.FILE, Kind.DIRECTORY):
            for one in addresses:
                one.written_to = path
        if len(path) > 1:
            path = like(path.rstrip("/"), path)
        if not in_directory:
            return path, "file"
        if options.maildir_format:
            return path, "maildir"
        return path, "mailstore" if options.mailstore_format else "plain"

    def _cleaned(self, path: str, home: str) -> bool:
        """`create_file` vouches for a path below its directory (manual 26.2). The job sees whether a link leads out: it
        may look there."""
        base = self._voucher(home)
        return bool(base) and path.startswith(base + "/") and "/../" not in path[len(base) :]

    def _voucher(self, home: str) -> str:
        """The directory that `create_file` keeps to, links followed; "" for none."""
        where: str = self._fixed["create_file"]
        return where if where.startswith("/") else home if where == "belowhome" else ""

    # What the job is told

    def _fields(self, ctx: Context, batch: Batch, path: str, form: str, home: str) -> dict[str, Any]:
        options = self.options
        fields = dict(self._fixed)
        # The defaults of these depend on the options, not on what a redirection names.
        directory = options.directory is not None
        fields.update(
            path=path,
            format=form,
            home=home,
            vouched=self._voucher(home) if is_tainted(path) else "",
            host=ctx.process.primary_hostname,
            login=ctx.address.local_part,
            message_size=ctx.message.size,
            crlf=options.use_crlf,
        )
        fields.update(quota_fields(ctx, self.name, options))
        check, escape = _setting(options, "check_string", directory), _setting(options, "escape_string", directory)
        prefix = self._text(ctx, _setting(options, "message_prefix", directory), "prefix")
        suffix = self._text(ctx, _setting(options, "message_suffix", directory), "suffix")
        if options.use_bsmtp:
            check, escape = ".", ".."
            prefix += bsmtp_envelope(batch, options)
            suffix += ".\r\n" if options.use_crlf else ".\n"
        fields.update(prefix=prefix, suffix=suffix, bsmtp=options.use_bsmtp)
        fields.update(check=str(check) if check and escape is not None else "", escape=str(escape or ""))
        if form == "maildir":
            fields["maildir_use_size_file"] = self._flag(ctx, options.maildir_use_size_file)
            fields["later"] = options.maildir_tag is not None
            fields["tag"] = ""
            spool = ctx.process.spool
            fields["spool_device"] = -1 if spool is None else spool.device
        elif form == "mailstore":
            fields["basename"] = f"{ctx.message.id}-{base62(ctx.process.pid or 1, 6)}"
            fields["envelope"] = self._mailstore_envelope(ctx, batch, f"{path}/{fields['basename']}")
        return fields

    def _text(self, ctx: Context, template: Any, what: str) -> str:
        if template is None:
            return ""
        try:
            return expand(template, ctx)
        except ExpansionError as error:
            raise Failure(
                f'Expansion of "{template.text}" ({what} for {self.name} transport) failed',
                Errno.HOST_EXPAND_FAIL,
                Fault.LOCAL,
            ) from error

    def _flag(self, ctx: Context, value: Any) -> bool:
        try:
            return expand_flag(value, ctx, False)
        except ExpansionError as error:
            raise Failure(
                f"Expansion of maildir_use_size_file in {self.name} transport failed: {error.message}",
                Errno.UNKNOWN,
                Fault.LOCAL,
                panic=True,
            ) from error

    def _mailstore_envelope(self, ctx: Context, batch: Batch, basename: str) -> str:
        ctx.message.variables["mailstore_basename"] = Untainted(basename)
        options = self.options
        prefix = self._mailstore_text(ctx, options.mailstore_prefix, "mailstore prefix")
        suffix = self._mailstore_text(ctx, options.mailstore_suffix, "mailstore suffix")
        recipients = "".join(f"{a.local_part}@{a.domain}\n" for a in batch.addresses)
        return f"{prefix}{batch.return_path}\n{recipients}{suffix}"

    def _mailstore_text(self, ctx: Context, template: Any, what: str) -> str:
        if template is None:
            return ""
        try:
            text = expand(template, ctx)
        except ForcedFailure:
            return ""
        except ExpansionError as error:
            raise _not_expanded(template.text, f"{what} for {self.name} transport", error) from error
        return text if text.endswith("\n") else text + "\n"

    # The final name

    def _name_file(
        self, ctx: Context, identity: Identity, fields: dict[str, Any], written: dict[str, Any]
    ) -> dict[str, Any]:
        """The message is on disk; find the file's name and give it."""
        run = ctx.process.ports.agents.run
        base = fields["path"]
        try:
            if fields["format"] == "maildir":
                untagged = f"{base}/new/{written['name']}"
                final = untagged + self._tag(ctx, written["size"])
            else:
                untagged = ""
                final = f"{base}/{self._directory_file(ctx, written['inode'])}"
        except (Failure, Defer):
            run(identity, "appendfile", {"format": "finish", "temporary": written["temporary"], "final": ""})
            raise
        asked = {
            "format": "finish",
            "path": base,
            "create_directory": False,
            "temporary": written["temporary"],
            "final": final,
            "untagged": untagged,
        }
        answer = run(identity, "appendfile", asked)
        answer.setdefault("size", written["size"])
        answer["warn"] = written["warn"]
        return answer

    def _tag(self, ctx: Context, size: int) -> str:
        """`maildir_tag`, with `$message_size` the number of bytes written (manual 26.6)."""
        template = self.options.maildir_tag
        message = ctx.message
        kept, message.size = message.size, size
        try:
            text = expand(template, ctx)
        except ForcedFailure:
            return ""
        except ExpansionError as error:
            raise _not_expanded(template.text, f"maildir_tag for {self.name} transport", error) from error
        finally:
            message.size = kept
        text = "".join(c for c in text if c > " " and c not in "/\x7f")
        return f":{text}" if text[:1].isalnum() else text

    def _directory_file(self, ctx: Context, inode: int) -> str:
        """`directory_file`, with `$inode` (manual 26.9)."""
        template = self.options.directory_file
        ctx.message.variables["inode"] = Untainted(inode)
        try:
            name = expand(template, ctx)
        except ExpansionError as error:
            raise _not_expanded(template.text, f"directory_file for {self.name} transport", error, 0) from error
        if is_tainted(name):
            raise Failure(
                f"Tainted '{name}' (directory_file for {self.name} transport) not permitted",
                Errno.UNKNOWN,
                Fault.LOCAL,
                panic=True,
            )
        return name

    def _pass_on(self, ctx: Context, batch: Batch, name: str) -> None:
        """`file_format` names another transport for this mailbox."""
        from eximia.transports.engine import driver_of, find

        other = find(ctx, name)
        if other is None:
            pairs: list[tuple[str, str]] = self._fixed["file_format"]
            start = next((text for text, transport in pairs if transport == name), "")
            raise Failure(f"{name} transport (for {start} format) not found", Errno.EXPAND_FAIL, Fault.LOCAL)
        for address in batch.addresses:
            address.transport = other
        batch.transport = other
        driver_of(ctx, other).deliver(ctx, batch)


def _not_expanded(text: str, what: str, error: ExpansionError, errno: int = Errno.UNKNOWN) -> Failure:
    return Failure(f'Expansion of "{text}" ({what}) failed: {error.message}', errno, Fault.LOCAL, panic=True)


def _setting(options: Any, name: str, directory: bool) -> Any:
    """An option whose default holds for mailbox files only."""
    value = getattr(options, name)
    if directory and value is getattr(AppendfileOptions, name):
        return None
    return value


def _pairs(text: str | None) -> list[tuple[str, str]]:
    """`file_format`: (start of the file, transport)."""
    if not text:
        return []
    items = split_list(text)
    return [(str(start), str(name)) for start, name in zip(items[::2], items[1::2], strict=False)]
