from eximia.cli.utilities.exiqsumm import summary

LISTING = """\
 0m   238 1xV49C-0002q0-0L <root@test.ex>
        D x@test.ex
          y@def.ex

25h  2.9K 0t5C6f-0000c8-01 <al@wonder.ex> *** frozen ***
          a@Y.ex
          z@aaa.ex

 3d   12M 0t5C6f-000000000c9-0001 <>
          b@y.ex
"""
HEAD = "\nCount  Volume  Oldest  Newest  Domain\n-----  ------  ------  ------  ------\n\n"
TOTAL = "-" * 63 + "\n    4    12MB      3d      0m  TOTAL\n\n"


def test_by_domain() -> None:
    assert summary(LISTING.splitlines(), set()) == (
        f"{HEAD}"
        "    1    2969     25h     25h  aaa.ex\n"
        "    1     238      0m      0m  def.ex\n"
        "    2    12MB      3d     25h  y.ex\n"
        f"{TOTAL}"
    )


def test_order_and_splitting() -> None:
    def names(flags: str) -> list[str]:
        lines = summary(LISTING.splitlines(), set(flags)).split("\n\n", 2)[1].split("\n---")[0].split("\n")
        return [line[31:] for line in lines]

    assert names("a") == ["y.ex", "aaa.ex", "def.ex"]
    assert names("c") == ["y.ex", "aaa.ex", "def.ex"]
    assert names("bf") == ["aaa.ex (f)", "def.ex", "y.ex (b)", "y.ex (f)"]
    assert names("s") == ["<> > y.ex", "test.ex > def.ex", "wonder.ex > aaa.ex", "wonder.ex > y.ex"]


def test_empty_queue() -> None:
    assert summary([], set()) == f"{HEAD}{'-' * 63}\n    0       0      0m   0000d  TOTAL\n\n"
