"""Options of the appendfile transport (manual chapter 26)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eximia.base.options import Kind, Sink, option
from eximia.base.template import Template
from eximia.base.text import Untainted

from .generic import LocalTransportOptions


class AppendfileOptions(LocalTransportOptions):
    """Deliveries to files and directories."""

    allow_fifo: bool = option(Kind.BOOL, "The file may be a named pipe.", default=False)
    allow_symlink: bool = option(Kind.BOOL, "The file may be a symbolic link.", default=False)
    batch_id: Template | None = option(Kind.EXPAND, "Addresses for which this is the same are delivered together.")
    batch_max: int = option(Kind.INTEGER, "How many addresses one delivery may have.", default=1)
    check_group: bool = option(Kind.BOOL, "The file's group must be that of the delivery.", default=False)
    check_owner: bool = option(Kind.BOOL, "The file's owner must be that of the delivery.", default=True)
    check_string: Untainted = option(Kind.STRING, "Lines beginning with this are escaped.", default=Untainted("From "))
    create_directory: bool = option(Kind.BOOL, "Missing directories are made.", default=True)
    create_file: Untainted = option(Kind.STRING, "Where files may be made.", default=Untainted("anywhere"))
    directory: Template | None = option(Kind.EXPAND, "The directory.", sink=Sink.FILE_NAME)
    directory_file: Template = option(
        Kind.EXPAND,
        "The name of files made in it.",
        default=Template("q${base62:$tod_epoch}-$inode"),
    )
    directory_mode: int = option(Kind.OCTAL, "The mode of directories made.", default=0o700)
    escape_string: Untainted = option(
        Kind.STRING,
        "What such lines get in place of check_string.",
        default=Untainted(">From "),
    )
    file: Template | None = option(Kind.EXPAND, "The file.", sink=Sink.FILE_NAME)
    file_format: Untainted | None = option(Kind.STRING, "Which transport goes with which start of an existing file.")
    file_must_exist: bool = option(Kind.BOOL, "The file is not made.", default=False)
    lock_fcntl_timeout: int = option(Kind.TIME, "How long fcntl() waits; zero: it does not.", default=0)
    lock_flock_timeout: int = option(Kind.TIME, "How long flock() waits; zero: it does not.", default=0)
    lock_interval: int = option(Kind.TIME, "The pause between tries to lock.", default=3)
    lock_retries: int = option(Kind.INTEGER, "How often locking is tried.", default=10)
    lockfile_mode: int = option(Kind.OCTAL, "The mode of the lock file.", default=0o600)
    lockfile_timeout: int = option(Kind.TIME, "A lock file older than this is taken away.", default=1800)
    mailbox_filecount: Template | None = option(Kind.EXPAND, "How many files the mailbox has, known elsewhere.")
    mailbox_size: Template | None = option(Kind.EXPAND, "How big the mailbox is, known elsewhere.")
    maildir_format: bool = option(Kind.BOOL, "The directory is a maildir.", default=False)
    maildir_quota_directory_regex: Untainted = option(
        Kind.STRING,
        "Which directories of a maildir count for the quota.",
        default=Untainted("^(?:cur|new|\\..*)$"),
    )
    maildir_retries: int = option(Kind.INTEGER, "How often a maildir file name is tried.", default=10)
    maildir_tag: Template | None = option(Kind.EXPAND, "Text added to maildir file names.")
    maildir_use_size_file: bool | Template = option(Kind.EXPAND_BOOL, "The maildirsize file is kept.", default=False)
    maildirfolder_create_regex: Untainted | None = option(
        Kind.STRING,
        "Directories in which a maildirfolder file is made.",
    )
    mailstore_format: bool = option(Kind.BOOL, "Messages are kept as mailstore pairs of files.", default=False)
    mailstore_prefix: Template | None = option(Kind.EXPAND, "Text at the start of the envelope file.")
    mailstore_suffix: Template | None = option(Kind.EXPAND, "Text at its end.")
    mbx_format: bool = option(Kind.BOOL, "The file is an MBX mailbox.", default=False)
    message_prefix: Template = option(
        Kind.EXPAND,
        "Text before each message.",
        default=Template("From ${if def:return_path{$return_path}{MAILER-DAEMON}} ${tod_bsdinbox}\\n"),
    )
    message_suffix: Template = option(Kind.EXPAND, "Text after each message.", default=Template("\\n"))
    mode: int = option(Kind.OCTAL, "The mode of files made.", default=0o600)
    mode_fail_narrower: bool = option(Kind.BOOL, "A file with fewer permissions is an error.", default=True)
    notify_comsat: bool = option(Kind.BOOL, "The comsat daemon is told.", default=False)
    quota: Template | None = option(Kind.EXPAND, "The most bytes of the mailbox.")
    quota_directory: Template | None = option(Kind.EXPAND, "The directory whose size counts.", sink=Sink.FILE_NAME)
    quota_filecount: Template | None = option(Kind.EXPAND, "The most files of the mailbox.")
    quota_is_inclusive: bool = option(Kind.BOOL, "The new message counts.", default=True)
    quota_size_regex: Untainted | None = option(Kind.STRING, "The pattern that finds the size in file names.")
    quota_warn_message: Template | None = option(Kind.EXPAND, "The warning sent when the threshold is passed.")
    quota_warn_threshold: Template | None = option(Kind.EXPAND, "The threshold.")
    use_bsmtp: bool = option(Kind.BOOL, "Messages are written in batch SMTP.", default=False)
    use_crlf: bool = option(Kind.BOOL, "Lines end in CRLF.", default=False)
    use_fcntl_lock: bool = option(Kind.BOOL, "The file is locked with fcntl().", default=True)
    use_flock_lock: bool = option(Kind.BOOL, "The file is locked with flock().", default=False)
    use_lockfile: bool = option(Kind.BOOL, "The file is locked with a lock file.", default=True)
    use_mbx_lock: bool = option(Kind.BOOL, "The file is locked as MBX mailboxes are.", default=False)

    @classmethod
    def settle(cls, values: dict[str, Any], given: frozenset[str]) -> Iterator[str]:
        yield from super().settle(values, given)
        if values["file"] is not None and values["directory"] is not None:
            yield 'only one of "file" or "directory" can be specified'
        _settle_locks(values, given)
        for how in ("fcntl", "flock"):
            if not values[f"use_{how}_lock"]:
                values[f"lock_{how}_timeout"] = 0
        values["lock_retries"] = values["lock_retries"] or 1
        if not any(values[how] for how in _LOCKS):
            yield "no locking configured"
        yield from _directory_only(values)
        if values["quota_warn_threshold"] is not None and values["quota_warn_message"] is None:
            values["quota_warn_message"] = _WARNING
        if values["create_file"] not in _CREATE_FILE and not values["create_file"].startswith("/"):
            yield f"\n  invalid value given for \"create_file\" for the {{name}} transport: '{values['create_file']}'"
        dot = values["use_bsmtp"]
        if dot or values["maildir_format"] or values["mailstore_format"]:
            texts = {"check_string": "." if dot else None, "escape_string": ".." if dot else None}
            for name, text in texts.items():
                if name not in given:
                    values[name] = None if text is None else Untainted(text)
            for name in ("message_prefix", "message_suffix"):
                if name not in given:
                    values[name] = None


_LOCKS = ("use_lockfile", "use_fcntl_lock", "use_flock_lock", "use_mbx_lock")


def _settle_locks(values: dict[str, Any], given: frozenset[str]) -> None:
    """Which locks are taken when not all are mentioned: flock() takes the place of fcntl(), and with `mbx_format` the
    MBX lock, which needs one of them, the place of the lock file, but only where no lock is mentioned."""
    if values["use_flock_lock"] and "use_fcntl_lock" not in given:
        values["use_fcntl_lock"] = False
    if not values["mbx_format"]:
        return
    if given.isdisjoint(_LOCKS):
        values["use_mbx_lock"] = True
    if values["use_mbx_lock"]:
        if "use_lockfile" not in given:
            values["use_lockfile"] = False
        if not values["use_flock_lock"]:
            values["use_fcntl_lock"] = True


_WARNING = Template(
    "To: $local_part@$domain\\nSubject: Your mailbox\\n\\nThis message is automatically created by mail delivery "
    "software (Exim).\\n\\nThe size of your mailbox has exceeded a warning threshold that is\\nset by the system "
    "administrator.\\n"
)


def _directory_only(values: dict[str, Any]) -> Iterator[str]:
    """Options for many files in a directory."""
    limits = [name for name in ("quota_filecount", "quota_directory") if values[name] is not None]
    if values["file"] is not None:
        for name in limits:
            yield f'{name} must not be set without "directory"'
    if values["directory"] is not None:
        if values["maildir_format"] and values["mailstore_format"]:
            yield "only one of maildir and mailstore may be specified"
        if values["quota"] is None:
            for name in limits:
                yield f"quota must be set if {name} is set"


_CREATE_FILE = frozenset({"anywhere", "belowhome", "inhome"})
