"""Macros that tell what is there."""

import pytest

from eximia.config.macros import Macros
from eximia.daemon.builtin_macros import builtin_macros


@pytest.mark.parametrize("name", ["_EXP_OP_XTEXTD", "_EXP_VAR_ACL_ARG9", "_EXP_VAR_N0", "_EXP_VAR_SN9", "_EXP_COND_EQ"])
def test_expansion(name: str) -> None:
    """As in Exim 4.98.2's `-bP macros`."""
    assert Macros(builtin_macros()).substitute(name)[0] == "y"
