from __future__ import annotations

import pytest

from eximia.tls.binding import is_built
from support_tls import Pki


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    if not is_built():
        pytest.skip("the OpenSSL binding is not built")
    return Pki(tmp_path_factory.mktemp("pki"))
