"""The three servers, each in a folder of its own with the same policy: Debian's internet configuration for Exim and
ours, near default for Postfix. All listen on loopback and relay from it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from bench.measure import Group

SINK_HOST = "127.0.0.2"
RELAY_DOMAIN = "sink.bench"
#: the user that local mail is for: there on every Debian machine
LOCAL_USER = "daemon"
LOCAL_DOMAIN = "local.bench"
SOURCE = Path(__file__).resolve().parent.parent / "src"


def wait_port(host: str, port: int, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            with socket.create_connection((host, port), 1) as sock:
                sock.recv(100)
                return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


class Contender:
    """Start, stop, and where local mail arrives."""

    name = ""

    def __init__(self, folder: Path, port: int, sink_port: int) -> None:
        self.folder = folder / self.name
        self.port = port
        self.sink_port = sink_port
        self.group = Group(self.name)
        self.maildir = self.folder / "maildir"

    def prepare(self) -> None:
        raise NotImplementedError

    def command(self, queue_only: bool) -> list[str]:
        raise NotImplementedError

    def start(self, *, queue_only: bool = False) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        os.chmod(self.folder, 0o755)
        self.prepare()
        with open(self.folder / "output", "wb") as output:
            subprocess.Popen(
                self.command(queue_only),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=self.group.enter,  # noqa: PLW1509  (one thread when it is called)
                env={**os.environ, **self.environment()},
                start_new_session=True,
            )
        wait_port("127.0.0.1", self.port)

    def environment(self) -> dict[str, str]:
        return {}

    def stop(self) -> None:
        self.group.kill()

    def delivered_locally(self) -> int:
        new = self.maildir / "new"
        return len(os.listdir(new)) if new.is_dir() else 0


def debian_configuration(folder: Path, port: int, sink_port: int, maildir: Path) -> Path:
    """Debian's configuration for a host on the internet, as its own program generates it, moved into `folder`."""
    conf = folder / "conf"
    shutil.copytree("/etc/exim4", conf)
    settings = {
        "dc_eximconfig_configtype": "internet",
        "dc_other_hostnames": LOCAL_DOMAIN,
        "dc_local_interfaces": f"127.0.0.1.{port}",
        "dc_readhost": "",
        "dc_relay_domains": "",
        "dc_minimaldns": "false",
        "dc_relay_nets": "",
        "dc_smarthost": "",
        "CFILEMODE": "644",
        "dc_use_split_config": "false",
        "dc_hide_mailname": "",
        "dc_mailname_in_oh": "true",
        "dc_localdelivery": "maildir_home",
    }
    (conf / "update-exim4.conf.conf").write_text("".join(f"{k}='{v}'\n" for k, v in settings.items()))
    output = folder / "exim.conf"
    subprocess.run(
        ["update-exim4.conf", "-d", str(conf), "-o", str(output)],
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    (conf / "hubbed_hosts").write_text(f"{RELAY_DOMAIN}: {SINK_HOST}::{sink_port}\n")
    spool = folder / "spool"
    spool.mkdir()
    log = folder / "log"
    log.mkdir()
    for each in (spool, log):
        shutil.chown(each, "Debian-exim", "Debian-exim")
    shutil.chown(maildir.parent, LOCAL_USER)
    text = output.read_text()
    extra = (
        f"CONFDIR = {conf}\nSPOOLDIR = {spool}\nMAILDIR_HOME_MAILDIR_LOCATION = {maildir}\n"
        "LOCAL_DELIVERY=maildir_home\nMESSAGE_SIZE_LIMIT = 0\n"
    )
    lines = [
        line
        for line in text.splitlines()
        if not line.startswith(("CONFDIR", "SPOOLDIR", "LOCAL_DELIVERY", "spool_directory"))
    ]
    lines = [f"log_file_path = {log}/%slog" if line.startswith("log_file_path") else line for line in lines]
    limits = (
        "smtp_accept_max = 0\nsmtp_accept_queue_per_connection = 0\nsmtp_accept_max_per_connection = 0\n"
        "primary_hostname = bench.example\npid_file_path = "
        f"{folder}/pid\nspool_directory = {spool}\nlog_file_path = {log}/%slog\n"
    )
    output.write_text(extra + limits + "\n".join(lines) + "\n")
    return output


_TRUSTED = Path("/etc/exim4/trusted_configs")


def trust(path: str) -> None:
    """Without this Exim gives up root for a configuration named with -C and cannot deliver to users. It reads only the
    first lines of the list, so those of files that are gone are taken out."""
    lines = _TRUSTED.read_text().splitlines() if _TRUSTED.exists() else []
    kept = [line for line in lines if line != path and (not line.startswith("/tmp/") or Path(line).exists())]
    _TRUSTED.write_text("".join(f"{line}\n" for line in [path, *kept]))


def distrust(path: str) -> None:
    if _TRUSTED.exists():
        lines = [line for line in _TRUSTED.read_text().splitlines() if line != path]
        _TRUSTED.write_text("".join(f"{line}\n" for line in lines))


class Exim(Contender):
    name = "exim"
    program = "/usr/sbin/exim4"

    def prepare(self) -> None:
        work = self.folder / "home"
        work.mkdir()
        self.maildir = work / "Maildir"
        self.configuration = debian_configuration(self.folder, self.port, self.sink_port, self.maildir)
        self.trust(f"{self.folder}/exim.conf")

    def trust(self, path: str) -> None:
        trust(path)

    def stop(self) -> None:
        super().stop()
        distrust(f"{self.folder}/exim.conf")

    def command(self, queue_only: bool) -> list[str]:
        return [self.program, "-C", str(self.configuration), "-bdf", *(["-odq"] if queue_only else [])]


class Eximia(Exim):
    name = "eximia"

    def trust(self, path: str) -> None:
        """Its own site file trusts every path."""

    def environment(self) -> dict[str, str]:
        site = self.folder / "site.toml"
        if not site.exists():
            site.write_text('user = "Debian-exim"\ngroup = "Debian-exim"\ntrusted_configurations = ["/"]\n')
        return {"PYTHONPATH": str(SOURCE), "EXIMIA_SITE": str(site)}

    def command(self, queue_only: bool) -> list[str]:
        run = [sys.executable, "-m", "eximia.cli.launched", "exim"]
        return [*run, "-C", str(self.configuration), "-bdf", *(["-odq"] if queue_only else [])]


class Postfix(Contender):
    """From Debian's package, unpacked (Debian's mail servers exclude each other)."""

    name = "postfix"

    def __init__(self, folder: Path, port: int, sink_port: int, tree: Path) -> None:
        super().__init__(folder, port, sink_port)
        self.tree = tree

    def prepare(self) -> None:
        ensure_user("postfix")
        ensure_user("postdrop")
        conf, queue, data = self.folder / "conf", self.folder / "queue", self.folder / "data"
        for each in (conf, queue, data):
            each.mkdir()
        shutil.chown(data, "postfix")
        work = self.folder / "home"
        work.mkdir()
        shutil.chown(work, LOCAL_USER)
        self.maildir = work / "Maildir"
        uid, gid = owner(LOCAL_USER)
        main = {
            "compatibility_level": "3.6",
            "queue_directory": queue,
            "data_directory": data,
            "command_directory": self.tree / "usr/sbin",
            "daemon_directory": self.tree / "usr/lib/postfix/sbin",
            "shlib_directory": self.tree / "usr/lib/postfix",
            "meta_directory": conf,
            "mail_owner": "postfix",
            "setgid_group": "postdrop",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "mynetworks": "127.0.0.0/8",
            "myhostname": "bench.example",
            "mydestination": "",
            "alias_maps": "",
            "alias_database": "",
            "maillog_file": self.folder / "log",
            "maillog_file_prefixes": "/",
            "maillog_file_permissions": "0644",
            "transport_maps": f"inline:{{{RELAY_DOMAIN}=smtp:[{SINK_HOST}]:{self.sink_port}}}",
            "virtual_mailbox_domains": LOCAL_DOMAIN,
            "virtual_mailbox_base": work,
            "virtual_mailbox_maps": f"inline:{{{LOCAL_USER}@{LOCAL_DOMAIN}=Maildir/}}",
            "virtual_uid_maps": f"static:{uid}",
            "virtual_gid_maps": f"static:{gid}",
            "virtual_minimum_uid": "1",
            "smtpd_tls_security_level": "none",
            "smtp_tls_security_level": "",
            "smtpd_client_connection_count_limit": "0",
            "message_size_limit": "0",
            "import_environment": "MAIL_CONFIG MAIL_LOGTAG TZ LD_LIBRARY_PATH POSTLOG_SERVICE POSTLOG_HOSTNAME LANG=C",
            "mailbox_size_limit": "0",
            "virtual_mailbox_limit": "0",
        }
        (conf / "main.cf").write_text("".join(f"{k} = {v}\n" for k, v in main.items()))
        master = (self.tree / "usr/share/postfix/master.cf.dist").read_text()
        lines = []
        for line in master.splitlines():
            words = line.split()
            if words[:2] == ["smtp", "inet"]:
                words[0] = f"127.0.0.1:{self.port}"
                line = " ".join(words)
            if len(words) > 7 and words[0][:1] != "#" and words[4] in ("y", "-"):
                words[4] = "n"  # no chroot
                line = " ".join(words)
            lines.append(line)
        if not any(line.startswith("postlog") for line in lines):
            lines.append("postlog unix-dgram n - n - 1 postlogd")
        (conf / "master.cf").write_text("\n".join(lines) + "\n")
        for name in ("postfix-files", "dynamicmaps.cf"):
            found = self.tree / "etc/postfix" / name
            (conf / name).write_text(found.read_text() if found.exists() else "")
        subprocess.run(
            [str(self.tree / "usr/sbin/postfix"), "-c", str(conf), "set-permissions"],
            env=self.environment() | {"PATH": os.environ["PATH"]},
            capture_output=True,
            check=False,
        )
        for name in [
            "active",
            "bounce",
            "corrupt",
            "defer",
            "deferred",
            "flush",
            "hold",
            "incoming",
            "private",
            "saved",
            "trace",
            "maildrop",
            "public",
            "pid",
        ]:
            path = queue / name
            path.mkdir(exist_ok=True)
            if name != "pid":
                shutil.chown(path, "postfix", "postdrop" if name in ("maildrop", "public") else None)
        os.chmod(queue / "private", 0o700)
        os.chmod(queue / "public", 0o2710)
        os.chmod(queue / "maildrop", 0o1730)
        self.conf = conf

    def environment(self) -> dict[str, str]:
        return {"LD_LIBRARY_PATH": str(self.tree / "usr/lib/postfix"), "MAIL_CONFIG": str(self.folder / "conf")}

    def command(self, queue_only: bool) -> list[str]:
        if queue_only:
            with open(self.conf / "main.cf", "a") as file:
                file.write("smtpd_client_restrictions = static:HOLD\n")
        return [str(self.tree / "usr/lib/postfix/sbin/master"), "-c", str(self.conf), "-d"]


def owner(user: str) -> tuple[int, int]:
    import pwd

    entry = pwd.getpwnam(user)
    return entry.pw_uid, entry.pw_gid


def ensure_user(name: str) -> None:
    if subprocess.run(["id", name], capture_output=True, check=False).returncode:
        subprocess.run(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name], check=True)


def unpack_postfix(folder: Path) -> Path:
    """Debian's postfix package below `folder`; downloaded once."""
    tree = folder / "postfix-tree"
    if not tree.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "-qq", "postfix"], cwd=folder, check=True, capture_output=True)
        package = next(folder.glob("postfix_*.deb"))
        subprocess.run(["dpkg", "-x", str(package), str(tree)], check=True)
    return tree
