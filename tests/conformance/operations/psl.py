"""`registrable_domain`: the algorithm of publicsuffix.org."""

from __future__ import annotations

import os
from functools import cache

from conformance.case import Case, differs, text
from eximia.dns.suffixes import SuffixList, installed_list


@cache
def _list(path: str) -> SuffixList:
    """The list of the cases; ours where they came without it."""
    return SuffixList(path) if os.path.exists(path) else installed_list()


def registrable_domain(case: Case) -> list[str]:
    domain = case.inputs.get("domain")
    wanted = case.expect.get("domain")
    name = case.inputs.get("list") or "public_suffix_list.dat"
    found = _list(str(case.folder / name)).registrable(text(domain)) if domain else None
    return differs("domain", None if wanted is None else text(wanted), found)
