"""Random Exim filters, the same ones for the same seed."""

from __future__ import annotations

import random

VALUES = (
    "a@b.ex", '"x y"', "$h_subject:", '"$h_to:, $h_cc:"', "$sender_address", "test", '"Test message"', "/abs/file",
    "rel/file", '"a\\"b"', '"\\x41\\n"', "$n1", "$nosuch", '""', "12", "10k", "-3", "${if eq{a}{b}{x}fail}",
    '"${uc:abc}"', "unqual", "a@@b", "<>", "$home/x", ":fail:", "^T(.)", "\\N^T(.*) \\N", '"^("', "$1", "$thisaddress",
    "\xc3\xa9", '"a\\\\\n  b"', "(x)", "$message_size", "x,y@z", "5d4h", "0644", "999", "$local_part@$domain",
)  # fmt: skip
TESTS = (
    "is", "is not", "contains", "does not contain", "begins", "does not begin", "ends", "does not end", "matches",
    "does not match", "is above", "is not above", "is below", "is not below", "CONTAINS", "MATCHES", "IS", "foo",
)  # fmt: skip
WORDS = ("error_message", "delivered", "first_delivery", "manually_thawed", "personal", "personal alias you@b.ex")
MAIL = (
    "to", "cc", "bcc", "from", "reply_to", "subject", "text", "file", "expand file", "return message", "log", "once",
    "once_repeat", "extra_headers",
)  # fmt: skip


class Filters:
    """A source of filters."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def one(self) -> str:
        text = self.commands(self.random.choice((1, 2, 3, 4)), 2)
        if self.random.random() < 0.15:
            place = self.random.randrange(len(text))
            text = text[:place] + text[place + 1 :]
        return text

    def pick(self, choices: tuple[str, ...]) -> str:
        return self.random.choice(choices)

    def value(self) -> str:
        return self.pick(VALUES)

    def gap(self) -> str:
        return self.pick((" ", " ", "\n", " # note\n", "\t"))

    def commands(self, count: int, depth: int) -> str:
        return self.gap().join(self.command(depth) for _ in range(count))

    def command(self, depth: int) -> str:
        before = self.pick(("", "", "", "", "seen ", "unseen ", "noerror "))
        return before + self.bare(depth)

    def bare(self, depth: int) -> str:
        dice = self.random.random()
        if depth > 0 and dice < 0.35:
            return self.choice(depth)
        match self.random.randrange(12):
            case 0:
                return f"deliver {self.value()}" + self.pick(("", "", f" errors_to {self.value()}"))
            case 1:
                return f"save {self.value()}" + self.pick(("", "", " 640", " 9"))
            case 2:
                return f"pipe {self.value()}"
            case 3:
                return f"testprint {self.value()}"
            case 4:
                return f"add {self.value()} to {self.pick(('n1', 'n9', 'm1', '$n2'))}"
            case 5:
                return self.mail("mail")
            case 6:
                return self.mail("vacation")
            case 7:
                return "finish"
            case 8:
                return f"logfile {self.value()}" + self.pick(("", " 0644"))
            case 9:
                return f"logwrite {self.value()}"
            case 10:
                return f"headers charset {self.value()}"
            case _:
                return f'testprint "$0|$1|$n1|$thisaddress|{self.random.randrange(10)}"'

    def mail(self, name: str) -> str:
        parts = [name]
        for _ in range(self.random.randrange(4)):
            key = self.pick(MAIL)
            parts.append(key if key == "return message" else f"{key} {self.value()}")
        return self.gap().join(parts)

    def choice(self, depth: int) -> str:
        parts = [f"if {self.condition(2)}{self.gap()}then {self.commands(self.random.randrange(3), depth - 1)}"]
        if self.random.random() < 0.25:
            parts.append(f"elif {self.condition(1)} then {self.command(depth - 1)}")
        if self.random.random() < 0.4:
            parts.append(f"else {self.command(depth - 1)}")
        parts.append(self.pick(("endif", "endif", "endif", "endif", "")))
        return self.gap().join(parts)

    def condition(self, depth: int) -> str:
        dice = self.random.random()
        if depth > 0 and dice < 0.2:
            return f"{self.condition(depth - 1)} {self.pick(('and', 'or'))} {self.condition(depth - 1)}"
        if depth > 0 and dice < 0.3:
            return f"({self.condition(depth - 1)})"
        if depth > 0 and dice < 0.38:
            return f"not {self.condition(depth - 1)}"
        if depth > 0 and dice < 0.46:
            return f"foranyaddress {self.value()} ({self.condition(0)})"
        if dice < 0.6:
            return self.pick(WORDS)
        return f"{self.value()} {self.pick(TESTS)} {self.value()}"
