"""What the documentation of events promises, claim by claim, under the first names and today's, through the daemon."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support_rows import FAR, Server, open_folder, send, two_servers, until
from support_servers import free_port
from support_tls import Pki

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or shutil.which("exim4") is None, reason="needs root and exim4")

#: the action calls an ACL, which writes what happened; results by domain are in the last argument
NOTE = """note:
  warn logwrite = EV $acl_arg1 event=$tpda_event data=<$tpda_data> errno=$tpda_defer_errno \\
       address=$local_part@$domain router=$router_name transport=$transport_name host=$host/$host_address/$host_port \\
       sending=$sending_ip_address/$sending_port id=$message_exim_id dane=$tls_out_dane \\
       secure=<$lookup_dnssec_authenticated> peer=<${certextract{subject}{$tls_out_peercert}{$value}{}}> end
  accept
old:
  warn logwrite = OLD $acl_arg1 ip=$tpda_delivery_ip port=$tpda_delivery_port fqdn=$tpda_delivery_fqdn \\
       address=$tpda_delivery_local_part@$tpda_delivery_domain confirmation=<$tpda_delivery_confirmation> \\
       errno=$tpda_defer_errno text=<$tpda_defer_errstr> router=$router_name transport=$transport_name end
  accept
"""
CALL = "${acl{note}{%s}}"
FORCED = CALL % "transport" + "${if eq{$tpda_event}{%s}{the result}}"
IGNORED = CALL % "transport" + (
    "${if inlist{$tpda_event}{<, msg:delivery, msg:host:defer, tcp:close, smtp:ehlo}{a result that is ignored}}"
)
#: transport -> its event action, further options
ACTIONS = {
    "plain": (CALL % "transport", ""),
    "ignored": (IGNORED, ""),
    "noconnect": (FORCED % "tcp:connect", ""),
    "noopen": (FORCED % "smtp:connect", ""),
    "nocert": (
        FORCED % "tls:cert",
        "hosts_require_tls = *\n  tls_verify_hosts = *\n  tls_verify_certificates = @R\n  tls_verify_cert_hostnames =",
    ),
    "cert": (CALL % "transport", "tls_verify_hosts = *\n  tls_verify_certificates = @R\n  tls_verify_cert_hostnames ="),
    "down": (CALL % "transport", "port = @X"),
}
OLDEST = "  tpda_delivery_action = ${acl{old}{delivered}}a result\n  tpda_host_defer_action = ${acl{old}{deferred}}a result\n"


def configuration(folder: Path, pki: Pki) -> dict[str, str]:
    routers = ""
    transports = ""
    for name, (action, more) in ACTIONS.items():
        routers += f"to_{name}:\n  driver = manualroute\n  domains = {name}.example\n"
        # an address for each, so that one's trouble is not the other's
        number = len(transports.split("driver")) + 1
        routers += f"  route_list = * 127.0.1.{number}::@F\n  self = send\n  transport = {name}\n"
        options = more.replace("@R", pki.path("root.crt")).replace("@X", str(free_port()))
        transports += f"{name}:\n  driver = smtp\n  hosts_try_fastopen =\n  tpda_event_action = {action}\n"
        transports += f"  {options}\n" if options else ""
        transports += "  hosts_avoid_tls = *\n" if "tls" not in options else ""
        if name in ("plain", "down"):
            transports += OLDEST
    routers += "inside:\n  driver = redirect\n  local_parts = inside\n  allow_fail\n  data = :fail: nobody inside\n"
    # a port in route_list would win over the transport's
    routers = re.sub(r"(domains = down\.example\n  route_list = \* [0-9.]+)::@F", r"\1", routers)
    return {
        "main": "delivery_event_action = ${acl{note}{main}}${if eq{$tpda_event}{msg:fail:delivery}{ignored}}",
        "acl": NOTE,
        "routers": routers,
        "transports": transports,
    }


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Server, Server]]:
    with open_folder() as folder:
        (folder / "pki").mkdir()
        pki = Pki(folder / "pki")
        for path in (folder / "pki").iterdir():
            path.chmod(0o644)
        far = FAR.replace("queue_only\n", f"queue_only\ntls_certificate = {pki.path('ec.chain')}\n")
        far = far.replace("queue_only\n", f"queue_only\ntls_privatekey = {pki.path('ec.key')}\n")
        with two_servers(folder, far=far, far_tls=True, **configuration(folder, pki)) as both:
            yield both


def events(server: Server, recipients: list[str], last: str) -> list[dict[str, str]]:
    """What was told of one message, until an event with that name."""
    before = len(server.log())
    send(server.port, recipients)
    arrived = until(lambda: re.search(r"(\S+) <= s@back\.example ", server.log()[before:]))
    assert isinstance(arrived, re.Match)
    until(lambda: re.search(rf" EV \w+ event={last} .* id={arrived[1]} ", server.log()))
    found = []
    for line in server.log()[before:].splitlines():
        match = re.search(rf"{arrived[1]} (EV|OLD) (\w+) (.*) end$", line)
        if match is not None:
            pairs = dict(re.findall(r"(\w+)=(<.*?>(?= \w+=|$)|\S*)", match[3]))
            found.append({"kind": match[1], "where": match[2], **pairs})
    return found


def names(found: list[dict[str, str]]) -> list[str]:
    return [f"{each['where']} {each['event']}" for each in found if each["kind"] == "EV"]


def one(found: list[dict[str, str]], name: str) -> dict[str, str]:
    return next(each for each in found if each.get("event") == name)


def test_delivery(servers: tuple[Server, Server]) -> None:
    """Connection events once a connection, msg:delivery once a recipient in the transport, msg:complete once a message
    in the main section; a result of msg:delivery does not matter (here there is none)."""
    near, far = servers
    found = events(near, ["joe@plain.example", "ann@plain.example"], "msg:complete")
    told = names(found)
    assert sorted(told) == sorted(
        ["transport tcp:connect", "transport smtp:connect", "transport smtp:ehlo", "transport tcp:close"]
        + ["transport msg:delivery"] * 2
        + ["main msg:complete"]
    )
    assert told[:2] == ["transport tcp:connect", "transport smtp:connect"]
    assert told[-1] == "main msg:complete"
    assert re.match(r"<220 far\.example ESMTP Exim .*>$", one(found, "smtp:connect")["data"])
    delivered = [each for each in found if each.get("event") == "msg:delivery"]
    assert {each["address"] for each in delivered} == {"joe@plain.example", "ann@plain.example"}
    for each in delivered:
        # the confirmation of the remote server, and all that may be of use
        assert re.match(r"<.*250 .*id=.*>$", each["data"])
        assert each["router"] == "to_plain"
        assert each["transport"] == "plain"
        assert re.match(rf"(127\.0\.1\.\d+)/\1/{far.port}$", each["host"])
        assert re.match(r"127\.[0-9.]+/[1-9][0-9]+$", each["sending"])
        assert re.match(r"\w{6}-\w{11}-\w{4}$", each["id"])
        assert each["dane"] == "no"
        assert each["errno"] == "0"


def test_oldest_delivery_action(servers: tuple[Server, Server]) -> None:
    """`tpda_delivery_action` is expanded after each delivery, with the host, the address and the confirmation; its
    result is thrown away."""
    near, far = servers
    found = events(near, ["joe@plain.example", "ann@plain.example"], "msg:complete")
    old = [each for each in found if each["kind"] == "OLD"]
    assert [each["where"] for each in old] == ["delivered"] * 2
    assert {each["address"] for each in old} == {"joe@plain.example", "ann@plain.example"}
    for each in old:
        assert (each["ip"], each["port"]) == (each["fqdn"], str(far.port))
        assert each["ip"].startswith("127.0.1.")
        assert "message accepted" in each["confirmation"]
        assert (each["router"], each["transport"]) == ("to_plain", "plain")


def test_host_error(servers: tuple[Server, Server]) -> None:
    """msg:host:defer tells of a host that failed, for reasons that have nothing to do with the message, once an attempt:
    the error as text and number. `tpda_host_defer_action` is told the same."""
    near, _ = servers
    found = events(near, ["joe@down.example"], "msg:host:defer")
    failed = one(found, "msg:host:defer")
    assert failed["data"] == "<Connection refused>"
    assert failed["errno"] == "111"
    assert failed["host"].startswith("127.0.1.")
    assert failed["transport"] == "down"
    until(lambda: " OLD deferred " in near.log())
    line = next(each for each in near.log().splitlines() if " OLD deferred " in each)
    assert "errno=111 text=<Connection refused>" in line
    assert "address=joe@down.example" in line


def test_failures(servers: tuple[Server, Server]) -> None:
    """msg:fail:delivery once a recipient that a server refused, msg:fail:internal once a recipient that failed here;
    both in the main section. A refused recipient is no error of the host: no msg:host:defer."""
    near, _ = servers
    found = events(near, ["nobody@plain.example"], "msg:complete")
    assert names(found).count("main msg:fail:delivery") == 1
    assert one(found, "msg:fail:delivery")["address"] == "nobody@plain.example"
    assert "550 5.1.1" in one(found, "msg:fail:delivery")["data"]
    assert not any("host:defer" in each for each in names(found))
    found = events(near, ["inside@near.example"], "msg:complete")
    assert names(found)[0] == "main msg:fail:internal"
    assert one(found, "msg:fail:internal")["address"] == "inside@near.example"


def test_results_that_are_ignored(servers: tuple[Server, Server]) -> None:
    """A result of msg:delivery, tcp:close and so on changes nothing."""
    near, _ = servers
    found = events(near, ["joe@ignored.example"], "msg:complete")
    assert "transport msg:delivery" in names(found)
    assert "main msg:complete" in names(found)


def test_no_connection(servers: tuple[Server, Server]) -> None:
    """A result of tcp:connect: no connection is made."""
    near, far = servers
    before = far.log().count("(TCP/IP connection count")
    found = events(near, ["joe@noconnect.example"], "msg:host:defer")
    assert names(found)[0] == "transport tcp:connect"
    assert "transport smtp:connect" not in names(found)
    assert far.log().count("(TCP/IP connection count") == before


def test_connection_closed(servers: tuple[Server, Server]) -> None:
    """A result of smtp:connect: the connection is closed after the banner."""
    near, _ = servers
    found = events(near, ["joe@noopen.example"], "tcp:close")
    assert names(found)[:2] == ["transport tcp:connect", "transport smtp:connect"]
    assert "transport smtp:ehlo" not in names(found)
    assert "transport msg:delivery" not in names(found)


def test_certificates(servers: tuple[Server, Server]) -> None:
    """tls:cert once a certificate of the chain, with its depth; a result refuses verification."""
    near, _ = servers
    found = events(near, ["joe@cert.example"], "msg:complete")
    depths = [each["data"] for each in found if each.get("event") == "tls:cert"]
    assert depths == sorted(depths, reverse=True)
    assert depths[-1] == "<0>"
    assert "<1>" in depths
    assert one(found, "msg:delivery")["peer"] == "<CN=mx.example.org>"
    assert "<CN=Test Intermediate>" in [each["peer"] for each in found if each.get("event") == "tls:cert"]
    found = events(near, ["joe@nocert.example"], "msg:defer")
    assert "transport tls:cert" in names(found)
    assert "transport msg:delivery" not in names(found)
