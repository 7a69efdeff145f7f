"""base.ports.Ports over the event loop: what a worker gives to policy."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from eximia.aio.agents import AgentPool, Agents
from eximia.aio.batches import AgentBatches
from eximia.aio.bridge import Bridge, LoopClock, PolicyTask, Waiter
from eximia.aio.commands import run_command
from eximia.aio.exchange import LoopExchange, exchange_over
from eximia.aio.resolver import LoopResolver
from eximia.aio.streams import LoopNetwork
from eximia.aio.watch import LoopWatch
from eximia.base.ports import HelperResult, Identity
from eximia.dns.resolv_conf import system_settings

if TYPE_CHECKING:
    from eximia.base.ports import Replies, Stream
    from eximia.base.steps import Steps
    from eximia.context import Process

T = TypeVar("T")
R = TypeVar("R")


#: agents of one identity that work at the same time for one worker; others wait, and other users are not held up
AGENTS_OF_ONE = 3


class Gate:
    """At most `limit` greenlets between `with gate:` and its end; the others wait in the order they came."""

    def __init__(self, bridge: Bridge, limit: int) -> None:
        self._bridge = bridge
        self._free = limit
        self._waiting: deque[Waiter] = deque()

    def __enter__(self) -> None:
        if self._free > 0:
            self._free -= 1
            return
        waiter = self._bridge.waiter()
        self._waiting.append(waiter)
        waiter.wait()

    def __exit__(self, *exc: object) -> None:
        if self._waiting:
            self._waiting.popleft().set()
        else:
            self._free += 1


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
        self._gates: dict[Identity, Gate] = {}
        batches = AgentBatches(bridge, self.net, agents.source) if agents is not None else None
        self.agents = Agents(agents, bridge.blocking, self._gate, batches)
        self.resolver = LoopResolver(bridge, self.net, system_settings())

    def configure_resolver(self, **options: Any) -> None:
        self.resolver.configure(**options)

    def _gate(self, identity: Identity) -> Gate:
        gate = self._gates.get(identity)
        if gate is None:
            gate = self._gates[identity] = Gate(self.bridge, AGENTS_OF_ONE)
        return gate

    def blocking(self, function: Callable[..., T], *args: Any) -> T:
        return self.bridge.blocking(function, *args)

    def together(self, function: Callable[[list[T]], list[R] | Steps[list[R]]], item: T) -> R:
        return self.bridge.together(function, item)

    def gate(self, most: int) -> Gate:
        return Gate(self.bridge, most)

    def later(self, seconds: float, function: Callable[[], object]) -> None:
        self.bridge.loop.call_later(seconds, function)

    def watch(self, fd: int) -> LoopWatch:
        return LoopWatch(self.bridge, self.net.ticker, fd)

    def exchange(self, stream: Stream, replies: Replies, *, timeout: float, idle: float) -> LoopExchange | None:
        return exchange_over(self.bridge, stream, replies, timeout, idle)

    def spawn(self, function: Callable[..., T], *args: Any) -> PolicyTask[T]:
        return self.bridge.spawn(function, *args)

    def detach(self, process: Process, function: Callable[..., object], *args: Any) -> bool:
        self.bridge.spawn(function, *args)
        return False

    def as_user(
        self, process: Process, identity: Identity, function: Callable[..., str], *args: Any, timeout: float
    ) -> str | None:
        return None  # a worker is no longer root
