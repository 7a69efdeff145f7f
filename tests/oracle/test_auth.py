"""AUTH dialogues of -bh, given to an installed Exim and to us."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

EXIM = shutil.which("exim4")
pytestmark = pytest.mark.skipif(EXIM is None, reason="no exim4 to compare with")

OURS = [sys.executable, "-c", "import sys; sys.argv[0] = 'exim'; from eximia.cli.main import main; sys.exit(main())"]

CONFIG = """primary_hostname = mx.test.ex
spool_directory = {spool}
log_file_path = {spool}/%slog
keep_environment =
host_lookup =
tls_advertise_hosts =
acl_smtp_rcpt = accept
acl_smtp_mail = m
{main}
begin acl
m:
  accept message = $authenticated_id/$sender_host_authenticated/$authenticated_sender
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if eq{{$auth2}}{{u}}{{${{if eq{{$auth3}}{{p}}}}}}{{${{if eq{{$auth2}}{{dfr}}{{tempo problem}}\\
    {{${{if eq{{$auth2}}{{exp}}{{${{lookup{{x}}lsearch{{/nonexist}}}}}}}}}}}}}}}}
  server_set_id = $auth2
  server_mail_auth_condition = ${{if eq{{$authenticated_sender}}{{good@x.ex}}}}
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${{if and{{{{eq{{$auth1}}{{u}}}}{{eq{{$auth2}}{{p}}}}}}}}
  server_set_id = $auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${{if eq{{$auth1}}{{u}}{{sec}}fail}}
  server_set_id = $auth1
ext:
  driver = external
  public_name = EXTERNAL
  server_param2 = two
  server_condition = ${{if eq{{$auth1$auth2}}{{meltwo}}}}
  server_set_id = $auth1
nope:
  driver = plaintext
  public_name = NOPE
  server_advertise_condition = no
  server_condition = yes
spa:
  driver = spa
  public_name = NTLM
  server_password = pw
  server_set_id = $auth1
"""


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


GOOD = f"AUTH PLAIN {b64(chr(0) + 'u' + chr(0) + 'p')}"
DIALOGUES: list[tuple[str, ...]] = [
    ("EHLO x", GOOD, "MAIL FROM:<a@b.ex>"),
    ("EHLO x", "AUTH PLAIN", GOOD[11:], GOOD),
    ("EHLO x", f"AUTH PLAIN {b64(chr(0) + 'u' + chr(0) + 'bad')}", "MAIL FROM:<a@b.ex>", GOOD),
    ("EHLO x", f"AUTH PLAIN {b64(chr(0) + 'dfr' + chr(0) + 'x')}"),
    ("EHLO x", f"AUTH PLAIN {b64(chr(0) + 'exp' + chr(0) + 'x')}"),
    ("EHLO x", "AUTH PLAIN !!!!", "AUTH PLAIN =", "AUTH PLAIN foo bar"),
    ("EHLO x", "AUTH PLAIN", "*", "AUTH PLAIN", "!!!"),
    ("EHLO x", "AUTH LOGIN", b64("u"), b64("p"), "MAIL FROM:<a@b.ex> AUTH=good@x.ex"),
    ("EHLO x", f"AUTH LOGIN {b64('u')}", b64("p")),
    ("EHLO x", "AUTH login", b64("u"), "*"),
    ("EHLO x", GOOD, "MAIL FROM:<a@b.ex> AUTH=good@x.ex", "RSET", "MAIL FROM:<a@b.ex> AUTH=bad@x.ex"),
    ("EHLO x", GOOD, "MAIL FROM:<a@b.ex> AUTH=<>", "RSET", "MAIL FROM:<a@b.ex> AUTH=a+b"),
    ("EHLO x", "MAIL FROM:<a@b.ex> AUTH=good@x.ex"),
    ("EHLO x", "AUTH NOPE", "AUTH", "AUTH FOO xx"),
    ("HELO x", "AUTH PLAIN"),
    ("AUTH PLAIN",),
    ("EHLO x", "AUTH CRAM-MD5", "*", f"AUTH CRAM-MD5 {b64('u')}"),
    ("EHLO x", "AUTH CRAM-MD5", b64("u 0123456789abcdef0123456789abcdef")),
    ("EHLO x", "AUTH CRAM-MD5", b64("x 0123456789abcdef0123456789abcdef")),
    ("EHLO x", f"AUTH EXTERNAL {b64('mel')}", "MAIL FROM:<a@b.ex>"),
    ("EHLO x", "AUTH EXTERNAL", b64("mel")),
    ("EHLO x", "AUTH EXTERNAL =", f"AUTH EXTERNAL {b64('bad')}"),
    ("EHLO x", "AUTH NTLM", "*"),
    ("EHLO x", "MAIL FROM:<a@b.ex>", GOOD),
]


@pytest.fixture
def spool() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="eximia-oracle-") as name:
        Path(name).chmod(0o777)
        yield Path(name)


def answers(program: list[str], config: Path, lines: tuple[str, ...]) -> list[str]:
    session = "".join(f"{line}\r\n" for line in (*lines, "QUIT"))
    done = subprocess.run(
        [*program, "-C", str(config), "-bh", "1.2.3.4"],
        input=session.encode(),
        capture_output=True,
        timeout=60,
    )
    said = [line.rstrip("\r") for line in done.stdout.decode("latin-1").split("\n")]
    # The greeting and the extensions differ; challenges of CRAM-MD5 and NTLM never repeat.
    said = [re.sub(r"^334 \S{20,}", "334 CHALLENGE", line) for line in said]
    replies = [
        line for line in said if re.match(r"[2-5]", line) and (not re.match(r"2[25]0[ -]", line) or "AUTH" in line)
    ]
    logs = [line for line in done.stderr.decode("latin-1").split("\n") if line.startswith("LOG: ")]
    return replies + logs


@pytest.mark.parametrize("main", ["", "auth_advertise_hosts = !1.2.3.4"])
@pytest.mark.parametrize("lines", DIALOGUES, ids=lambda lines: " | ".join(lines)[:60])
def test_same_dialogue(lines: tuple[str, ...], main: str, spool: Path) -> None:
    assert EXIM is not None
    if main and len(lines) != 2:
        pytest.skip("one refusal is enough")
    config = spool / "conf"
    config.write_text(CONFIG.format(spool=spool, main=main))
    assert answers(OURS, config, lines) == answers([EXIM], config, lines)
