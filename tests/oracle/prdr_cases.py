"""PRDR, both sides: an answer for each recipient after the data."""

from __future__ import annotations

from typing import Any

from .session_world import DATA, EHLO, QUIT, Dialogue

MAIL = "MAIL FROM:<s@from.example> PRDR\r\n"
RCPT = "RCPT TO:<joe@y.example>\r\n"
TWO = f"{EHLO}{MAIL}{RCPT}RCPT TO:<ann@y.example>\r\n{DATA}{QUIT}"


def prdr(acl: str, main: str = "", said: str = TWO, **more: Any) -> Dialogue:
    settings = f"prdr_enable\nacl_smtp_data_prdr = prdr\n{main}"
    return Dialogue(main=settings, acl=f"rcpt:\n accept\nprdr:\n {acl}\n", said=said, **more)


def sends(*rules: Any, ehlo: tuple[str, ...] = ("PRDR", "PIPELINING"), **more: Any) -> Dialogue:
    """A server behind us with PRDR."""
    return Dialogue(said=TWO.replace(" PRDR", ""), peers=[{"rules": rules, "ehlo": ehlo}], **more)


CASES = {
    "no acl": Dialogue(main="prdr_enable\n", said=TWO),
    "accepts": prdr("accept"),
    "accepts with words": prdr("accept message = fine"),
    "denies one": prdr("deny local_parts = ann\n message = not for you\n log_message = logged\n accept"),
    "defers one": prdr("defer local_parts = ann\n message = later\n accept"),
    "denies all": prdr("deny"),
    "defers all": prdr(
        "defer message = later",
        differs=(
            "-250 id=ID message accepted for some recipients",
            "+450 id=ID message deferred for all recipients",
        ),
    ),
    "discards one": prdr("discard local_parts = ann\n accept"),
    "drops one": prdr("drop local_parts = ann\n accept"),
    "data acl accepts": prdr("accept\ndata:\n accept message = thanks", main="acl_smtp_data = data\n"),
    "data acl denies": prdr("accept\ndata:\n deny message = sorry", main="acl_smtp_data = data\n"),
    "data acl after one": prdr(
        "deny local_parts = ann\n accept\ndata:\n accept message = thanks", main="acl_smtp_data = data\n"
    ),
    "one recipient": prdr("deny", said=f"{EHLO}{MAIL}{RCPT}{DATA}{QUIT}"),
    "not asked for": prdr("deny", said=TWO.replace(" PRDR", "")),
    "not offered": Dialogue(said=TWO),
    "codes": prdr("deny local_parts = ann\n message = 551 5.1.6 moved\n accept message = 252 2.0.0 ok"),
    "variables": prdr(
        "accept logwrite = $local_part@$domain $recipients_count $prdr_requested $recipients $h_subject:"
    ),
    "client, no server support": sends(ehlo=("PIPELINING",)),
    "client, plain answer": sends(),
    "client, one recipient": Dialogue(peers=[{"ehlo": ("PRDR",)}]),
    "client, all taken": sends((".", b"353 go\r\n250 a\r\n250 b\r\n250 all\r\n")),
    "client, one refused": sends((".", b"353 go\r\n250 a\r\n550 not b\r\n250 all\r\n")),
    "client, one deferred": sends((".", b"353 go\r\n250 a\r\n450 not b\r\n250 all\r\n"), main="queue_only\n"),
    "client, deferred now": sends((".", b"353 go\r\n450 not a\r\n250 b\r\n250 all\r\n")),
    "client, refused at the end": sends((".", b"353 go\r\n250 a\r\n250 b\r\n550 none\r\n")),
    "client, deferred at the end": sends((".", b"353 go\r\n250 a\r\n250 b\r\n450 none\r\n")),
    "client, not wanted": sends(transports="t:\n driver = smtp\n port = @P1\n allow_localhost\n hosts_try_prdr = !*\n"),
}
