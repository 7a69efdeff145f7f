"""Messages: what is encoded, what is decoded, and that garbage raises one exception only."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eximia.dns.names import BadName, MalformedMessage, encode_name, read_name, reverse_name, split_labels
from eximia.dns.records import Address, Mx, Name, Soa, Srv, Tlsa, Txt, Type
from eximia.dns.wire import decode_response, encode_query, matches_query


def message(answers=(), *, question=("example.com", Type.A), flags=0x8180, authority=(), additional=()):
    name, qtype = question
    out = struct.pack("!HHHHHH", 7, flags, 1, len(answers), len(authority), len(additional))
    out += encode_name(name) + struct.pack("!HH", qtype, 1)
    for owner, type_, ttl, data in [*answers, *authority, *additional]:
        out += (
            (b"\xc0\x0c" if owner == name else encode_name(owner))
            + struct.pack("!HHIH", type_, 1, ttl, len(data))
            + data
        )
    return out


def test_query_has_question_ad_bit_and_opt_record():
    query = encode_query("Mail.Example.COM.", Type.MX, 0x1234, dnssec=True)
    assert query[:4] == b"\x12\x34\x01\x20"
    assert query[12:33] == b"\x04Mail\x07Example\x03COM\0\x00\x0f\x00\x01"[:21]
    assert query.endswith(b"\0" + struct.pack("!HHIH", 41, 1232, 0x8000, 0))
    plain = encode_query("a", Type.A, 1, edns_size=0, authentic=False)
    assert plain == b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\x01a\0\0\x01\0\x01"


def test_every_type_is_read():
    cases = [
        (Type.A, b"\x0a\0\0\x01", Address("10.0.0.1")),
        (Type.AAAA, b"\x20\x01\x0d\xb8" + b"\0" * 11 + b"\x01", Address("2001:db8::1")),
        (Type.MX, b"\0\x0a\x02mx\xc0\x0c", Mx(10, "mx.example.com")),
        (Type.TXT, b"\x03abc\x02de", Txt((b"abc", b"de"))),
        (Type.SPF, b"\x06v=spf1", Txt((b"v=spf1",))),
        (Type.CNAME, b"\x01c\xc0\x0c", Name("c.example.com")),
        (Type.PTR, b"\xc0\x0c", Name("example.com")),
        (Type.NS, b"\x02ns\0", Name("ns")),
        (Type.SRV, b"\0\x01\0\x02\0\x19\x01s\0", Srv(1, 2, 25, "s")),
        (Type.SOA, b"\x02ns\0\x01r\0" + struct.pack("!IIIII", 1, 2, 3, 4, 5), Soa("ns", "r", 1, 2, 3, 4, 5)),
        (Type.TLSA, b"\x03\x01\x01\xaa\xbb", Tlsa(3, 1, 1, b"\xaa\xbb")),
    ]
    for type_, data, content in cases:
        response = decode_response(message([("example.com", type_, 300, data)]))
        assert [record.content for record in response.answers] == [content]
        assert response.answers[0][:3] == ("example.com", type_, 300)


def test_broken_record_is_left_out_and_counted():
    response = decode_response(
        message([("example.com", Type.A, 1, b"\x01"), ("example.com", Type.A, 1, b"\x01\x02\x03\x04")])
    )
    assert response.malformed == 1
    assert [record.content for record in response.answers] == [Address("1.2.3.4")]


def test_truncated_response_gives_no_records_and_does_not_fail():
    whole = message([("example.com", Type.A, 1, b"\x01\x02\x03\x04")], flags=0x8380)
    response = decode_response(whole[:-7])
    assert response.truncated
    assert response.answers == ()


@pytest.mark.parametrize("tail", [b"\xc0\x0c", b"\xc0\x20", b"\x05ab", b"\x40", b"\xc0"])
def test_bad_names_are_refused(tail):
    with pytest.raises(MalformedMessage):
        read_name(b"\0" * 12 + tail, 12)


def test_pointer_loop_and_long_chain_end():
    loop = b"\0" * 12 + b"\x01a\xc0\x0e" + b"\xc0\x0c"
    with pytest.raises(MalformedMessage):
        read_name(loop, 12)
    labels = b"\0" * 12 + b"".join(b"\x3f" + b"x" * 63 for _ in range(4)) + b"\0"
    with pytest.raises(MalformedMessage, match="too long"):
        read_name(labels, 12)


def test_escapes_survive_both_ways():
    data = b"\x03a.b\x02\\c\x01\xe9\0"
    text, after = read_name(data, 0)
    assert text == "a\\.b.\\\\c.\xe9"
    assert after == len(data)
    assert encode_name(text) == data
    assert encode_name("a\\046b") == b"\x03a.b\0"


@pytest.mark.parametrize("name", ["a..b", ".a", "a" * 64, ".".join(["a" * 60] * 5)])
def test_names_that_cannot_be_sent(name):
    with pytest.raises(BadName):
        split_labels(name)


def test_reverse_names():
    assert reverse_name("192.0.2.1") == "1.2.0.192.in-addr.arpa"
    assert reverse_name("2001:db8::1") == "1." + "0." * 23 + "8.b.d.0.1.0.0.2.ip6.arpa"
    assert reverse_name("host.example") is None


def test_matching_query():
    query = encode_query("example.com", Type.A, 7)
    assert matches_query(query, message())
    assert matches_query(query, message(question=("EXAMPLE.com", Type.A)))
    assert not matches_query(query, message(question=("example.net", Type.A)))
    assert not matches_query(query, message(question=("example.com", Type.MX)))
    assert not matches_query(query, b"\0\x08" + message()[2:])
    assert not matches_query(query, query)
    assert matches_query(query, struct.pack("!HHHHHH", 7, 0x8005, 0, 0, 0, 0))


@given(st.binary(max_size=300))
def test_garbage_raises_only_malformed(data):
    try:
        decode_response(data)
    except MalformedMessage:
        pass


@given(st.integers(0, 120), st.integers(0, 255))
def test_one_changed_byte_raises_only_malformed(position, value):
    whole = bytearray(
        message(
            [("example.com", Type.MX, 9, b"\0\x0a\x02mx\xc0\x0c"), ("example.com", Type.TXT, 9, b"\x03abc")],
            authority=[("example.com", Type.SOA, 9, b"\xc0\x0c\xc0\x0c" + b"\0" * 20)],
        )
    )
    whole[position % len(whole)] = value
    try:
        decode_response(bytes(whole))
    except MalformedMessage:
        pass


@given(st.lists(st.binary(min_size=1, max_size=20), max_size=8))
def test_names_round_trip(labels):
    wire = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    text, _ = read_name(wire, 0)
    assert encode_name(text) == wire
