"""Strings for every name of manual chapter 11: from a few plain ones for each name, many with odd arguments.

Not random: the same strings every time. `strings(kind, name)` gives those of one name.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

#: what takes the place of an argument
ODD = (
    "", " ", "0", "-1", "-7", "99999999999999999999", "1x", "abc", "Ab.C", "a:b:c", "<, a,b", "a@b.c", "\xc3\xa9\xff",
    "caf\xc3\xa9.example", "\\x01\\n", "a b\\tc", "$nosuch", "${lc:", "\\{", "{", "}", "${if", "$sender_ident$acl_m_none",
    "x" * 5000, "1.2.3.4", "::1", "+local_domains", "\\N^(a)(b)?\\N", "${if eq{a}{b}{c}fail}", "${acl{def}}",
)  # fmt: skip

ITEMS = {
    "acl": ("{acc}", "{acc}{one}", "{den}{a}{b}", "{nosuch}", "{acc}{1}{2}{3}{4}{5}{6}{7}{8}{9}", "{def}"),
    "authresults": ("{$primary_hostname}", "{x y}", "{a;b}"),
    "certextract": ("{subject}{$tls_in_peercert}", "{version}{$tls_in_ourcert}{a}{b}", "{notafter}{abc}"),
    "dlfunc": ("{/nosuch.so}{f}", "{/nosuch.so}{f}{a}", "{x}"),
    "env": ("{PATH}{yes}{no}", "{NOSUCH}{yes}{no}", "{NOSUCH}{$value} fail ", "{NOSUCH}"),
    "extract": (
        "{gid}{uid=1984 gid=2001}", "{2}{:}{x:42:99:& Mailer::/bin/bash}", "{-4}{:}{x:42:99:& Mailer::/bin/bash}",
        "{k}{K=\"a \\\\\"b\" l=2}{<$value>}{none}", "{0}{,}{a,b}", "{Z}{A=... B=...}{$value} fail ",
        " json{a}{ \\{\"a\" : 1, \"b\" : \"two\"\\} }", " jsons{b}{ \\{\"a\" : 1, \"b\" : \"two\"\\} }{<$value>}{none}",
        " json{2}{[1,\"x\",[3,4]]}", " jsons{2}{[1,\"x\",\\{\"y\":2\\}]}{<$value>}fail",
    ),
    "filter": ("{a:b:c}{!eq{$item}{b}}", "{<, a,b}{match{$item}{^a}}", "{<\\n a\\nb}{eq{$item}{a}}"),
    "hash": ("{3}{monty}", "{5}{monty}", "{4}{62}{monty python}", "{2}{3}{abcdef}"),
    "hmac": ("{md5}{somesecret}{mail.example.com 2002-10-17 11:30:59}", "{sha1}{key}{text}", "{sha512}{k}{t}"),
    "if": ("eq{a}{a}{yes}{no}", " eq {a} {b} {yes} {no} ", "eq{a}{a}", "eq{a}{b}", "eq{a}{b}{x}fail", "!eq{a}{b}{x}"),
    "imapfolder": ("{Foo/Bar}", "{Foo/Bar}{/}", "{H\xc3\xa9.\xc3\xa0}{.}{/}", "{a&b}{/}"),
    "length": ("{3}{abcdef}", "{0}{abc}", "{10}{abc}"),
    "listextract": ("{2}{x:42:99}", "{-3}{<, x,42,99,& Mailer,,/bin/bash}{result: $value}", "{9}{a:b}{x}{none}",
                    "{9}{a:b}{x}fail"),
    "listquote": ("{:}{a:b::c}", "{,}{}", "{::}{a}"),
    "lookup": (
        "{one}lsearch{FOLDER/plain}", "{one} lsearch {FOLDER/plain} {<$value>} {none}", "{x.two.y}partial-lsearch{FOLDER/plain}{$1-$2-$value}",
        "{nothing}lsearch*{FOLDER/plain}{<$value>}fail", "{plain}dsearch{FOLDER}{<$value>}{none}", " passwd{root}{<$value>}{none}",
        "{root}passwd{<$value>}", " nosuch{x}", "{a}lsearch*@{FOLDER/plain}", "{abc}nwildlsearch{FOLDER/wild}{$0-$1-$value}",
        "{1.2.3.4}iplsearch{FOLDER/ip}", " sqlite,file=FOLDER/db {select 1+1}", "{one}lsearch,ret=key{FOLDER/plain}",
        "{one}dbm{FOLDER/nosuch}", "{one}cdb{FOLDER/nosuch}", "{one}json{FOLDER/json}",
    ),
    "map": ("{a:b:c}{[$item]}", "{<- x-y-z}{($item)}", "{<, a,b}{$item,$item}", "{a::b:c}{$item}"),
    "nhash": ("{8}{64}{supercalifragilisticexpialidocious}", "{8}{abc}", "{1}{1}{a}"),
    "perl": ("{hello}{a}{b}", "{dies}", "{nothing}", "{nosuch}{x}", "{count}{1}{2}{3}{4}{5}{6}{7}{8}"),
    "prvs": ("{joe@a.example}{secret}", "{joe@a.example}{secret}{3}", "{joe}{s}"),
    "prvscheck": ("{prvs=0123abcdef=joe@a.example}{secret}{}", "{joe@a.example}{s}",
                  "{prvs=0123abcdef=joe@a.example}{$prvscheck_address}{$prvscheck_result/$prvscheck_keynum}"),
    "readfile": ("{FOLDER/plain}", "{FOLDER/plain}{;}", "{FOLDER/nosuch}", "{FOLDER/empty}{x}"),
    "readsocket": ("{/nosuch}{hello}", "{/nosuch}{hello}{3s}{,}{failed}", "{inet:127.0.0.1:1}{a}{1s}{}{none}", "{/nosuch}{}{3s:shutdown=no:cache=yes}{}{none}", "{/nosuch}{}{3s:foo=no}{}{none}"),
    "reduce": ("{<, 1,2,3}{0}{${eval:$value+$item}}", "{3:0:9:4:6}{0}{${if >{$item}{$value}{$item}{$value}}}",
               "{a:b}{x}{$value$item}"),
    "run": ("{/bin/echo a b}", "{/bin/echo $primary_hostname 'x y'}{<$value>}{no}", "{/bin/false}{y}{n$runrc}",
            "{/nosuch a}{y}{n$runrc}", ",preexpand{/bin/echo a $primary_hostname}", "{/bin/sh -c \"exit 3\"}{y}fail",
            "{/bin/echo \"\" ''}{$value}"),
    "sg": ("{abcdefabcdef}{abc}{xyz}", "{abcdef}{^(...)(...)\\$}{\\$2\\$1}", "{1=A 4=D 3=C}{\\N(\\d+)=\\N}{K\\$1=}",
           "{abc}{x*}{-}", "{abc}{}{,}"),
    "sort": ("{3:2:1:4}{<}{$item}", "{b:a:C}{lti}{$item}", "{<, 3,1}{>=}{$item}", "{bb:a:ccc}{<}{${strlen:$item}}"),
    "srs_encode": ("{secret}{joe@a.example}{b.example}", "{s}{}{b.example}", "{s}{SRS0=x=y=c.d=e@f.g}{h.i}"),
    "substr": ("{3}{2}{abcdefg}", "{-5}{2}{1234567}", "{-5}{2}{12}", "{-3}{2}{12}", "{-1}{abcde}", "{1}{abcde}"),
    "tr": ("{abcdea}{ac}{13}", "{abc}{abc}{x}", "{abc}{abc}{}", "{aab}{aa}{12}"),
}  # fmt: skip

#: more subjects for operators, beside ODD
OPERATORS = {
    "address": ("A B <c@d.e>", '"x, y"@d.e', "x@[1.2.3.4]", "a@b, c@d", "<@r.x:a@b>", "(c) a (d) @ (e) b.c", "<>"),
    "addresses": (">& Chief <ceo@up.stairs>, sec@base.ment (dogsbody)", "a@b,c@d", "g: a@b, c@d;", "x, y@z", ">"),
    "base32": ("31", "32", "1048576", "0010"),
    "base32d": ("z", "ab3", "100", "1"),
    "base62": ("61", "62", "12345678", "56800235584"),
    "base62d": ("z", "zzzzzz", "1BvD", "-"),
    "base64": ("a", "ab", "\\x00", "$tls_in_peercert"),
    "base64d": ("YWJj", "YW Jj", "YQ==", "YQ=", "YWJj\\n", "===="),
    "domain": ("A B <c@d.e>", '"x y"@D.e', "x@[1.2.3.4]", "a@b, c@d"),
    "escape": ("\\x7f\\r", "\\\\"),
    "escape8bit": ("\\x7f\\r", "\\\\"),
    "eval": ("1+1", "1+2*3", "(1+2)*3", "2+42%5", "0xc&5", "0xc|5", "0xc^5", "0xc>>1", "0xc<<1", "~255&0x1234",
             "-(~255&0x1234)", "010", "1K", "2m", "1G*8", "1/0", "5%0", "(1", "1)", "1 + ", "--3", "9223372036854775807+1",
             "-9223372036854775808/-1", "1<<64", "1<<-1", "08", "0x", "1G*1G*8"),
    "eval10": ("1+1", "010+1", "0x10", "1K*2", "08", "(2)", "7/2", "-7/2", "-7%3"),
    "expand": ("a", "\\$primary_hostname", "\\$\\{lc:A\\}", "\\\\x41", "\\$nosuch", "$h_subject:"),
    "from_utf8": ("\xe2\x82\xac", "caf\xc3\xa9", "\\xc3"),
    "hash": (), "h": (), "length": (), "l": (), "nhash": (), "nh": (), "substr": (), "s": (),
    "hex2b64": ("616263", "6", "6g", "FFFF"),
    "hexquote": ("a b", "\\\\"),
    "ipv6denorm": ("2001:db8::1", "::ffff:1.2.3.4", "fe80::1%eth0"),
    "ipv6norm": ("2001:0db8:0:0:1:0:0:1", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8", "1:0:0:2:0:0:0:3"),
    "lc": ("ABC\\xc9",), "uc": ("abc\\xe9",),
    "listcount": ("a::b", "<;a;b", "<", ":", "a:"),
    "listnamed": ("local_domains", "rel", "both", "nosuch", "addrs"),
    "local_part": ("A B <c@d.e>", '"x y"@D.e', "x@[1.2.3.4]"),
    "mask": ("10.111.131.206/28", "3ffe:ffff:836f:0a00:000a:0800:200a:c031/99", "1.2.3.4/33", "1.2.3.4/-1", "::1/129", "1.2.3.4"),
    "mask_n": ("10.111.131.206/28", "3ffe:ffff:836f:0a00:000a:0800:200a:c031/99", "1.2.3.4/0", "::/0", "::1/64"),
    "md5": ("a",),
    "quote": ('ab"*"cd', "a\\\\b", "a-b_c.d"), "quote_local_part": ("a+b", ".a", "a..b", 'x"y', "a b"),
    "quote_lsearch": ("a b",),
    "randint": ("1", "1\\n"),
    "reverse_ip": ("192.0.2.4", "2001:0db8:c42:9:1:abcd:192.0.2.127", "1.2.3", "256.1.1.1"),
    "rfc2047": ("a=b", "\\xe9t\\xe9 " * 30, "a?b"),
    "rfc2047d": ("=?utf-8?Q?x=41?=", "=?iso-8859-1?q?caf=E9?=", "=?utf-8?B?YWJj?= =?utf-8?B?ZGVm?=", "=?x?y?z?=", "=?utf-8?q?=00?="),
    "rxquote": ("a.b*c", "\\n"),
    "sha1": ("a",), "sha256": ("a",), "sha2": ("a",), "sha3": ("a",),
    "stat": ("/nosuch/file", "/etc", "/etc/passwd", "FOLDER/empty"),
    "str2b64": ("a", "ab"),
    "strlen": ("abc",),
    "time_eval": ("2d4h5m", "1w", "4h2d", "1h1h", "5", "1s2"),
    "time_interval": ("788646", "0", "60", "604800", "1.5"),
    "utf8clean": ("\\xc3", "a\\xe2\\x82", "\\xed\\xa0\\x80", "\\xf5\\x80\\x80\\x80"),
    "utf8_domain_to_alabel": ("stra\xc3\x9fe.de", "xn--strae-oqa.de", "a..b", "-a.b"),
    "utf8_domain_from_alabel": ("xn--caf-dma.example", "xn--zzzzzzzz.x", "XN--CAF-DMA.x"),
    "utf8_localpart_to_alabel": ("us\xc3\xa9r", "abc"),
    "utf8_localpart_from_alabel": ("xn--usr-dma", "xn--a", "abc"),
}  # fmt: skip
NUMBERS = ("", "_3", "_0", "_2_5", "_-2", "_x", "_3x", "_2_", "_99", "__", "_-2_1")

CONDITIONS = {
    "acl": ("{{acc}}", "{{den}{a}}", "{{nosuch}}", "{{def}}", "{acc}"),
    "bool": ("{true}", "{No}", "{ 1 }", "{00}", "{-1}", "{maybe}"),
    "bool_lax": ("{true}", "{No}", "{00}", "{0}", "{maybe}"),
    "crypteq": ("{test}{\\{md5\\}CY9rzUYh03PK3k6DJie09g==}", "{test}{\\{MD5\\}098f6bcd4621d373cade4e832627b4f6}",
                "{test}{\\{sha1\\}qUqP5cyxm6YcTAhz05Hph5gvu9M=}", "{a}{\\{nosuch\\}x}", "{test}{\\{crypt\\}abgOeLfPimXQo}",
                "{test}{abgOeLfPimXQo}", "{test}{\\{crypt16\\}abc}", "{test}{\\$1\\$abc\\$BXBqpb9BZcZhXLgbee.0s/}"),
    "def": (":primary_hostname", ":h_subject:", ":header_nosuch:", ":nosuch", ":sender_ident", ":acl_m_x", ":1", ": a"),
    "exists": ("{/etc/passwd}", "{/nosuch}", "{FOLDER}"),
    "first_delivery": ("", " "), "queue_running": ("", " "),
    "inbound_srs": ("{SRS0=xxxx=AA=a.b=c}{s}", "{SRS0=xxxx=AA=a.b=c}{}", "{joe}{s}"),
    "ldapauth": ("{user=\"a\" pass=\"\" ldap:///x}", "{ldap://127.0.0.1:1/}"),
    "pam": ("{a:b}",), "pwcheck": ("{a:b}",), "radius": ("{a:b}",), "saslauthd": ("{{a}{b}}", "{{a}{b}{c}{d}}"),
    "and": ("{{eq{a}{a}}{eq{b}{b}}}", "{ {eq{a}{b}} {bool{x}} }", "{{match{ab}{(a)}}{match{ab}{(b)}}}", "{}", "{eq{a}{a}}"),
    "or": ("{{eq{a}{b}}{eq{b}{b}}}", "{ {eq{a}{a}} {bool{x}} }", "{{match{ab}{(a)}}{match{ab}{(b)}}}", "{}", "{eq{a}{a}}"),
}  # fmt: skip
_PAIRS = ("{a}{a}", "{A}{a}", "{abc}{ab}", "{}{a}", "{\xc3\xa9}{\xc3\x89}")
_NUMBERS = ("{1}{2}", "{10M}{10240K}", "{}{0}", "{-1}{-2}", "{1G}{1g}", "{0x10}{16}", "{ 1}{1 }", "{1.5}{1}")
_LISTS = ("{b}{a:b:c}", "{B}{a:b:c}", "{}{a:b}", "{b}{<, a,b}", "{a:b}{a::b}")
for _name in ("eq", "eqi", "ge", "gei", "gt", "gti", "le", "lei", "lt", "lti"):
    # What begins with the other string is compared wrongly by Exim's caseless orders; one such pair will do.
    CONDITIONS[_name] = tuple(pair for pair in _PAIRS if _name[2:] != "i" or _name == "eqi" or pair != "{}{a}")
for _name in ("=", "==", ">", ">=", "<", "<="):
    CONDITIONS[_name] = _NUMBERS
for _name in ("inlist", "inlisti"):
    CONDITIONS[_name] = _LISTS
for _name in ("isip", "isip4", "isip6"):
    CONDITIONS[_name] = ("{1.2.3.4}", "{1.2.3.256}", "{::1}", "{1:2:3:4:5:6:7:8}", "{1::2::3}", "{1.2.3.4/8}", "{::ffff:1.2.3.4}",
                         "{fe80::1%eth0}", "{[::1]}")  # fmt: skip
for _name in ("forall", "forany"):
    CONDITIONS[_name] = ("{a:b}{eq{$item}{a}}", "{<, $primary_hostname,b}{match{$item}{(b)}}", "{}{eq{a}{a}}")
for _name in ("forall_json", "forany_json", "forall_jsons", "forany_jsons"):
    CONDITIONS[_name] = (
        "{[1,2]}{={$item}{2}}",
        '{["a","b"]}{eq{$item}{a}}',
        '{["a","b"]}{eq{$item}{"a"}}',
        "{[]}{eq{a}{a}}",
    )
CONDITIONS["match"] = (
    "{abc}{b}", "{abc}{\\N^(a)(.)\\N}", "{abc}{^d}", "{abc}{\\N(?i)B\\N}", "{abc}{\\N^(a)(x)?\\N}", "{abc}{(}", "{a\\nb}{\\N^b\\N}",
)  # fmt: skip
CONDITIONS["match_address"] = (
    "{a@b.c}{a@b.c}",
    "{a@b.c}{*@b.c}",
    "{A@b.c}{+caseful : a@b.c}",
    "{a@b.c}{^a}",
    "{}{:}",
    "{a}{a@b}",
)
CONDITIONS["match_domain"] = (
    "{a.b.c}{x.y.z:a.b.c:p.q.r}",
    "{a.example}{+local_domains}",
    "{a.b}{*.b}",
    "{x}{!x}",
    "{x}{@}",
    "{x}{+nosuch}",
)
CONDITIONS["match_ip"] = (
    "{1.2.3.4}{1.2.3.4:5.6.7.8}",
    "{1.2.3.4}{1.2.0.0/16}",
    "{}{:4.3.2.1}",
    "{1.2.3.4}{*}",
    "{127.0.0.1}{@[]}",
    "{1.2.3.4}{iplsearch;FOLDER/ip}",
)
CONDITIONS["match_local_part"] = (
    "{alice}{alice : bill : charlotte : dave}",
    "{Alice}{alice}",
    "{x}{^x}",
    "{x}{*}",
    "{x}{!y}",
)

#: what shows the variables that a condition sets
#: how many of the plain arguments get odd ones; fewer where all of them would fail alike
VARIED = {"sort": 1, "listextract": 1, "authresults": 0, "lti": 0, "lei": 0, "gti": 0, "gei": 0} | dict.fromkeys(
    ("forall_json", "forany_json", "forall_jsons", "forany_jsons"), 1
)
#: each answer takes seconds
SLOW = frozenset(("pam",))
ENDS = dict.fromkeys(("match", "match_domain", "match_local_part", "match_address"), "{yes <$0> <$1>}{no}")
ENDS["acl"] = "{yes <$value>}{no}"

#: variables whose value is another one for the other program or a moment later: how it looks is compared
SHAPES = {
    "pid": "^\\d+$", "tod_bsdinbox": "^\\w+ \\w+ [ \\d]\\d [\\d:]+ \\d+$", "tod_epoch": "^\\d{10}$", "tod_epoch_l": "^\\d{16}$",
    "tod_full": "^\\w+, \\d\\d \\w+ \\d{4} [\\d:]{8} .\\d{4}$", "tod_log": "^[\\d-]{10} [\\d:]{8}( .\\d{4})?$", "tod_logfile": "^\\d{8}$",
    "tod_zulu": "^\\d{14}Z$", "inode": "^\\d+$", "load_average": "^\\d+$", "spool_space": "^-?\\d+$", "spool_inodes": "^-?\\d+$",
    "log_space": "^-?\\d+$", "log_inodes": "^-?\\d+$", "message_exim_id": "^(\\w+-\\w+-\\w+)?$", "message_age": "^\\d$",
    "received_time": "^\\d*$", "version_number": "^\\d", "exim_version": "^\\d", "compile_number": "^\\d+$", "exim_path": "^/",
    "message_id": "^.*$", "queue_size": "^\\d*$", "smtp_command_history": "^.*$",
}  # fmt: skip
HEADERS = (
    "subject:",
    "to:",
    "x-nosuch:",
    "x-enc:",
    "received:",
    "x-two:",
    "Subject :",
    "subject",
    "x{y}:",
    "from: x",
    "x-empty:",
    "x-fold:",
)


@cache
def names() -> dict[str, tuple[str, ...]]:
    """The names of the chapter by kind."""
    found: dict[str, list[str]] = {}
    for line in (Path(__file__).parent / "chapter11_names.txt").read_text().splitlines():
        kind, *words = line.split()
        if kind != "#":
            found.setdefault(kind, []).extend(words)
    return {kind: tuple(words) for kind, words in found.items()}


def groups(text: str) -> list[tuple[int, int]]:
    """The places of the outermost bracketed parts of `text`."""
    found = []
    depth = start = 0
    escaped = False
    for place, char in enumerate(text):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == "{":
            start = place if depth == 0 else start
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                found.append((start, place + 1))
    return found


def variants(text: str, odd: tuple[str, ...] = ODD) -> Iterator[str]:
    """`text` with each argument replaced, left out, doubled."""
    yield text
    for start, end in groups(text):
        for each in odd:
            yield f"{text[:start]}{{{each}}}{text[end:]}"
        yield text[:start] + text[end:]
        yield text[:end] + text[start:end] + text[end:]
        yield text[:start] + " " + text[start:]
        yield text[: end - 1] + text[end:]
        yield text[:start] + text[start + 1 :]


def wrapped(text: str) -> Iterator[str]:
    """An item, and the item in other places."""
    yield text
    yield f"${{if eq{{a}}{{b}}{{{text}}}{{no}}}}"
    yield f"a{text}b$primary_hostname"
    yield f"${{strlen:{text}}}"
    yield text[:-1]
    yield f"{text}}}"


def strings(kind: str, name: str) -> list[str]:
    """The strings of one name."""
    found = dict.fromkeys(text for text in _strings(kind, name) if "\n" not in text)
    if name == "readsocket":
        # Exim keeps sockets that could not be connected, and then writes to them.
        return [text.replace("/nosuch", f"/nosuch{number}") for number, text in enumerate(found)]
    return list(found)


def _strings(kind: str, name: str) -> Iterator[str]:
    match kind:
        case "items":
            for base in ITEMS[name]:
                space = " " if base[0].isalpha() or base[0] == "!" else ""
                yield from wrapped(f"${{{name}{space}{base}}}")
            for base in ITEMS[name][: VARIED.get(name, 3)]:
                space = " " if base[0].isalpha() or base[0] == "!" else ""
                for text in variants(base):
                    yield f"${{{name}{space}{text}}}"
            yield from (
                f"${{{name}}}",
                f"${{{name}",
                f"${{{name}{{}}}}",
                f"${{{name}:abc}}",
                f"${{{name}_3:abc}}",
                f"${name}",
            )
        case "operators":
            yield from wrapped(f"${{{name}:abc}}")
            for subject in (*OPERATORS[name], *ODD):
                yield f"${{{name}:{subject}}}"
            yield from (
                f"${{{name}}}",
                f"${{{name}",
                f"${{{name}{{abc}}}}",
                f"${{{name}_9:abc}}",
                f"${{{name} :abc}}",
                f"${{{name}: abc }}",
            )
            if not OPERATORS[name]:
                for number in NUMBERS:
                    for subject in ("", "abcdef", "a", "x" * 300, "\xc3\xa9\xc3\xa9"):
                        yield f"${{{name}{number}:{subject}}}"
            if name in ("sha2", "sha3"):
                for number in ("_224", "_256", "_384", "_512", "_1", "_x"):
                    yield f"${{{name}{number}:abc}}"
            if name == "listnamed":
                for letter in "adhlx":
                    yield f"${{listnamed_{letter}:local_domains}}"
                    yield f"${{listnamed_{letter}:rel}}"
        case "conditions":
            for base in CONDITIONS[name]:
                ends = ENDS.get(name, "{yes <$0> <$1>}{no}" if "match{" in base else "{yes}{no}")
                if name in SLOW:
                    text = f"${{if {name}{base}{ends}}}"
                    skipped = f"${{if eq{{a}}{{b}}{{{text}}}{{no}}}}"
                    yield from (text, skipped, skipped[:-1], skipped + text[:3], skipped[:18], f"{skipped}${{if {name}")
                    continue
                yield from wrapped(f"${{if {name}{base}{ends}}}")
                yield from (f"${{if !{name}{base}}}", f"${{if {name} {base} {{y}} fail}}", f"${{if{name}{base}{{y}}}}")
                yield f"${{if and{{{{{name}{base}}}{{eq{{a}}{{a}}}}}}{ends}}}"
            for base in CONDITIONS[name][: 0 if name in SLOW else VARIED.get(name, 2)]:
                for text in variants(base):
                    yield f"${{if {name}{text}{ends}}}"
            yield from (
                f"${{if {name}}}",
                f"${{if {name}",
                f"${{if {name} x}}",
                f"${{if {name}{{a}}{{b}}{{c}}{{d}}{{e}}}}",
            )
        case "headers":
            for header in HEADERS:
                yield f"<${name}{header}>"
                yield f"${{if def:{name}{header}{{y}}{{n}}}}"
                yield f"${{strlen:${name}{header}}}"
                yield f"${{uc:${{{name}{header}}}}}"
        case _:
            yield from _variable(name)


def _variable(name: str) -> Iterator[str]:
    shape = SHAPES.get(name)
    if shape is None:
        yield from (
            f"<${name}>",
            f"<${{{name}}}>",
            f"${{strlen:${name}}}",
            f"${{uc:${name}}}",
            f"${{base64:${name}}}",
            f"a${name}:b",
        )
    else:
        yield from (
            f"${{if match{{${name}}}{{\\N{shape}\\N}}{{y}}{{n $value}}}}",
            f"${{if match{{${{{name}}}x}}{{\\N{shape}\\N}}{{y}}{{n}}}}",
        )
    yield from (
        f"${{if def:{name}{{y}}{{n}}}}", f"${{if !def:{name} {{y}}{{n}}}}", f"${{if eq{{${name}}}{{}}{{y}}{{n}}}}",
        f"${{if eq{{a}}{{b}}{{${name}}}{{n}}}}", f"${name}_x", f"${{{name}:x}}", f"${{{name}", f"${{ {name}}}",
    )  # fmt: skip
