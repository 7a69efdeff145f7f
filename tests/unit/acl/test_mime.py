"""The MIME ACL and the conditions of content (manual 45.4, 45.5)."""

from pathlib import Path

import pytest

from eximia.acl import phases
from eximia.acl.mime import run_mime
from eximia.acl.result import Outcome
from eximia.base.template import Template
from eximia.context import Body
from eximia.message.header import Header
from eximia.reception.policy import POLICY
from support_acl import World

HEADER = [
    "From: a@b.ex\n",
    "Subject: hi\n",
    'Content-Type: multipart/mixed; boundary="b1"\n',
]
BODY = b"""preamble
--b1
Content-Type: multipart/alternative;
 boundary=b2

--b2
Content-Type: TEXT/Plain; charset="UTF-8"

hello world one two
--b2
Content-Type: text/html
Content-Transfer-Encoding: Quoted-Printable
Content-ID: <id1@x>

a=3Db =
joined
--b2--

--b1
Content-Type: application/octet-stream; name="foo.bin"
Content-Disposition: Attachment; filename*=utf-8''f%C3%A9.bin
Content-Transfer-Encoding: base64

aGVsbG8gYmFzZTY0

--b1
Content-Type: message/rfc822

From: inner@x.ex
Content-Type: text/plain

inner body
--b1

no headers
--b1--
epilogue
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.message.id = "1abcde-0001"
    world.message.headers = [Header(text) for text in HEADER]
    world.message.body = Body(BODY)
    return world


def scan(world: World, text: str) -> Outcome:
    world.define(f"a:\n{text}")
    return run_mime(world.context, phases.MIME, Template("a")).outcome


def test_parts_in_order(world: World) -> None:
    outcome = scan(
        world,
        " warn logwrite = $mime_part_count $mime_content_type cover=$mime_is_coverletter multi=$mime_is_multipart "
        "rfc=$mime_is_rfc822 te=$mime_content_transfer_encoding b=$mime_boundary cs=$mime_charset id=$mime_content_id "
        "d=$mime_content_disposition\n accept\n",
    )
    assert outcome is Outcome.ACCEPT
    assert [line for _, line in world.log.written] == [
        "0 multipart/mixed cover=1 multi=1 rfc=0 te= b=b1 cs= id= d=",
        "1 multipart/alternative cover=1 multi=1 rfc=0 te= b=b2 cs= id= d=",
        "2 text/plain cover=1 multi=0 rfc=0 te= b= cs=UTF-8 id= d=",
        "3 text/html cover=1 multi=0 rfc=0 te=quoted-printable b= cs= id=<id1@x> d=",
        "4 application/octet-stream cover=0 multi=0 rfc=0 te=base64 b= cs= id= d=attachment",
        "5 message/rfc822 cover=0 multi=0 rfc=0 te= b= cs= id= d=",
        "6  cover=0 multi=0 rfc=0 te= b= cs= id= d=",
        "0 text/plain cover=1 multi=0 rfc=1 te= b= cs= id= d=",
    ]


def test_file_name_is_decoded(world: World) -> None:
    scan(world, " deny condition = ${if eq{$mime_part_count}{4}}\n logwrite = :main:$mime_filename\n accept\n")
    assert world.log.written == [("main", "f\\303\\251.bin")]
    assert world.message.mime.filename == ""


def test_decode_writes_and_cleans_up(world: World, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    contents = []
    world.define(
        f"a:\n warn condition = ${{if eq{{$mime_part_count}}{{4}}}}\n decode = default\n decode = {own}\n"
        f" logwrite = $mime_decoded_filename $mime_content_size\n accept\n"
    )
    run_mime(world.context, phases.MIME, Template("a"))
    contents = [file.read_bytes() for file in own.iterdir()]
    assert contents == [b"hello base64"]
    assert world.log.written == [("main", f"{own}/1abcde-0001-00001 1")]
    assert not (tmp_path / "scan/1abcde-0001").exists()


def test_no_mbox_unspool_keeps_the_files(world: World, tmp_path: Path) -> None:
    world.message.no_mbox_unspool = True
    scan(world, " warn decode = name.txt\n accept\n")
    assert (tmp_path / "scan/1abcde-0001/name.txt").read_bytes() == b"inner body\n"


def test_regex_in_raw_and_decoded_parts(world: World) -> None:
    scan(
        world,
        " warn condition = ${if eq{$mime_part_count}{4}}\n regex = ^aGVs(.*)Y0\n"
        " logwrite = raw <$regex_match_string> <$regex1>\n"
        " warn condition = ${if eq{$mime_part_count}{4}}\n mime_regex = [x : hello (b.*)4\n"
        " logwrite = dec <$regex_match_string> <$regex1>\n accept\n",
    )
    assert [line for _, line in world.log.written] == [
        "raw <^aGVs(.*)Y0> <bG8gYmFzZT>",
        "regex acl condition warning - error in regex '[x': missing terminating ] for character class at offset 2, skipped.",
        "dec <hello (b.*)4> <base6>",
    ]


def test_regex_of_the_message_is_by_lines(world: World) -> None:
    world.define("a:\n accept regex = ^Subject::\\\\s+(.*)\\$\n")
    assert world.run(phases.DATA).outcome is Outcome.ACCEPT
    assert world.message.regex_captures == ("hi",)
    world.define("a:\n accept regex = hi.*hello\n")
    assert world.run(phases.DATA).outcome is Outcome.DENY


def test_refusal_ends_the_walk(world: World) -> None:
    outcome = scan(
        world,
        " deny message = HTML\n condition = ${if eq{$mime_content_type}{text/html}}\n warn logwrite = x\n accept\n",
    )
    assert outcome is Outcome.DENY
    assert len(world.log.written) == 3


def test_too_many_parts(world: World) -> None:
    """Those of attached messages count, too."""
    attached = b"--b1\nContent-Type: message/rfc822\n\nContent-Type: multipart/x; boundary=c\n\n"
    for parts, outcome in ((4000, Outcome.ACCEPT), (6000, Outcome.DENY)):
        world.message.body = Body(b"--b1\n\n" * 5000 + attached + b"--c\n\n" * parts)
        assert scan(world, " accept\n") is outcome


def test_messages_without_content_type_are_not_walked(world: World) -> None:
    world.message.headers = world.message.headers[:2]
    assert scan(world, " deny\n") is Outcome.ACCEPT


def test_local_message_goes_through_both_acls(tmp_path: Path) -> None:
    world = World(tmp_path, acl_not_smtp_mime=Template("m"), acl_not_smtp=Template("n"))
    world.message.headers = [Header(text) for text in HEADER]
    world.message.body = Body(BODY)
    world.define(
        "m:\n discard condition = ${if eq{$mime_content_type}{text/html}}\n accept\n"
        "n:\n warn logwrite = second\n accept\n"
    )
    ctx = world.context
    assert POLICY.judge_local(ctx).outcome is Outcome.DISCARD
    assert ctx.message.notes["discarded_by"] == "MIME"
    assert [line for _, line in world.log.written] == ["second"]
