from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eximia.base.ordered_set import OrderedSet
from eximia.base.text import Quoted, Untainted
from eximia.context import Recipient
from eximia.message.header import Header
from eximia.spool.header_file import SpoolFormatError, SpoolHeader, read_header, write_header

SAMPLES = Path(__file__).parent / "samples"
ALL = sorted(path.name for path in SAMPLES.iterdir())


def sample(name: str) -> tuple[str, str]:
    text = (SAMPLES / name).read_bytes().decode("latin-1")
    return text, text.split("\n", 1)[0][:-2]


@pytest.mark.parametrize("name", ALL)
def test_files_of_exim_come_out_as_they_went_in(name: str) -> None:
    text, message_id = sample(name)
    header = read_header(text, message_id)
    assert write_header(header) == text


def test_dsn_eight_bit_and_taint() -> None:
    text, message_id = sample("dsn_and_eight_bit")
    header = read_header(text, message_id)
    assert (header.login, header.uid, header.gid) == ("Debian-exim", 102, 105)
    assert header.sender == "s@out.ex"
    assert header.recipients == [
        Recipient("a@test.ex", orcpt="rfc822;a+2Bx@test.ex", dsn_flags=20),
        Recipient("b@defer.ex", dsn_flags=2),
        Recipient("c@fail.ex"),
        Recipient("al@test.ex"),
    ]
    assert (header.dsn_envid, header.dsn_ret) == ("abc+2Bd", 1)
    assert (header.host_address, header.host_port) == ("127.0.0.1", 60908)
    assert type(header.host_address) is Untainted
    assert type(header.helo_name) is str
    assert type(header.acl_m["1"]) is Untainted
    assert type(header.acl_m["_lp"]) is str
    quoted = header.acl_m["_q"]
    assert type(quoted) is Quoted
    assert (quoted, quoted.quoter) == ("al", "mysql")
    assert header.acl_m["_nl"] == "line1\nline2"
    assert header.acl_m["_empty"] == ""
    assert header.acl_c == {"_conn": "connvar", "0": "127.0.0.1"}
    assert header.body_zerocount == 1
    assert not header.deliver_firsttime
    assert Header("X-8: \xe4\xf6\n", " ") in header.headers


def test_tls() -> None:
    header = read_header(*sample("tls_named_queue"))
    assert header.tls_ver == "TLS1.3"
    assert header.tls_resumption == 1
    assert header.tls_certificate_verified
    assert header.tls_peercert.startswith("-----BEGIN CERTIFICATE-----\nMII")
    assert header.tls_peercert.endswith("-----END CERTIFICATE-----\n")
    assert header.host_name == "host.client.ex"


def test_state() -> None:
    frozen = read_header(*sample("frozen_bounce"))
    assert frozen.frozen > 0
    assert frozen.sender == ""
    assert read_header(*sample("wire_format")).body_linecount == -1
    parents = read_header(*sample("one_time")).recipients[1]
    assert parents == Recipient("a@def.ex", errors_to="err@test.ex", parent=0)
    tree = read_header(*sample("tree_of_specials")).nonrecipients
    assert tree == {
        "Fin@test.ex",
        "top@test.ex",
        "/var/mail/sp2//ff:mid2@test.ex",
        "/var/mail/sp2//dir/:mid2@test.ex",
        "|/bin/cat >/dev/null:mid2@test.ex",
    }


def test_size_leaves_out_replaced_headers() -> None:
    header = read_header(*sample("rewritten"))
    assert header.size_of_headers() + len("body\n") == 313


def test_forms_of_old_versions() -> None:
    text = (
        "0t5C6f-0000c8-00-H\nph10 10 20\n<a@b>\n899000000 1\n-host_address 10.0.0.1.25\n-acl 3 1\nx\n-acl 12 2\nyz\n"
        "-localerror\nXX\n3\nnew@b err@b 5,0#1\nodd#1@b\nplain1\n\n010F From: a@b\n"
    )
    header = read_header(text, "0t5C6f-0000c8-00")
    assert (header.host_address, header.host_port) == ("10.0.0.1", 25)
    assert (header.acl_c, header.acl_m) == ({"3": "x"}, {"2": "yz"})
    assert header.recipients == [
        Recipient("new@b", errors_to="err@b", parent=0),
        Recipient("odd#1@b"),
        Recipient("plain1"),
    ]


def test_unknown_options_are_kept() -> None:
    text, message_id = sample("rewritten")
    changed = text.replace("-tls_resumption A\n", "-tls_resumption A\n-x_other some text\n--(ldap)y z\n")
    assert write_header(read_header(changed, message_id)) == changed


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1xV3Hb", "X1xV3Hb"),
        ("XX\n", "YN foo\n"),
        ("\n3\n", "\n4\n"),
        ("\n3\n", "\nz\n"),
        ("<root@test.ex>", "root@test.ex"),
        ("root 0 0", "root 0"),
        ("-received_time_usec", "received_time_usec"),
        ("1795337447 0\n", "abc 0\n"),
        ("aclm _lp 12", "aclm _lp 11"),
        ("017F From", "xxxF From"),
    ],
)
def test_damage_is_noticed(old: str, new: str) -> None:
    text, message_id = sample("rewritten")
    damaged = text.replace(old, new, 1)
    with pytest.raises(SpoolFormatError) as caught:
        read_header(damaged, message_id)
    assert str(caught.value) == f"Format error in spool file {message_id}-H: size={len(damaged)}"
    assert (caught.value.partial is not None) == old.startswith("017F")


def test_truncation_is_noticed_everywhere() -> None:
    text, message_id = sample("rewritten")
    whole = read_header(text, message_id)
    for cut in range(len(text)):
        try:
            header = read_header(text[:cut], message_id)
        except SpoolFormatError:
            continue
        # Only a cut between two header lines cannot be seen.
        assert len(header.headers) < len(whole.headers)
        assert text[cut - 1] == "\n"


WORD = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=255, exclude_characters="\x7f"), min_size=1)
VALUE = st.text(alphabet=st.characters(max_codepoint=255))
MARKED = st.one_of(VALUE, VALUE.map(Untainted), st.builds(Quoted, VALUE, st.sampled_from(["mysql", "ldap"])))
RECIPIENT = st.builds(
    Recipient,
    WORD,
    errors_to=st.just("") | WORD,
    parent=st.integers(-1, 5),
    dsn_flags=st.integers(0, 30),
    orcpt=st.just("") | WORD,
    submitted=st.just("") | WORD,
)


@given(
    recipients=st.lists(RECIPIENT, max_size=5),
    acl=st.dictionaries(WORD, MARKED, max_size=4),
    done=st.lists(WORD, unique=True, max_size=40),
    headers=st.lists(st.builds(Header, VALUE.map(lambda text: f"X: {text}\n"), st.sampled_from(" *FT")), max_size=4),
)
def test_round_trip(recipients: list[Recipient], acl: dict[str, str], done: list[str], headers: list[Header]) -> None:
    header = SpoolHeader(
        id="1xV3Hb-0001qt-0Z",
        sender="a@b",
        acl_m=acl,
        nonrecipients=OrderedSet(done),
        recipients=recipients,
        headers=headers,
    )
    again = read_header(write_header(header), header.id)
    assert again == header
    assert write_header(again) == write_header(header)
    assert [type(value) for value in again.acl_m.values()] == [type(value) for value in acl.values()]


@given(VALUE)
def test_garbage_raises_only_format_errors(text: str) -> None:
    for prefix in ("", "1xV3Hb-0001qt-0Z-H\nroot 0 0\n<>\n1 0\n", "1xV3Hb-0001qt-0Z-H\nroot 0 0\n<>\n1 0\nXX\n0\n\n"):
        try:
            read_header(prefix + text, "1xV3Hb-0001qt-0Z")
        except SpoolFormatError:
            pass
