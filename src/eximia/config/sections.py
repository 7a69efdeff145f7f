"""The parts of a configuration file (manual 6.2, 6.4, 6.23): the main part, and what `begin` introduces.

Reads a whole file into a `ConfigFile`: settings, ACLs and driver instances as lines that are not yet understood,
rewriting and retry rules as raw lines. What the lines mean is for `binding` and for the layers that own them.
"""

from __future__ import annotations

from collections.abc import Callable

from eximia.base.errors import ConfigError
from eximia.base.namedtuple import NamedTuple
from eximia.base.span import Span

from .lines import BLANK, Line, split_name
from .macros import MacroError, Macros
from .named_lists import LIST_WORDS, NamedLists
from .reader import Opener, Reader
from .settings import Setting, split_setting

SECTIONS = ("acl", "authenticators", "local_scan", "retry", "rewrite", "routers", "transports")
_NAME_LIMIT = 64


class Block(NamedTuple):
    """A named ACL or driver instance, and its lines."""

    name: str
    span: Span
    lines: list[Line]


class ConfigFile:
    """What was read. `errors` is in the order of the file."""

    def __init__(self, path: str, macros: Macros) -> None:
        self.path = path
        self.macros = macros
        self.main: list[Setting] = []
        self.lists = NamedLists()
        self.acls: list[Block] = []
        self.routers: list[Block] = []
        self.transports: list[Block] = []
        self.authenticators: list[Block] = []
        self.retry: list[Line] = []
        self.rewrite: list[Line] = []
        self.errors: list[ConfigError] = []
        #: what Exim lets pass in silence
        self.doubts: list[ConfigError] = []
        #: lines and `# LINE "FILE"` marks in order, for `-bP config`
        self.seen: list[Line | str] = []
        #: section -> where it began
        self.begun: dict[str, Span] = {}


def read(path: str, text: str, macros: Macros, opener: Opener, *, whole: bool = True) -> ConfigFile:
    """Read a configuration whose main file is `path`, with content `text`; if not `whole`, up to its first section.
    Errors are collected, not raised."""
    return _Parser(path, text, macros, opener).run(whole=whole)


class _Parser:
    def __init__(self, path: str, text: str, macros: Macros, opener: Opener) -> None:
        self.reader = Reader(path, text, macros, opener)
        self.file = ConfigFile(path, macros)
        self.file.errors = self.reader.errors
        self.file.seen = self.reader.seen
        #: the block that lines go to; None where a name must come first
        self.block: Block | None = None
        self._handlers: dict[str, Callable[[Line], None]] = {
            "acl": self._acl,
            "authenticators": self._authenticators,
            "local_scan": self._skip,
            "retry": self._retry,
            "rewrite": self._rewrite,
            "routers": self._routers,
            "transports": self._transports,
        }

    def run(self, *, whole: bool) -> ConfigFile:
        handle: Callable[[Line], None] = self._main
        for line in self.reader:
            text = line.text
            if text[0] in "bB" and text[:6].lower() == "begin ":
                if not whole:
                    break
                handle = self._begin(text[6:].strip(BLANK), line)
            else:
                handle(line)
        return self.file

    def _error(self, message: str, line: Line, hint: str = "", where: str | None = None) -> None:
        self.file.errors.append(ConfigError(message, line.span, hint, where=where))

    def _begin(self, name: str, line: Line) -> Callable[[Line], None]:
        """Start a section; returns what handles its lines."""
        section = name.lower()
        self.block = None
        if section not in SECTIONS:
            from .suggest import did_you_mean

            self._error(f'"{name}" is not a known configuration section name', line, did_you_mean(name, SECTIONS))
            return self._skip
        if section in self.file.begun:
            self._error(f'"{section}" section is repeated in the configuration file', line)
        self.file.begun[section] = line.span
        return self._handlers[section]

    # What is done with a line, by section

    def _skip(self, line: Line) -> None:
        """Lines of a section that is not known, where one error is enough, and of local_scan: there is no such
        function to take them."""

    def _main(self, line: Line) -> None:
        text = line.text
        if "A" <= text[0] <= "Z":
            if not self._macro(line):
                hint = "options have lower-case names; macros need an ="
                self.file.errors.append(MacroError("malformed macro definition", line.span, hint))
            return
        setting = split_setting(line)
        if not setting.name and not setting.hidden:
            self._error(f"option setting expected: {text}", line)
        elif setting.name in LIST_WORDS and setting.rest:
            try:
                self.file.lists.define(setting)
            except ConfigError as error:
                self.file.errors.append(error)
        elif setting.name in LIST_WORDS:
            self._error("unrecognized configuration line", line)
        elif text[0] == "_" or text[0].isdigit():
            self._error(f"option setting expected: {text}", line)
        else:
            self.file.main.append(setting)

    def _macro(self, line: Line) -> bool:
        """Obey a macro definition; false when the line is none."""
        text = line.text
        if not "A" <= text[0] <= "Z":
            return False
        name, after = split_name(text)
        if not text.startswith("=", after):
            return False
        again = text.startswith("==", after)
        try:
            value = text[after + (2 if again else 1) :].strip(BLANK)
            self.file.macros.define(name, value, again=again, span=line.span)
        except ConfigError as error:
            self.file.errors.append(error)
        return True

    def _acl(self, line: Line) -> None:
        # Exim ends an ACL at a macro, though an example of its documentation defines one between two statements.
        if self._macro(line):
            return
        name, after = split_name(line.text)
        if name[:1].isalpha() and line.text.startswith(":", after):
            self._named("ACL", name, line, self.file.acls)
            rest = line.text[after + 1 :].strip(BLANK)
            if rest:
                message = f'"{rest}" after the name of ACL "{name}" is ignored'
                self.file.doubts.append(ConfigError(message, line.span, "put it on a line of its own"))
        elif self.block is None:
            self._error("missing or malformed ACL name", line)
        else:
            self.block.lines.append(line)

    def _routers(self, line: Line) -> None:
        self._instance("router", line, self.file.routers)

    def _transports(self, line: Line) -> None:
        self._instance("transport", line, self.file.transports)

    def _authenticators(self, line: Line) -> None:
        self._instance("authenticator", line, self.file.authenticators)

    def _instance(self, what: str, line: Line, into: list[Block]) -> None:
        if self._macro(line):
            self.block = None
            return
        name, after = split_name(line.text)
        if name[:1].isalpha() and line.text.startswith(":", after):
            self._named(f"{what}s", name, line, into)
            if line.text[after + 1 :].strip(BLANK):
                self._error(f"extra characters follow driver name {name}", line)
        elif self.block is None:
            self._error(f"{what} name missing", line)
        else:
            self.block.lines.append(line)

    def _named(self, what: str, name: str, line: Line, into: list[Block]) -> None:
        if len(name) > _NAME_LIMIT:
            short = name[: _NAME_LIMIT - 1]
            message = f'exim item name too long (>{_NAME_LIMIT}), unable to use "{short}" (truncated)'
            self._error(message, line)
        if any(other.name == name for other in into):
            acl = what == "ACL"
            self._error(f'there are two {"ACLs" if acl else what} called "{name}"', line, where=None if acl else "")
        self.block = Block(name, line.span, [])
        into.append(self.block)

    def _retry(self, line: Line) -> None:
        self.file.retry.append(line)

    def _rewrite(self, line: Line) -> None:
        self.file.rewrite.append(line)
