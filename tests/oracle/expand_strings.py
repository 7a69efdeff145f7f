"""Random strings of the expansion language, the same ones for the same seed."""

from __future__ import annotations

import random

SUBJECTS = [
    "", "abc", "Abc", "a b c", "a:b:c", " a : b ", "1", "0", "-1", "12345", "007", "0x1f", "1K", "10M", "99999999999",
    "a@b.c", '"x y"@d.e', "A B <c@d>", "1.2.3.4", "::1", "fe80::1", "1.2.3.4/24", "2001:db8::/32", "\xc3\xa9", "\\xff",
    "\\xc3\\xa9", "a\\nb", "a\\tb", "\\N$x\\N", 'k=v k2="v 2"', "<, a,b,c", "<; a;b", "true", "no", "yes", "1d2h", "3w",
    "00", "a" * 70, "_", ".", "{", 'a"b', "a\\\\b", "=?utf-8?Q?x=41?=", "YWJj", "616263", "$primary_hostname",
    "$acl_m_x", "x.y.z", "*", "%", "a,b", "a;b", "a=1 b=2", "$h_x:", "+", "~", "(1+2)*3", "1+", "7/0", "5%3", "1<<3",
    "*.c", "a/b/c", "SRS0=abcd=AB=d.e=l", "prvs=0123abcdef=a@b.c", '[1,2,"x"]', '\\{"a":1,"b":"c"\\}', "\\\\", "\\$",
    "\\}", "/nosuch", "host.domain.example",
]  # fmt: skip
OPERATORS = [
    "address", "addresses", "base32", "base32d", "base62", "base62d", "base64", "base64d", "domain", "escape",
    "escape8bit", "eval", "eval10", "expand", "from_utf8", "hash_3", "hash_3_5", "h_2_62", "hex2b64", "hexquote",
    "ipv6denorm", "ipv6norm", "lc", "length_2", "l_3", "listcount", "listnamed", "listnamed_d", "local_part", "mask",
    "mask_n", "md5", "nhash_7", "nhash_7_9", "nh_5", "quote", "quote_local_part", "reverse_ip", "rfc2047", "rfc2047d",
    "rxquote", "sha1", "sha256", "sha2_384", "sha3", "str2b64", "strlen", "substr_1", "substr_1_2", "s_-2",
    "substr_-2_1", "time_eval", "time_interval", "uc", "utf8clean", "utf8_domain_to_alabel", "utf8_localpart_to_alabel",
    "utf8_localpart_from_alabel", "quote_lsearch", "nosuch", "lc_x", "length", "substr", "hash_0", "length_0",
    "length_x", "substr_x", "md5_1", "eval_1", "quote_nosuch",
]  # fmt: skip
TWO = [
    "eq",
    "eqi",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "=",
    "==",
    "<",
    "<=",
    ">",
    ">=",
    "match",
    "inlist",
    "inlisti",
    "crypteq",
]
ONE = ["bool", "bool_lax", "exists", "isip", "isip4", "isip6"]
ITEMS = [
    "extract",
    "numbered",
    "listextract",
    "map",
    "filter",
    "reduce",
    "sort",
    "substr",
    "length",
    "hash",
    "nhash",
    "tr",
    "sg",
    "listquote",
    "hmac",
    "imapfolder",
    "env",
    "variable",
    "srs",
    "json",
]


class Strings:
    """A source of strings."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def one(self) -> str:
        text = self.item(self.random.choice([1, 2, 2, 3]))
        if self.random.random() < 0.06:
            place = self.random.randrange(len(text))
            text = text[:place] + text[place + 1 :]
        if self.random.random() < 0.1:
            text = "x" + self.pick(SUBJECTS) + text + self.pick(SUBJECTS)
        return text

    def pick(self, choices: list[str]) -> str:
        return self.random.choice(choices)

    def string(self, depth: int) -> str:
        dice = self.random.random()
        if depth <= 0 or dice < 0.6:
            return self.pick(SUBJECTS)
        if dice < 0.7:
            return self.pick(SUBJECTS) + self.pick(SUBJECTS)
        return self.item(depth - 1)

    def braced(self, depth: int) -> str:
        return "{" + self.string(depth) + "}"

    def condition(self, depth: int) -> str:
        dice = self.random.random()
        if dice < 0.08:
            return "!" + self.condition(depth)
        if dice < 0.2 and depth > 0:
            inner = "".join("{" + self.condition(depth - 1) + "}" for _ in range(self.random.randrange(1, 4)))
            return self.pick(["and", "or"]) + "{" + inner + "}"
        if dice < 0.3:
            return self.pick(["forany", "forall"]) + self.braced(depth) + "{" + self.condition(depth - 1) + "}"
        if dice < 0.4:
            names = ["primary_hostname", "acl_m_x", "nosuch", "h_x:", "sender_address", "item", "acl_c1 "]
            return "def:" + self.pick(names)
        space = self.pick(["", " "])
        if dice < 0.55:
            return self.pick(ONE) + space + self.braced(depth)
        count = 2 if self.random.random() < 0.96 else self.random.randrange(0, 4)
        return self.pick(TWO) + space + "".join(self.braced(depth) for _ in range(count))

    def ends(self, depth: int) -> str:
        """Yes and no strings."""
        dice = self.random.random()
        if dice < 0.25:
            return ""
        if dice < 0.4:
            return self.braced(depth)
        if dice < 0.5:
            return self.braced(depth) + "fail"
        if dice < 0.53:
            return self.braced(depth) * 3
        if dice < 0.55:
            return "fail"
        return self.pick(["", " "]) + self.braced(depth) + self.pick(["", " "]) + self.braced(depth)

    def item(self, depth: int) -> str:
        dice = self.random.random()
        if dice < 0.42:
            return "${" + self.pick(OPERATORS) + ":" + self.string(depth) + "}"
        if dice < 0.62:
            return "${if " + self.condition(depth) + self.ends(depth) + "}"
        return self.named(self.pick(ITEMS), depth)

    def named(self, name: str, depth: int) -> str:
        braced, pick = self.braced, self.pick
        match name:
            case "extract":
                return "${extract" + braced(0) + braced(depth) + self.ends(depth) + "}"
            case "numbered":
                number = pick(["1", "2", "-1", "0", "9", "-9"])
                separators = pick([":", ",", " ", "=", "", ":,"])
                return f"${{extract{{{number}}}{{{separators}}}" + braced(depth) + self.ends(depth) + "}"
            case "json":
                key, text = pick(["1", "2", "a", "b"]), pick(["[1,2]", '\\{"a":1,"b":"c"\\}', "x", ""])
                return f"${{extract {pick(['json', 'jsons'])}{{{key}}}{{{text}}}" + self.ends(depth) + "}"
            case "listextract":
                number = pick(["1", "2", "-1", "0", "9", " 1 ", "x", ""])
                return f"${{listextract{{{number}}}" + braced(depth) + self.ends(depth) + "}"
            case "map":
                mapped = pick(["$item", "[$item]", "", self.string(depth - 1), "${uc:$item}"])
                return "${map" + braced(depth) + "{" + mapped + "}}"
            case "filter":
                chosen = pick(["eq{$item}{a}", "!eq{$item}{}", "match{$item}{^a}", self.condition(depth - 1)])
                return "${filter" + braced(depth) + "{" + chosen + "}}"
            case "reduce":
                step = pick(["$value$item", "${eval:$value+$item}", "$item", self.string(depth - 1)])
                return "${reduce" + braced(depth) + braced(0) + "{" + step + "}}"
            case "sort":
                order, key = pick(["<", ">", "lt", "gt", "ge", "<=", "eq"]), pick(["$item", "${lc:$item}", "x"])
                return "${sort" + braced(depth) + f"{{{order}}}{{{key}}}}}"
            case "substr" | "hash" | "nhash":
                first = pick(["1", "2", "3", "10", "x", "4"])
                return f"${{{name}{{{first}}}" + pick(["", "{2}", "{20}", "{x}"]) + braced(depth) + "}"
            case "length":
                return f"${{length{{{pick(['1', '3', 'x', '-1', '100'])}}}" + braced(depth) + "}"
            case "tr":
                return "${tr" + braced(depth) + braced(0) + braced(0) + "}"
            case "sg":
                pattern = pick(["a", "b*", ".", "\\N(.)(.)\\N", "^", "[a-z]+", "\\N\\s+\\N", "x?"])
                new = pick(["", "X", "\\$0\\$0", "<\\$1>", "\\$2\\$1", "\\\\\\\\"])
                return "${sg" + braced(depth) + f"{{{pattern}}}{{{new}}}}}"
            case "listquote":
                return f"${{listquote{{{pick([':', ',', ';'])}}}" + braced(depth) + "}"
            case "hmac":
                return f"${{hmac{{{pick(['md5', 'sha1', 'x'])}}}" + braced(0) + braced(depth) + "}"
            case "imapfolder":
                return "${imapfolder" + braced(depth) + pick(["", "{/}", "{.}{/}", "{:}"]) + "}"
            case "env":
                return "${env{NOSUCH}" + self.ends(depth) + "}"
            case "srs":
                path = pick(["a@b.c", "", "x", '"a b"@c.d'])
                return f"${{srs_encode{{{pick(['s', ''])}}}{{{path}}}{{d.e}}}}"
            case _:
                return pick(
                    [
                        "$primary_hostname", "${primary_hostname}", "$acl_c1", "$nosuch", "${nosuch}", "$h_a:",
                        "$message_size", "$tod_zone", "$runrc", "$sender_host_address", "$received_port", "$local_part",
                    ],
                )  # fmt: skip
