"""The built-in macros (manual 6.9): what is here to be used, as `.ifdef` asks it.

Names come from the declarations and catalogues; only what has none of these is listed here. A family is made when
a line of the configuration has its prefix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module

from eximia.config.macros import BuiltinMacros

_SIGNED = (
    "From Sender Reply-To Subject Date Message-ID To Cc MIME-Version Content-Type Content-Transfer-Encoding "
    "Content-ID Content-Description Resent-Date Resent-From Resent-Sender Resent-To Resent-Cc "
    "Resent-Message-ID In-Reply-To References List-Id List-Help List-Unsubscribe List-Subscribe List-Post "
    "List-Owner List-Archive"
)

_RESUME_DECODE = (
    "not requested or offered : 0x02 :client requested, no server ticket: 0x04 : 0x05 : 0x06 "
    ":client offered session, no server action: 0x08 :no client request: 0x0A :client requested new ticket, server "
    "provided: 0x0C :client offered session, not used: 0x0E :client offered session, server only provided new ticket: "
    "0x10 :session resumed unasked: 0x12 :session resumed unasked: 0x14 : 0x15 : 0x16 :session resumed: 0x18 :session "
    "resumed unasked: 0x1A :session resumed unasked: 0x1C :session resumed: 0x1E :session resumed, also new ticket"
)


def _yes(names: Iterable[str]) -> dict[str, str]:
    return dict.fromkeys(names, "y")


def _have() -> Mapping[str, str]:
    from .features import macros

    return _yes(macros())


def _is_there(name: str) -> bool:
    from .features import macros, present

    return present(macros()[name])


def _log() -> Mapping[str, str]:
    from eximia.logs.selectors import SELECTORS

    return _yes(f"_LOG_{name.upper()}" for name in (*SELECTORS, "rejected_headers", "all"))


def _main_options() -> Mapping[str, str]:
    from eximia.config.main import MainOptions

    return _yes(_of("_OPT_MAIN_", MainOptions.declared, MainOptions.renamed))


def _driver_options(index: int) -> Callable[[], Mapping[str, str]]:
    """The options of a family of drivers."""

    def names() -> Iterator[str]:
        from .drivers import FAMILIES

        family = FAMILIES[index]
        word = family.what.upper()
        generic = family.generic
        yield from _of(f"_OPT_{word}S_", generic.declared, generic.renamed)
        for driver in family.options:
            options = family.options.get(driver)
            assert options is not None
            own = [name for name in options.declared if name not in generic.declared]
            yield from _of(f"_OPT_{word}_{driver.upper()}_", own, options.renamed)

    return lambda: _yes(names())


def _of(prefix: str, names: Mapping[str, object] | list[str], renamed: Mapping[str, str]) -> Iterator[str]:
    known = set(names)
    for name in known:
        yield prefix + name.upper()
    for old, new in renamed.items():
        if new in known:
            yield prefix + old.upper()


def _drivers() -> Mapping[str, str]:
    from .drivers import FAMILIES

    return _yes(f"_DRIVER_{family.what.upper()}_{name.upper()}" for family in FAMILIES for name in family.options)


#: what changes or says something in an ACL, as against what decides; the others are conditions
_ACL_MODIFIERS = (
    "add_header bmi_optin continue control delay endpass log_message log_reject_target logwrite message queue "
    "remove_header set udpsend"
)


def _acl_conditions() -> Mapping[str, str]:
    modifiers = _ACL_MODIFIERS.split()
    names = (name for name in _names("eximia.acl.catalogue", "HANDLERS") if name not in modifiers)
    return _yes(f"_ACL_COND_{name.upper()}" for name in names)


def _acl_modifiers() -> Mapping[str, str]:
    return _yes(f"_ACL_MOD_{name.upper()}" for name in _ACL_MODIFIERS.split())


def _expansion() -> Mapping[str, str]:
    families = {"ITEM": "items", "OP": "operators", "COND": "conditions", "VAR": "variables"}
    named = [
        f"_EXP_{word}_{name.upper()}"
        for word, package in families.items()
        for name in _names(f"eximia.expand.{package}.catalogue", package.upper())
    ]
    # Families of variables that are no entries of the catalogue.
    numbered = [f"_EXP_VAR_ACL_ARG{number}" for number in range(1, 10)]
    numbered += [f"_EXP_VAR_{letters}{number}" for letters in ("N", "SN") for number in range(10)]
    return _yes([*named, *numbered])


def _names(module: str, catalogue: str) -> Iterable[str]:
    """The names of a catalogue; those that are no words (`<`, `eq ` signs) make no macro."""
    found: Iterable[str] = getattr(import_module(module), catalogue)
    return (name for name in found if name.replace("_", "a").isalnum())


def builtin_macros() -> BuiltinMacros:
    """All of them, none made yet."""
    return BuiltinMacros(
        {
            "_DKIM_": lambda: {
                "_DKIM_SIGN_HEADERS": _SIGNED.replace(" ", ":"),
                "_DKIM_OVERSIGN_HEADERS": ":".join(f"+{name}" for name in _SIGNED.split()),
            },
            "_RESUME_": lambda: {"_RESUME_DECODE": _RESUME_DECODE},
            "_CRYPTO_": lambda: dict.fromkeys(("_CRYPTO_HASH_SHA3", "_CRYPTO_SIGN_ED25519"), "y"),
            "_HAVE_": _have,
            "_LOG_": _log,
            "_OPT_AUTHENTICATOR": _driver_options(0),
            "_OPT_TRANSPORT": _driver_options(1),
            "_OPT_ROUTER": _driver_options(2),
            "_OPT_MAIN_": _main_options,
            "_DRIVER_": _drivers,
            "_ACL_COND_": _acl_conditions,
            "_ACL_MOD_": _acl_modifiers,
            "_EXP_": _expansion,
        },
        {"_HAVE_": _is_there},
    )
