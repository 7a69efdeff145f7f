"""Servers with one trouble each about STARTTLS, on ports of their own: what a client makes of them is compared."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
from typing import Any

from support_tls import Pki

MODES = (
    "ok",
    "not offered",
    "454",
    "554",
    "garbage",
    "closes",
    "closes in the handshake",
    "expired",
    "other name",
    "on connect",
    "wants a certificate",
)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, pki: Pki, mode: str) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.pki = pki
        self.mode = mode
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away are what is tested."""

    def encrypt(self, sock: socket.socket) -> Any:
        leaf = {"expired": "expired", "other name": "alt"}.get(self.mode, "ec")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pki.path(f"{leaf}.chain"), self.pki.path(f"{leaf}.key"))
        if self.mode == "wants a certificate":
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.pki.path("root.crt"))
        return context.wrap_socket(sock, server_side=True)


class Session(socketserver.BaseRequestHandler):
    server: Server

    def handle(self) -> None:
        sock, mode, encrypted = self.request, self.server.mode, False
        if mode == "on connect":
            sock, encrypted = self.server.encrypt(sock), True
        stream = sock.makefile("rwb", buffering=0)
        stream.write(b"220 fake ESMTP\r\n")
        while line := stream.readline():
            word = line[:4].upper()
            if word == b"EHLO":
                offers = mode != "not offered" and not encrypted
                stream.write(b"250-fake\r\n" + (b"250-STARTTLS\r\n" if offers else b"") + b"250 PIPELINING\r\n")
            elif word == b"STAR":
                if mode in ("454", "554"):
                    stream.write(mode.encode() + b" no TLS\r\n")
                    continue
                if mode == "closes":
                    return
                stream.write(b"220 go\r\n")
                if mode in ("garbage", "closes in the handshake"):
                    sock.recv(9)
                    if mode == "garbage":
                        stream.write(b"500 what is this nonsense\r\n")
                    return
                sock = self.server.encrypt(sock)
                stream, encrypted = sock.makefile("rwb", buffering=0), True
            elif word == b"DATA":
                stream.write(b"354 go\r\n")
                while stream.readline() not in (b".\r\n", b""):
                    pass
                stream.write(b"250 taken %s\r\n" % (b"encrypted" if encrypted else b"in clear"))
            elif word == b"QUIT":
                stream.write(b"221 bye\r\n")
                return
            else:
                stream.write(b"250 ok\r\n")
