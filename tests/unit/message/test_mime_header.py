"""What the header of a MIME part says, however broken it is (manual 45.4; RFC 2045, 2047, 2231)."""

import pytest

from eximia.message.mime_header import PartHeader

NAMES = [
    # RFC 2231
    ("name*=utf-8'en'x%2Eexe", "x.exe"),
    ("name*1=.exe; name*0=x", "x.exe"),
    ("name*0=a; name*1=b; name*10=d; name*2=c", "abcd"),
    ("name*0*=utf-8''a%2E; name*1=%65xe", "a.exe"),
    ("name*0=a; name*1*=utf-8''%2Eexe", "a.exe"),
    ("name*0=a; name*0=b.exe", "ab.exe"),
    ("name*=utf-16le''x%00.%00e%00x%00e%00", "x.exe"),
    # RFC 2047
    ("name=\"=?utf-8?q?x?= =?utf-8?b?LmV4ZQ?=\"", "x.exe"),
    ("name=\"=?utf-8?q?x?=.exe\"", "x.exe"),
    ("name=\"=?iso-8859-1?q?=E9.exe?=\"", "\xe9.exe"),
    ("name=\"=?utf-16?b?/v8AeAAuAGUAeABl?=\"", "x.exe"),
    ("name=\"=?utf-7?q?x+AC4-exe?=\"", "x.exe"),
    ("name=\"=?utf-8?q?x?y_=00?=\"", "x?y  "),
    ("name=\"=?utf-8?b?!!!?=\"", "=?utf-8?b?!!!?="),
    ("name*0=\"=?utf-8?q?x\"; name*1=\"y?=.exe\"", "xy.exe"),
    # quotes, comments, white space
    ('name="x.exe', "x.exe"),
    ('name="x.exe; charset=u', "x.exe"),
    ('name=x.exe"', "x.exe"),
    ('name="x"".exe"', "x.exe"),
    ('name="a\\"b.e\\xe"', 'a"b.exe'),
    ('name="x;y".exe', "x;y.exe"),
    ('name="x.exe" (c)', "x.exe"),
    ("name=photo(1).jpg", "photo(1).jpg"),
    ('name="photo (1)"', "photo (1)"),
    ('name = " x.exe " ;', " x.exe "),
    ("(name=y) na me=x.exe", "x.exe"),
    ("(unclosed; name=x.exe", "x.exe"),
    ('name="x.e\n xe"', "x.exe"),
    ('name="x\x01.\texe"', "x.exe"),
    # several
    ("name=a.txt; name=b.exe", "b.exe"),
    ("name=b.exe; name=", "b.exe"),
    ("filename=x.exe", "x.exe"),
    ("xname=x.exe; name*x=y.exe", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "name"), NAMES)
def test_file_name(text: str, name: str) -> None:
    assert PartHeader(f"Content-Type: a/b; {text}\n\n").filename() == name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Content-Disposition: attachment; filename=x.exe\nContent-Type: a; name=y.txt\n", "x.exe"),
        ("Content-Type: a; name=y.exe\nContent-Disposition: attachment; filename=\n", "y.exe"),
        ("Content-Type: a; name=y.exe\nContent-ID: z; name=x.txt\n", "y.exe"),
        ("Content-Type: a\nContent-Description: z; filename=x.exe\n", "x.exe"),
        ("Content-Type: a; name=x.exe\nContent-Type: b; name=y.exe\n", "y.exe"),
        ("X-Other: a; name=x.exe\n", ""),
    ],
)
def test_where_the_file_name_is(header: str, name: str) -> None:
    assert PartHeader(header).filename() == name


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Text / Plain (comment (in) it) ; a=b", "text/plain"),
        ("7bit junk", "7bitjunk"),
        ('"quoted x"', '"quotedx"'),
        ("a\\ b\\;c", "a b"),
        ("ba(c)se\n 64", "base64"),
    ],
)
def test_values_are_normalized(text: str, value: str) -> None:
    assert PartHeader(f"Content-Transfer-Encoding: {text}\n").values["content-transfer-encoding"] == value


def test_boundary_of_any_content_type() -> None:
    read = PartHeader("Content-Type: multipart/mixed; boundary=v\nContent-Type: text/plain\n")
    assert (read.multipart, read.parameter("boundary"), read.values["content-type"]) == (True, "v", "text/plain")
