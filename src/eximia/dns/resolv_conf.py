"""The system's resolver settings: `/etc/resolv.conf` and RES_OPTIONS (resolv.conf(5))."""

from __future__ import annotations

import os

from eximia.base.dataclass import dataclass

RESOLV_CONF = "/etc/resolv.conf"


@dataclass(frozen=True, slots=True)
class ResolverSettings:
    """Where to ask, and how to widen names."""

    servers: tuple[str, ...] = ("127.0.0.1",)
    search: tuple[str, ...] = ()
    ndots: int = 1
    timeout: int = 5
    attempts: int = 2
    rotate: bool = False
    trust_ad: bool = False
    use_tcp: bool = False
    edns0: bool = False


def system_settings(path: str = RESOLV_CONF) -> ResolverSettings:
    """What the system says; the loopback resolver when the file cannot be read."""
    try:
        with open(path, encoding="latin-1") as file:
            text = file.read()
    except OSError:
        text = ""
    return parse(text, os.environ.get("RES_OPTIONS", ""), os.uname().nodename)


def parse(text: str, options: str = "", host_name: str = "") -> ResolverSettings:
    """Read the text of `resolv.conf`; `options` is the value of RES_OPTIONS. Without `search` and `domain` the domain
    of `host_name` is searched. Unknown words are ignored."""
    servers: list[str] = []
    local = host_name.partition(".")[2].rstrip(".").lower()
    search: tuple[str, ...] = (local,) if local else ()
    words: list[str] = []
    for line in text.splitlines():
        line = line.strip()
        if not line or line[0] in "#;":
            continue
        keyword, *values = line.split()
        if keyword == "nameserver" and values:
            servers.append(values[0])
        elif keyword == "search":
            search = tuple(value.rstrip(".").lower() for value in values if value.rstrip("."))
        elif keyword == "domain" and values:
            search = tuple(value for value in (values[0].rstrip(".").lower(),) if value)
        elif keyword == "options":
            words += values
    words += options.split()
    numbers = {"ndots": 1, "timeout": 5, "attempts": 2}
    flags = set()
    for word in words:
        name, _, value = word.partition(":")
        if name in numbers and value.isdigit():
            numbers[name] = int(value)
        else:
            flags.add(word)
    return ResolverSettings(
        servers=tuple(servers[:3]) or ("127.0.0.1",),
        search=search,
        ndots=min(numbers["ndots"], 15),
        timeout=max(1, min(numbers["timeout"], 30)),
        attempts=max(1, min(numbers["attempts"], 5)),
        rotate="rotate" in flags,
        trust_ad="trust-ad" in flags,
        use_tcp="use-vc" in flags,
        edns0="edns0" in flags,
    )


def candidates(name: str, settings: ResolverSettings, *, qualify_single: bool, search_parents: bool) -> list[str]:
    """The names to ask for `name`, in order (manual 17, `qualify_single` and `search_parents`).

    A single-component name is widened with the search domains when `qualify_single` is set; a name with dots only when
    `search_parents` is. A final dot stops all widening.
    """
    if name.endswith("."):
        return [name[:-1]]
    domains = settings.search
    if "." not in name:
        if not qualify_single or not domains:
            return [name]
        widened = [f"{name}.{domain}" for domain in (domains if search_parents else domains[:1])]
        return [*widened, name]
    if not search_parents:
        return [name]
    widened = [f"{name}.{domain}" for domain in domains]
    return [name, *widened] if name.count(".") >= settings.ndots else [*widened, name]
