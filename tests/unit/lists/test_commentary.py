"""What is said of list matching while somebody reads, in Exim's words."""

from pathlib import Path

import pytest

from eximia.base.span import NOWHERE
from eximia.base.template import Template
from eximia.base.trace import Trace
from eximia.config.named_lists import NamedList
from eximia.lists import match_address, match_domain, match_host, match_local_part
from support_acl import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    trace = Trace()
    trace.categories = frozenset({"lists"})
    trace.add_debug_reader(lambda _category, text: world.output.append(text))
    world.process.trace = trace
    for kind, name, text in (
        ("domain", "dl", "!a.ex : b.ex : test.ex"),
        ("host", "hl", "10.0.0.0/8 : 1.2.3.4"),
        ("address", "al", "s@x.ex : *@y.ex"),
    ):
        named = NamedList(kind, name, Template(text, NOWHERE), cache=False, hide=False)
        world.process.config.lists.by_kind[kind][name] = named
    return world


@pytest.mark.parametrize(
    "kind, items, found, said",
    [
        ("domain", "x.ex : test.ex", True, ['test.ex in "x.ex : test.ex"? yes (matched "test.ex")']),
        ("domain", "!test.ex : *", False, ['test.ex in "!test.ex : *"? no (matched "!test.ex")']),
        ("domain", "!foo.ex", True, ['test.ex in "!foo.ex"? yes (end of list)']),
        ("domain", "x", False, ['test.ex in "x"? no (end of list)']),
        (
            "domain",
            "+dl",
            True,
            [
                'test.ex in "!a.ex : b.ex : test.ex"? yes (matched "test.ex")',
                'test.ex in "+dl"? yes (matched "+dl")',
            ],
        ),
        (
            "domain",
            "${if eq{1}{2}{x}fail}",
            False,
            ['expansion of "${if eq{1}{2}{x}fail}" forced failure: assume not in this list'],
        ),
        ("local_part", "!q", False, ['q in "!q"? no (matched "!q")']),
        (
            "host",
            "+hl",
            True,
            ['host in "10.0.0.0/8 : 1.2.3.4"? yes (matched "1.2.3.4")', 'host in "+hl"? yes (matched "+hl")'],
        ),
        (
            "address",
            "x : *@x.ex",
            True,
            [
                'x.ex in "x"? no (end of list)',
                'x.ex in "x.ex"? yes (matched "x.ex")',
                's@x.ex in "x : *@x.ex"? yes (matched "*@x.ex")',
            ],
        ),
        ("address", "^s@", True, ['s@x.ex in "^s@"? yes (matched "^s@")']),
        (
            "address",
            "*@+dl",
            False,
            [
                'x.ex in "!a.ex : b.ex : test.ex"? no (end of list)',
                'x.ex in "+dl"? no (end of list)',
                's@x.ex in "*@+dl"? no (end of list)',
            ],
        ),
    ],
)
def test_lines(world: World, kind: str, items: str, found: bool, said: list[str]) -> None:
    source = Template(items)
    if kind == "domain":
        outcome = match_domain(source, "test.ex", world.context)
    elif kind == "local_part":
        outcome = match_local_part(source, "q", world.context)
    elif kind == "host":
        outcome = match_host(source, world.context)
    else:
        outcome = match_address(source, "s@x.ex", world.context)
    assert (outcome is not None) is found
    assert world.output == said


def test_options_are_called_by_name(world: World) -> None:
    match_host(Template("*"), world.context, label="dsn_advertise_hosts")
    assert world.output == ['host in dsn_advertise_hosts? yes (matched "*")']
