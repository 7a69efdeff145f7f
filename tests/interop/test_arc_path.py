"""A message passes a server of ours, an installed Exim, and another of ours; the chain of seals verifies at the end, and
so do the signatures that the Exim in the middle and our servers put on."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from eximia.mailauth.arc.verify import verify as verify_arc
from eximia.mailauth.dkim.verify import verify
from interop.signing_peers import mail_dkim
from oracle.namespace import EXIM, needs_namespace, run_inside
from oracle.transport_world import SOURCE
from support_signed import pem, signing_key, txt

pytestmark = needs_namespace

_CONFIGURATION = """
spool_directory = {d}/{name}/spool
log_file_path = {d}/{name}/%slog
pid_file_path = {d}/{name}/pid
primary_hostname = {name}.example
keep_environment =
tls_advertise_hosts =
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
log_selector = +dkim_verbose
acl_smtp_rcpt = accept
{main}
begin acl
{acl}
begin routers
r:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = t
begin retry
* * F,1h,1s
begin transports
t:
  driver = smtp
  port = {next}
  allow_localhost
{transport}
"""
_OURS = """
data:
  accept verify = arc/ none:fail:pass
         remove_header = Authentication-Results
         add_header = :at_start:${{authresults {{{name}.example}}}}
         logwrite = arc=$arc_state oldest=$arc_oldest_pass domains=$arc_domains
EXAMPLE
"""
#: as it is printed in the documentation
_EXAMPLE = r"""
        logwrite = oldest-p-ams: <${reduce {$lh_ARC-Authentication-Results:} \
                                {} \
                                {${if = {$arc_oldest_pass} \
                                        {${extract {i}{${extract {1}{;}{$item}}}}} \
                                        {$item} {$value}}} \
                        }>
"""
_ARC = "  arc_sign = {name}.example : rsa : {d}/rsa : timestamps\n"
_DKIM = "  dkim_domain = {name}.example\n  dkim_selector = rsa\n  dkim_private_key = {d}/rsa\n"


def _configure(folder: Path, name: str, port: int, following: int, *, ours: bool) -> str:
    (folder / name).mkdir()
    (folder / name / "spool").mkdir()
    for path in (folder / name, folder / name / "spool"):
        path.chmod(0o777)
    values: dict[str, Any] = {"d": folder, "name": name}
    text = _CONFIGURATION.format(
        **values,
        port=port,
        next=following,
        main="acl_smtp_data = data" if ours else "",
        acl=_OURS.format(**values).replace("EXAMPLE", _EXAMPLE.strip("\n")) if ours else "",
        transport=(_ARC if ours else "").format(**values) + _DKIM.format(**values),
    )
    path = folder / f"{name}.conf"
    path.write_text(text)
    return str(path)


@pytest.fixture(scope="module")
def arrived() -> Any:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "rsa").write_bytes(pem("rsa"))
        (folder / "rsa").chmod(0o644)
        ours = f"env PYTHONPATH={SOURCE} {sys.executable} -m eximia.cli.launched exim"
        way = [("first", ours, True), ("middle", str(EXIM), False), ("last", ours, True)]
        arguments = []
        for number, (host, program, is_ours) in enumerate(way):
            following = 2611 + number if number < 2 else 2600
            file = _configure(folder, host, 2610 + number, following, ours=is_ours)
            # "=" separates the arguments' parts, and stands in the environment's setting.
            script = folder / f"{host}.sh"
            script.write_text(f'#!/bin/sh\nexec {program} "$@"\n')
            script.chmod(0o755)
            arguments.append(f"{script}={file}={2610 + number}")
        record = signing_key("rsa").record().decode()
        zone = "".join(
            f"rsa._domainkey.{host}.example TXT v=DKIM1; p={record}\n" for host in ("first", "middle", "last")
        )
        driver = [sys.executable, str(Path(__file__).with_name("arc_path.py")), str(folder), *arguments]
        done = run_inside(folder, zone, driver)
        logs = {host: (folder / host / "mainlog").read_text("latin-1") for host, _, _ in way}
        assert done.returncode == 0, (done.stderr, logs)
        yield (folder / "arrived").read_bytes(), logs, folder


def test_the_chain_holds(arrived: Any) -> None:
    message, logs, folder = arrived
    result = verify_arc(message, txt)
    assert (result.state, result.instance, result.oldest_pass) == ("pass", 2, 1)
    assert result.domains == ("first.example", "last.example")
    assert "arc=none oldest=0 domains=" in logs["first"]
    assert "arc=pass oldest=1 domains=first.example" in logs["last"]
    assert "oldest-p-ams: <>\n" in logs["first"]
    assert re.search(r"oldest-p-ams: <\s*i=1; first\.example;", logs["last"])
    assert re.search(r"<= .* DKIM=middle\.example ARC ", logs["last"])
    assert b"forged" not in message
    key = b"v=DKIM1; k=rsa; p=" + signing_key("rsa").record()
    keys = {f"rsa._domainkey.{host}.example": key for host in ("first", "middle", "last")}
    peer = mail_dkim(folder, keys, pem("rsa"), "first.example", "rsa")
    if peer is not None:
        assert peer.ask("arcverify", message)[0] == "pass"
        peer.close()


def test_all_signatures_hold(arrived: Any) -> None:
    message, logs, _ = arrived
    found = [(result.domain, result.status) for result in verify(message, txt)]
    assert found == [("last.example", "pass"), ("middle.example", "pass"), ("first.example", "pass")]
    # The Exim in the middle has verified ours, and we have verified its.
    assert (
        "DKIM: d=first.example s=rsa c=relaxed/relaxed a=rsa-sha256 b=1024 [verification succeeded]" in logs["middle"]
    )
    assert "DKIM: d=middle.example s=rsa c=relaxed/relaxed a=rsa-sha256 b=1024 [verification succeeded]" in logs["last"]
