"""A worker's questions to its parent."""

from __future__ import annotations

import socket

import pytest

from eximia.base.ports import Identity
from eximia.daemon import worker
from eximia.daemon.worker import Control
from eximia.privileged.wire import WireError


def test_an_agent_that_comes_too_late_is_given_to_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "PATIENCE", 0.01)
    parent, ours = socket.socketpair()
    late, right = socket.socketpair(), socket.socketpair()
    control = Control(ours)
    with pytest.raises(WireError, match="does not answer"):
        control.agent(Identity(1001, 1001, "a"))
    control.answered(b"ok", [late[0].detach()])
    control.answered(b"ok", [right[0].detach()])
    with control.agent(Identity(1002, 1002, "b")) as agent:
        agent.send(b"hello")
        assert right[1].recv(10) == b"hello"
        assert late[1].recv(10) == b""
    control.answered(b"no reason", [])
    with pytest.raises(WireError, match="no reason"):
        control.agent(Identity(1003, 1003, "c"))
    for each in (parent, ours, late[1], right[1]):
        each.close()
