"""Where the logs are written: the option `log_file_path` (manual 53.1 to 53.4)."""

from __future__ import annotations

from eximia.base.dataclass import dataclass
from eximia.base.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Destination:
    """What `log_file_path` says. `path` has "%s" in it (and "%D" or "%M"); empty: no files.

    `complaint` is for the panic log: more than one path was given.
    """

    path: str
    syslog: bool
    complaint: str = ""


def destination(setting: str, default: str) -> Destination:
    """Read the expanded value of `log_file_path`: "syslog", a path with %s, or nothing for the `default` path
    (the site's, else `<spool>/log/%slog`). Raises ConfigError.
    """
    paths = []
    syslog = False
    items = [item.strip() for item in setting.split(":")]
    if len(items) > 1 and not items[-1]:
        items.pop()  # as in other lists, nothing behind the last colon is no item
    for item in items:
        if item == "syslog":
            syslog = True
            continue
        path = item or default
        if wrong := path_error(path):
            raise ConfigError(wrong)
        paths.append(path)
    complaint = f"More than one path given in log_file_path: using {paths[0]}" if len(paths) > 1 else ""
    return Destination(paths[0] if paths else "", syslog, complaint)


def path_error(path: str) -> str:
    """What is wrong with one path of `log_file_path`, "" for nothing."""
    if "%s" not in path:
        return f'log_file_path "{path}" does not contain "%s"'
    if "%" in path.replace("%s", "", 1).replace("%D", "", 1).replace("%M", "", 1):
        return f'log_file_path "{path}" contains unexpected "%" character'
    return ""


def file_name(path: str, kind: str, day: str) -> str:
    """The file of log `kind` ("main", "reject", "panic", "debug") on `day` (yyyymmdd).

    The panic log carries no date: the mark goes, with the separator that joined it.
    """
    for mark, stamp in (("%D", day), ("%M", day[:6])):
        at = path.find(mark)
        if at < 0:
            continue
        if kind != "panic":
            path = path[:at] + stamp + path[at + 2 :]
            continue
        before, after = path[:at], path[at + 2 :]
        if before.endswith("/"):
            if after and not after[0].isalnum() and after[0] != "%":
                after = after[1:]
        elif before and not before[-1].isalnum():
            before = before[:-1]
        path = before + after
    return path.replace("%s", kind, 1)
