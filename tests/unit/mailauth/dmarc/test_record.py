"""DMARC records."""

from __future__ import annotations

import pytest

from eximia.mailauth.dmarc.record import mail_address, parse, uris


@pytest.mark.parametrize("text", ["", "v=DMARC2; p=none", "v=dmarc1; p=none", "p=none; v=DMARC1", " v=DMARC1; p=none",
                                  "v=DMARC1 p=none", "v=DMARC1; p=none; p=reject", "v=DMARC1; p=none; v=DMARC1"])  # fmt: skip
def test_no_records(text: str) -> None:
    assert parse(text) is None


def test_tags() -> None:
    record = parse(
        "v = DMARC1;P=Reject ; sp=none;np=quarantine; adkim=S; aspf=x; fo=1:d:s; t=y; psd=n; foo=bar; pct=30"
    )
    assert record is not None
    assert (record.p, record.sp, record.np, record.adkim, record.aspf) == ("reject", "none", "quarantine", "s", "r")
    assert (record.fo, record.testing, record.psd, record.pct, record.usable) == ("1:d:s", True, "n", 30, True)
    for bad in ("0:1", "2", "d:d", "", "1;"):
        other = parse(f"v=DMARC1; p=none; fo={bad}")
        assert other is not None
        assert other.fo in ("0", "1")


def test_addresses() -> None:
    text = "mailto:a@b.c!10m, https://x.y/z, mailto:x%40y@b.c, mailto:no-address, mailto:q%2Cr@b.c?subject=s, nonsense"
    assert uris(text) == ("mailto:a@b.c", "https://x.y/z", "mailto:q%2Cr@b.c?subject=s")[:2]
    assert mail_address("mailto:a+b@c.d?subject=x") == "a+b@c.d"
    assert mail_address("mailto:a@b.c%0d%0aBcc:x@y.z") == ""
    assert mail_address("mailto:%zz@b.c") == ""
