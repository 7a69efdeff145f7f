"""LDAP: messages, filters, queries, results; against a server made of a few lines."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eximia.base.errors import ExpansionError, LookupDefer, NetworkError, RemoteProtocolError
from eximia.base.template import Template
from eximia.base.text import Quoted
from eximia.lookups.ldap import ber
from eximia.lookups.ldap.query import parse_query
from eximia.lookups.ldap.search_filter import encode_filter
from support_policy import clean, make_context

ENTRIES = {
    b"cn=one": [(b"mail", [b"a@b", b"c,d@e"]), (b"sn", [b'q"uo\\te'])],
    b"cn=two": [(b"mail", [b"x@y"]), (b"sn", [])],
}


class Server:
    """Answers over a stream of its own. `requests` lists what was asked."""

    def __init__(self):
        self.requests = []
        self.answers = b""
        self.closed = False

    def send(self, data):
        ((_, message),) = ber.elements(data)
        (_, number), (tag, content) = ber.elements(message)
        reply = lambda operation: ber.element(ber.SEQUENCE, ber.octets(number, ber.INTEGER) + operation)  # noqa: E731
        result = lambda code: ber.integer(code, ber.ENUMERATED) + ber.octets(b"") + ber.octets(b"text")  # noqa: E731
        fields = [value for _, value in ber.elements(content)]
        if tag == 0x60:
            self.requests.append(("bind", fields[1], fields[2]))
            self.answers += reply(ber.element(0x61, result(0 if fields[2] in (b"", b"secret") else 49)))
            return
        self.requests.append(("search", fields[0], fields[1][0], [value for _, value in ber.elements(fields[7])]))
        wanted = [value for _, value in ber.elements(fields[7])]
        for name, attributes in ENTRIES.items():
            if fields[0] in (b"all", name):
                chosen = [(each, values) for each, values in attributes if not wanted or each in wanted]
                body = b"".join(
                    ber.element(
                        ber.SEQUENCE,
                        ber.octets(each) + ber.element(ber.SET, b"".join(ber.octets(value) for value in values)),
                    )
                    for each, values in chosen
                )
                self.answers += reply(ber.element(0x64, ber.octets(name) + ber.element(ber.SEQUENCE, body)))
        self.answers += reply(ber.element(0x65, result(32 if fields[0] == b"none" else 0)))

    def recv(self, timeout):
        # Pieces of three bytes: the reader must put them together.
        piece, self.answers = self.answers[:3], self.answers[3:]
        return b"" if self.closed else piece

    def abort(self):
        self.closed = True


@pytest.fixture
def ctx():
    context = make_context(ldap_default_servers="dead.ex : live.ex")
    context.process.ports.resolver.host("dead.ex", "10.0.0.1", reverse=False)
    context.process.ports.resolver.host("live.ex", "10.0.0.2", reverse=False)
    servers = []

    def connect(address, port, *, timeout, interface=""):
        if address != "10.0.0.2" or port != 389:
            raise NetworkError("Connection refused")
        servers.append(Server())
        return servers[-1]

    context.process.ports.net = SimpleNamespace(connect=connect)
    return context, servers


def find(ctx, search, query):
    ctx.message.notes.clear()
    return ctx.process.services.lookups.find(ctx, search, None, clean(query))


@pytest.mark.parametrize(
    "search, query, result",
    [
        ("ldap", "ldap:///cn=one?mail?base", "a@b,c,,d@e"),
        ("ldap", "ldap:///cn=one?mail,sn", 'mail="a@b,c,,d@e" sn="q\\"uo\\\\te"'),
        ("ldap", "ldap:///cn=two", 'mail="x@y" sn=""'),
        ("ldap", "ldap:///none?mail", None),
        ("ldap", "ldap:///cn=one?nothing", None),
        ("ldapdn", "ldap:///cn=two?nothing", "cn=two"),
        ("ldapm", "ldap:///all?mail?sub?(cn=*)", "a@b,c,,d@e\nx@y"),
        ("ldap", 'user="cn=adm" pass=secret ldap://live.ex/cn=two?mail', "x@y"),
        ("ldapauth", "user=cn=adm pass=secret ldap:///", ""),
        ("ldapauth", "user=cn=adm pass=wrong ldap:///", None),
        ("ldapauth", 'user=cn=adm pass="" ldap:///', None),
    ],
)
def test_queries(ctx, search, query, result):
    context, _ = ctx
    assert find(context, search, query) == result


@pytest.mark.parametrize(
    "search, query, message",
    [
        ("ldap", "foo", "malformed parameter setting precedes LDAP URL"),
        ("ldap", "bar=x ldap:///x", 'unknown parameter "bar=" precedes LDAP URL'),
        ("ldap", "ldap:///x?y?z", 'ldap_url_parse: (error 8) parsing "ldap:///x?y?z"'),
        ("ldap", "ldap:///all?mail?sub", "more than one entry (2)"),
        (
            "ldap",
            "ldap://dead.ex/x",
            "failed to bind the LDAP connection to server dead.ex:389 - ldap_bind() returned -1",
        ),
        ("ldap", "user=cn=x pass=wrong ldap:///x", "failed to bind the LDAP connection to server live.ex:389"),
    ],
)
def test_failures(ctx, search, query, message):
    context, _ = ctx
    with pytest.raises(LookupDefer) as caught:
        find(context, search, query)
    assert message in caught.value.message


def test_connections_are_kept_and_made_again(ctx):
    context, servers = ctx
    find(context, "ldap", "ldap:///cn=two?mail")
    find(context, "ldap", "ldap:///cn=one?mail")
    assert [request[0] for request in servers[0].requests] == ["bind", "search", "search"]
    servers[0].closed = True
    assert find(context, "ldap", "ldap:///cn=two?mail") == "x@y"
    assert len(servers) == 2


def test_tainted_text_that_is_not_quoted_is_told_in_the_panic_log(ctx):
    """Exim 4.98's answer: the query is obeyed all the same."""
    context, _ = ctx
    lookups = context.process.services.lookups
    query = "user=cn=adm pass=secret ldap:///cn=one?mail"
    assert lookups.find(context, "ldap", None, query) == "a@b,c,,d@e"
    told = ["PANIC tainted search query is not properly quoted (ldap): ldap:///cn=one?mail"]
    assert context.process.log.lines == told
    lookups.find(context, "ldap", None, Quoted("ldap:///cn=two?mail", "ldap"))
    lookups.find(context, "ldapauth", None, "user=cn=adm pass=secret ldap:///")
    assert context.process.log.lines == told


def test_query_text():
    query = parse_query(
        'USER="cn=A%20B" PASS="a\\"b" SIZE=5 TIME=3 DEREFERENCE=always ldaps://[::1]:700/o=x%20y?a,b?one?(c=d)'
    )
    assert (query.user, query.password, query.size_limit, query.time_limit, query.dereference) == (
        b"cn=A B",
        b'a"b',
        5,
        3,
        3,
    )
    assert (query.scheme, query.host, query.port, query.base) == ("ldaps", "::1", 700, b"o=x y")
    assert (query.attributes, query.scope, query.filter) == ([b"a", b"b"], 1, b"(c=d)")
    assert parse_query("ldap://%2Ftmp%2Fsock/x").host == "/tmp/sock"


@pytest.mark.parametrize(
    "text, encoded",
    [
        (b"(cn=a)", b"\xa3\x07\x04\x02cn\x04\x01a"),
        (b"cn=a", b"\xa3\x07\x04\x02cn\x04\x01a"),
        (b"(cn=*)", b"\x87\x02cn"),
        (b"(cn=a\\2ab)", b"\xa3\x09\x04\x02cn\x04\x03a*b"),
        (b"(!(a>=1))", b"\xa2\x08\xa5\x06\x04\x01a\x04\x011"),
        (b"(&(a=1)(b~=2))", b"\xa0\x10\xa3\x06\x04\x01a\x04\x011\xa8\x06\x04\x01b\x04\x012"),
        (b"( & (a=1)\n\t(b~=2) )", b"\xa0\x10\xa3\x06\x04\x01a\x04\x011\xa8\x06\x04\x01b\x04\x012"),
        (b"(! (a>=1))", b"\xa2\x08\xa5\x06\x04\x01a\x04\x011"),
        (b"(a=x*y*z)", b"\xa4\x0e\x04\x01a\x30\x09\x80\x01x\x81\x01y\x82\x01z"),
        (b"(a:dn:=b)", b"\xa9\x09\x82\x01a\x83\x01b\x84\x01\xff"),
    ],
)
def test_filters(text, encoded):
    assert encode_filter(text) == encoded


@pytest.mark.parametrize("text", [b"(", b"(a)", b"(a=b", b"(&(a=b)", b"(a=b)x", b"(!(a=b)(c=d))", b"(!)", b"(!(a=b) )"])
def test_bad_filters(text):
    with pytest.raises(ExpansionError, match="bad search filter"):
        encode_filter(text)


@pytest.mark.parametrize(
    "name, text, quoted",
    [
        ("quote_ldap", " a(bc)*, a<yz>; ", "%20a%5C28bc%5C29%5C2A%2C%20a%3Cyz%3E%3B%20"),
        ("quote_ldap_dn", " a(bc)*, a<yz>; ", "%5C%20a(bc)*%5C%2C%20a%5C%3Cyz%5C%3E%5C%3B%5C%20"),
        ("quote_ldap_dn", "#x", "%5C%23x"),
        ("quote_ldap", "!$'-._+\\", "!$'-._+%5C5C"),
    ],
)
def test_quoting(ctx, name, text, quoted):
    context, _ = ctx
    _, search, *option = name.split("_")
    assert context.process.services.lookups.quote(context, search, option[0] if option else None, text) == quoted


def test_servers_option_of_a_query(ctx):
    context, _ = ctx
    object.__setattr__(context.process.main, "ldap_default_servers", Template("dead.ex"))
    assert find(context, "ldap", "SERVERS=dead.ex:live.ex ldap:///cn=two?mail") == "x@y"


@given(st.binary(max_size=60))
def test_garbage_raises_only_remote_errors(data):
    try:
        list(ber.elements(data))
        ber.header(data, 0)
    except RemoteProtocolError:
        pass
