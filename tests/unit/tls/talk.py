"""Two engines that talk to each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eximia.tls.contexts import ClientContext, ServerContext
from eximia.tls.engine import Engine, Step, TlsError, Verify
from eximia.tls.settings import ClientSettings, ServerSettings, Staple, read_options
from support_tls import HOST, Pki

TLS1_2 = "+no_tlsv1_3"


def server_context(pki: Pki, *names: str, options: str = "", **settings: Any) -> ServerContext:
    """A server's context with the certificates of these names."""
    notes: list[str] = settings.pop("notes", [])
    if "staples" in settings:
        settings["staples"] = tuple(Staple(each) for each in settings["staples"])
    return ServerContext(
        ServerSettings(
            certificates=tuple(pki.path(f"{name}.chain") for name in names),
            keys=tuple(pki.path(f"{name}.key") for name in names),
            options=read_options(options),
            self_signed=HOST,
            **settings,
        ),
        notes.append,
    )


def client_context(pki: Pki, certificate: str = "", *, trust: str = "root", options: str = "") -> ClientContext:
    return ClientContext(
        ClientSettings(
            certificates=(pki.path(f"{certificate}.chain"),) if certificate else (),
            keys=(pki.path(f"{certificate}.key"),) if certificate else (),
            trust=pki.path(f"{trust}.crt") if trust else "",
            options=read_options(options),
        )
    )


def talk(
    client: Engine,
    server: Engine,
    *,
    at_hello: Callable[[Engine], None] | None = None,
    at_verify: Callable[[Engine], None] | None = None,
) -> tuple[str, str]:
    """Carry bytes to and fro until both handshakes are over; (client's error, server's error), empty for none."""
    errors = ["", ""]
    ends = [client, server]
    pauses = [at_verify, at_hello]
    server.pause(at_hello=at_hello is not None)
    client.pause(at_verify=at_verify is not None)
    arrived = [b"", b""]
    for _ in range(12):
        for me in (0, 1):
            end, other = ends[me], 1 - me
            try:
                while not errors[me]:
                    data, arrived[me] = arrived[me], b""
                    if end.done:
                        end.read(data)
                        break
                    step = end.handshake(data)
                    if step not in (Step.HELLO, Step.VERIFY):
                        break
                    pause = pauses[me]
                    assert pause is not None
                    pause(end)
            except TlsError as error:
                errors[me] = error.text
            arrived[other] += end.outgoing()
        if not any(arrived):
            break
    return errors[0], errors[1]


def connect(
    client_in: ClientContext, server_in: ServerContext, verify: Verify = Verify.REQUIRE, name: str = HOST
) -> tuple[Engine, Engine, tuple[str, str]]:
    """A conversation where the client checks the server; both ends and their errors."""
    client = Engine(client_in, verify=verify)
    if name:
        client.check_name(name)
        client.send_name(name)
    server = Engine(server_in)
    return client, server, talk(client, server)
