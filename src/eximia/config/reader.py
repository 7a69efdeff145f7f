"""From files to logical lines (manual 6.2 to 6.10): comments, macros, conditions, inclusions, continuations.

Order of work on a physical line, as the manual has it: comment; macros; condition or inclusion; continuation.
Nothing stops at an error: all are collected in `errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from os.path import dirname, isabs, join

from eximia.base.errors import ConfigError
from eximia.base.span import Span

from .lines import BLANK, Line, split_name
from .macros import Macros

#: reads an included file; raises OSError or ConfigError
Opener = Callable[[str], str]

_DEEPEST = 50
#: what some editors put in front of UTF-8
_MARK = "\xef\xbb\xbf"


class _Source:
    """One open file."""

    __slots__ = ("depth", "lines", "number", "path")

    def __init__(self, path: str, text: str, depth: int) -> None:
        self.path = path
        self.lines = text.split("\n")
        if not self.lines[-1]:
            self.lines.pop()
        self.number = 0
        #: how many conditions were open when the file began
        self.depth = depth


class Reader:
    """The logical lines of a file and of what it includes."""

    def __init__(self, path: str, text: str, macros: Macros, opener: Opener) -> None:
        self.macros = macros
        self.errors: list[ConfigError] = []
        #: every logical line and `# LINE "FILE"` mark, for `-bP config`
        self.seen: list[Line | str] = [f'# 1 "{path}"']
        self._open = opener
        self._sources = [_Source(path, text, 0)]
        #: of each open condition: was a branch taken, is this one taken
        self._conditions: list[tuple[bool, bool]] = []
        self._last = Span(path, 0)
        #: what a line may begin with
        self._directives: tuple[tuple[str, Callable[[bool], None]], ...] = (
            (".ifdef", self._ifdef),
            (".ifndef", self._ifndef),
            (".elifdef", self._elifdef),
            (".elifndef", self._elifndef),
            (".else", self._else),
            (".endif", self._endif),
        )

    def here(self) -> Span:
        """The physical line that was read last."""
        return self._last

    def error(self, message: str, hint: str = "") -> None:
        self.errors.append(ConfigError(message, self._last, hint))

    def __iter__(self) -> Iterator[Line]:
        while (line := self._logical()) is not None:
            self.seen.append(line)
            yield line

    def _logical(self) -> Line | None:
        """The next logical line, None at the end."""
        whole = ""
        begun = False
        while (physical := self._physical()) is not None:
            text = physical.strip(BLANK)
            if not text:
                if begun:
                    break
                continue
            if text[0] == "#":
                continue
            text, found = self._macros(text, first=not begun)
            if found:
                text = text.strip(BLANK)
                if not text and begun:
                    break
                if not text or text[0] == "#":
                    continue
            if text[0] == "." and self._directive(text, found):
                continue
            if self._conditions and not self._conditions[-1][1]:
                continue
            begun = True
            if text[-1] == "\\":
                whole += text[:-1]
                continue
            whole += text
            break
        whole = whole.rstrip(BLANK)
        if not begun:
            return None
        return Line(whole, self._last) if whole else self._logical()

    def _macros(self, text: str, *, first: bool) -> tuple[str, bool]:
        """Substitution, except that a definition keeps the name it defines."""
        start = 0
        if first and "A" <= text[0] <= "Z":
            name, after = split_name(text)
            if text.startswith("=", after):
                start = len(name)
        return self.macros.substitute(text, start)

    def _physical(self) -> str | None:
        while True:
            source = self._sources[-1]
            if source.number < len(source.lines):
                line = source.lines[source.number]
                source.number += 1
                self._last = Span(source.path, source.number)
                if source.number == 1 and line.startswith(_MARK):
                    self.error("found unexpected BOM (Byte Order Mark)", "save the file without it")
                    line = line[len(_MARK) :]
                return line
            if len(self._sources) == 1:
                if self._conditions:
                    self._conditions.clear()
                    self.error("Unexpected end of configuration file: .endif missing")
                return None
            self._sources.pop()
            outer = self._sources[-1]
            self.seen.append(f'# {outer.number} "{outer.path}"')

    def _directive(self, text: str, found: bool) -> bool:
        """Obey a line that begins with a dot; false when it is no directive."""
        for word, act in self._directives:
            if text.startswith(word):
                # Exim passes over a word with anything but a space behind it, ".else#" or ".endifs", in silence
                if text[len(word) : len(word) + 1] in ("", " "):
                    act(found)
                return True
        word, _, rest = text.partition(" ")
        word, tab, more = word.partition("\t")
        if word not in (".include", ".include_if_exists"):
            return False
        if not self._conditions or self._conditions[-1][1]:
            self._include((more + " " + rest if tab else rest).strip(BLANK), must=word == ".include")
        return True

    def _include(self, name: str, *, must: bool) -> None:
        if len(name) > 1 and name[0] == name[-1] == '"':
            name = name[1:-1]
        name = name.partition("\0")[0]  # no file name has one; Exim's lines end there
        here = self._sources[-1]
        if not isabs(name):
            if not must:
                self.error(f'.include specifies a non-absolute path "{name}"')
                return
            name = join(dirname(here.path), name)
        try:
            if len(self._sources) > _DEEPEST:
                raise FileNotFoundError(name)
            text = self._open(name)
        except (FileNotFoundError, NotADirectoryError):
            if must:
                self.error(f"failed to open included configuration file {name}")
            return
        except IsADirectoryError:
            return  # to Exim a directory is a file without lines
        except OSError as error:
            self.error(f"failed to open included configuration file {name}", error.strerror or "")
            return
        except ConfigError as error:
            self.errors.append(error)
            return
        self.seen.append(f'# {here.number} "{here.path}"')
        self.seen.append(f'# 1 "{name}"')
        self._sources.append(_Source(name, text, len(self._conditions)))

    # Conditions. `found` tells whether a macro was replaced in the line: that is the condition.

    def _taken_outside(self, depth: int) -> bool:
        return depth == 0 or self._conditions[depth - 1][1]

    def _begin(self, condition: bool) -> None:
        taken = condition and self._taken_outside(len(self._conditions))
        self._conditions.append((taken, taken))

    def _ifdef(self, found: bool) -> None:
        self._begin(found)

    def _ifndef(self, found: bool) -> None:
        self._begin(not found)

    def _otherwise(self, word: str, condition: bool) -> None:
        if not self._conditions:
            self.error(f"{word} without matching .ifdef")
            return
        done, _ = self._conditions[-1]
        taken = condition and not done and self._taken_outside(len(self._conditions) - 1)
        self._conditions[-1] = (done or taken, taken)

    def _elifdef(self, found: bool) -> None:
        self._otherwise(".elifdef", found)

    def _elifndef(self, found: bool) -> None:
        self._otherwise(".elifndef", not found)

    def _else(self, found: bool) -> None:
        self._otherwise(".else", True)

    def _endif(self, found: bool) -> None:
        if self._conditions:
            self._conditions.pop()
        else:
            self.error(".endif without matching .ifdef")
