from pathlib import Path

import pytest

from eximia.cli.utilities.eximstats import command
from eximia.cli.utilities.stats import html
from eximia.cli.utilities.stats import text as plain
from eximia.cli.utilities.stats.merging import Merger
from eximia.cli.utilities.stats.options import read_options
from eximia.cli.utilities.stats.reader import LogReader
from eximia.cli.utilities.stats.report import Report

LOG = """\
2026-11-22 08:10:47 1xV3Hb-000000001mn-0abc <= s@from.ex H=client.from.ex [10.0.0.1] P=esmtp S=2000 id=x@from.ex
2026-11-22 08:10:48 1xV3Hb-000000001mn-0abc => a@out.ex R=dnslookup T=remote_smtp S=2100 H=mx.out.ex [10.9.9.9] QT=1s
2026-11-22 08:10:48 1xV3Hb-000000001mn-0abc -> b@out.ex R=dnslookup T=remote_smtp S=2100 H=mx.out.ex [10.9.9.9] QT=1s
2026-11-22 08:10:57 1xV3Hb-000000001mn-0abc Completed
2026-11-22 09:11:47 1xV3Hb-0001mn-0b <= u@here.ex U=user P=local S=500
2026-11-22 09:11:48 1xV3Hb-0001mn-0b == x@later.ex R=r T=remote_smtp defer (111): Connection refused
2026-11-22 09:31:48 1xV3Hb-0001mn-0b => x@later.ex R=r T=remote_smtp H=mx.later.ex [10.9.9.8] C="250 OK"
2026-11-22 09:31:48 1xV3Hb-0001mn-0b Completed
2026-11-22 10:11:47 1xV3Hb-0001mn-0c <= z@from.ex H=(helo) [10.0.0.2] P=esmtp S=20000
2026-11-22 10:11:48 1xV3Hb-0001mn-0c => user <user@here.ex> R=local T=local_delivery
2026-11-22 10:11:48 1xV3Hb-0001mn-0c ** bad@here.ex R=x T=local_delivery: mailbox full
2026-11-22 10:11:49 1xV3Hb-0001mn-0c Completed
2026-11-22 10:11:50 H=(x) [10.0.0.3] F=<s@s> rejected RCPT <r@r>: relay not permitted
"""


def text(*words: str) -> str:
    options, _ = read_options(words)
    reader = LogReader(options)
    reader.read(LOG.splitlines())
    render = html.render if "html" in options.outputs else plain.render
    return render(Report(reader.statistics, options))


def test_totals_and_transports() -> None:
    assert (
        text("-nr", "-h0", "-q0", "-t0", "-ne")
        == """
Exim statistics from 2026-11-22 08:10:47 to 2026-11-22 10:11:50

Grand total summary
-------------------
                                                                  At least one address
  TOTAL               Volume   Messages Addresses     Hosts      Delayed       Failed
  Received              22KB          3                   3       1 33.3%      1 33.3%
  Delivered             22KB          3         4         3
  Rejects                             1                   1

Deliveries by transport
-----------------------
                      Volume    Messages
  local_delivery        20KB           1
  remote_smtp           2500           2

"""
    )


def test_histogram_queue_and_relays() -> None:
    whole = text("-t0")
    assert "Messages received per hour (each dot is 1 message)\n" in whole
    assert "\n10-11      1 .\n" in whole
    assert (
        "Time spent on the queue: all messages\n-------------------------------------\n\n"
        "Under   1m        2  66.7%   66.7%\n       30m        1  33.3%  100.0%\n\n"
    ) in whole
    assert (
        "Relayed messages\n----------------\n\n      1 client.from.ex[10.0.0.1] s@from.ex \n"
        "      => mx.out.ex[10.9.9.9] a@out.ex\n\nTotal: 1 (plus 0 unshown)\n"
    ) in whole
    assert whole.endswith(
        "    1 bad@here.ex R=x T=local_delivery: mailbox full\n\nErrors encountered: 1\n---------------------\n"
    )


def test_tops() -> None:
    whole = text("-nr", "-nt", "-h0", "-q0", "-ne", "-nvr")
    assert (
        "Top 50 host destinations by message count\n-----------------------------------------\n"
        "  Messages  Addresses      Bytes    Average   Host destination\n"
        "         1          1      20000      20000   local\n"
        "         1          2       2000       2000   mx.out.ex\n"
        "         1          1        500        500   mx.later.ex\n"
    ) in whole
    assert "         1   Rejected RCPT: relay not permitted\n" in whole
    assert "Top sending host by volume\n" in text("-t1")
    assert "local sender" not in text("-tnl")


def test_empty_input(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    (tmp_path / "log").write_text("nothing\n")
    assert command([str(tmp_path / "log")]) == 1
    assert capfdbinary.readouterr().err == b"**** No valid log lines read\n"
    assert command(["-emptyok", str(tmp_path / "log")]) == 0


def test_merging_gives_the_sums() -> None:
    options, _ = read_options(["-merge", "-h2"])
    merger = Merger(options)
    for _ in range(2):
        merger.read(text("-h2", "-byhost", "-bydomain"))
    merged = plain.render(Report(merger.statistics, options))
    assert "  Received              44KB          6                   6       2 33.3%      2 33.3%\n" in merged
    assert "  remote_smtp           5000           4\n" in merged
    assert "\n10:00      2 ..\n" in merged
    assert "         2       4000       2000   client.from.ex\n" in merged
    assert "      2 client.from.ex[10.0.0.1] s@from.ex \n      => mx.out.ex[10.9.9.9] a@out.ex\n" in merged
    assert "Under   1m        4  66.7%   66.7%\n       30m        2  33.3%  100.0%\n" in merged
    assert merged.endswith("Errors encountered: 2\n---------------------\n")


def test_a_page() -> None:
    page = text("-html", "-h0", "-pattern", "Relay <no>", "/relay/")
    assert "<h2>Grand total summary</h2>" in page
    assert '<tr><td>Relay &lt;no&gt;</td><td align="right">1</td>' in page
    assert '<td align="left" nowrap>user</td></tr>' in page


@pytest.mark.parametrize("words", [("-charts", "-chartdir", "/nowhere"), ("-xls=/nowhere/book",)])
def test_charts_and_workbooks_are_left_out_with_a_warning(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert text("-nr", *words) == text("-nr")
    assert capsys.readouterr().err.startswith("WARNING: no ")
