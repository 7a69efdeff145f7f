"""A configuration as a whole: order of errors, defaults from site and host, cross-checks, the checker."""

from __future__ import annotations

from pathlib import Path

import pytest

from eximia.base.errors import ConfigError
from eximia.cli.check import check
from eximia.config.files import Trust
from eximia.config.messages import fatal_text
from eximia.config.site import Site
from eximia.daemon.loading import Configuration, examine, load

SITE = Site(uid=1, gid=1, user="daemon", spool_directory="/spool", program="/bin/exim")


def configuration(folder: Path, text: str) -> Configuration:
    path = folder / "exim.conf"
    path.write_text(text)
    return examine(SITE, paths=[str(path)], trust=Trust(anybody=True))


def first(folder: Path, text: str) -> str:
    return fatal_text(configuration(folder, text).errors[0]).replace(str(folder), "")


def test_defaults_follow_each_other(tmp_path: Path) -> None:
    main = configuration(tmp_path, "primary_hostname = mx.example").main
    assert (main.qualify_domain, main.qualify_recipient) == ("mx.example", "mx.example")
    assert main.spool_directory is not None
    assert main.spool_directory.text == "/spool"
    assert main.process_log_path == "/spool/exim-process.info"
    assert (main.exim_user, main.exim_group, main.exim_path) == (1, 1, "/bin/exim")


def test_a_site_without_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(SITE, paths=[f"{tmp_path}/a", f"{tmp_path}/b"], trust=Trust(anybody=True))
    assert fatal_text(caught.value) == f"non-existent configuration file(s): {tmp_path}/a:{tmp_path}/b"


def test_owner_and_mode(tmp_path: Path) -> None:
    path = tmp_path / "exim.conf"
    path.write_text("")
    path.chmod(0o666)
    with pytest.raises(ConfigError) as caught:
        load(SITE, paths=[str(path)], trust=Trust(owner=path.stat().st_uid))
    assert fatal_text(caught.value) == f"Exim configuration file {path} has the wrong owner, group, or mode"
    path.chmod(0o644)
    load(SITE, paths=[str(path)], trust=Trust(owner=path.stat().st_uid))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("foo = 3", 'Exim configuration error in line 1 of /exim.conf:\n  main option "foo" unknown'),
        ("log_selector = +nosuch", "Exim configuration error:\n  unknown log_selector setting: +nosuch"),
        ("syslog_facility = foo", 'Exim configuration error:\n  failed to interpret syslog_facility "foo"'),
        ("localhost_number = abc", "Exim configuration error:\n  localhost_number value is not a number: abc"),
        ("log_file_path = foo", 'log_file_path "foo" does not contain "%s"'),
        (
            "begin routers\nr:\n driver = redirect",
            'Exim configuration error for r router:\n  one of "file" or "data" must be specified',
        ),
        (
            "begin routers\nr:\n driver = redirect\n data = x\n pass_router = r",
            'Exim configuration error:\n  new_router "r" does not follow "r" router',
        ),
        (
            (
                "begin authenticators\na:\n driver = plaintext\n public_name = X\n server_condition = y\n"
                "b:\n driver = plaintext\n public_name = x\n server_condition = y"
            ),
            "Exim configuration error:\n  two server authenticators (a and b) have the same public name (X)",
        ),
    ],
)
def test_the_first_error_is_said_as_exim_says_it(tmp_path: Path, text: str, said: str) -> None:
    assert first(tmp_path, text) == said


def test_errors_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = "Foo\nfoo = 1\n9\nbegin routers\nr:\n driver = x\nr:\n nosuch\nbegin nosuch"
    lines = [error.span.line for error in configuration(tmp_path, text).errors]
    assert lines == [1, 2, 3, 6, 7, 8, 9]


def test_the_checker(tmp_path: Path) -> None:
    path = tmp_path / "exim.conf"
    path.write_text(
        "acl_smtp_rcpt = rcpt\nacl_smtp_data = dta\ndaemon_smtp_port = 25\nmysql_servers = a/b/c/d\n"
        "domainlist here = a\nhold_domains = +here : !+her\nbegin acl\nrcpt:\n accept !domains = +there\ndata:\n deny\n"
        "begin routers\nr:\n driver = accept\n transport = lcal\nbegin transports\nlocal:\n driver = smtp\n"
    )
    out: list[str] = []
    assert check([str(path)], out.append, site=SITE) == 0
    text = "".join(out).replace(f"{path}:", "")
    assert text == (
        "warning: 3: daemon_smtp_port is the old name of daemon_smtp_ports\n"
        'warning: 4: mysql_servers may hold a secret that any user can print with -bP (write "hide mysql_servers = ...")\n'
        'warning: 2: acl_smtp_data: there is no ACL "dta" (did you mean "data"?)\n'
        'warning: 15: router r: transport: there is no transport "lcal" (did you mean "local"?)\n'
        'warning: 6: there is no domain list "her" (did you mean "here"?)\n'
        'warning: 9: there is no domain list "there" (did you mean "here"?)\n'
        " no errors, 6 warnings\n"
    )
    path.write_text("foo = 1\n")
    assert check([str(path)], out.append, site=SITE) == 1


def test_the_checker_reads_strings(tmp_path: Path) -> None:
    path = tmp_path / "exim.conf"
    path.write_text(
        "received_header_text = ${if eq{a}{b}{c\nsmtp_banner = $nosuch\nbegin transports\nt:\n driver = appendfile\n"
        " file = /m/$local_part\nu:\n driver = appendfile\n file = /m/${lookup{$local_part}dsearch{/m}}\n"
    )
    out: list[str] = []
    check([str(path)], out.append, site=SITE)
    lines = [line.replace(f"{path}:", "") for line in out]
    assert lines[0].startswith("warning: 1: received_header_text: expansion cannot work: ")
    assert lines[1] == 'warning: 2: smtp_banner: expansion cannot work: unknown variable name "nosuch"\n'
    assert lines[2] == (
        "warning: 6: transport t: file: $local_part comes from outside and must not become a file name "
        "(use $local_part_data, or a lookup)\n"
    )
    assert len(lines) == 4


def test_options_of_the_experimental_features_load_unchanged() -> None:
    path = Path(__file__).with_name("experimental.conf")
    assert examine(SITE, paths=[str(path)], trust=Trust(anybody=True)).errors == []


def test_included_files_may_belong_to_anybody(tmp_path: Path) -> None:
    path, included = tmp_path / "exim.conf", tmp_path / "part"
    path.write_text(".include part\n")
    path.chmod(0o644)
    included.write_text("queue_only\n")
    included.chmod(0o666)
    assert load(SITE, paths=[str(path)], trust=Trust(owner=path.stat().st_uid)).main.queue_only
