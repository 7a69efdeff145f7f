"""Query-style types, quoting, keeping of results."""

import sqlite3

import pytest

from eximia.base.errors import ExpansionError, LookupDefer, TaintError
from eximia.base.text import Quoted, Untainted, is_tainted
from eximia.expand import expand_text
from eximia.lookups.redis import REDIS
from eximia.lookups.types import forget_results
from support_policy import clean, make_context


@pytest.fixture
def ctx():
    context = make_context()
    resolver = context.process.ports.resolver
    resolver.host("host.t.ex", "10.1.1.1", "2001:db8::1")
    resolver.add("two.t.ex", "A", "10.2.2.1")
    resolver.add("two.t.ex", "A", "10.2.2.2")
    resolver.add("mx.t.ex", "MX", 10, "host.t.ex")
    resolver.add("mx.t.ex", "MX", 20, "two.t.ex")
    resolver.add("txt.t.ex", "TXT", "one", "two")
    resolver.add("txt.t.ex", "TXT", "three four")
    resolver.add("spf.t.ex", "SPF", "v=spf1 ", "-all")
    resolver.add("srv.t.ex", "SRV", 1, 2, 25, "Host.t.ex")
    resolver.add("t.ex", "NS", "ns1.t.ex")
    resolver.add("t.ex", "NS", "ns2.t.ex")
    resolver.add("t.ex", "SOA", "ns1.t.ex", "root.t.ex", 1, 2, 3, 4, 300)
    resolver.add("_client._smtp.csa.t.ex", "SRV", 1, 2, 0, "host.t.ex")
    resolver.add("_client._smtp.csano.t.ex", "SRV", 1, 1, 1, "host.t.ex")
    return context


def dnsdb(ctx, query):
    return ctx.process.services.lookups.find(ctx, "dnsdb", None, clean(query))


@pytest.mark.parametrize(
    "query, result",
    [
        ("a=host.t.ex", "10.1.1.1"),
        ("A = host.t.ex", "10.1.1.1"),
        ("mx=mx.t.ex", "10 host.t.ex\n20 two.t.ex"),
        (">; mx=mx.t.ex", "10 host.t.ex;20 two.t.ex"),
        (">;,: mx=mx.t.ex", "10:host.t.ex;20:two.t.ex"),
        (">,, mx=mx.t.ex", None),
        ("mxh=mx.t.ex", "host.t.ex\ntwo.t.ex"),
        (">:txt=txt.t.ex", "one:three four"),
        (">:,| txt=txt.t.ex", "one|two:three four"),
        (">:; txt=txt.t.ex", "onetwo:three four"),
        ("txt.t.ex", "one\nthree four"),
        ("spf=spf.t.ex", "v=spf1 -all"),
        ("soa=a.b.t.ex", "ns1.t.ex"),
        (">:,; soa=a.b.t.ex", "ns1.t.ex;root.t.ex;1;2;3;4;300"),
        (">:,, soa=a.b.t.ex", "ns1.t.ex,root.t.ex,1,2,3,4,300"),
        ("zns=a.b.t.ex", "ns1.t.ex\nns2.t.ex"),
        ("a+=host.t.ex", "2001:db8::1\n10.1.1.1"),
        (">; a+=host.t.ex:two.t.ex", "2001:db8::1;10.1.1.1;10.2.2.1;10.2.2.2"),
        ("a=fail.t.ex:host.t.ex", "10.1.1.1"),
        ("defer_never,a=fail.t.ex", None),
        ("dnssec_strict,a=host.t.ex", "10.1.1.1"),
        ("retrans_5s,retry_1,a=two.t.ex", "10.2.2.1\n10.2.2.2"),
        ("ptr=10.1.1.1", "host.t.ex"),
        ("ptr=2001:db8::1", "host.t.ex"),
        ("ptr=<;10.1.1.1;10.1.1.9", "host.t.ex"),
        ("srv=srv.t.ex", "1 2 25 Host.t.ex"),
        (">:,/ srv=srv.t.ex", "1/2/25/Host.t.ex"),
        (">  a=two.t.ex", "10.2.2.1 10.2.2.2"),
        ("csa=csa.t.ex", "Y host.t.ex"),
        ("csa=csano.t.ex", "N host.t.ex"),
        ("csa=x.y.csano.t.ex", "X host.t.ex"),
        ("csa=nothing.t.ex", None),
        ("a=-bad.t.ex", None),
        ("a=a..b", None),
        ("", None),
        ("a=", None),
    ],
)
def test_dnsdb(ctx, query, result):
    if query == ">,, mx=mx.t.ex":
        result = "10 host.t.ex,20 two.t.ex"
    assert dnsdb(ctx, query) == result


@pytest.mark.parametrize(
    "query, message",
    [
        ("a=fail.t.ex", ""),
        ("defer_strict,a=fail.t.ex:host.t.ex", ""),
        ("dnssec_strict,a=two.t.ex", ""),
        ("foo=two.t.ex", "unsupported DNS record type"),
        ("foo,a=two.t.ex", "unsupported DNS record type"),
        ("strict,a=two.t.ex", "unsupported DNS record type"),
        ("retrans_x,a=two.t.ex", "unsupported dnsdb timeout value"),
    ],
)
def test_dnsdb_defers(ctx, query, message):
    with pytest.raises(LookupDefer) as caught:
        dnsdb(ctx, query)
    assert caught.value.message == f'lookup of "{query}" gave DEFER: {message}'


def test_dnsdb_tells_about_dnssec(ctx):
    for query, said in {"a=host.t.ex": "yes", "a=two.t.ex": "no", "dnssec_never,a=host.t.ex": ""}.items():
        dnsdb(ctx, query)
        assert ctx.session.lookup_dnssec_authenticated == said


@pytest.mark.parametrize(
    "search, option, text, quoted",
    [
        ("sqlite", None, "a'b\"", "a''b\""),
        ("lsearch", None, "a'b", "a'b"),
        ("dnsdb", None, "a b", "a b"),
        ("nisplus", None, 'a"b', 'a""b'),
    ],
)
def test_quoting(ctx, search, option, text, quoted):
    result = ctx.process.services.lookups.quote(ctx, search, option, text)
    assert result == quoted
    assert isinstance(result, Quoted)
    assert result.quoter == search
    assert type(ctx.process.services.lookups.quote(ctx, search, option, Untainted(text))) is Untainted


def test_quoting_errors(ctx):
    for search, option, message in [
        ("foo", None, 'unknown lookup type "foo"'),
        ("sqlite", "x", '"x" unrecognized after "${quote_sqlite"'),
        ("lsearch", "foo", '"foo" unrecognized after "${quote_lsearch"'),
    ]:
        with pytest.raises(ExpansionError) as caught:
            ctx.process.services.lookups.quote(ctx, search, option, "b")
        assert caught.value.message == message


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "sq.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table t(a,b,n)")
        rows = [("x", "one two", 1), ("y", "", 2), ("x", 'q"uo\\te', None), ("\xe9", "", 4)]
        connection.executemany("insert into t values(?,?,?)", rows)
    connection.close()
    return path


def test_sqlite(ctx, database):
    def query(text, search=f"sqlite,file={database}"):
        return ctx.process.services.lookups.find(ctx, search, None, clean(text))

    assert query("select a from t where n=1") == "x"
    assert query("select a,n from t where n<3") == "a=x n=1 \na=y n=2 "
    assert query("select * from t where n is null") == 'a=x b=q"uo\\te n=<NULL> '
    assert query("select b,a from t where n=1") == 'b="one two" a=x '
    assert query("select a from t where n=9") is None
    assert query("select a from t where n=4") == "\xc3\xa9"
    assert query("update t set b='z' where n=2") is None
    assert query("select b from t where n=2") == "z"
    assert query(f"{database} select b from t where n=1", "sqlite") == "one two"
    with pytest.raises(LookupDefer, match="no such column: bad"):
        query("select bad")
    assert query("select 1e30; select x'410042', null; select 2") == "1.0e+30\nx'410042'=A null=<NULL> \n2"
    with pytest.raises(LookupDefer, match="syntax error"):
        query("select 'a;b'; selec")
    with pytest.raises(ExpansionError, match='absolute file name expected for "sqlite" lookup'):
        query("select 1", "sqlite")
    with pytest.raises(ExpansionError, match=r"\Aunable to open database file\Z"):
        query("select 1", "sqlite,file=/nonexist/x")


def test_results_of_queries_are_kept_with_the_message(ctx, database):
    def count(search="sqlite"):
        return ctx.process.services.lookups.find(
            ctx, f"{search},file={database}", None, clean("select count(*) from t")
        )

    assert count() == "4"
    with sqlite3.connect(database) as connection:
        connection.execute("delete from t where n=1")
    connection.close()
    assert count() == "4"
    assert count("sqlite,cache=no_rd") == "3"
    assert count() == "3"
    ctx.message.notes.clear()
    assert count() == "3"


def test_tainted_queries_must_be_quoted_for_their_type(ctx, database):
    ctx.address.domain = "x' or 'a'='a"
    query = "${lookup sqlite,file=%s{select count(*) from t where a='%s'}}"
    good = clean(query % (database, "${quote_sqlite:$domain}"))
    assert expand_text(good, ctx) == "0"
    assert not is_tainted(expand_text(good, ctx))
    for argument in ("${quote_lsearch:$domain}", "${quote_mysql:$domain}", "' or a=$domain or '$domain", "'$domain'"):
        with pytest.raises(TaintError, match="not properly quoted"):
            expand_text(clean(query % (database, argument)), ctx)
    assert expand_text(clean(query % (database, "$domain")), ctx) == "0"


def test_bytes_that_are_not_utf8(ctx, database):
    connection = sqlite3.connect(database)
    connection.execute("insert into t values (CAST(X'6727e9' AS TEXT), '', 99)")
    connection.commit()
    connection.close()
    query = "${lookup sqlite,file=%s{%s}}"
    assert expand_text(clean(query % (database, "select n from t where a='g''\xe9'")), ctx) == "99"
    assert expand_text(clean(query % (database, "select 1 as \xe9")), ctx) == "1"


def test_results_are_forgotten_between_reception_and_delivery(ctx, tmp_path):
    file = tmp_path / "kept"

    def ask(text):
        return ctx.process.services.lookups.find(ctx, f"sqlite,file={file}", None, clean(text))

    ask("create table t (n int)")
    assert ask("select count(*) from t") == "0"
    with sqlite3.connect(file) as connection:
        connection.execute("insert into t values (1)")
    assert ask("select count(*) from t") == "0"
    forget_results(ctx.message)
    assert ask("select count(*) from t") == "1"


def test_commands_of_redis_that_change_something():
    for query, changing in (("get a", False), ("HGET a b", False), ("incr a", True), ("set a b", True), ("", True)):
        assert REDIS.changes(query, "1") == changing


def test_passwd(ctx):
    find = ctx.process.services.lookups.find
    assert find(ctx, "passwd", None, "root").startswith("*:0:0:")
    assert find(ctx, "passwd", None, "nosuchuser-x") is None


@pytest.mark.parametrize(
    "search, query, message",
    [
        ("mysql", "select 1", "no MySQL servers defined (mysql_servers option)"),
        ("pgsql", "select 1", "no PostgreSQL servers defined (pgsql_servers option)"),
        ("mysql,servers=foo", "select 1", 'MySQL server "foo" not found in mysql_servers'),
        ("pgsql,servers=foo/a", "select 1", "incomplete pgSQL server data: foo"),
        ("pgsql,servers=foo/a/b", "select 1", "incomplete pgSQL server data: foo/a"),
        ("mysql,servers=/a/b", "select 1", "incomplete MySQL server data: /a"),
        ("pgsql", "servers=(/tmp/nonexist)/a/b/c; select 1", "PGSQL invalid filename for socket: /tmp/nonexist"),
    ],
)
def test_servers(ctx, search, query, message):
    with pytest.raises(LookupDefer) as caught:
        ctx.process.services.lookups.find(ctx, search, None, clean(query))
    assert caught.value.message == f'lookup of "{query}" gave DEFER: {message}'


def test_servers_in_the_query_are_told_to_be_obsolete(ctx):
    """Manual of Exim 4.98, 9.13.2: "If the older syntax is used, a warning message will be logged"."""
    with pytest.raises(LookupDefer):
        ctx.process.services.lookups.find(ctx, "mysql", None, clean("servers=foo; select 1"))
    assert ctx.process.log.lines == ["WARNING: obsolete syntax used for lookup: write mysql,servers=..."]


def test_queries_are_shown_as_they_are_logged(ctx):
    with pytest.raises(LookupDefer) as caught:
        ctx.process.services.lookups.find(ctx, "mysql", None, clean("select 'a\nb\tc\xe9'"))
    assert caught.value.message.startswith("lookup of \"select 'a\\nb\\tc\\351'\" gave DEFER: ")


def test_sql_quoting(ctx):
    quote = ctx.process.services.lookups.quote
    text = "a'b\"c\\d\ne\tf\r"
    assert quote(ctx, "mysql", None, text) == "a\\'b\\\"c\\\\d\\ne\\tf\\r"
    assert quote(ctx, "pgsql", None, text) == "a''b\\\"c\\\\d\\ne\\tf\\r"
    assert quote(ctx, "redis", None, "a b\\c") == "a\\ b\\\\c"


def test_mysql_server_data():
    from eximia.lookups.mysql import _arguments

    local = _arguments("localhost(/run/my.sock)[mail]/db/user/pw")
    assert (local["unix_socket"], local["database"], local["read_default_group"]) == ("/run/my.sock", b"db", "mail")
    remote = _arguments("db.ex:3307/db/user/p@ss")
    assert (remote["host"], remote["port"], remote["user"], remote["password"]) == ("db.ex", 3307, b"user", b"p@ss")


def test_dnsdb_waits_as_long_as_it_is_told(ctx):
    dnsdb(ctx, "retrans_7s,retry_3,a=two.t.ex")
    assert ctx.process.ports.resolver.timing == (7, 3)
    dnsdb(ctx, "a=two.t.ex")
    assert ctx.process.ports.resolver.timing == (0, 0)


@pytest.mark.parametrize(
    "spec, path, host, database, password",
    [
        ("(/run/redis/r.sock)/1/pw/x", "/run/redis/r.sock", "", "1", "pw/x"),
        ("(/run/redis/r.sock)", "/run/redis/r.sock", "", "", ""),
        ("localhost(/run/redis/r.sock)//pw", "/run/redis/r.sock", "", "", "pw"),
        ("h.t.ex/2/p(w)", "", "h.t.ex", "2", "p(w)"),
    ],
)
def test_servers_of_redis(spec, path, host, database, password):
    from eximia.lookups.redis import Server

    server = Server(spec)
    assert (server.path, server.host, server.database, server.password) == (path, host, database, password)


@pytest.mark.parametrize("search, name", [("psl", "co.uk"), ("regdom", "b.co.uk")])
def test_only_domains_have_public_suffixes(ctx, tmp_path, search, name):
    """The result counts as safe, so nothing else may come out."""
    file = tmp_path / "list"
    file.write_text("uk\nco.uk\n")
    find = ctx.process.services.lookups.find
    assert find(ctx, search, "a.b.co.uk", clean(str(file))) == name
    assert not is_tainted(find(ctx, search, "a.b.co.uk", clean(str(file))))
    for key in ("/etc/passwd", "a./etc", "a.b c", "x.y\nz", "b.%x", "", ".uk", "a..uk"):
        assert find(ctx, search, key, clean(str(file))) is None, key
