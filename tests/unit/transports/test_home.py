"""The home directory of a local delivery (manual 23.3): it is as trustworthy as where it comes from."""

from __future__ import annotations

from eximia.base.text import Untainted, is_tainted
from eximia.context import Context
from eximia.context.delivery import Address
from eximia.transports.local import directories
from support_transports import World


def home_of(value):
    world = World()
    transport = world.transport("appendfile", file="/x")
    address = Address("joe@y.example")
    address.home_directory = value
    return directories(Context(world.process), "t", transport.options, address)[0]


def test_a_home_stays_what_it_is():
    assert not is_tainted(home_of(Untainted("/home/joe")))
    assert is_tainted(home_of("/home/joe"))
