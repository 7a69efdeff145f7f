"""base.ports.Ports over the event loop: what a worker gives to policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from eximia.aio.agents import AgentPool, Agents
from eximia.aio.bridge import Bridge, LoopClock, PolicyTask
from eximia.aio.commands import run_command
from eximia.aio.resolver import LoopResolver, system_settings
from eximia.aio.streams import LoopNetwork
from eximia.base.ports import HelperResult, Identity

if TYPE_CHECKING:
    from eximia.context import Process

T = TypeVar("T")
R = TypeVar("R")


class LoopHelpers:
    """base.ports.Helpers: each command has a thread while it runs."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        timeout: float = 0,
        env: Mapping[str, str] | None = None,
        cwd: str = "/",
        max_output: int = 1 << 24,
        merge_errors: bool = False,
        identity: Identity | None = None,
        umask: int = -1,
    ) -> HelperResult:
        return self._bridge.blocking(
            run_command, argv, stdin, timeout, env, cwd, max_output, merge_errors, identity, umask
        )


class LoopPorts:
    """See the module's docstring. `agents` is None where this process is no child of a privileged parent."""

    def __init__(self, bridge: Bridge, agents: AgentPool | None = None) -> None:
        self.bridge = bridge
        self.net = LoopNetwork(bridge)
        self.helpers = LoopHelpers(bridge)
        self.clock = LoopClock(bridge)
        self.agents = Agents(agents, bridge.blocking)
        self.resolver = LoopResolver(bridge, self.net, system_settings())

    def blocking(self, function: Callable[..., T], *args: Any) -> T:
        return self.bridge.blocking(function, *args)

    def together(self, function: Callable[[list[T]], list[R]], item: T) -> R:
        return self.bridge.together(function, item)

    def spawn(self, function: Callable[..., T], *args: Any) -> PolicyTask[T]:
        return self.bridge.spawn(function, *args)

    def detach(self, process: Process, function: Callable[..., object], *args: Any) -> bool:
        self.bridge.spawn(function, *args)
        return False

    def as_user(
        self, process: Process, identity: Identity, function: Callable[..., str], *args: Any, timeout: float
    ) -> str | None:
        return None  # a worker is no longer root
