"""Single-key types, with the results an installed Exim gave for the same files."""

import os
import struct

import lmdb
import pytest

from eximia.base.errors import ExpansionError, LookupDefer, TaintError
from eximia.base.text import Untainted, is_tainted
from eximia.lookups.cdb import CdbFile, cdb_hash
from support_policy import clean, make_context

LSEARCH = """# comment
a.b.c:  data one
key:value
Key2   : val two
   continued  line
# comment in the middle
   third
"quoted key\\x41"  qdata
"colon:key": cdata
nodata
baduser: :fail:
*.dom.ex: wild
*: default
x.y
  cont only
*@at.ex: atdef
"unterm: foo
tab\ttabdata
empty:
"\\"inner\\"": in
nocolon data: with colon
ws1:  a

  b
ws5 :: d
ws6:"q" r
dup:1
DUP:2
"""


@pytest.fixture
def ctx():
    return make_context()


@pytest.fixture
def ls(tmp_path):
    path = tmp_path / "ls"
    path.write_text("  leading: x\n" + LSEARCH)
    return clean(str(path))


def find(ctx, search, key, source):
    return ctx.process.services.lookups.find(ctx, search, key, source)


@pytest.mark.parametrize("search", ["lsearch", "wildlsearch", "nwildlsearch", "json", "cdb", "lmdb", "dsearch"])
def test_names_of_files_beyond_ascii(ctx, tmp_path, search):
    """A name is bytes, which the program's text holds as latin-1."""
    name = "\xe9.l".encode()
    path = os.fsencode(tmp_path) + b"/" + name
    key, found = "k", "v"
    if search == "dsearch":
        key = found = name.decode("latin-1")
        path = os.fsencode(tmp_path)
        (tmp_path / "\xe9.l").write_text("")
    elif search == "json":
        (tmp_path / "\xe9.l").write_text('{"k": "v"}')
    elif search == "lmdb":
        with lmdb.open(os.fsdecode(path), subdir=False) as made, made.begin(write=True) as transaction:
            transaction.put(b"k", b"v")
    elif search == "cdb":
        write_cdb(tmp_path / "\xe9.l", [(b"k", b"v")])
    else:
        (tmp_path / "\xe9.l").write_text("k: v\n")
    assert find(ctx, search, key, clean(path.decode("latin-1"))) == found


@pytest.mark.parametrize(
    "key, data",
    [
        ("a.b.c", "data one"),
        ("A.B.C", "data one"),
        ("key2", "val two continued  line"),
        ("quoted keyA", "qdata"),
        ("colon:key", "cdata"),
        ("nodata", ""),
        ("baduser", ":fail:"),
        ("x.y", " cont only"),
        ("unterm: foo", ""),
        ("tab", "tabdata"),
        ("empty", ""),
        ('"inner"', "in"),
        ("nocolon", "data: with colon"),
        ("ws1", "a"),
        ("ws5", ": d"),
        ("ws6", '"q" r'),
        ("dup", "1"),
        ("zz", None),
        ("", None),
        ("third", None),
        ("leading", None),
    ],
)
def test_lsearch(ctx, ls, key, data):
    assert find(ctx, "lsearch", key, ls) == data


@pytest.mark.parametrize(
    "search, key, data, numbers",
    [
        ("lsearch*", "zz", "default", ("zz", "")),
        ("lsearch*@", "zz@at.ex", "atdef", ("zz", "")),
        ("lsearch*@", "zz@no.ex", "default", ("zz@no.ex", "")),
        ("partial-lsearch", "zz.dom.ex", "wild", ("zz", "dom.ex")),
        ("partial-lsearch", "dom.ex", "wild", ("", "dom.ex")),
        ("partial-lsearch", "a.b.c", "data one", ("", "a.b.c")),
        ("partial3-lsearch", "zz.dom.ex", None, None),
        ("partial3-lsearch*", "zz.dom.ex", "default", ("zz.dom.ex", "")),
        ("partial0-lsearch", "zz.q", "default", ("zz.q", "")),
        ("partial(.)lsearch", "zz.dom.ex", None, None),
        ("lsearch,ret=key", "A.B.C", "A.B.C", None),
        ("lsearch,ret=full", "a.b.c", "a.b.c:  data one", None),
        ("lsearch,foo=bar", "a.b.c", "data one", None),
        ("lsearch,cache=no_rd,ret=key", "baduser", "baduser", None),
    ],
)
def test_partial_matching_defaults_and_options(ctx, ls, search, key, data, numbers):
    ctx.scope.numeric = ()
    assert find(ctx, search, key, ls) == data
    assert ctx.scope.numeric == (() if numbers is None else ("", *numbers))


def test_partial_without_prefix(ctx, tmp_path):
    path = tmp_path / "f"
    path.write_text(".b: dot b\nb: plain b\n.: dot\nx.b: xb\n")
    source = clean(str(path))
    assert find(ctx, "partial1(.)lsearch", "zz.a.b", source) == "dot b"
    assert find(ctx, "partial1()lsearch", "zz.a.b", source) == "plain b"
    assert find(ctx, "partial0(.)lsearch", "q.w", source) == "dot"
    assert find(ctx, "partial0()lsearch", "q.w", source) is None
    assert find(ctx, "partial2()lsearch", "zz.a.b", source) is None


def test_results_are_untainted_and_file_names_must_be(ctx, ls):
    assert not is_tainted(find(ctx, "lsearch", "key", ls))
    assert not is_tainted(find(ctx, "lsearch,ret=key", "key", ls))
    with pytest.raises(TaintError, match="Tainted filename for search: '/etc/x'"):
        find(ctx, "lsearch", "key", "/etc/x")


def test_a_changed_file_is_read_again(ctx, ls):
    assert find(ctx, "lsearch", "key", ls) == "value"
    with open(ls, "w") as file:
        file.write("key: other value\n")
    os.utime(ls, (1, 1))
    assert find(ctx, "lsearch", "key", ls) == "other value"


@pytest.mark.parametrize(
    "search, key, source, message",
    [
        ("lsearch", "a", "/nonexist", "failed to open /nonexist for linear search: No such file or directory"),
        ("cdb", "a", "/nonexist", "failed to open /nonexist for cdb lookup: No such file or directory"),
        ("dbm", "a", "/nonexist", "failed to open /nonexist as a db (v4.1+) file: No such file or directory"),
        ("dsearch", "a", "/nonexist", "failed to open /nonexist for directory search: No such file or directory"),
        ("dsearch", "a", "/etc/passwd", "failed to open /etc/passwd for directory search: Not a directory"),
        ("dsearch", "a/b", "/etc", 'lookup of "a/b" gave DEFER: key for dsearch lookup contains a slash: a/b'),
        ("foo", "a", "b", 'unknown lookup type "foo"'),
        ("partial-passwd", None, "b", '"partial" is not permitted for lookup type "passwd"'),
        ("dnsdb*", None, "b", 'defaults using "*" or "*@" are not permitted for lookup type "dnsdb*"'),
        ("partial3lsearch", "a", "b", 'format error in lookup type "partial3lsearch"'),
        ("partial1(x.)lsearch", "a", "b", 'format error in lookup type "partial1(x.)lsearch"'),
        ("passwd", "a", "", 'a single key was given for lookup type "passwd", which is not a single-key lookup type'),
        ("lsearch", None, "/x", 'missing {key} for single-key "lsearch" lookup'),
        ("nis", "a", "x", 'lookup type "nis" is not available in this program'),
    ],
)
def test_errors(ctx, search, key, source, message):
    with pytest.raises(ExpansionError) as caught:
        find(ctx, search, key, clean(source))
    assert caught.value.message == message


def test_iplsearch(ctx, tmp_path):
    path = tmp_path / "ipl"
    path.write_text(
        '1.2.3.4: one\n192.168.0.0/16: net16\n192.168.1.0/24: never\n"abcd::cdab": v6\n"abcd:abcd::/32" v6net\n*: any\n'
    )
    source = clean(str(path))
    assert find(ctx, "iplsearch", "1.2.3.4", source) == "one"
    assert find(ctx, "iplsearch", "192.168.1.1", source) == "net16"
    assert find(ctx, "iplsearch", "::ffff:192.168.1.1", source) == "net16"
    assert find(ctx, "iplsearch,ret=full", "abcd::cdab", source) == "abcd::cdab: v6"
    assert find(ctx, "iplsearch", "abcd:abcd:9::1", source) == "v6net"
    assert find(ctx, "iplsearch", "9.9.9.9", source) is None
    assert find(ctx, "iplsearch*", "9.9.9.9", source) == "any"
    for key in ("foo", "1.2.3.0/24"):
        with pytest.raises(LookupDefer, match="is not a valid iplsearch key"):
            find(ctx, "iplsearch", key, source)


def test_wildlsearch(ctx, tmp_path):
    other = tmp_path / "ls"
    other.write_text("nested: x\n")
    path = tmp_path / "wl"
    path.write_text(
        "*.a.b.c       star\n*fish         fish\n^\\N\\d+\\.x\\.y\\N    digits\n"
        '"^\\\\N(a b)+$\\\\N":  quoted re\nlit:  literal\n^(?-i)CASE  cased\n'
        f"lsearch;{other} nested\n"
    )
    source = clean(str(path))
    for key, data in {
        "x.A.b.c": "star",
        "bigfish": "fish",
        "12.x.y": "digits",
        "a ba b": "quoted re",
        "LIT": "literal",
        "CASE": "cased",
        "case": None,
        "nested": "nested",
    }.items():
        assert find(ctx, "wildlsearch", key, source) == data
    path.write_text("^\\d+\\.x\\.y    digits\n^case  c\n")
    assert find(ctx, "nwildlsearch", "12.x.y", source) == "digits"
    assert find(ctx, "nwildlsearch", "CASE", source) == "c"


def write_cdb(path, records):
    tables = [[] for _ in range(256)]
    body = b""
    for key, data in records:
        hashed = cdb_hash(key)
        tables[hashed & 255].append((hashed, 2048 + len(body)))
        body += struct.pack("<II", len(key), len(data)) + key + data
    head = tail = b""
    for table in tables:
        size = len(table) * 2
        head += struct.pack("<II", 2048 + len(body) + len(tail), size)
        slots = [(0, 0)] * size
        for hashed, position in table:
            at = (hashed >> 8) % size
            while slots[at][1]:
                at = (at + 1) % size
            slots[at] = (hashed, position)
        tail += b"".join(struct.pack("<II", *slot) for slot in slots)
    path.write_bytes(head + body + tail)


def test_cdb(ctx, tmp_path):
    path = tmp_path / "db.cdb"
    write_cdb(
        path, [(f"key{n}".encode(), f"data {n}".encode()) for n in range(500)] + [(b"key1", b"second"), (b"*", b"d")]
    )
    source = clean(str(path))
    assert find(ctx, "cdb", "key499", source) == "data 499"
    assert find(ctx, "cdb", "key1", source) == "data 1"
    assert find(ctx, "cdb", "KEY1", source) is None
    assert find(ctx, "cdb*", "zz", source) == "d"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(LookupDefer):
        for number in range(500):
            find(ctx, "cdb", f"key{number}", source)
    path.write_bytes(b"short")
    with pytest.raises(ExpansionError, match="for cdb lookup"):
        find(ctx, "cdb", "a", source)


def test_a_cdb_file_that_is_cut_off_while_it_is_known_defers(tmp_path):
    # As a worker sees it that believes for a moment what it knows of the file; of a mapped file this would be its end.
    path = tmp_path / "db.cdb"
    write_cdb(path, [(b"key", b"d" * 5000)])
    database = CdbFile(str(path))
    assert database.get(b"key") == b"d" * 5000
    for size in (0, 2048, 4000):
        os.truncate(path, size)
        with pytest.raises(ValueError, match="shorter"):
            database.get(b"key")


def test_dbm(ctx, tmp_path):
    ndbm = pytest.importorskip("dbm.ndbm")
    with ndbm.open(str(tmp_path / "file"), "c") as database:
        database[b"k1\0"] = b"v one\0"
        database[b"bare"] = b"nz"
        database[b"a\0b\0"] = b"joined\0"
    names = [name for name in os.listdir(tmp_path) if name.startswith("file")]
    if names != ["file.db"]:
        pytest.skip("the library keeps no single file")
    source = clean(str(tmp_path / "file.db"))
    assert find(ctx, "dbm", "k1", source) == "v one"
    assert find(ctx, "dbm", "bare", source) is None
    assert find(ctx, "dbmnz", "bare", source) == "nz"
    assert find(ctx, "dbmjz", "a : b", source) == "joined"


def test_dsearch(ctx, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "deep").write_text("")
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("file")
    source = clean(str(tmp_path))
    assert find(ctx, "dsearch", "file", source) == "file"
    assert type(find(ctx, "dsearch", "file", source)) is Untainted
    assert find(ctx, "dsearch,ret=full", "file", source) == f"{tmp_path}/file"
    assert find(ctx, "dsearch,filter=file", "sub", source) is None
    assert find(ctx, "dsearch,filter=file", "link", source) is None
    assert find(ctx, "dsearch,filter=dir", "..", source) == ".."
    assert find(ctx, "dsearch,filter=subdir", "..", source) is None
    assert find(ctx, "dsearch,filter=subdir", "sub", source) == "sub"
    assert find(ctx, "dsearch", "nothing", source) is None
    assert find(ctx, "dsearch", "x" * 300, source) is None
    assert find(ctx, "dsearch", "", source) is None
    assert find(ctx, "dsearch,key=path", "sub/deep", source) == "sub/deep"
    assert find(ctx, "dsearch,key=path", "./sub/deep", source) == "./sub/deep"
    for key in ("sub/../file", "../x", "sub/..", "/sub", "sub/./deep"):
        with pytest.raises(LookupDefer, match="key for dsearch lookup contains bad component"):
            find(ctx, "dsearch,key=path", key, source)
    with pytest.raises(LookupDefer, match=r"/file/x: lstat: Not a directory"):
        find(ctx, "dsearch,key=path", "file/x", source)


def test_json(ctx, tmp_path):
    path = tmp_path / "j"
    path.write_text('{"a": {"b": [1, "two", {"c": true}]}, "s": "str", "f": 1.5, "n": null, "u": "\\u00e9"}')
    source = clean(str(path))
    for key, data in {
        "a:b:0": "1",
        "a:b:1": "two",
        "a:b:2:c": "true",
        "a:b": '[1, "two", {"c": true}]',
        "s": "str",
        "f": "1.5",
        "u": "\xc3\xa9",
        "zz": None,
        "a:b:9": None,
        "s:x": None,
        "<, a, b, 1": "two",
    }.items():
        assert find(ctx, "json", key, source) == data
    path.write_text("{")
    with pytest.raises(LookupDefer):
        find(ctx, "json", "a", source)


def test_lmdb(ctx, tmp_path):
    path = tmp_path / "db.mdb"
    with lmdb.open(str(path), subdir=False) as environment, environment.begin(write=True) as transaction:
        transaction.put(b"key", b"value")
    source = clean(str(path))
    assert find(ctx, "lmdb", "key", source) == "value"
    assert find(ctx, "lmdb", "none", source) is None
    assert find(ctx, "lmdb", "x" * 600, source) is None
    with pytest.raises(ExpansionError):
        find(ctx, "lmdb", "key", clean(str(tmp_path / "none")))


def test_public_suffixes(ctx, tmp_path):
    path = tmp_path / "psl"
    path.write_text("// c\ncom\nuk\nco.uk\n*.ck\n!www.ck\n\u516c\u53f8.cn\ncn\n", encoding="utf-8")
    source = clean(str(path))
    for key, suffix, domain in [
        ("a.b.Example.com", "com", "Example.com"),
        ("example.co.uk", "co.uk", "example.co.uk"),
        ("co.uk", "co.uk", None),
        ("a.foo.ck", "foo.ck", "a.foo.ck"),
        ("www.ck", "ck", "www.ck"),
        ("x.y.unlisted", "unlisted", "y.unlisted"),
        ("a.xn--55qx5d.cn", "xn--55qx5d.cn", "a.xn--55qx5d.cn"),
        ("a..com", None, None),
    ]:
        assert find(ctx, "psl", key, source) == suffix
        assert find(ctx, "regdom", key, source) == domain


def test_a_negative_key_of_wildlsearch_matches_everything_else(ctx, tmp_path):
    path = tmp_path / "negative"
    path.write_text("!neg.ex: no\n!*.x.y: q\n")
    source = clean(str(path))
    assert find(ctx, "nwildlsearch", "other", source) == "no"
    assert find(ctx, "nwildlsearch", "neg.ex", source) == "q"
    assert find(ctx, "wildlsearch", "a.x.y", source) == "no"
