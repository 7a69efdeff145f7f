"""`Services.filters`: what routers and delivery ask (see `base.ports.FilterService`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.base.errors import ExpansionError, ForcedFailure
from eximia.base.text import from_bytes, is_tainted
from eximia.context import FilterResult

from .exim.interpreter import interpret
from .exim.run import Limits

if TYPE_CHECKING:
    from eximia.context import Context

_FORBIDDEN = ("lookup", "perl", "readfile", "readsocket", "run", "dlfunc", "existstest", "logwrite")
_NEED_THE_USER = frozenset({"dlfunc", "perl", "readsocket", "run"})
#: filters longer than this are not read
LONGEST = 1 << 20


class Filters:
    """Both kinds of filter."""

    def run(self, ctx: Context, text: str, kind: str, **options: Any) -> FilterResult:
        """A user's filter: `kind` "exim" or "sieve"; `options` are the redirect router's (`options`), and
        `default_domain` for addresses without one. `confined`: we could not become the user, so what
        runs commands or opens connections is forbidden, and files are read by an agent (`Message.acting`)."""
        router: Any = options.get("options")
        domain = str(options.get("default_domain") or "")
        if kind == "sieve":
            from .sieve.interpreter import interpret_sieve

            return interpret_sieve(ctx, text, router, domain)
        confined = bool(options.get("confined"))
        forbidden = frozenset(
            name
            for name in _FORBIDDEN
            if getattr(router, f"forbid_filter_{name}", False) or (confined and name in _NEED_THE_USER)
        )
        limits = Limits(
            allow_fail=bool(getattr(router, "allow_fail", False)),
            allow_freeze=bool(getattr(router, "allow_freeze", False)),
            allow_defer=bool(getattr(router, "allow_defer", False)),
            forbidden=forbidden,
            prepend_home=bool(getattr(router, "filter_prepend_home", True)),
            qualify_domain=domain,
        )
        return interpret(ctx, text, limits)

    def run_system(self, ctx: Context) -> FilterResult:
        """The file of `system_filter`: an Exim filter, whatever its first line says."""
        from eximia.expand import expand

        main = ctx.process.main
        try:
            path = expand(main.system_filter, ctx)
        except ForcedFailure:
            return FilterResult()
        except ExpansionError as error:
            return FilterResult("error", message=f'failed to expand "{main.system_filter.text}": {error.message}')
        if not path.startswith("/"):
            return FilterResult("error", message=f'"{path}" is not an absolute path')
        if is_tainted(path):
            return FilterResult("error", message=f"Tainted name '{path}' for file read not permitted")
        try:
            with open(path, "rb") as file:
                text = from_bytes(file.read(LONGEST))
        except FileNotFoundError:
            return FilterResult("error", message=f"{path} does not exist")
        except IsADirectoryError:
            return FilterResult("error", message=f"{path} is not a regular file")
        except OSError as error:
            return FilterResult("error", message=f"failed to open {path}: {error.strerror}")
        return interpret(ctx, text, system_limits(ctx))


def system_limits(ctx: Context) -> Limits:
    """A system filter may do everything."""
    main = ctx.process.main
    domain = str(main.qualify_domain or ctx.process.primary_hostname)
    return Limits(
        system=True, allow_fail=True, allow_freeze=True, allow_defer=True, prepend_home=False, qualify_domain=domain
    )
