"""Strings that quoting must survive."""

from __future__ import annotations

#: what must come back as it was given, and change nothing
HOSTILE = [
    "", " ", "  x  ", "'", "''", "\\", "\\\\", "\\'", "'\\", '"', '\\"', "`", ";", "--", "-- ", "#", "/*", "*/", "/**/", "%", "_",
    "\n", "\r\n", "\t", "\b", "\x1a", "\x7f", "$", "$1", "${x}", "$$", "$$x$$", "{", "}", "(", ")", "*", "(*)", "\\2a", "\\00",
    "a,b", "a,,b", ",", "=", "a=b", '"a b"', "a\\nb", "a\\ b", "x' OR '1'='1", "x'; DROP TABLE t; --", "x\\'; DROP TABLE t; --",
    "x' UNION SELECT v FROM t --", "'||(select 1)||'", "') or 1=1 --", "x*)(uid=*", "*)(|(uid=*", "\\28x\\29", "x\\", "\\x",
    "\\u0027", "%27", "%5c'", "\xe9", "\xc3\xa9", "\xff", "\xa0", "\xbf'", "\xbf\\'", "\xbf\x27", "\xe5\x5c'", "\x81'", "\xc0\xaf",
    "CHAR(39)", "0x27", "E'x'", "U&'x'", "q'[x]'", "N'x'", "\\n", "\\r", "\\t", "\\0", "\\Z", "\\%", "\\_", "a" * 1000, "'" * 100,
    "\\" * 101, "get other", "x\r\nSET y z", "x\r\n*1\r\n", "x y z", "\\ x", "x \\ ", "<NULL>", "NULL", "''''''", "a'b\"c`d\\e",
]  # fmt: skip
HOSTILE += [f"x{char}y" for char in map(chr, range(1, 128)) if f"x{char}y" not in HOSTILE][: 200 - len(HOSTILE) + 20]
