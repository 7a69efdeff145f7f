"""Real servers for tests, each on a free port with its files in a folder of its own, and our server between them."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from support_servers import end_program, free_port

SOURCE = Path(__file__).resolve().parents[1] / "src"
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/lib/postgresql/15/bin"

CONFIGURATION = """
primary_hostname = mx.test.ex
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/pid
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
daemon_workers = {workers}
acl_smtp_rcpt = check_rcpt
acl_smtp_data = check_data
acl_not_smtp = accept
domainlist local_domains = test.ex
qualify_domain = test.ex
never_users =
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts =
smtp_accept_queue_per_connection = 0
check_spool_space = 0
check_spool_inodes = 0
check_log_space = 0
check_log_inodes = 0
{main}
begin acl
check_rcpt:
{rcpt}
  accept
check_data:
{data}
  accept
begin routers
{routers}
local:
  driver = accept
  domains = +local_domains
  transport = maildir
begin transports
{transports}
maildir:
  driver = appendfile
  directory = {folder}/mail/${{if inlist{{$local_part}}{{a:b:c:d}}{{$value}}{{other}}}}
  maildir_format
  create_directory
begin retry
* * F,1h,1s
"""


def program(name: str) -> str:
    """The program of a package that `scripts/setup test` installs."""
    found = shutil.which(name, path=PATH)
    assert found is not None, f"{name} is not installed: scripts/setup test does it"
    return found


def until(what: Callable[[], Any], seconds: float = 60, about: str = "") -> Any:
    """The first true value of `what`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise TimeoutError(about or "waited in vain")


def listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def as_user(name: str) -> dict[str, Any]:
    """How to run a program as another user, where we can."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam(name)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def give(folder: Path, user: str) -> None:
    """Make a folder and what is in it a user's."""
    if os.geteuid() == 0:
        found = pwd.getpwnam(user)
        for each in [folder, *folder.rglob("*")]:
            os.chown(each, found.pw_uid, found.pw_gid)


class Running:
    """A daemon in the foreground."""

    def __init__(
        self, command: list[str], folder: Path, *, port: int = 0, path: Path | None = None, **how: Any
    ) -> None:
        self.command = command
        self.folder = folder
        self.port = port
        self.path = path
        self.how = how
        #: a second port, where the daemon has one
        self.proxy = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        with open(self.folder / "output", "ab") as output:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                cwd=self.folder, **self.how,
            )  # fmt: skip
        until(self.ready, 60, f"{self.command[0]} does not serve")

    def ready(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise RuntimeError((self.folder / "output").read_text(errors="replace")[-2000:])
        if self.path is not None:
            with socket.socket(socket.AF_UNIX) as one:
                return one.connect_ex(str(self.path)) == 0
        return listening(self.port)

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, how)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None


def c_library(source: Path, folder: Path) -> Path:
    """A shared library made of one C file."""
    made = folder / f"lib{source.stem}.so"
    subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", made, source], check=True)
    return made


class MailServer:
    """Our server with a configuration made of parts."""

    def __init__(
        self,
        folder: Path,
        *,
        main: str = "",
        rcpt: str = "",
        data: str = "",
        routers: str = "",
        transports: str = "",
        workers: int = 1,
    ) -> None:
        self.folder = folder
        self.port = free_port()
        for name in ("spool", "log", "mail"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        text = CONFIGURATION.format(
            folder=folder,
            port=self.port,
            main=main,
            rcpt=rcpt,
            data=data,
            routers=routers,
            transports=transports,
            workers=workers,
        )
        self.configuration = folder / "exim.conf"
        self.configuration.write_text(text)
        (folder / "site.toml").write_text("")
        self.user = "nobody"
        give(folder, self.user)
        self.environment = {**os.environ, "PYTHONPATH": str(SOURCE), "EXIMIA_SITE": str(folder / "site.toml")}
        self.running: subprocess.Popen[bytes] | None = None

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "eximia.cli.launched", "exim", "-C", str(self.configuration), *words]

    def run(self, *words: str, data: str = "", program: str = "") -> subprocess.CompletedProcess[str]:
        """A call of the command line."""
        command = self.command(*words)
        if program:
            command = [sys.executable, "-m", "eximia.cli.launched", program, *words]
        return subprocess.run(
            command, input=data, capture_output=True, text=True, check=False, env=self.environment, timeout=60,
            **as_user(self.user),
        )  # fmt: skip

    def start(self) -> MailServer:
        with open(self.folder / "output", "ab") as output:
            self.running = subprocess.Popen(
                self.command("-bdf"), env=self.environment, cwd="/", stdout=output, stderr=output, **as_user(self.user)
            )
        until(self._serves, 60, "the server does not serve")
        return self

    def _serves(self) -> bool:
        assert self.running is not None
        if self.running.poll() is not None:
            raise RuntimeError((self.folder / "output").read_text(errors="replace"))
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as one:
                one.settimeout(5)
                return one.recv(3) == b"220"
        except OSError:
            return False

    def stop(self) -> None:
        if self.running is not None:
            end_program(self.running)
            self.running = None

    def send(
        self,
        body: str = "hello\r\n",
        *,
        recipients: tuple[str, ...] = ("a@test.ex",),
        sender: str = "s@x.ex",
        subject: str = "test",
        headers: str = "",
    ) -> tuple[int, str]:
        """One message; the reply to its end, or to what was refused before."""
        with smtplib.SMTP("127.0.0.1", self.port, local_hostname="client.ex", timeout=60) as client:
            client.ehlo()
            code, text = client.mail(sender)
            for recipient in recipients:
                if code < 400:
                    code, text = client.rcpt(recipient)
            if code < 400:
                head = f"From: {sender}\r\nTo: a@test.ex\r\nSubject: {subject}\r\nMessage-ID: <1@x.ex>\r\n{headers}"
                code, text = client.data(f"{head}\r\n{body}")
            return code, text.decode("latin-1")

    def log(self, name: str = "main") -> str:
        path = self.folder / "log" / f"{name}log"
        return path.read_text("latin-1") if path.exists() else ""

    def logged(self, pattern: str, seconds: float = 60) -> re.Match[str]:
        """Wait for a line of the main log."""
        try:
            found: re.Match[str] = until(lambda: re.search(pattern, self.log()), seconds)
        except TimeoutError:
            raise AssertionError(f"not in the log: {pattern}\n{self.log()}") from None
        return found

    def mail(self, user: str = "a", number: int = 1) -> list[str]:
        """The messages in a mailbox, once there are so many."""
        folder = self.folder / "mail" / user / "new"
        until(lambda: folder.is_dir() and len(list(folder.iterdir())) >= number, 60, f"no mail\n{self.log()}")
        return [each.read_text("latin-1") for each in sorted(folder.iterdir(), key=lambda one: one.stat().st_mtime_ns)]


@contextlib.contextmanager
def mail_server(folder: Path, **parts: str) -> Iterator[MailServer]:
    server = MailServer(folder, **parts)
    try:
        yield server.start()
    finally:
        server.stop()


def rspamd(folder: Path, lua: str) -> Running:
    """Rspamd with no rules but those of `lua`; its milter proxy listens on the next port."""
    folder.mkdir()
    (folder / "tld").write_text("com\nex\nexample\n")
    (folder / "own.lua").write_text(lua)
    port, proxy = free_port(), free_port()
    (folder / "rspamd.conf").write_text(f"""
options {{
  pidfile = "{folder}/pid"; url_tld = "{folder}/tld"; filters = ""; gtube_patterns = "all";
  dns {{ nameserver = ["127.0.0.1:1"]; timeout = 0.1s; retransmits = 1; }}
  control_socket = "{folder}/control mode=0600"; hs_cache_dir = "{folder}"; cache_file = "{folder}/symbols";
  history_file = "{folder}/history"; stats_file = "{folder}/stats"; dynamic_conf = "{folder}/dynamic";
}}
logging {{ type = "console"; level = "notice"; }}
actions {{ reject = 15; add_header = 6; greylist = 4; }}
lua = "{folder}/own.lua";
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; }}
worker "rspamd_proxy" {{
  bind_socket = "127.0.0.1:{proxy}"; count = 1; milter = yes; timeout = 60s;
  upstream "local" {{ default = yes; self_scan = yes; }}
}}
""")
    give(folder, "_rspamd")
    command = [program("rspamd"), "-c", f"{folder}/rspamd.conf", "-f", "-u", "_rspamd", "-g", "_rspamd"]
    if os.geteuid() != 0:
        command = command[:4]
    made = Running(command, folder, port=port)
    made.proxy = proxy
    until(lambda: listening(proxy))
    return made


def redis(folder: Path, *, password: str = "", cluster: bool = False) -> Running:
    """A Redis server."""
    folder.mkdir()
    port = free_port()
    command = [program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    command += ["--unixsocket", f"{folder}/socket", "--unixsocketperm", "777"]
    if password:
        command += ["--requirepass", password]
    if cluster:
        command += ["--cluster-enabled", "yes", "--cluster-port", str(free_port()), "--cluster-node-timeout", "2000"]
    return Running(command, folder, port=port)


def opendkim(folder: Path, *, mode: str = "s", domain: str = "x.ex", lines: str = "") -> Running:
    """OpenDKIM as a milter, with a key of its own: `folder`/key.private, selector `sel`."""
    folder.mkdir()
    subprocess.run([program("opendkim-genkey"), "-b", "1024", "-d", domain, "-s", "key", "-D", str(folder)], check=True)
    port = free_port()
    (folder / "opendkim.conf").write_text(
        f"Mode {mode}\nDomain {domain}\nSelector sel\nKeyFile {folder}/key.private\nSocket inet:{port}@127.0.0.1\n"
        f"InternalHosts 0.0.0.0/0\nBackground no\nSyslog no\nAutoRestart no\nRequireSafeKeys no\n"
        f"Canonicalization relaxed/relaxed\nNameservers 127.0.0.1\n{lines}"
    )
    return Running([program("opendkim"), "-f", "-x", str(folder / "opendkim.conf")], folder, port=port)


def clamd(folder: Path, word: str) -> Running:
    """ClamAV's daemon with one signature: it finds `word` as Eximia.Test."""
    folder.mkdir()
    (folder / "db").mkdir()
    (folder / "db" / "own.ndb").write_text(f"Eximia.Test:0:*:{word.encode().hex()}\n")
    port = free_port()
    (folder / "clamd.conf").write_text(
        f"DatabaseDirectory {folder}/db\nTCPSocket {port}\nTCPAddr 127.0.0.1\nLocalSocket {folder}/socket\n"
        f"LocalSocketMode 666\nForeground yes\nPidFile {folder}/pid\nTemporaryDirectory {folder}\nFixStaleSocket yes\n"
        "MaxThreads 4\nDisableCertCheck yes\n"
    )
    (folder / "db").chmod(0o755)
    return Running([program("clamd"), "-c", str(folder / "clamd.conf")], folder, port=port, path=folder / "socket")


def spamd(folder: Path, word: str) -> Running:
    """SpamAssassin with one rule: a subject with `word` scores 7.5."""
    folder.mkdir()
    rules = folder / "rules"
    rules.mkdir()
    (rules / "own.pre").write_text("loadplugin Mail::SpamAssassin::Plugin::Check\n")
    (rules / "own.cf").write_text(
        f"util_rb_tld ex\nheader OWN_WORD Subject =~ /{word}/\ndescribe OWN_WORD Subject has the word\nscore OWN_WORD 7.5\n"
        "required_score 5\nreport _SUMMARY_\nuse_bayes 0\nskip_rbl_checks 1\n"
    )
    port = free_port()
    command = [program("spamd"), "--local", "--nouser-config", "--max-children=1", "--min-children=1"]
    command += ["-C", str(rules), "--siteconfigpath", str(rules), "-i", "127.0.0.1", "-p", str(port)]
    command += ["--socketpath", f"{folder}/socket", "-s", "stderr", "-r", f"{folder}/pid", "-u", "nobody"]
    give(folder, "nobody")
    return Running(command, folder, port=port, env={**os.environ, "HOME": str(folder)})


def postgres(folder: Path) -> Running:
    """A PostgreSQL server whose user postgres needs no password."""
    folder.mkdir()
    give(folder, "postgres")
    bin_ = max(Path("/usr/lib/postgresql").glob("*/bin"))
    who = as_user("postgres")
    subprocess.run(
        [bin_ / "initdb", "-D", f"{folder}/data", "-A", "trust", "-N", "-U", "postgres"],
        check=True, capture_output=True, cwd=folder, **who,
    )  # fmt: skip
    port = free_port()
    command = [str(bin_ / "postgres"), "-D", f"{folder}/data", "-p", str(port), "-k", str(folder)]
    command += ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=200"]
    made = Running(command, folder, port=port, **who)
    until(
        lambda: (
            subprocess.run([bin_ / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)], check=False).returncode == 0
        )
    )
    return made


def mariadb(folder: Path, *options: str) -> Running:
    """A MariaDB server with a database `mail` for user `exim`, password `pass/word`."""
    folder.mkdir()
    give(folder, "mysql")
    who = as_user("mysql")
    install = [program("mariadb-install-db"), "--no-defaults", f"--datadir={folder}/data", "--skip-test-db"]
    install += ["--auth-root-authentication-method=normal", f"--tmpdir={folder}"]
    subprocess.run(install, check=True, capture_output=True, cwd=folder, **who)
    port = free_port()
    command = [
        program("mariadbd"),
        "--no-defaults",
        f"--datadir={folder}/data",
        f"--port={port}",
        "--skip-name-resolve",
    ]
    command += [f"--socket={folder}/socket", "--bind-address=127.0.0.1", f"--pid-file={folder}/pid"]
    command += [
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-buffer-pool-size=16M",
        "--skip-log-bin",
        f"--tmpdir={folder}",
        *options,
    ]
    made = Running(command, folder, port=port, path=folder / "socket", **who)
    sql = (
        "create database mail character set latin1; create user exim@'%' identified by 'passw'; "
        "grant all on mail.* to exim@'%'; create user exim@localhost identified by 'passw'; "
        "grant all on mail.* to exim@localhost; "
    )
    client = [program("mariadb"), "--no-defaults", f"--socket={folder}/socket", "-u", "root"]
    until(lambda: subprocess.run(client, input="select 1", text=True, capture_output=True, check=False).returncode == 0)
    subprocess.run(client, input=sql, text=True, check=True)
    return made


LDAP_ENTRIES = """dn: dc=x,dc=ex
objectClass: domain
dc: x

dn: ou=people,dc=x,dc=ex
objectClass: organizationalUnit
ou: people

dn: uid=fred,ou=people,dc=x,dc=ex
objectClass: inetOrgPerson
uid: fred
cn: Fred One
sn: One
mail: fred@x.ex
mail: f,red@x.ex
description: with "quotes" and \\ backslash
userPassword: fredpass

dn: uid=ann,ou=people,dc=x,dc=ex
objectClass: inetOrgPerson
uid: ann
cn: Ann Two
sn: Two
mail: ann@x.ex
userPassword: an n"p\\ass

dn: uid=a\\, b\\+c,ou=people,dc=x,dc=ex
objectClass: inetOrgPerson
uid: a, b+c
cn: odd
sn: odd

dn: ou=private,dc=x,dc=ex
objectClass: organizationalUnit
ou: private

dn: uid=hidden,ou=private,dc=x,dc=ex
objectClass: inetOrgPerson
uid: hidden
cn: hidden
sn: hidden
"""

SLAPD = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile {folder}/pid
modulepath /usr/lib/ldap
moduleload back_mdb
sizelimit 50
database mdb
maxsize 10485760
suffix "dc=x,dc=ex"
rootdn "cn=admin,dc=x,dc=ex"
rootpw secret
directory {folder}/data
access to attrs=userPassword by anonymous auth by * none
access to dn.subtree="ou=private,dc=x,dc=ex" by users read by * none
access to * by * read
"""


def slapd(folder: Path, entries: str, *, more: str = "") -> Running:
    """OpenLDAP with the entries of an LDIF text."""
    folder.mkdir()
    (folder / "data").mkdir()
    (folder / "slapd.conf").write_text(more + SLAPD.format(folder=folder))
    (folder / "entries").write_text(entries)
    subprocess.run(
        [program("slapadd"), "-f", str(folder / "slapd.conf"), "-l", str(folder / "entries")], check=True,
        capture_output=True,
    )  # fmt: skip
    port = free_port()
    socket_url = f"{folder}/socket".replace("/", "%2F")
    command = [program("slapd"), "-d", "0", "-f", str(folder / "slapd.conf")]
    secure = free_port()
    urls = f"ldap://127.0.0.1:{port}/ ldapi://{socket_url}/"
    command += ["-h", f"{urls} ldaps://127.0.0.1:{secure}/" if more else urls]
    made = Running(command, folder, port=port)
    made.proxy = secure
    return made


def redis_cluster(folder: Path) -> list[Running]:
    """Three Redis servers that share the slots."""
    folder.mkdir()
    nodes = [redis(folder / str(number), cluster=True) for number in range(3)]
    command = [
        program("redis-cli"),
        "--cluster",
        "create",
        *(f"127.0.0.1:{node.port}" for node in nodes),
        "--cluster-yes",
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=60)

    def well(node: Running) -> bool:
        told = [program("redis-cli"), "-p", str(node.port), "cluster", "info"]
        return "cluster_state:ok" in subprocess.run(told, capture_output=True, text=True, check=False).stdout

    until(lambda: all(well(node) for node in nodes), 60, "the cluster does not come up")
    return nodes


def certificates(folder: Path) -> None:
    """ca.pem, and a certificate it gave to localhost."""
    folder.mkdir()
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    ca = ["-subj", "/CN=Test CA", "-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.pem"]
    subprocess.run([*make, *ca], check=True, capture_output=True)
    own = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-CA", f"{folder}/ca.pem"]
    own += ["-CAkey", f"{folder}/ca.key", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"]
    subprocess.run([*make, *own, "-addext", "basicConstraints=critical,CA:FALSE"], check=True, capture_output=True)
