"""SRS; addresses as Perl's Mail::SRS makes them (with the day of the clock below)."""

from __future__ import annotations

import pytest

from eximia.mailauth.srs import REVERSIBLE, SHORTCUT, BadHash, Expired, NotSrs, Srs, SrsError, is_srs

NOW = 1577836860
DAY = 86400


def test_there_and_back() -> None:
    srs = Srs(["tops3cr3t", "old"])
    first = srs.forward("test@otherdomain.com", "alias@forward.example", NOW)
    assert first == "SRS0=vmyz=2W=otherdomain.com=test@forward.example"
    second = srs.forward(first, "hop2.example", NOW)
    third = srs.forward(second, "hop3.example", NOW)
    assert second.startswith("SRS1=")
    assert second.endswith("=forward.example==vmyz=2W=otherdomain.com=test@hop2.example")
    assert third.endswith("=forward.example==vmyz=2W=otherdomain.com=test@hop3.example")
    assert srs.reverse(third, NOW) == first
    assert srs.reverse(first.lower(), NOW) == "test@otherdomain.com"
    assert Srs(["new", "tops3cr3t"]).reverse(first, NOW) == "test@otherdomain.com"


def test_refusals() -> None:
    srs = Srs(["tops3cr3t"], max_age=31)
    address = "SRS0=vmyz=2W=otherdomain.com=test@forward.example"
    assert srs.reverse(address, NOW + 31 * DAY) == "test@otherdomain.com"
    with pytest.raises(Expired):
        srs.reverse(address, NOW + 32 * DAY)
    with pytest.raises(Expired):
        srs.reverse(address, NOW - DAY)
    with pytest.raises(BadHash):
        srs.reverse(address.replace("=test", "=other"), NOW)
    with pytest.raises(BadHash):
        srs.reverse("SRS0=vmy=2W=otherdomain.com=test@forward.example", NOW)
    for other in ("test@example.com", "SRS0test@x.y", "SRS2=a=b=c=d@x.y"):
        with pytest.raises(NotSrs):
            srs.reverse(other, NOW)
    for bad in ("nobody", "a@b@c.d", ""):
        with pytest.raises(SrsError):
            srs.forward(bad, "x.y", NOW)
    with pytest.raises(SrsError):
        Srs([])


def test_settings() -> None:
    assert Srs(["s"]).forward("a@Here.org", "here.ORG", NOW) == "a@Here.org"
    longer = Srs(["s"], hash_length=8, hash_min=4)
    made = longer.forward("a@b.c", "d.e", NOW)
    assert len(made.split("=")[1]) == 8
    shorter = made.replace(made.split("=")[1], made.split("=")[1][:5])
    assert longer.reverse(shorter, NOW) == "a@b.c"
    bare = Srs(["s"], use_hash=False, use_timestamp=False)
    assert bare.forward("a@b.c", "d.e", NOW) == "SRS0=b.c=a@d.e"
    assert bare.reverse("SRS0=b.c=a@d.e", NOW) == "a@b.c"
    plus = Srs(["s"], separator="+").forward("a@b.c", "d.e", NOW)
    assert plus.startswith("SRS0+")
    assert Srs(["s"]).reverse(plus, NOW) == "a@b.c"
    first = Srs(["s"]).forward("a@b.c", "d.e", NOW)
    assert Srs(["s"], kind=SHORTCUT).forward(first, "f.g", NOW) == first.replace("@d.e", "@f.g")
    nested = Srs(["s"], kind=REVERSIBLE)
    assert nested.reverse(nested.forward(first, "f.g", NOW), NOW) == first


def test_keys() -> None:
    srs = Srs(["s"], hash_length=6)
    made = srs.forward_key("0123456789abcdef", "d.e")
    assert srs.reverse_key(made.lower()) == "0123456789abcdef"
    with pytest.raises(BadHash):
        srs.reverse_key(made.replace("abcdef", "abcdee"))


def test_form() -> None:
    assert is_srs("srs0+x")
    assert is_srs("SRS1-x")
    assert not is_srs("srs")


def test_no_way_back_from_an_address_without_a_domain() -> None:
    srs = Srs(("s",))
    local_part = srs.forward("a@b.example", "fwd.example", 0).rpartition("@")[0]
    assert srs.reverse(f"{local_part}@fwd.example", 0) == "a@b.example"
    for address in (local_part, f"{local_part}@"):
        with pytest.raises(SrsError):
            srs.reverse(address, 0)
