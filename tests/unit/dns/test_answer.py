"""Judging responses, the cache, ordering, resolv.conf and the hosts file."""

import random

import pytest

from eximia.dns.answer import Status, again, judge
from eximia.dns.cache import AnswerCache
from eximia.dns.hosts_file import HostsFile
from eximia.dns.order import order_mx, order_srv
from eximia.dns.records import Address, Mx, Name, Record, Soa, Srv, Type
from eximia.dns.resolv_conf import candidates, parse
from eximia.dns.wire import Response


def response(*answers, rcode=0, authority=(), authentic=False, authoritative=False, malformed=0):
    return Response(1, rcode, authoritative, False, authentic, None, answers, tuple(authority), (), malformed)


def a(name, address="192.0.2.1", ttl=300):
    return Record(name, Type.A, ttl, Address(address))


def cname(name, target, ttl=60):
    return Record(name, Type.CNAME, ttl, Name(target))


SOA = Record("com", Type.SOA, 900, Soa("ns", "r", 1, 2, 3, 4, 120))


def test_found_with_cname_takes_the_smallest_ttl_and_the_last_name():
    answer, unfinished = judge(response(cname("www.a.com", "B.com"), a("b.com"), authentic=True), "WWW.a.com.", Type.A)
    assert (answer.status, answer.name, answer.ttl, answer.secure, unfinished) == (Status.FOUND, "b.com", 60, True, "")
    assert list(answer.records) == [Address("192.0.2.1")]


def test_records_of_other_owners_do_not_count():
    answer, _ = judge(response(a("evil.com")), "a.com", Type.A)
    assert answer.status is Status.NODATA


def test_negative_answers():
    answer, _ = judge(response(rcode=3, authority=[SOA]), "no.com", Type.A)
    assert (answer.status, answer.ttl) == (Status.NXDOMAIN, 120)
    answer, _ = judge(response(authority=[SOA]), "a.com", Type.MX)
    assert (answer.status, answer.ttl) == (Status.NODATA, 120)
    assert answer.missing


@pytest.mark.parametrize("rcode", [1, 2, 4, 5, 9, 16])
def test_other_codes_are_temporary(rcode):
    answer, _ = judge(response(rcode=rcode), "a.com", Type.A)
    assert answer.status is Status.AGAIN
    assert not answer.missing


def test_alias_that_leaves_the_response_is_to_be_asked():
    answer, unfinished = judge(response(cname("a.com", "b.org")), "a.com", Type.A)
    assert unfinished == "b.org"
    answer, _ = judge(response(cname("a.com", "b.com"), cname("b.com", "a.com")), "a.com", Type.A)
    assert answer.status is Status.AGAIN


def test_broken_records_are_no_absence():
    answer, _ = judge(response(malformed=1), "a.com", Type.A)
    assert answer.status is Status.AGAIN
    assert not answer.missing


def test_authority_only_with_aa():
    ns = Record("zone.com", Type.NS, 1, Name("ns"))
    assert judge(response(a("a.com"), authority=[ns], authoritative=True), "a.com", Type.A)[0].authority == "zone.com"
    assert judge(response(a("a.com"), authority=[ns]), "a.com", Type.A)[0].authority == ""
    assert judge(response(authority=[SOA], authoritative=True), "a.com", Type.A)[0].authority == "com"


def test_cache_ends_with_the_ttl_and_is_bounded():
    cache = AnswerCache(limit=8)
    answer, _ = judge(response(a("a.com", ttl=10)), "a.com", Type.A)
    cache.put("A.com", "A", answer, 100.0)
    assert cache.get("a.COM", "A", 109.9) is answer
    assert cache.get("a.com", "A", 110.0) is None
    cache.put("b.com", "A", again("b.com", "x"), 100.0)
    assert cache.get("b.com", "A", 100.0) is None
    for number in range(50):
        cache.put(f"n{number}", "A", answer, 100.0)
        assert len(cache) <= 8
    assert cache.get("n49", "A", 101.0) is answer


def test_mx_order():
    records = [Mx(20, "b"), Mx(10, "a"), Mx(10, "c"), Mx(30, "A")]
    assert [m.exchange for m in order_mx(records, lambda items: None)] == ["a", "c", "b"]
    random.seed(1)
    firsts = {order_mx(records)[0].exchange for _ in range(50)}
    assert firsts == {"a", "c"}


def test_srv_order_by_priority_and_weight():
    records = [Srv(2, 0, 1, "later"), Srv(1, 90, 1, "heavy"), Srv(1, 10, 1, "light"), Srv(1, 0, 1, "zero")]
    random.seed(2)
    orders = [[s.target for s in order_srv(records)] for _ in range(400)]
    assert all(order[-1] == "later" and len(order) == 4 for order in orders)
    heavy = sum(order[0] == "heavy" for order in orders)
    assert 320 < heavy < 395
    assert order_srv(records, lambda: 0.0)[0].target == "zero"


def test_resolv_conf():
    settings = parse(
        "# x\nnameserver 10.0.0.1\nnameserver ::1\ndomain a.b\nsearch x.org y.org.\noptions ndots:2 trust-ad\n",
        "timeout:9",
    )
    assert settings.servers == ("10.0.0.1", "::1")
    assert settings.search == ("x.org", "y.org")
    assert (settings.ndots, settings.trust_ad, settings.timeout) == (2, True, 9)
    assert parse("").servers == ("127.0.0.1",)
    assert parse("", host_name="mx").search == ()
    assert parse("", host_name="mx.Sub.example").search == ("sub.example",)
    assert parse("search a.example", host_name="mx.sub.example").search == ("a.example",)
    assert candidates("host", settings, qualify_single=True, search_parents=False) == ["host.x.org", "host"]
    assert candidates("host", settings, qualify_single=False, search_parents=True) == ["host"]
    assert candidates("a.b", settings, qualify_single=True, search_parents=True) == ["a.b.x.org", "a.b.y.org", "a.b"]
    assert candidates("a.b.", settings, qualify_single=True, search_parents=True) == ["a.b"]


def test_hosts_file_is_read_again_when_it_changes(tmp_path):
    path = tmp_path / "hosts"
    path.write_text("127.0.0.1 localhost  lo # no\n::1 localhost\n10.0.0.1\tMail.Example mail\n")
    hosts = HostsFile(str(path))
    assert hosts.addresses("LOCALHOST") == ("127.0.0.1", "::1")
    assert hosts.names("10.0.0.1") == ("Mail.Example", "mail")
    assert hosts.addresses("no") == ()
    path.write_text("10.0.0.2 other.example.org\n")
    assert hosts.names("10.0.0.1") == ()
    assert hosts.addresses("other.example.org") == ("10.0.0.2",)
