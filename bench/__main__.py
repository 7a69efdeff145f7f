"""python -m bench [--rounds N] [--only WORD]... : run all scenarios, order rotated, and print medians and ratios."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from bench.contenders import Contender, Exim, Eximia, Postfix, unpack_postfix
from bench.scenarios import Result, Scenario, run

SCENARIOS = [
    Scenario("relay", 20, 50, 4096, 1000),
    Scenario("relay", 20, 50, 102400, 1000),
    Scenario("accept", 20, 50, 4096, 1000),
    Scenario("maildir", 20, 50, 4096, 1000),
    Scenario("relay", 1, 50, 4096, 50),
    Scenario("relay", 20, 1, 4096, 300),
    Scenario("relay", 1, 1, 4096, 20),
    Scenario("accept", 20, 1, 4096, 300),
    Scenario("accept", 20, 50, 102400, 1000),
    Scenario("maildir", 20, 1, 4096, 300),
]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", action="append", default=[], help="scenarios whose name contains this word")
    parser.add_argument("--contenders", default="eximia,exim,postfix")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "eximia-bench-cache")
    arguments = parser.parse_args()
    tree = unpack_postfix(arguments.cache)
    sink_port = 2690
    with tempfile.TemporaryDirectory(prefix="eximia-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        every: dict[str, Contender] = {
            "eximia": Eximia(folder, 2691, sink_port),
            "exim": Exim(folder, 2692, sink_port),
            "postfix": Postfix(folder, 2693, sink_port, tree),
        }
        contenders = [every[each] for each in arguments.contenders.split(",")]
        for scenario in SCENARIOS:
            if arguments.only and not any(word in scenario.name for word in arguments.only):
                continue
            results: dict[str, list[Result]] = {each.name: [] for each in contenders}
            for turn in range(arguments.rounds):
                at = turn % len(contenders)
                for contender in contenders[at:] + contenders[:at]:
                    try:
                        results[contender.name].append(run(contender, scenario, tree, sink_port))
                    except Exception as error:
                        print(f"{contender.name}: {scenario.name}: {error}", file=sys.stderr)
            report(scenario, results)
        for each in every.values():
            each.stop()
            each.group.remove()
    return 0


def report(scenario: Scenario, results: dict[str, list[Result]]) -> None:
    print(f"\n{scenario.name}: {scenario.messages} messages, medians")
    print(f"{'':10} {'msgs/s':>8} {'CPU ms':>8} {'user ms':>8} {'PSS MB':>8}   range of msgs/s")
    middle: dict[str, tuple[float, float]] = {}
    for name, rounds in results.items():
        if not rounds:
            continue
        rates = sorted(each.rate for each in rounds)
        rate = statistics.median(rates)
        cpu = statistics.median(each.cpu_ms for each in rounds)
        user = statistics.median(each.user_ms for each in rounds)
        memory = statistics.median(each.memory for each in rounds) / 1e6
        middle[name] = rate, cpu
        print(f"{name:10} {rate:8.0f} {cpu:8.2f} {user:8.2f} {memory:8.0f}   {rates[0]:.0f}-{rates[-1]:.0f}")
    ours = middle.get("eximia")
    for name in ("exim", "postfix"):
        if ours and name in middle:
            rate, cpu = middle[name]
            print(f"eximia / {name}: throughput {ours[0] / rate:.2f}, CPU {ours[1] / max(cpu, 0.001):.2f}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
