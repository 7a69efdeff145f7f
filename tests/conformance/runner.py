"""The command behind `run`."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

from .case import Case
from .known import KNOWN

_HERE = "conformance.operations."
#: operation: module and function
OPERATIONS = {
    "check_host": "spf:check_host",
    "dkim_verify": "dkim:verify",
    "dkim_sign": "dkim:sign",
    "arc_verify": "arc:verify",
    "arc_seal": "arc:seal",
    "dmarc_evaluate": "dmarc:evaluate",
    "dmarc_org_domain": "dmarc:org_domain",
    "dmarc_parse": "dmarc:parse",
    "dmarc_align": "dmarc:align",
    "authres_parse": "authres:parse",
    "srs_forward": "srs:forward",
    "srs_reverse": "srs:reverse",
    "registrable_domain": "psl:registrable_domain",
}


def cases(path: Path) -> Iterator[Case]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield Case.of(json.loads(line), path.parent)


def operation(name: str) -> Callable[[Case], list[str]]:
    module, _, function = OPERATIONS[name].partition(":")
    found: Callable[[Case], list[str]] = getattr(import_module(_HERE + module), function)
    return found


def problems(case: Case) -> list[str]:
    """What is wrong with our answer; nothing when it is right. An exception is wrong, too."""
    if case.op not in OPERATIONS:
        return [f"unknown operation {case.op!r}"]
    try:
        return operation(case.op)(case)
    except Exception as error:  # noqa: BLE001
        return [f"{type(error).__name__}: {error}"]


class Outcome:
    """What a file gave: how many passed of how many, the failures, and those that contradict the standard."""

    def __init__(self) -> None:
        self.total: Counter[str] = Counter()
        self.passed: Counter[str] = Counter()
        self.known: list[tuple[Case, str, list[str]]] = []
        self.failed: list[tuple[Case, list[str]]] = []

    def add(self, case: Case) -> None:
        self.total[case.suite] += 1
        wrong = problems(case)
        if not wrong:
            self.passed[case.suite] += 1
        elif (reason := KNOWN.get((case.suite, case.name))) is not None:
            self.known.append((case, reason, wrong))
        else:
            self.failed.append((case, wrong))


def run(paths: list[Path]) -> Outcome:
    outcome = Outcome()
    for path in paths:
        for case in cases(path):
            outcome.add(case)
    return outcome


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: run FILE.jsonl...")
        return 2
    began = time.monotonic()
    try:
        outcome = run([Path(each) for each in arguments])
    except (OSError, ValueError) as error:
        print(f"cannot read: {error}", file=sys.stderr)
        return 2
    for case, wrong in outcome.failed:
        print(
            f"FAIL {case.suite} | {case.name} | {case.op}: {'; '.join(wrong)}" + (f"  [{case.note}]" * bool(case.note))
        )
    for case, reason, _ in outcome.known:
        print(f"KNOWN {case.suite} | {case.name}: {reason}")
    known = Counter(case.suite for case, _, _ in outcome.known)
    for suite, total in outcome.total.items():
        more = f" ({known[suite]} of the others contradict the standard, see KNOWN)" if known[suite] else ""
        print(f"{suite}: {outcome.passed[suite]}/{total}{more}")
    print(f"{sum(outcome.passed.values())}/{sum(outcome.total.values())} in {time.monotonic() - began:.1f} s")
    return 1 if outcome.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
