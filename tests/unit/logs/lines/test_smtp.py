from eximia.context import Session
from eximia.logs.lines.events import arguments, completed, queue_run
from eximia.logs.lines.smtp import closed, incomplete_transaction, no_mail, opened, syntax_error
from eximia.logs.selectors import Selectors

ALL = Selectors("+all")


def client() -> Session:
    session = Session()
    session.sender_host_address = "127.0.0.1"
    session.sender_host_port = 33918
    session.interface_address = "127.0.0.1"
    session.interface_port = 5525
    session.sender_helo_name = "client.ex"
    return session


def test_connection_lines() -> None:
    session = client()
    assert closed(session, ALL) == (
        "SMTP connection from (client.ex) [127.0.0.1]:33918 I=[127.0.0.1]:5525 closed by QUIT"
    )
    session.sender_helo_name = ""
    assert opened(session, ALL, 2) == (
        "SMTP connection from [127.0.0.1]:33918 I=[127.0.0.1]:5525 (TCP/IP connection count = 2)"
    )
    local = Session()
    local.sender_ident = "root"
    assert closed(local, ALL) == "SMTP connection from root closed by QUIT"


def test_no_mail_and_errors() -> None:
    session = client()
    session.command_history = ["EHLO", "QUIT"]
    assert no_mail(session, ALL, 0.203) == (
        "no MAIL in SMTP connection from (client.ex) [127.0.0.1]:33918 I=[127.0.0.1]:5525 D=0.203s C=EHLO,QUIT"
    )
    session.command_history = ["NOOP"] * 21
    assert no_mail(session, Selectors(), 3.7).endswith("D=3s C=...NOOP" + ",NOOP" * 19)
    assert syntax_error(session, ALL, "FOO", "unrecognized command") == (
        'SMTP syntax error in "FOO" H=(client.ex) [127.0.0.1]:33918 I=[127.0.0.1]:5525 unrecognized command'
    )
    assert incomplete_transaction(session, Selectors(), "RSET", "q@q.ex", ["z@z.ex", "y@z.ex"]) == (
        "H=(client.ex) [127.0.0.1] incomplete transaction (RSET) from <q@q.ex> for z@z.ex y@z.ex"
    )


def test_events() -> None:
    assert queue_run("Start", 7, "-qff -R foo", "night") == "Start 'night' queue run: pid=7 -qff -R foo"
    assert completed(ALL, 788.2) == "Completed QT=13m8s"
    assert completed(Selectors(), 788.2) == "Completed"
    assert arguments("/tmp", ["exim", "-f", "", "a b"]) == 'cwd=/tmp 4 args: exim -f "" "a b"'
