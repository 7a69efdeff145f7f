"""Reading the command line (manual chapter 5).

Here only the form is read; who may use an option, and what it does, is decided where the action is carried out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from eximia.daemon.invocation import DEBUG_CATEGORIES, NOT_BY_DEFAULT, Invocation, QueueRun, UsageError

_TIME = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$")
_UNITS = (604800, 86400, 3600, 60, 1)
_MESSAGE_ID = re.compile(r"[0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4})$")
_MACRO = re.compile(r"\s*([A-Z][A-Za-z0-9_]*)\s*(?:=\s*(.*))?$", re.DOTALL)

INTRODUCTION = """\
Exim is a Mail Transfer Agent. It is normally called by Mail User Agents,
not directly from a shell command line. Options and/or arguments control
what it does when called. For a list of options, see the Exim documentation.
"""

#: options without effect
_IGNORED = frozenset(["-Ac", "-Am", "-U", "-m", "-om", "-oo", "-x", "-odd", "-dropcr"])
#: actions that take ids of messages
_MESSAGE_ACTIONS = frozenset(["M", "Mc", "Mf", "Mg", "Mmad", "Mrm", "Mt", "Mvb", "Mvc", "Mvh", "Mvl"])
#: -M actions whose further arguments are something else
_MESSAGE_EDITS = frozenset(["Mar", "Mes", "Mmd", "MG", "Mset"])
#: what a listing (-bp) goes before, wherever it stands
_BEFORE_LISTING = frozenset(["be", "bf", "bh", "bi", "bP", "bS", "bs", "bt", "bV", "bv", "bvs", "brt", "brw"])
#: actions that may stand together: the last one holds, but -bS goes before -bs
_KIN = ({"bv", "bvs"}, {"bs", "bS"})
#: actions that take no arguments
_WITHOUT_ARGUMENTS = frozenset(["bd", "bf", "bi", "q"])
#: actions that do not go with -qG, and those that go with it without arguments
_NO_QUEUE = frozenset(["bS", "bs"])
_TESTS = frozenset(["bh", "bI", "bmalware", "bP", "bt", "bV", "bv", "bvs"])
#: options behind which everything is an argument
_LAST = frozenset(("-brt", "-brw"))
_BY_NAME = {"mailq": ["-bp"], "rsmtp": ["-bS"], "rmail": ["-i", "-oee"], "runq": ["-q"], "newaliases": ["-bi"]}


def unknown(option: str) -> UsageError:
    return UsageError(f"exim abandoned: unknown, malformed, or incomplete option {option}")


def incompatible() -> UsageError:
    return UsageError("exim: incompatible command-line options or arguments")


def read_time(text: str) -> int | None:
    """A time interval in seconds (manual 6.16), None when it is none."""
    found = _TIME.match(text)
    if not text or found is None or not any(found.groups()):
        return None
    return sum(int(number) * unit for number, unit in zip(found.groups(), _UNITS, strict=True) if number)


def is_message_id(text: str) -> bool:
    return _MESSAGE_ID.match(text) is not None


class _Words:
    """The words that are left, and taking an option's value from them."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self.at = 0

    def more(self) -> bool:
        return self.at < len(self.words)

    def next(self) -> str:
        word = self.words[self.at]
        self.at += 1
        return word

    def rest(self) -> list[str]:
        rest, self.at = self.words[self.at :], len(self.words)
        return rest

    def value(self, option: str, attached: str, error: UsageError | None = None) -> str:
        """The value of an option: attached to it, or the next word."""
        if attached:
            return attached
        if not self.more():
            raise error or unknown(option)
        return self.next()


def read(program: str, words: Sequence[str]) -> Invocation:
    """Read the words after the program's name. `program` is the name it was called by. Raises UsageError."""
    call = Invocation(program=program, words=list(words))
    base = program.rsplit("/", 1)[-1]
    queue = _Words([*_BY_NAME.get(base, []), *words])
    while queue.more():
        word = queue.next()
        if word == "--":
            break
        if not word.startswith("-"):
            queue.at -= 1
            break
        _read_option(call, word, queue)
        if word in _LAST:
            break
    call.arguments = queue.rest()
    _settle(call)
    return call


def _read_option(call: Invocation, word: str, queue: _Words) -> None:
    if word in _EXACT:
        _EXACT[word](call)
        return
    if word in _IGNORED:
        return
    for prefix, read_value in _PREFIXES.items():
        if word.startswith(prefix):
            read_value(call, word, word[len(prefix) :], queue)
            return
    raise unknown(word)


def _act(action: str) -> Callable[[Invocation], None]:
    """An option that decides what is done."""

    def act(call: Invocation) -> None:
        if action == "bp" and call.action in _BEFORE_LISTING:
            call.action = "bp"
        if call.action == "bp" and action in _BEFORE_LISTING:
            return
        # -bm is the weakest wish: anything else goes before it
        kin = {call.action, action} in _KIN
        if call.action and call.action != action and not kin and "bm" not in (call.action, action):
            raise incompatible()
        if kin or call.action in ("", "bm"):
            call.action = "bS" if kin and action == "bs" else action

    return act


def _flag(name: str, value: object = True) -> Callable[[Invocation], None]:
    def flag(call: Invocation) -> None:
        setattr(call, name, value)

    return flag


def _both(*steps: Callable[[Invocation], None]) -> Callable[[Invocation], None]:
    def both(call: Invocation) -> None:
        for step in steps:
            step(call)

    return both


_EXACT: dict[str, Callable[[Invocation], None]] = {
    "--help": _act("help"),
    "--version": _act("bV"),
    "-bV": _act("bV"),
    "-bd": _both(_act("bd"), _flag("listening")),
    "-bdf": _both(_act("bd"), _flag("listening"), _flag("foreground")),
    "-be": _act("be"),
    "-bi": _act("bi"),
    "-bm": _act("bm"),
    "-bnq": _flag("unqualified_allowed"),
    "-bP": _act("bP"),
    "-brt": _act("brt"),
    "-brw": _act("brw"),
    "-bS": _act("bS"),
    "-bs": _act("bs"),
    "-bt": _act("bt"),
    "-bv": _act("bv"),
    "-bvs": _act("bvs"),
    "-G": _flag("suppress_fixups"),
    "-i": _flag("dot_ends", False),
    "-oi": _flag("dot_ends", False),
    "-oitrue": _flag("dot_ends", False),
    "-N": _both(_flag("dont_deliver"), _flag("verbose")),
    "-n": _flag("no_labels"),
    "-ov": _flag("verbose"),
    "-v": _flag("verbose"),
    "-oY": _flag("no_notifier"),
    "-oPX": _flag("remove_pid_file"),
    "-pd": _flag("perl_start", False),
    "-ps": _flag("perl_start", True),
    "-t": _flag("extract_recipients"),
    "-ti": _both(_flag("extract_recipients"), _flag("dot_ends", False)),
    "-tls-on-connect": _flag("tls_on_connect"),
}
for _letters in ("b", "f", "i", "q", "qs"):
    _EXACT[f"-od{_letters}"] = _flag("delivery", _letters)
for _letters in "empqw":
    _EXACT[f"-oe{_letters}"] = _EXACT[f"-e{_letters}"] = _flag("error_handling", _letters)


def _string(name: str) -> Callable[[Invocation, str, str, _Words], None]:
    """An option with a value, attached or in the next word."""

    def string(call: Invocation, word: str, attached: str, queue: _Words) -> None:
        setattr(call, name, queue.value(word, attached))

    return string


def _separate(name: str) -> Callable[[Invocation, str, str, _Words], None]:
    """An option whose value is always the next word."""

    def separate(call: Invocation, word: str, attached: str, queue: _Words) -> None:
        if attached:
            raise unknown(word)
        missing = None
        if word.startswith("-oM"):
            missing = UsageError(f"exim: data expected after {word}")
        elif word.startswith("-bf"):
            missing = UsageError(f"exim: string expected after {word}")
        setattr(call, name, queue.value(word, "", missing))

    return separate


def _filter_string(name: str, action: str = "") -> Callable[[Invocation, str, str, _Words], None]:
    """-bf and its relatives."""

    def filter_string(call: Invocation, word: str, attached: str, queue: _Words) -> None:
        if attached:
            raise UsageError(f"exim: string expected after {word}")
        what = "file name" if action else "string"
        setattr(call, name, queue.value(word, "", UsageError(f"exim: {what} expected after {word}")))
        if action and call.action not in ("bf", ""):
            raise incompatible()
        if action:
            call.action = "bf"

    return filter_string


def _time(name: str) -> Callable[[Invocation, str, str, _Words], None]:
    def time(call: Invocation, word: str, attached: str, queue: _Words) -> None:
        text = queue.value(word, attached, UsageError(f"exim: bad time value {word}: abandoned"))
        seconds = read_time(text)
        if seconds is None:
            raise UsageError(f"exim: bad time value {word if attached else text}: abandoned")
        setattr(call, name, seconds)

    return time


def _host_check(call: Invocation, word: str, attached: str, queue: _Words) -> None:
    if attached not in ("", "c"):
        raise unknown(word)
    call.check_host = call.host_address = queue.value(word, "")
    call.callouts = attached == "c"
    _act("bh")(call)


def _malware(call: Invocation, word: str, attached: str, queue: _Words) -> None:
    if attached:
        raise unknown(word)
    call.scan_file = queue.value(word, "")
    _act("bmalware")(call)


def _listing(call: Invocation, word: str, attached: str, _: _Words) -> None:
    if not re.fullmatch(r"c|r?[aiu]?|ir?", attached):
        raise unknown(word)
    call.list_flags = attached
    _act("bp")(call)


def _information(call: Invocation, _: str, attached: str, __: _Words) -> None:
    call.information = attached
    _act("bI")(call)


def _inetd_wait(call: Invocation, word: str, attached: str, _: _Words) -> None:
    if attached:
        seconds = read_time(attached)
        if seconds is None:
            raise UsageError(f"exim: bad time value {word}: abandoned")
        call.inetd_wait_timeout = seconds
    call.inetd_wait = True
    _act("bd")(call)


def _message_file(call: Invocation, word: str, attached: str, queue: _Words) -> None:
    if attached:
        raise unknown(word)
    call.message_file = queue.value(word, "")
    _act("be")(call)


def _ignored_value(call: Invocation, word: str, attached: str, queue: _Words) -> None:
    del call
    missing = UsageError(f"exim: string expected after {word}") if word in ("-O", "-X") else None
    queue.value(word, attached, missing)


def _ignored_attached(call: Invocation, word: str, attached: str, queue: _Words) -> None:
    """-B<type>, -h<number>: nothing."""


def _macro(call: Invocation, word: str, attached: str, _: _Words) -> None:
    if not "A" <= attached.lstrip()[:1] <= "Z":
        raise UsageError("exim: macro name set by -D must start with an upper case letter")
    found = _MACRO.match(attached)
    if found is None:
        raise unknown(word)
    if len(call.macros) >= 10:
        raise UsageError("exim: too many -D options on command line")
    if any(found[1] == name for name, _ in call.macros):
        raise UsageError("exim: duplicated -D in command line")
    call.macros.append((found[1], found[2] or ""))


def _debug(call: Invocation, word: str, attached: str, _: _Words) -> None:
    call.debug_daemon_only = attached.startswith("d") and not attached.startswith("dr")
    settings = attached[1:] if call.debug_daemon_only else attached
    chosen = set(DEBUG_CATEGORIES) - NOT_BY_DEFAULT
    call.debug = frozenset(read_debug(settings, chosen))
    call.verbose = True


def read_debug(settings: str, chosen: set[str]) -> set[str]:
    """`+name-name...` applied to `chosen`. Raises UsageError."""
    if settings and settings[0] not in "+-":
        raise UsageError(f'exim: malformed debug_selector setting: + or - expected but found "{settings}"')
    parts = re.findall(r"([+-])([a-z0-9_]*)|(.)", settings)
    for sign, name, wrong in parts:
        if wrong or (name not in DEBUG_CATEGORIES and name != "all"):
            raise UsageError(f"exim: unknown debug_selector setting: {sign}{name}{wrong}")
        if name == "all":
            chosen = set(DEBUG_CATEGORIES) - {"memory", "noutf8"} if sign == "+" else set()
        elif sign == "+":
            chosen.add(name)
        else:
            chosen.discard(name)
    return chosen


def _error_message(call: Invocation, word: str, attached: str, _: _Words) -> None:
    call.local_error_message = True
    call.error_reference = attached if is_message_id(attached) else ""


def _sender(call: Invocation, word: str, attached: str, queue: _Words) -> None:
    call.sender = attached or queue.value(word, "")


def _received_protocol(call: Invocation, word: str, attached: str, queue: _Words) -> None:
    """-oMr"""
    already = call.protocol is not None
    _separate("protocol")(call, word, attached, queue)
    if already:
        raise UsageError("received_protocol is set already")


def _protocol(call: Invocation, word: str, attached: str, queue: _Words) -> None:
    attached = queue.value(word, attached)
    if call.protocol is not None:
        raise UsageError("received_protocol is set already")
    protocol, colon, name = attached.partition(":")
    call.protocol = protocol
    if colon:
        call.host_name = name


def _syslog_tag(call: Invocation, word: str, attached: str, queue: _Words) -> None:
    tag = queue.value(word, attached)
    if len(tag) > 32:
        raise UsageError(f'exim: the -L syslog name is too long: "{tag}"')
    if not tag:
        raise UsageError("exim: the -L syslog name is too short")
    call.syslog_tag = tag


def _message(call: Invocation, word: str, attached: str, queue: _Words) -> None:
    action = f"M{attached}"
    if action == "Mset":
        ids = [queue.value(word, "", UsageError(f"exim: no message ids given after {word} option"))]
        call.message_id = ids[0]
        _check_ids(word, ids)
        return
    if action not in _MESSAGE_ACTIONS and action not in _MESSAGE_EDITS:
        raise unknown(word)
    _act(action)(call)
    words = queue.rest()
    if action == "MG":
        if not words:
            raise unknown(word)
        queue_name, words = words[0], words[1:]
        if "/" in queue_name or queue_name in (".", ".."):
            raise UsageError(f"exim: bad queue name {queue_name} after {word} option")
        call.arguments = [queue_name]
    if not words:
        raise UsageError(f"exim: no message ids given after {word} option")
    if action in ("Mar", "Mes", "Mmd"):
        _check_ids(word, words[:1])
    else:
        _check_ids(word, words)
    queue.words += [*call.arguments, *words]
    queue.words.insert(queue.at, "--")


def _check_ids(word: str, ids: Sequence[str]) -> None:
    for each in ids:
        if not is_message_id(each):
            raise UsageError(f"exim: malformed message id {each} after {word} option")


def _host(call: Invocation, word: str, attached: str, queue: _Words) -> None:
    """-oMa; of -oMa and -bh the last holds."""
    _separate("host_address")(call, word, attached, queue)
    if call.check_host:
        call.check_host = call.host_address or ""


def _pid_file(call: Invocation, word: str, attached: str, queue: _Words) -> None:
    """-oP without a value asks for nothing."""
    if attached:
        raise unknown(word)
    call.pid_file = queue.next() if queue.more() else None


def _turn(call: Invocation, word: str, attached: str, queue: _Words) -> None:
    """-atrn host domainlist"""
    if attached:
        raise unknown(word)
    call.action = "atrn"
    call.turn = (queue.value(word, ""), queue.value(word, ""))


def _batch_limit(call: Invocation, word: str, attached: str, queue: _Words) -> None:
    if not attached and queue.more() and queue.words[queue.at].isdigit():
        attached = queue.next()
    if attached and not attached.isdigit():
        raise UsageError("exim: number expected after -oB")
    call.batch_limit = int(attached or "1")


def _run(call: Invocation, word: str, attached: str, queue: _Words) -> None:
    if attached[:1] in ("R", "S"):
        _select(call, attached[:1], word, attached[1:], queue)
        return
    found = re.match(r"(q?)(i?)(f{0,2})(l?)(?:G([^/]*)(?:/(.*))?)?", attached)
    assert found is not None
    two_stage, first, force, local, name, named_interval = found.groups()
    run = _current_run(call) if not call.runs or not call.runs[-1].wanted else QueueRun()
    if run not in call.runs:
        call.runs.append(run)
    run.wanted = True
    run.two_stage, run.first_only, run.local_only = bool(two_stage), bool(first), bool(local)
    run.force = run.force or bool(force)
    run.force_frozen = run.force_frozen or force == "ff"
    run.name = name or ""
    interval = named_interval if named_interval is not None else attached[found.end() :]
    shown = word
    following = queue.words[queue.at] if queue.more() else "-"
    if not interval and not following.startswith("-") and not is_message_id(following):
        interval = shown = queue.next()
    if interval:
        seconds = read_time(interval)
        if not seconds:
            raise UsageError(f"exim: bad time value {shown}: abandoned")
        run.interval = seconds
        return
    if queue.more() and is_message_id(queue.words[queue.at]):
        run.start_id = queue.next()
        if queue.more() and is_message_id(queue.words[queue.at]):
            run.end_id = queue.next()


def _current_run(call: Invocation) -> QueueRun:
    if not call.runs:
        call.runs.append(QueueRun())
    return call.runs[-1]


def _select(call: Invocation, letter: str, word: str, attached: str, queue: _Words) -> None:
    """-R and -S."""
    run = _current_run(call)
    flags = ""
    if attached in ("f", "ff", "r", "rf", "rff"):
        flags, attached = attached, ""
    text = queue.value(word, attached, UsageError(f"exim: string expected after -{letter}"))
    if letter == "R":
        run.recipient, run.recipient_regex = text, "r" in flags
    else:
        run.sender, run.sender_regex = text, "r" in flags
    run.select_force = run.select_force or "f" in flags
    run.select_force_frozen = run.select_force_frozen or "ff" in flags
    run.wanted = True


def _select_recipient(call: Invocation, word: str, attached: str, queue: _Words) -> None:
    _select(call, "R", word, attached, queue)


def _select_sender(call: Invocation, word: str, attached: str, queue: _Words) -> None:
    _select(call, "S", word, attached, queue)


def _log_line(call: Invocation, word: str, attached: str, queue: _Words) -> None:
    if attached:
        return
    call.log_line = queue.value(word, "", UsageError(f"exim: file name expected after {word}"))
    _act("z")(call)


#: longest first where one is the beginning of another
_PREFIXES: dict[str, Callable[[Invocation, str, str, _Words], None]] = {
    "-atrn": _turn,
    "-bem": _message_file,
    "-bF": _filter_string("system_filter_file", "bf"),
    "-bfd": _separate("filter_domain"),
    "-bfl": _separate("filter_local_part"),
    "-bfp": _separate("filter_prefix"),
    "-bfs": _separate("filter_suffix"),
    "-bf": _filter_string("filter_file", "bf"),
    "-bh": _host_check,
    "-bmalware": _malware,
    "-bI:": _information,
    "-bp": _listing,
    "-bw": _inetd_wait,
    "-oMaa": _separate("host_authenticated"),
    "-oMai": _separate("authenticated_id"),
    "-oMas": _separate("authenticated_sender"),
    "-oMa": _host,
    "-oMi": _separate("interface_address"),
    "-oMm": _separate("message_reference"),
    "-oMr": _received_protocol,
    "-oMs": _separate("host_name"),
    "-oMt": _separate("ident"),
    "-oA": _filter_string("alias_file"),
    "-oB": _batch_limit,
    "-oP": _pid_file,
    "-oX": _separate("interfaces"),
    "-or": _time("receive_timeout"),
    "-os": _time("smtp_timeout"),
    "-B": _ignored_attached,
    "-C": _string("config_files"),
    "-D": _macro,
    "-d": _debug,
    "-E": _error_message,
    "-F": _string("sender_name"),
    "-f": _sender,
    "-r": _sender,
    "-h": _ignored_value,
    "-L": _syslog_tag,
    "-M": _message,
    "-O": _ignored_value,
    "-p": _protocol,
    "-q": _run,
    "-R": _select_recipient,
    "-S": _select_sender,
    "-X": _ignored_value,
    "-z": _log_line,
}


def _settle(call: Invocation) -> None:
    """Decide the action from all options together; refuse what does not go together."""
    runs = [run for run in call.runs if run.wanted]
    call.runs = runs
    periodic = [run for run in runs if run.interval]
    daemon = call.action == "bd"
    if runs and call.action == "bp":
        call.runs = [run for run in runs if run.name]  # the queue to list
    elif runs and not daemon:
        only_names = all(run.name and not run.interval and run.recipient is None for run in runs)
        if call.action in ("", "bm") and not (call.action and call.arguments):
            call.action = "bd" if periodic else "q"
        elif not only_names or call.action in _NO_QUEUE or (call.action in _TESTS and call.arguments):
            raise incompatible()
    if daemon and runs and (not periodic or call.inetd_wait):
        raise incompatible()
    if call.extract_recipients and call.action not in ("", "bm", "be"):
        raise incompatible()
    if call.message_id is not None and call.action != "be":
        raise incompatible()
    if call.sender is not None and call.action in ("bd", "bs", "bS"):
        raise incompatible()
    if call.action in _WITHOUT_ARGUMENTS and call.arguments:
        raise incompatible()
    if not call.action and (call.arguments or call.extract_recipients):
        call.action = "bm"
    elif not call.action or (call.action == "bm" and not call.arguments and not call.extract_recipients):
        call.action = "help"
