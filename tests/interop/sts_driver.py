"""Runs inside a network namespace where the DNS is ours: a policy host, mail hosts, and messages handed in one by one.

    python sts_driver.py JOB

JOB is a JSON file: `configuration`; `policy` (`files`: certificate and key, `texts`: host name -> policy; or null: nothing answers); `hosts` (address ->
[certificate, key], or null for no STARTTLS); `recipients`; `program` words before which `-C` goes. For each recipient a
message is handed in with -odi; then `commands` are run. The answer is JSON on standard output: what each mail host got,
what went to the policy host, and what the commands printed.
"""

from __future__ import annotations

import json
import os
import smtplib
import socketserver
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support_servers import wait_for_deliveries

SOURCE = Path(__file__).resolve().parents[2] / "src"


def context_of(files: list[str]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files[0], files[1])
    return context


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: str, port: int, handler: Any, facts: Any) -> None:
        super().__init__((address, port), handler)
        self.facts = facts
        self.got: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """A handshake that the client ended is no error here."""


class Web(socketserver.BaseRequestHandler):
    server: Server

    def handle(self) -> None:
        with context_of(self.server.facts["files"]).wrap_socket(self.request, server_side=True) as sock:
            data = b""
            while b"\r\n\r\n" not in data:
                more = sock.recv(4096)
                if not more:
                    return
                data += more
            head, _, body = data.partition(b"\r\n\r\n")
            length = next(
                (int(one.split(b":")[1]) for one in head.split(b"\r\n") if b"content-length" in one.lower()), 0
            )
            while len(body) < length:
                body += sock.recv(4096)
            self.server.got.append(head.split(b"\r\n")[0].decode() + "\n" + body.hex())
            host = next(one[5:].strip().decode() for one in head.split(b"\r\n") if one.startswith(b"Host:"))
            text = self.server.facts["texts"].get(host, "").encode()
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n")
            sock.sendall(b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(text), text))


class Mail(socketserver.BaseRequestHandler):
    server: Server

    def handle(self) -> None:
        sock = self.request
        file = sock.makefile("rwb", buffering=0)
        secure = False
        file.write(b"220 peer ESMTP\r\n")
        while line := file.readline():
            word = line.split()[0].upper() if line.split() else b""
            if word == b"EHLO":
                offers = [] if secure or self.server.facts is None else [b"STARTTLS"]
                offers += [b"REQUIRETLS"] if secure else []
                file.write(b"".join(b"250-%s\r\n" % one for one in (b"peer", *offers)) + b"250 SIZE\r\n")
            elif word == b"STARTTLS":
                file.write(b"220 go\r\n")
                try:
                    sock = context_of(self.server.facts).wrap_socket(sock, server_side=True)
                except (ssl.SSLError, OSError):
                    return
                file, secure = sock.makefile("rwb", buffering=0), True
            elif word == b"DATA":
                file.write(b"354 go\r\n")
                text = b""
                while (one := file.readline()) not in (b".\r\n", b""):
                    text += one
                self.server.got.append(("TLS " if secure else "clear ") + text.decode("latin-1"))
                file.write(b"250 taken\r\n")
            elif word == b"QUIT":
                file.write(b"221 bye\r\n")
                return
            else:
                if word == b"MAIL":
                    self.server.got.append(line.decode("latin-1").strip())
                file.write(b"250 ok\r\n")


def submit(program: list[str], environment: dict[str, str], job: Any) -> None:
    """Hand in over TLS with REQUIRETLS or a header line: each is [sender, recipient, MAIL options, header lines]."""
    daemon = subprocess.Popen([*program, "exim", "-C", job["configuration"], "-bdf"], env=environment, stdout=2)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        for sender, recipient, options, lines in job["submissions"]:
            for _ in range(600):
                try:
                    client = smtplib.SMTP("127.0.0.1", 2525, timeout=20)
                    break
                except OSError:
                    time.sleep(0.1)
            client.ehlo("client")
            assert not client.has_extn("requiretls")
            client.starttls(context=context)
            client.ehlo("client")
            assert client.has_extn("requiretls")
            client.sendmail(sender, [recipient], f"{lines}Subject: {recipient}\n\nsecret\n", mail_options=options)
            client.quit()
        wait_for_deliveries(Path(job["configuration"]).parent / "log" / "mainlog")
    finally:
        daemon.terminate()
        daemon.wait(20)


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    for address in (*job["hosts"], "192.0.2.80"):
        subprocess.run(["ip", "addr", "add", f"{address}/32", "dev", "lo"], check=True)
    web = Server("192.0.2.80", 443, Web, job["policy"]) if job["policy"] else None
    hosts = {address: Server(address, 25, Mail, files) for address, files in job["hosts"].items()}
    program = [sys.executable, "-m", "eximia.cli.launched"]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    for recipient in job.get("recipients", []):
        if recipient == "-- policy host stops" and web is not None:
            web.shutdown()
            web.server_close()
            continue
        subprocess.run(
            [*program, "exim", "-C", job["configuration"], "-odi", "-f", "sender@here.example", recipient],
            input=f"Subject: {recipient}\n\nx\n".encode(),
            env=environment,
            check=False,
            timeout=60,
        )
    if job.get("submissions"):
        submit(program, environment, job)
    outputs, statuses = [], []
    for words in job.get("commands", []):
        done = subprocess.run(
            [*program, *words], capture_output=True, text=True, env=environment, check=False, timeout=60
        )
        outputs.append(done.stdout + done.stderr)
        statuses.append(done.returncode)
    got = {address: server.got for address, server in hosts.items()}
    seen = {"hosts": got, "web": web.got if web is not None else []}
    print(json.dumps({**seen, "commands": outputs, "statuses": statuses}))


if __name__ == "__main__":
    main()
