"""Odd MIME messages, many in one session each: what the MIME ACL sees of their parts (manual 45.4, 45.5).

What we make of still worse ones, where a mail program may show a name that Exim does not see, is in
tests/unit/message/test_mime_header.py and docs/compat/acl-authenticators.md.
"""

from __future__ import annotations

from collections.abc import Iterable

from .session_world import EHLO, QUIT, Dialogue

_SHOWN = (
    "$h_subject: $mime_part_count <$mime_content_type> f=<$mime_filename> b=<$mime_boundary> cs=<$mime_charset> "
    "$mime_content_disposition|$mime_content_transfer_encoding|$mime_content_description|$mime_content_id "
    "$mime_is_multipart$mime_is_rfc822$mime_is_coverletter"
)
_ACL = f"""mime:
 warn logwrite = {_SHOWN}
 warn decode = @D/box/part
  logwrite = $mime_content_size $mime_anomaly_level $mime_anomaly_text <${{readfile{{@D/box/part}}{{|}}}}>
 warn mime_regex = hel+o.w
  logwrite = mime_regex $regex_match_string
 warn regex = evil : ^hello
  logwrite = regex $regex_match_string
 accept
data:
 warn logwrite = in all $mime_part_count <$mime_content_type> $mime_anomaly_text
 discard
"""

HEADERS = [
    f"Content-Type: {value}"
    for value in (
        "TEXT/Plain; charset=utf-8", "text/plain ; charset=utf-8; NAME=Evil.EXE", "text/plain (c (d)); name=a",
        'a; name="a;b.exe"', 'a; name="x  y.exe"', "a; name=x y.exe", 'a; name="x"y"".exe', "a; filename=x.exe",
        "text/plain charset=utf-8", "text / plain;name = x.exe", "a;; ; name=x.exe", "; name=x", "", "a; name=",
        "a;\n name=x.exe", 'a;\n\tname="x\n y.exe"', 'a; name="x\ty\x01.exe"', "a; na\n me=x.exe", "a; na me=x.exe",
        "a; (c)name=x.exe", "a; n(c)ame=x.exe", "a;b=c;(n=d;name=e) name=f.exe", "a; name=x(c).exe", "a\\;b; name=x",
        "a; name=a.exe; name=b.txt", "a; charset=a; charset=b", "a; xname=x", "a; name='x.exe'", "a; name=caf\xe9",
        "a; name*=utf-8''x%2Eexe", "a; name*=x.exe", "a; name*0=x; name*1=.exe", "a; name*0*=utf-8''x%41; name*1=%42",
        "a; name*0=a; name*1*=utf-8''%2Eexe", "a; name*0=a; name*0=b.exe", "a; name**=x.exe", "a; name *=x.exe",
        "a; name=b.exe; name*0=a", "a; name*=utf-8''b.exe; name=a.txt", "a; name*=utf-8''x%00.exe",
        'a; name="=?utf-8?q?x=2Eexe?="', "a; name==?utf-8?b?eC5leGU=?=", 'a; name="=?utf-8?q?x?= =?utf-8?q?.exe?="',
        'a; name="=?utf-8?q?x?=.exe"', 'a; name="=?iso-8859-1?q?=E9.exe?="', 'a; name="=?nosuch?q?a.exe?="',
        'a; name="=?utf-8*en?q?x_y?="', 'a; name="x=?utf-8?q?y?=z"', 'a; name="=?utf-8?q?a?= b =?utf-8?q?c?="',
        'a; name="=?utf-8?q??=x.exe"', 'a; name="=?utf-8?x?a.exe?="', 'a; name="=?utf-8?q?x\n .exe?="',
    )
] + [
    f"Content-Type: text/plain; name=ct.txt\n{field}: {value}"
    for field, values in {
        "Content-Disposition": (
            'ATTACHMENT (c); filename="x y.exe"', "attachment; name=x.exe", "filename=x.exe",
            "attachment filename=x.exe", "attachment; filename*0*=utf-8''x; filename*1=\"%2Eexe\"",
            "a; filename=a.txt; filename=b.exe", 'A  "b c"\td', "inline; date=\"a; filename=b\"; filename=c.exe",
        ),
        "Content-Transfer-Encoding": ("x (c)", "(c) X; y=z", "a\n b", "7bit junk", "a\\ b", "ba(c)se 64"),
        "Content-ID": ("<Id@X.Y>", "x; y=z", "(c) x", "A  b\tC"),
        "Content-Description": ("Some (hidden) Thing; a=b", "=?utf-8?q?x_y?=", "caf\xe9", "a\\ b", ""),
    }.items()
    for value in values
] + [
    "Content-Type: a; name=x.exe\nContent-Type: b; name=y.txt", "Content-Type: a; charset=u\nContent-Type: c",
    "Content-Type: a\nContent-Description: z; filename=x.exe; charset=u; boundary=v", "Subject: no MIME",
    "Content-Type : a; name=x.exe", "Content-Type:\n a; name=x.exe", "X-Content-Type: a", "Content-Disposition: x",
]  # fmt: skip

CONTENTS = [
    f"Content-Type: a\nContent-Transfer-Encoding: {encoding}\n\n{text}"
    for encoding, texts in {
        "base64": (
            "aGVsbG8gd29ybGQK\n", "aGVsbG8gd29ybA==\n", "aGVsbG8gd29yb\n", "aGVs bG8g d29y bGQK\n", "aGVs\n\nbG8g\n",
            "aGVs!!bG8g\n", "!!!\n", "", "aGVsbA==\nbG8g\n", "aGVsbG8=bG8g\n", "aGVs-_\xe9bG8g\n", "aGVsbG8gd29ybGQK\n-- \n",
            "aGVsbG8gd29\n", "aaa\n",
        ),
        "quoted-printable": (
            "hello=20world\n", "hello=\nworld\n", "hello= \t\nworld\n", "hello=zz\n", "hello=4\n", "hello=", "=3d=3D=C3=A9\n",
            "==\n", "===3D\n", "a= b\n", "trail  \t\nx\n", "a=3\nD\n", "=GG=41\n", "=\n=\n=\n",
        ),
        "x-uuencode": ("begin 644 x.exe\n%:&5L;&\\\n`\nend\n",),
        "base64 (c)": ("aGVsbG8=\n",),
        "base64 junk": ("aGVsbG8=\n",),
    }.items()
    for text in texts
]  # fmt: skip

_HELLO = "Content-Type: text/plain\n\nhello world\n"
_EVIL = "Content-Type: a/b; name=evil.exe\nContent-Transfer-Encoding: base64\n\naGVsbG8gd29ybGQK\n"
_IN = "From: x\nContent-Type: text/plain; name=in.exe\n\ninner evil\n"


def _mixed(*parts: str, kind: str = "mixed; boundary=v", before: str = "", end: str = "--v--\n") -> str:
    return f"Content-Type: multipart/{kind}\n\n{before}" + "".join(f"--v\n{part}" for part in parts) + end


def _in(*parts: str) -> str:
    return _mixed(*parts, kind="alternative; boundary=w").replace("--v", "--w")


STRUCTURES = [
    _mixed(_HELLO, _EVIL),
    _mixed(_HELLO, _EVIL, before="\n\nbefore\n", end="--v--\nbehind\n--v\nContent-Type: x\n\nevil\n"),
    _mixed(_HELLO, _EVIL, end=""),
    _mixed(_HELLO, _EVIL, end="--v\n"),
    _mixed(_HELLO, _EVIL, end="--v-\n"),
    _mixed(_HELLO, _EVIL, end="--v-- \n"),
    _mixed(_HELLO, _EVIL, end="--v--x\n"),
    _mixed(_HELLO, _EVIL, end="--v---\n"),
    _mixed("\nhello\n", "\n"),
    _mixed(),
    _mixed(end=""),
    *[
        _mixed(_HELLO).replace("\n--v\n", line)
        for line in ("\n--v \n", "\n--vx\n", "\n--v x\n", "\n --v\n", "\n---v\n", "\n--V\n", "\n--v--\n")
    ],
    _mixed(_HELLO).replace("multipart/mixed", "MULTI part"),
    _mixed(_HELLO).replace("multipart/mixed", "text/plain"),
    _mixed(_HELLO).replace("boundary", "bounda ry"),
    _mixed(_HELLO, kind="mixed; boundary=w; boundary=v"),
    _mixed(_HELLO, kind="mixed; boundary=v; boundary=w"),
    _mixed(_HELLO, kind="mixed\nContent-Disposition: x; boundary=v"),
    _mixed(_in(_HELLO, _EVIL), _EVIL),
    _mixed(_in(_HELLO, _EVIL), _EVIL, kind="related; boundary=v"),
    _mixed(_HELLO, f"Content-Type: message/rfc822\n\n{_IN}"),
    f"Content-Type: message/rfc822\n\n{_mixed(_HELLO, _EVIL)}",
    _mixed(f"Content-Type: message/rfc822; name=x.eml\n\n{_in(_HELLO, _EVIL)}", _EVIL),
    _mixed("Content-Type: message/rfc822\n\nContent-Type: message/rfc822\n\n" + _IN, _EVIL),
    _mixed("Content-Type: message/rfc822\n\nSubject: x\n\nhello\n"),
    _mixed(_IN, _IN, kind="digest; boundary=v"),
    "Content-Type: text/plain\n\nhel\nlo world ev\nil\n",
]


def _session(messages: Iterable[str]) -> Dialogue:
    said = EHLO
    for number, text in enumerate(messages):
        if "\n\n" not in text:
            text += "\n\nhello world\n"
        lines = f"Subject: {number}\n{text}".removesuffix("\n").split("\n")
        dotted = "\r\n".join("." + line if line.startswith(".") else line for line in lines)
        said += f"MAIL FROM:<s@from.example>\r\nRCPT TO:<joe@y.example>\r\nDATA\r\n{dotted}\r\n.\r\n"
    main = "acl_smtp_mime = mime\nacl_smtp_rcpt = accept\nacl_smtp_data = data\nsmtp_accept_max_per_connection = 0\n"
    return Dialogue(main=main, acl=_ACL, said=said + QUIT)


def _decoding(verb: str, name: str) -> Dialogue:
    """`decode = name` for each part of a message."""
    shown = "${sg{${sg{$mime_decoded_filename}{^.*/}{}}}{^......-......-..}{ID}} $mime_content_size"
    accepts = f" logwrite = {shown}\n accept" if verb == "warn" else " accept"
    text = _mixed(_HELLO, _EVIL).replace("\n", "\r\n")
    return Dialogue(
        main="acl_smtp_mime = mime\nacl_smtp_rcpt = accept\nqueue_only\nqueue_only_override = false\n",
        acl=f"mime:\n {verb} decode = {name}\n{accepts}\n",
        said=f"{EHLO}MAIL FROM:<s@from.example>\r\nRCPT TO:<joe@y.example>\r\nDATA\r\n{text}.\r\n{QUIT}",
    )


CASES = {
    **{
        f"mime: {verb} decode {name}": _decoding(verb, name)
        for verb, name in (
            ("warn", "default"),
            ("warn", ""),
            ("warn", "FALSE"),
            ("warn", "false"),
            ("warn", "name"),
            ("warn", "@D/box"),
            ("deny", "@D/nodir/x"),
            ("warn", "@D/nodir/x"),
            ("require", "."),
            ("warn", "$mime_filename"),
            ("require", "@D/box/$mime_filename"),
            ("warn", "@D/box/${md5:$mime_filename}"),
            ("warn", "x$mime_part_count"),
        )
    },
    "mime: odd headers": _session(HEADERS),
    "mime: odd contents": _session(CONTENTS),
    "mime: odd structures": _session(STRUCTURES),
}
