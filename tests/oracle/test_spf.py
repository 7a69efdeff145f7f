"""SPF beside Exim: variables, Authentication-Results and the lookup, in one host test with the same DNS."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from faults.world import SOURCE
from oracle.namespace import EXIM, needs_namespace, run_inside

RECORDS = """\
soft.ex TXT v=spf1 ~all
plain.ex TXT v=spf1 ip4:9.9.9.9 -all
ok.ex TXT v=spf1 ip4:1.2.3.4 -all
two.ex TXT v=spf1 -all
two.ex TXT v=spf1 +all
n.ex TXT v=spf1 ?all
d.ex TXT v=spf1 a
incl.ex TXT v=spf1 include:ok.ex -all
inclf.ex TXT v=spf1 include:plain.ex ~all
redir.ex TXT v=spf1 redirect=plain.ex
mx.ex TXT v=spf1 mx -all
mx.ex MX 10 host.mx.ex
host.mx.ex A 1.2.3.4
pre.ex TXT v=spf1 a:far.ex/16 -all
far.ex A 1.2.200.200
mac.ex TXT v=spf1 exists:%{ir}.%{l}.list.ex -all
4.3.2.1.a.list.ex A 127.0.0.2
ptr.ex TXT v=spf1 ptr -all
4.3.2.1.in-addr.arpa PTR in.ptr.ex
in.ptr.ex A 1.2.3.4
none.ex TXT nothing
"""
SENDERS = [f"a@{name}.ex" for name in
           ["soft", "plain", "ok", "two", "n", "d", "incl", "inclf", "redir", "mx", "pre", "mac", "ptr", "none", "nowhere"]] + [""]  # fmt: skip
CONFIGURATION = """\
primary_hostname = mx.test.ex
spool_directory = {folder}/spool
log_file_path = {folder}/log/%s
keep_environment =
acl_smtp_rcpt = check
begin acl
check:
  warn spf = pass : !pass
       logwrite = R=$spf_result G=$spf_result_guessed S=$spf_smtp_comment|H=$spf_header_comment
  warn logwrite = V=$spf_received|${{authresults{{mx.test.ex}}}}
  warn spf_guess = pass : !pass
       logwrite = R=$spf_result G=$spf_result_guessed S=$spf_smtp_comment|${{authresults{{mx.test.ex}}}}
  warn spf = fail : softfail
       logwrite = BAD
  warn spf = !fail
       logwrite = NOT FAIL
  deny message = ${{lookup{{$sender_address}}spf{{1.2.3.4}}{{$value}}{{nothing}}}}
"""


def said(folder: Path, program: str) -> list[str]:
    for name in ("", "spool", "log"):
        (folder / name).mkdir()
        (folder / name).chmod(0o777)
    (folder / "conf").write_text(CONFIGURATION.format(folder=folder))
    commands = "".join(f"MAIL FROM:<{each}>\\r\\nRCPT TO:<x@y.ex>\\r\\nRSET\\r\\n" for each in SENDERS)
    script = f"printf 'EHLO ok.ex\\r\\n{commands}QUIT\\r\\n' | {program} -C {folder}/conf -bh 1.2.3.4"
    done = run_inside(folder, RECORDS, ["sh", "-c", script])
    lines = (done.stdout + done.stderr).decode("latin-1").splitlines()
    return [line for line in lines if line.startswith(("LOG:", "550", "\tspf"))]


@needs_namespace
def test_host_test() -> None:
    # pytest's own folders are closed to the server's user.
    with tempfile.TemporaryDirectory(prefix="eximia-spf-") as name:
        folder = Path(name)
        folder.chmod(0o777)
        theirs = said(folder / "theirs", str(EXIM))
        ours = said(folder / "ours", f"env PYTHONPATH={SOURCE} {sys.executable} -m eximia.cli.launched exim")
    assert len(theirs) >= 4 * len(SENDERS), theirs
    assert ours == theirs
