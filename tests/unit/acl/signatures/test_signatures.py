"""Signatures of a message that comes in: the DKIM ACL, conditions and variables of all three mechanisms."""

from __future__ import annotations

from pathlib import Path

import pytest

from eximia.acl import phases
from eximia.acl.result import AclResult, Outcome
from eximia.acl.signatures.arriving import begin
from eximia.acl.signatures.dkim import judge, verdicts
from eximia.acl.signatures.domainkeys import check_domainkeys
from eximia.base.template import Template
from eximia.context import Body
from eximia.mailauth.arc.seal import Sealer, seal
from eximia.mailauth.dkim.sign import Signer, sign
from eximia.mailauth.domainkeys.sign import Signer as DkSigner
from eximia.mailauth.domainkeys.sign import Signing as DkSigning
from eximia.mailauth.fields import split_message
from eximia.message.header import Header
from support_acl import World
from support_signed import MESSAGE, signing_key, txt

_SHOW = (
    "warn logwrite = $dkim_cur_signer: $dkim_verify_status/$dkim_verify_reason d=$dkim_domain s=$dkim_selector "
    "i=$dkim_identity $dkim_algo $dkim_key_length $dkim_bodylength\n"
)


def _world(directory: Path, **options: object) -> World:
    world = World(directory, **options)
    for kind in ("rsa", "ed25519"):
        record = txt(f"{kind}._domainkey.b.example").texts[0].decode()
        world.resolver.add(f"{kind}._domainkey.b.example", "TXT", record)
    return world


def _signed(*signers: tuple[str, str], message: bytes = MESSAGE) -> bytes:
    for kind, identity in signers:
        message = sign(message, Signer("b.example", kind, signing_key(kind), identity=identity)) + message
    return message


def _receive(world: World, message: bytes) -> bool:
    """As reception does it; whether the message goes on."""
    fields, body = split_message(message.replace(b"\r\n", b"\n"))
    lines = [field.decode("latin-1") for field in fields]
    ctx = world.context
    world.message.headers = [Header(line) for line in lines]
    arriving = begin(ctx, lines)
    if arriving is not None:
        arriving.feed(body[:5])
        arriving.feed(body[5:])
    world.message.body = Body(body)
    check_domainkeys(ctx)
    return judge(ctx, _refuse)


class _Refused(Exception):
    pass


def _refuse(result: AclResult, option: str) -> None:
    raise _Refused(option, result.outcome, result.user_message)


def _acl(world: World, text: str) -> None:
    world.define(f"dk:\n{text}accept\n")


def _lines(world: World) -> list[str]:
    return [text for _, text in world.log.written]


def test_each_signer_once_for_each_signature(tmp_path: Path) -> None:
    world = _world(tmp_path, acl_smtp_dkim=Template("dk"))
    _acl(world, _SHOW)
    assert _receive(world, _signed(("rsa", "joe@b.example"), ("ed25519", "")))
    assert _lines(world) == [
        "b.example: pass/ d=b.example s=ed25519 i= ed25519-sha256 256 9999999999999",
        "b.example: pass/ d=b.example s=rsa i=joe@b.example rsa-sha256 1024 9999999999999",
        "joe@b.example: pass/ d=b.example s=rsa i=joe@b.example rsa-sha256 1024 9999999999999",
    ]
    assert world.message.variables["dkim_verify_status"] == "pass:pass:pass"
    assert world.message.variables["dkim_signers"] == "b.example:b.example:joe@b.example"
    assert world.message.auth_results["dkim_domain"] == "b.example"


def test_signers_without_signature(tmp_path: Path) -> None:
    world = _world(
        tmp_path,
        acl_smtp_dkim=Template("dk"),
        dkim_verify_signers=Template("paypal.ex : $sender_address_domain : paypal.ex"),
    )
    _acl(world, _SHOW)
    assert _receive(world, MESSAGE)
    assert _lines(world) == [f"{name}: none/ d= s= i=  0 9999999999999" for name in ("paypal.ex", "x.ex")]


def test_conditions_refuse(tmp_path: Path) -> None:
    world = _world(tmp_path, acl_smtp_dkim=Template("dk"))
    _acl(world, "deny dkim_signers = c.example : b.example\n dkim_status = none:fail\n message = forged\n")
    assert _receive(world, _signed(("rsa", "")))
    with pytest.raises(_Refused) as refused:
        _receive(world, _signed(("rsa", "")).replace(b"Hello", b"HellO"))
    assert refused.value.args == ("acl_smtp_dkim", Outcome.DENY, "forged")
    assert world.message.auth_results["dkim"][0].startswith("fail (body hash mismatch; ")


def test_discard(tmp_path: Path) -> None:
    world = _world(tmp_path, acl_smtp_dkim=Template("dk"))
    _acl(world, "discard dkim_signers = b.example\n")
    assert not _receive(world, _signed(("rsa", "joe@b.example")))
    assert world.message.discarded


def test_verdict_set_by_the_acl(tmp_path: Path) -> None:
    world = _world(tmp_path, acl_smtp_dkim=Template("dk"))
    world.log.selectors.dkim_verbose = True
    _acl(world, "warn set dkim_verify_status = fail\n set dkim_verify_reason = too (weak\n")
    assert _receive(world, _signed(("rsa", "")))
    assert _lines(world)[-1].endswith("b=1024 [fail - too (weak]")
    assert world.message.auth_results["dkim"] == [
        "policy (fail - too _weak) header.d=b.example header.s=rsa header.a=rsa-sha256"
    ]
    assert [verdict.passed for verdict in verdicts(world.context)] == [False]
    world.define("data:\n accept dkim_status = fail\n")
    assert world.run(phases.DATA, "data").outcome is Outcome.ACCEPT


def test_what_is_not_looked_at(tmp_path: Path) -> None:
    world = _world(tmp_path, acl_smtp_dkim=Template("dk"), dkim_verify_keytypes=Template("ed25519"))
    _acl(world, _SHOW)
    assert _receive(world, _signed(("rsa", "")))
    assert (_lines(world), world.resolver.asked) == ([], [])
    world.message.dkim_disable_verify = True
    assert _receive(world, _signed(("ed25519", "")))
    assert (_lines(world), world.resolver.asked) == ([], [])


def test_minimal(tmp_path: Path) -> None:
    world = _world(tmp_path, dkim_verify_minimal=True)
    world.log.selectors.dkim_verbose = True
    assert _receive(world, _signed(("rsa", ""), ("ed25519", "")))
    assert [line.rpartition("[")[2] for line in _lines(world)] == ["verification succeeded]", "not verified]"]
    assert world.resolver.asked == [("ed25519._domainkey.b.example", "TXT")]


def test_nothing_injectable(tmp_path: Path) -> None:
    world = _world(tmp_path)
    world.log.selectors.dkim_verbose = True
    evil = b'DKIM-Signature: v=1; a=rsa-sha256; d=b.example; s=x y;\r\n\ti="a; spf=pass (x"@b.example; h=from; bh=AA==; b=AA==\r\n'
    assert _receive(world, evil + MESSAGE)
    (line,) = _lines(world)
    assert "\n" not in line
    (text,) = world.message.auth_results["dkim"]
    assert text.endswith('header.i="\\"a" header.s="x y" header.a=rsa-sha256')


def _sealed(message: bytes) -> bytes:
    message = b"Authentication-Results: b.example; spf=pass\r\n" + message
    sealer = Sealer("b.example", "b.example", "rsa", signing_key("rsa"))
    return b"".join(seal(message, sealer, "none")) + message


@pytest.mark.parametrize("with_dkim", [True, False])
def test_arc(tmp_path: Path, with_dkim: bool) -> None:
    world = _world(tmp_path)
    world.define("a:\n accept verify = arc/pass:none\n logwrite = $arc_state $arc_domains $arc_oldest_pass\n")
    assert world.run(phases.RCPT).log_message == "cannot verify arc in ACL for RCPT"
    assert _receive(world, _sealed(_signed(("rsa", "")) if with_dkim else MESSAGE))
    assert world.run(phases.DATA).outcome is Outcome.ACCEPT
    assert _lines(world) == ["pass b.example 1"]
    assert world.message.auth_results["arc"] == "pass (i=1) header.oldest-pass=1 smtp.remote-ip=1.2.3.4"


@pytest.mark.parametrize(
    "states, good",
    [("!pass", True), ("pass:!fail", True), ("!none:pass", False), ("!none", False), ("FAIL:NONE", True)],
)
def test_lists_of_words(tmp_path: Path, states: str, good: bool) -> None:
    """The first item that fits decides; after a last one that is negated everything else fits."""
    world = _world(tmp_path)
    world.define(f"a:\n accept verify = arc/{states}\nb:\n accept dkim_status = {states}\n")
    assert _receive(world, MESSAGE)
    outcome = Outcome.ACCEPT if good else Outcome.DENY
    assert [world.run(phases.DATA, name).outcome for name in "ab"] == [outcome, outcome]


def test_arc_failure(tmp_path: Path) -> None:
    world = _world(tmp_path)
    world.define("a:\n accept verify = arc/pass\nb:\n accept verify = arc\n")
    assert _receive(world, _sealed(MESSAGE).replace(b"Hello", b"HellO"))
    assert world.run(phases.DATA).outcome is Outcome.DENY
    assert world.run(phases.DATA, "b").outcome is Outcome.ACCEPT
    assert world.message.variables["arc_state_reason"] == "(i=1: AMS: body hash did not verify)"


def _domainkeys(message: bytes) -> bytes:
    fields, body = split_message(message)
    signing = DkSigning(fields, DkSigner("b.example", "rsa", signing_key("rsa")))
    signing.feed(body)
    return signing.field() + message


_DK = "$dk_status|$dk_sender|$dk_sender_domain|$dk_sender_local_part|$dk_sender_source|$dk_signsall$dk_testing$dk_is_signed"


def test_domainkeys(tmp_path: Path) -> None:
    world = _world(tmp_path)
    world.resolver.add("_domainkey.b.example", "TXT", "o=-; t=y")
    world.message.dk_verify = True
    world.define(
        "a:\n accept dk_status = good : bad\n dk_sender_domains = b.example\n dk_senders = joe@b.example\n"
        " dk_sender_local_parts = joe\n dk_policy = signsall\n dk_status = !bad\n dk_domain_source = from\n"
        f"b:\n warn logwrite = {_DK}\n accept dk_status = no  signature\n"
    )
    assert _receive(world, _domainkeys(MESSAGE))
    assert world.run(phases.DATA).outcome is Outcome.ACCEPT
    assert world.run(phases.DATA, "b").outcome is Outcome.DENY
    assert _lines(world) == ["good|joe@b.example|b.example|joe|from|111"]
    assert world.message.auth_results["domainkeys"] == "pass header.d=b.example header.from=joe@b.example"


def test_domainkeys_only_when_asked(tmp_path: Path) -> None:
    world = _world(tmp_path)
    world.define(f"a:\n accept dk_status = good : no signature\nb:\n warn logwrite = {_DK}\n")
    assert _receive(world, _domainkeys(MESSAGE))
    assert world.run(phases.DATA).outcome is Outcome.DENY
    world.run(phases.DATA, "b")
    assert (_lines(world), world.resolver.asked) == (["||||0|000"], [])
