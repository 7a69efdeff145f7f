"""`udpsend`: one datagram, for statistics (manual 44.21)."""

from __future__ import annotations

from eximia.acl.errors import AclError
from eximia.acl.model import Handler
from eximia.acl.run import Run
from eximia.base.errors import Defer, NetworkError
from eximia.base.listtext import split_list
from eximia.dns.hosts import addresses_by_name


def _obey(one: Run, text: str) -> bool:
    """`host:port:data`, with any list separator; the data may contain more separators."""
    items = split_list(text)
    host = items[0] if items else ""
    if not host:
        raise AclError('missing destination host in "udpsend" modifier')
    if len(items) < 2 or not items[1]:
        raise AclError('missing destination port in "udpsend" modifier')
    if not items[1].isdigit():
        raise AclError('bad destination port in "udpsend" modifier')
    data = _separator(text).join(items[2:])
    ports = one.ctx.process.ports
    address = _address_of(one, host)
    if one.debug:
        one.say(f"udpsend to [{address}]:{items[1]} data: {data}")
    try:
        ports.net.send_udp(address, int(items[1]), data.encode("latin-1"))
    except NetworkError as error:
        one.ctx.process.log.main(f"udpsend to [{address}]:{items[1]} failed: {error.message}", one.ctx.message.id)
    return True


def _separator(text: str) -> str:
    text = text.lstrip()
    return text[1] if len(text) > 1 and text[0] == "<" and not text[1].isalnum() else ":"


def _address_of(one: Run, host: str) -> str:
    found = addresses_by_name(one.ctx, host.strip("[]"))
    if not found.addresses:
        raise Defer('DNS lookup failed in "udpsend" modifier')
    return found.addresses[0]


UDPSEND = Handler("udpsend", _obey, modifier=True)
