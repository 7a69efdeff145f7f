"""SRS with Perl's Mail::SRS, both directions, over senders of many shapes and all three kinds."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import time
from typing import Any

import pytest

from eximia.mailauth.srs import Srs, SrsError
from support_servers import away_from_midnight

pytestmark = pytest.mark.skipif(
    shutil.which("perl") is None
    or subprocess.run(["perl", "-MMail::SRS", "-MJSON", "-e", "1"], capture_output=True).returncode != 0,
    reason="needs Perl's Mail::SRS",
)

SECRETS = ["tops3cr3t", "last year's"]
_PERL = r"""
use JSON; use Mail::SRS;
local $SIG{__WARN__} = sub {};
my @answers;
for my $job (@{decode_json(do { local $/; <STDIN> })}) {
    my ($class, $options, $method, @words) = @$job;
    eval "require Mail::SRS::$class; 1" or die $@;
    my $srs = "Mail::SRS::$class"->new(Secret => ["tops3cr3t", "last year's"], %$options);
    push @answers, eval { $srs->$method(@words) };
    push @answers, undef if $@;
}
print encode_json(\@answers);
"""


def perl(jobs: list[list[Any]]) -> list[str | None]:
    done = subprocess.run(["perl", "-e", _PERL], input=json.dumps(jobs), capture_output=True, text=True, check=True)
    found: list[str | None] = json.loads(done.stdout)
    return found


def senders() -> list[str]:
    chance = random.Random(9)
    made = ["user@host.tld", "a=b=c@d.e", "SRS0@x.y", "SRS0=x@y.z", "srs1+a=b@y.z", "o'hara+x@e.org", "A.B@C.Example"]
    letters = "abcXYZ019._+-=!#$%&'*/?^`{|}~"
    for _ in range(60):
        local_part = "".join(chance.choices(letters, k=chance.randint(1, 20)))
        made.append(f"{local_part}@{chance.choice(['a.example', 'B-c.Example', 'x.y.z.example'])}")
    return made


KINDS = {"Guarded": "guarded", "Shortcut": "shortcut", "Reversible": "reversible"}
OPTIONS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"HashLength": 10, "HashMin": 4, "Separator": "+"}, {"hash_length": 10, "hash_min": 4, "separator": "+"}),
    ({"Separator": "-", "AlwaysRewrite": 1}, {"separator": "-", "always_rewrite": True}),
]


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(("theirs", "ours"), OPTIONS)
def test_both_ways(name: str, theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    away_from_midnight()
    now = time.time()
    srs = Srs(SECRETS, kind=KINDS[name], **ours)
    chain = [srs.forward(sender, "one.example", now) for sender in senders()]
    assert perl([[name, theirs, "forward", sender, "one.example"] for sender in senders()]) == chain
    second = [srs.forward(address, "b-c.example", now) for address in chain]
    assert perl([[name, theirs, "forward", address, "b-c.example"] for address in chain]) == second
    spoilt = [address.replace("a", "b", 1) for address in second]
    for addresses in (chain, second, spoilt):
        expected = perl([[name, theirs, "reverse", address] for address in addresses])
        for address, wanted in zip(addresses, expected, strict=True):
            try:
                found: str | None = srs.reverse(address, now)
            except SrsError:
                found = None
            assert found == wanted, address
