"""-bd, -bdf, -bw, -q<time>: become a running server."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from eximia.base.errors import ConfigError
from eximia.base.interpreter import code_folders, command
from eximia.cli.opening import need_admin, open_process, refuse

if TYPE_CHECKING:
    from eximia.context import Process
    from eximia.daemon.invocation import Invocation
    from eximia.privileged.grant import Grant

SUPERVISOR = "eximia.privileged.supervisor"


def run(call: Invocation) -> int:
    from eximia.daemon.grants import make_grant
    from eximia.daemon.interfaces import MalformedAddress

    process = open_process(call)
    need_admin(process)
    if call.remove_pid_file:
        return remove_pid_file(process, call)
    if process.main.mua_wrapper:
        process.log.panic("Daemon cannot be run when mua_wrapper is set")
        return 1
    if call.inetd_wait and (why := no_listening_socket()):
        process.log.panic(f"standard input of -bw {why}")
        return 1
    try:
        grant = make_grant(process.config, call)
    except MalformedAddress as error:
        process.log.panic(error.message)
        return 1
    except ConfigError as error:
        process.log.panic(f"Exim configuration error:\n  {error.message}", main=False)
        return 1
    if grant.uid >= 0 and (closed := closed_to(grant)):
        refuse(
            f"exim: the user {grant.user or grant.uid} cannot read {closed}, where this program is: "
            "install it where every user can read it (below /opt, say)"
        )
    for folder in ("", "/input", "/msglog", "/db"):
        process.spool.make_folder(process.spool.directory + folder)
    warn_of_certificate(process)
    stay = call.foreground or call.verbose or call.inetd_wait  # inetd waits for our end
    ready, told = os.pipe()
    if not stay and os.fork():
        os.close(told)
        # Return to the caller when the server serves, or failed to.
        return 0 if os.read(ready, 1) else 1
    os.close(ready)
    if not stay:
        detach()
    grant_read, grant_write = os.pipe()
    os.write(grant_write, grant.encode())
    os.close(grant_write)
    if stay:
        os.close(told)
        told = -1
    for fd in (grant_read, told):
        if fd >= 0:
            os.set_inheritable(fd, True)
    words = [os.fsdecode(each.encode("latin-1")) for each in call.words]
    sys.stderr.flush()
    return become_supervisor([str(grant_read), str(told), *words], [call.program, *words])


def no_listening_socket() -> str:
    """What is wrong with our standard input, which is to be a TCP socket that listens; empty: nothing."""
    import socket

    try:
        with socket.socket(fileno=os.dup(0)) as sock:
            if sock.family not in (socket.AF_INET, socket.AF_INET6) or sock.type != socket.SOCK_STREAM:
                return "is not a TCP socket"
            if not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                return "is a socket that does not listen"
    except OSError as error:
        return f"is not a socket: {error.strerror}"
    return ""


def closed_to(grant: Grant) -> str:
    """The first folder of our own code that the workers' user cannot read; workers import parts of it when needed."""
    from eximia.privileged.agent import become

    folders = code_folders()
    child = os.fork()
    if child == 0:
        found = 255
        try:
            become(grant.uid, grant.gid, grant.user)
            open_ = [os.access(each, os.R_OK | os.X_OK) for each in folders]
            found = 0 if all(open_) else min(open_.index(False), 253) + 1
        finally:
            os._exit(found)
    found = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    # a change of user that fails is told, in its own words, by the worker
    return folders[found - 1] if 0 < found < 255 else ""


def warn_of_certificate(process: Process) -> None:
    """TLS is offered, and there is no certificate for it."""
    from eximia.tls.binding import is_built

    main = process.main
    if main.tls_certificate is None and main.tls_advertise_hosts.text and is_built():
        process.log.main(
            "Warning: No server certificate defined; will use a selfsigned one.\n"
            " Suggested action: either install a certificate or change tls_advertise_hosts option"
        )


def become_supervisor(words: list[str], called: list[str]) -> NoReturn:
    """Go on as the parent of the server: a program of its own that has none of ours in memory.

    Called through the launcher by root, the parent is the launcher's executable again (see its source), with the words
    it was called by: start-stop-daemon, pidof and the like then find the server where they found Exim.
    """
    program = os.environ.pop("EXIMIA_PROGRAM", "")
    if program and os.getuid() == 0:
        import sysconfig

        library = sysconfig.get_config_var("INSTSONAME") or "none"
        os.environ["EXIMIA_PARENT"] = "\037".join([library, *command(SUPERVISOR, *words)])
        with contextlib.suppress(OSError):
            os.execv(program, called)  # noqa: S606
        del os.environ["EXIMIA_PARENT"]
    os.execv(sys.executable, command(SUPERVISOR, *words))  # noqa: S606


def detach() -> None:
    """Leave the terminal and the caller's folder and standard streams."""
    os.setsid()
    os.chdir("/")
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.close(null)


def remove_pid_file(process: Process, call: Invocation) -> int:
    """-oPX: remove the pid file of a daemon that has ended."""
    from eximia.daemon.grants import make_grant

    path = call.pid_file or make_grant(process.config, call).pid_file
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        refuse(f"exim: {path}: {error.strerror}")
    return 0
