"""DKIM against an installed Exim: the same messages received by both (log lines, `$dkim_...`, Authentication-Results),
and the same message sent by both (the signature, byte for byte)."""

from __future__ import annotations

import re
import sys
import tempfile
from difflib import unified_diff
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from eximia.mailauth.dkim.sign import Signer, sign
from oracle.namespace import EXIM, needs_namespace, run_inside
from oracle.transport_world import SOURCE, Case, compare
from support_signed import pem, signing_key

pytestmark = needs_namespace

MESSAGE = (
    b"From: A <a@b.example>\nTo: x@y.example\nTo: z@y.example\nSubject: hi   there\n folded\n"
    b"Date: Thu, 1 Jan 2026 00:00:00 +0000\nMessage-ID: <1@b.example>\n\nHello  \n.dot\n\nbye\n\n\n"
)
ACL = """
arcpt:
  accept logwrite = == $local_part
adkim:
  warn logwrite = cur=<$dkim_cur_signer> st=<$dkim_verify_status> re=<$dkim_verify_reason> d=<$dkim_domain> \\
       i=<$dkim_identity> s=<$dkim_selector> a=<$dkim_algo> cb=<$dkim_canon_body> ch=<$dkim_canon_headers> \\
       cp=<$dkim_copiedheaders> bl=<$dkim_bodylength> cr=<$dkim_created> ex=<$dkim_expires> hn=<$dkim_headernames>
  warn logwrite = kt=<$dkim_key_testing> kns=<$dkim_key_nosubdomains> kst=<$dkim_key_srvtype> \\
       kg=<$dkim_key_granularity> kn=<$dkim_key_notes> kl=<$dkim_key_length> sg=<$dkim_signers>
  warn dkim_signers = b.example : joe@b.example
       logwrite = signer in list
  warn dkim_status = pass
       logwrite = status pass
  warn dkim_status = none:invalid:fail
       logwrite = status bad
  deny dkim_signers = refused@b.example
       message = go away
  discard dkim_signers = dropped@b.example
  accept
adata:
  warn logwrite = data: st=<$dkim_verify_status> sg=<$dkim_signers> ar=<${authresults {my.host.example}}>
  accept
"""
CONFIGURATION = """
spool_directory = {d}/spool
log_file_path = {d}/log/%slog
primary_hostname = my.host.example
qualify_domain = my.host.example
keep_environment =
tls_advertise_hosts =
trusted_users = root
queue_run_in_order
acl_smtp_rcpt = arcpt
acl_smtp_data = adata
queue_only
{main}
begin acl
{acl}
begin routers
r:
  driver = redirect
  data = :blackhole:
"""
#: options of the main section
MAINS = {
    "acl": "log_selector = +dkim_verbose\nacl_smtp_dkim = adkim",
    "no acl": "log_selector = +dkim_verbose",
    "quiet": "log_selector = -dkim",
    "minimal": "log_selector = +dkim_verbose\nacl_smtp_dkim = adkim\ndkim_verify_minimal",
    "signers": "log_selector = +dkim_verbose\nacl_smtp_dkim = adkim\n"
    "dkim_verify_signers = joe@b.example:B.example:joe@b.example:b.example",
    "old hashes": "log_selector = +dkim_verbose\nacl_smtp_dkim = adkim\ndkim_verify_hashes = sha1:sha512\n"
    "dkim_verify_keytypes = rsa",
    "long keys": "log_selector = +dkim_verbose\nacl_smtp_dkim = adkim\ndkim_verify_min_keysizes = rsa=1025",
    "disabled": "log_selector = +dkim_verbose\nacl_smtp_dkim = adkim\nacl_smtp_mail = accept control = dkim_disable_verify",
}


def _signed(*signers: dict[str, Any], message: bytes = MESSAGE) -> bytes:
    for more in reversed(signers):
        kind = more.pop("kind", "rsa")
        settings = {"domain": "b.example", "selector": kind, "key": signing_key(kind), **more}
        message = sign(message, Signer(**settings)).replace(b"\r\n", b"\n") + message
    return message


@cache
def _messages() -> dict[str, bytes]:
    good = _signed({})
    return {
        "good": good,
        "two": _signed({}, {"kind": "ed25519"}),
        "identity": _signed({"identity": "joe@b.example", "created": 100, "expires": 4000000000}),
        "key tags": _signed({"selector": "tags"}),
        "expired": _signed({"created": 100, "expires": 200}),
        "body": good.replace(b"Hello", b"HellO"),
        "header": good.replace(b"Subject: hi", b"Subject: Hi"),
        "revoked": _signed({"selector": "revoked"}),
        "broken key": _signed({"selector": "broken"}),
        "no version": _signed({"selector": "noversion"}),
        "other version": _signed({"selector": "otherversion"}),
        "rubbish": _signed({"selector": "rubbish"}),
        "for sha1": _signed({"selector": "sha1only"}),
        "sha1": _signed({"hash_name": "sha1"}),
        "sha512": _signed({"hash_name": "sha512"}),
        "length": _signed({"length": True}) + b"appended\n",
        "simple": _signed({"canon_header": "simple"}, {"canon_body": "simple"}),
        "no from": _signed({"sign_headers": ("subject",)}),
        "no v": good.replace(b"v=1; ", b""),
        "v2": good.replace(b"v=1; ", b"v=2; "),
        "unknown algorithm": good.replace(b"rsa-sha256", b"rsa-md5"),
        "no selector": good.replace(b"s=rsa;", b""),
        "no domain": good.replace(b"d=b.example", b"d="),
        "copied": good.replace(b"v=1; ", b"v=1; z=From:a@b|To:x; "),
        "order": _signed(
            {"identity": "joe@b.example"}, {"hash_name": "sha512"}, {"kind": "ed25519"}, {"hash_name": "sha512"}
        ),
        "refused": _signed({"identity": "refused@b.example"}),
        "dropped": _signed({"identity": "dropped@b.example"}),
        "none": MESSAGE,
    }


def _zone() -> str:
    rsa = signing_key("rsa").record().decode()
    records = {
        "rsa": f"v=DKIM1; k=rsa; p={rsa}",
        "ed25519": f"v=DKIM1; k=ed25519; p={signing_key('ed25519').record().decode()}",
        "tags": f"v=DKIM1; k=rsa; t=s:y; n=some notes; s=email; g=*; p={rsa}",
        "revoked": "v=DKIM1; k=rsa; p=",
        "broken": "v=DKIM1; k=rsa; p=AAAA",
        "noversion": f"k=rsa; p={rsa}",
        "otherversion": f"v=DKIM2; k=rsa; p={rsa}",
        "rubbish": "hello world",
        "sha1only": f"v=DKIM1; k=rsa; h=sha1; p={rsa}",
    }
    return "".join(f"{name}._domainkey.b.example TXT {text}\n" for name, text in records.items())


#: lines of the other library's error stack, which ours does not have; Exim has no "none" (RFC 8601 section 2.2)
_LIBRARY = re.compile(r"DKIM: validation error: ASN1|lost privilege")


def _log(folder: Path) -> list[str]:
    path = folder / "log" / "mainlog"
    lines = []
    for line in path.read_text("latin-1").splitlines() if path.exists() else ():
        text = re.sub(r"^\S+ \S+ (\w+-\w+-\w+ )?", "", line)
        text = re.sub(r" (S|id)=\S+|\\n\tnone(?=>)|;(?=\\n\tnone)|;(?=>$)", "", text)
        if not _LIBRARY.search(text):
            lines.append(text)
    return lines


def _session() -> bytes:
    """All messages in one session; the recipient says which."""
    text = b"EHLO x\r\n"
    for name, message in _messages().items():
        data = message.replace(b"\n.", b"\n..").replace(b"\n", b"\r\n")
        recipient = name.replace(" ", "-").encode()
        text += b"MAIL FROM:<a@b.example>\r\nRCPT TO:<%b@y.example>\r\nDATA\r\n%b.\r\n" % (recipient, data)
    return text + b"QUIT\r\n"


def _received(program: list[str], folder: Path, main: str) -> list[str]:
    for name in ("spool", "log"):
        (folder / name).mkdir(parents=True)
        (folder / name).chmod(0o777)
    (folder / "session").write_bytes(_session())
    configuration = folder / "conf"
    configuration.write_text(CONFIGURATION.format(d=folder, main=main, acl=ACL))
    words = [*program, "-C", str(configuration), "-oMa", "1.2.3.4", "-bs"]
    feed = ["sh", "-c", f'exec "$@" < {folder}/session', "sh", *words]
    done = run_inside(folder, _zone(), feed)
    assert done.stdout.count(b"\n354 ") == len(_messages()), done.stdout + done.stderr
    return _log(folder)


@pytest.mark.parametrize("main", MAINS)
def test_received(main: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(SOURCE))
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        theirs = _received([str(EXIM)], place / "theirs", MAINS[main])
        ours = _received([sys.executable, "-m", "eximia.cli.launched", "exim"], place / "ours", MAINS[main])
    assert len(theirs) > len(_messages())
    assert "\n".join(unified_diff(theirs, ours, lineterm="", n=0)) == ""


def _keys(box: Path) -> None:
    for kind in ("rsa", "ed25519"):
        (box / kind).write_bytes(pem(kind))
    (box / "rubbish").write_text("no key")


_BOTH = " dkim_selector = rsa:ed25519\n dkim_private_key = @D/box/$dkim_selector\n"
_RSA = " dkim_domain = b.example\n dkim_selector = rsa\n dkim_private_key = @D/box/rsa\n"
SIGNING = {
    "plain": _RSA,
    "two domains": " dkim_domain = B.Example : c.example\n" + _BOTH,
    "simple": _RSA + " dkim_canon = simple\n",
    "identity": _RSA + " dkim_identity = joe@$dkim_domain\n",
    "headers": _RSA + " dkim_sign_headers = from:=to:+subject:nothere:+nix:=nax\n",
    "oversigned": _RSA + " dkim_sign_headers = _DKIM_OVERSIGN_HEADERS\n",
    "sha1": _RSA + " dkim_hash = sha1\n",
    "sha512": _RSA + " dkim_hash = sha512\n",
    "unknown hash": _RSA + " dkim_hash = md5\n",
    "unknown hash, strict": _RSA + " dkim_hash = md5\n dkim_strict = true\n",
    "no key": " dkim_domain = b.example\n dkim_selector = x\n dkim_private_key = false\n dkim_strict = 1\n",
    "missing key": " dkim_domain = b.example\n dkim_selector = x\n dkim_private_key = @D/box/missing\n",
    "missing key, strict": " dkim_domain = b.example\n dkim_selector = x\n dkim_private_key = @D/box/missing\n dkim_strict = 1\n",
    "one of two keys is missing": " dkim_domain = b.example\n dkim_selector = rsa:x\n dkim_private_key = @D/box/$dkim_selector\n",
    "one of two is not signed": _RSA.replace("rsa\n dkim_p", "rsa:x\n dkim_p").replace(
        "@D/box/rsa", "${if eq{$dkim_selector}{x}{0}{@D/box/rsa}}"
    ),
    "no domain": " dkim_domain =\n dkim_selector = rsa\n dkim_private_key = @D/box/rsa\n",
    "failing domain": _RSA.replace("= b.example", "= ${if eq{a}{b}{}fail}"),
    "failing key, strict": _RSA.replace("= @D/box/rsa", "= ${if eq{a}{b}{}fail}") + " dkim_strict = 1\n",
    "broken identity": _RSA + " dkim_identity = ${bad}\n",
    "tainted key": _RSA.replace("b.example", "$sender_address_domain").replace("@D/box/rsa", "@D/box/$dkim_domain"),
    "filter": _RSA + " transport_filter = /bin/sed s/Hello/Goodbye/\n",
}
_TO_SIGN = {
    "empty body": MESSAGE.partition(b"\n\n")[0] + b"\n\n",
    "no final newline": MESSAGE.rstrip(b"\n") + b"\ntext \t ",
    "large": MESSAGE + b"a line of  text \t\n\n" * 40000,
}


#: Exim finds out in mid-transaction that a message cannot be signed
_LATER = ("-MAIL FROM:<s@from.example>", "-RCPT TO:<joe@y.example>", "-DATA")
SENT = {
    name: Case(
        options, driver="smtp", message=MESSAGE, before=_keys, peer={}, differs=_LATER if "strict" in name else ()
    )
    for name, options in SIGNING.items()
}


@pytest.mark.parametrize("name", SENT)
def test_sent(name: str) -> None:
    compare(SENT[name])


#: not simple with an empty body: Exim 4.96 hashes nothing there, RFC 6376 section 3.4.3 a line end
@pytest.mark.parametrize(("canon", "name"), [("relaxed", name) for name in _TO_SIGN] + [("simple", "large")])
def test_bodies(name: str, canon: str) -> None:
    transport = f"{_RSA} dkim_canon = {canon}\n"
    compare(Case(transport, driver="smtp", message=_TO_SIGN[name], before=_keys, peer={}))
