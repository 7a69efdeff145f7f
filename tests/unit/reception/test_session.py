"""Sessions that text files cannot hold: early talkers, floods, garbage, limits by the listener, throttling."""

from __future__ import annotations

import tempfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eximia.base.errors import ConfigError
from eximia.reception.session import Admission
from support_reception import dialogue, make_process, talk

RCPT = "acl_smtp_rcpt = yes\n"
ACL = "begin acl\nyes:\n  accept\n"


def test_client_that_does_not_wait_for_the_greeting() -> None:
    config = f"{RCPT}pipelining_connect_advertise_hosts =\n{ACL}"
    answer, log = dialogue(config, [b"EHLO x\r\n"], early=True)
    assert answer == "554 SMTP synchronization error\n"
    assert log == [
        (
            "SMTP protocol synchronization error (input sent without waiting for greeting): rejected connection from "
            'H=[192.0.2.1] input="EHLO x\\r\\n"'
        )
    ]


def test_client_that_sends_data_before_354() -> None:
    config = f"{RCPT}acl_smtp_predata = yes\n{ACL}"
    said: list[bytes | str] = [b"EHLO x\r\n", b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nSubject: x\r\n"]
    answer, log = dialogue(config, said)
    assert answer.endswith("250 OK\n250 Accepted\n554 SMTP synchronization error\n")
    assert log == [
        (
            "SMTP protocol synchronization error (next input sent too soon: pipelining was advertised): rejected "
            '"DATA" H=(x) [192.0.2.1] next input="Subject: x\\r\\n"'
        )
    ]


def test_no_message_is_taken_without_a_received_line() -> None:
    config = f"{RCPT}received_header_text = by me ${{lookup{{x}}lsearch{{/no/such/file}}}}\n{ACL}"
    said: list[bytes | str] = [
        b"EHLO x\r\n",
        b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n",
        b"A: b\r\n\r\n.\r\n",
        b"QUIT\r\n",
    ]
    answer, log = dialogue(config, said)
    assert answer.splitlines()[-2:] == [
        '354 Enter message, ending with "." on a line by itself',
        "421 Unexpected failure, please try later",
    ]
    assert any("(received_header_text) failed: failed to open /no/such/file" in line for line in log)
    assert not any("<=" in line for line in log)


def test_pipelining_that_was_not_offered() -> None:
    config = f"{RCPT}pipelining_connect_advertise_hosts =\n{ACL}"
    answer, log = dialogue(config, [b"HELO x\r\n", b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"])
    assert answer.endswith("Hello x [192.0.2.1]\n554 SMTP synchronization error\n")
    assert "pipelining was not advertised" in log[0]


def test_recipients_before_the_sender_are_forgotten() -> None:
    config = f"{RCPT}pipelining_connect_advertise_hosts =\n{ACL}"
    answer, _ = dialogue(config, [b"EHLO x\r\n", b"RCPT TO:<c@d>\r\n", b"MAIL FROM:<a@b>\r\n", b"DATA\r\n"])
    assert answer.endswith("\n503 sender not yet given\n250 OK\n503 valid RCPT command must precede DATA\n")


def test_listener_limits() -> None:
    config = f"{RCPT}smtp_accept_max = 3\nsmtp_accept_max_per_host = 2\nsmtp_accept_reserve = 1\n{ACL}"
    answer, log = dialogue(config, [], admission=Admission(total=4, from_host=1))
    assert answer == "421 Too many concurrent SMTP connections; please try again later.\n"
    assert log == ["Connection from [192.0.2.1] refused: too many connections"]
    answer, log = dialogue(config, [], admission=Admission(total=2, from_host=3))
    assert answer.startswith("421 Too many concurrent SMTP connections from this IP address")
    answer, log = dialogue(config, [], admission=Admission(total=3, from_host=1))
    assert answer == "421 mx.test.example: Too many concurrent SMTP connections; please try again later\n"
    assert log == ["temporarily refused connection from [192.0.2.1]: not in reserve list: connected=2 max=3 reserve=1"]


def test_throttling_slows_the_client_down() -> None:
    config = f"{RCPT}smtp_ratelimit_hosts = *\nsmtp_ratelimit_rcpt = 1,0.5s,2,4m\n{ACL}"
    with tempfile.TemporaryDirectory() as folder:
        process, _, _ = make_process(folder, config)
        talk(process, [b"EHLO x\r\nMAIL FROM:<a@b>\r\n" + b"RCPT TO:<c@d>\r\n" * 4, b"QUIT\r\n"])
        assert process.ports.clock.slept == [0.5, 1.0, 2.0]  # type: ignore[attr-defined]


def test_endless_recipients_are_bounded() -> None:
    config = f"{RCPT}recipients_max = 100\n{ACL}"
    flood = b"".join(b"RCPT TO:<user%d@b>\r\n" % number for number in range(5000))
    answer, log = dialogue(config, [b"EHLO x\r\nMAIL FROM:<>\r\n", flood, b"QUIT\r\n"])
    assert answer.count("250 Accepted") == 100
    assert answer.count("452 too many recipients") == 4900
    assert len(log) == 1


def test_ten_megabyte_line_is_refused_once() -> None:
    line: list[bytes | str] = [b"x" * 65536] * 160
    answer, _ = dialogue(RCPT + ACL, [b"EHLO x\r\n", *line, b"\r\n", b"NOOP\r\n", b"QUIT\r\n"])
    assert answer.endswith("500 unrecognized command\n250 OK\n221 mx.test.example closing connection\n")


def test_hundred_thousand_headers_are_refused() -> None:
    headers = b"".join(b"X-%d: value value value\r\n" % number for number in range(100_000))
    pieces: list[bytes | str] = [headers[at : at + 65536] for at in range(0, len(headers), 65536)]
    said: list[bytes | str] = [b"EHLO x\r\n", b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", *pieces]
    answer, log = dialogue(RCPT + ACL, [*said, b"\r\nbody\r\n.\r\nQUIT\r\n"])
    assert answer.endswith("552 Message header is ridiculously long\n221 mx.test.example closing connection\n")
    assert log == [
        (
            "ridiculously long message header received from (x) [192.0.2.1] (more than 1048576 characters): message "
            "abandoned"
        )
    ]


def test_big_body_goes_to_the_spool_and_is_delivered() -> None:
    with tempfile.TemporaryDirectory() as folder:
        process, log, delivered = make_process(folder, RCPT + ACL)
        line = b"0123456789" * 7 + b"\r\n"
        body: list[bytes | str] = [line * 1000] * 40
        talk(
            process,
            [b"EHLO x\r\n", b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", b"A: b\r\n\r\n", *body, b".\r\nQUIT\r\n"],
        )
        message = delivered.messages[0]
        assert message.body.data is None
        assert message.body.read() == b"0123456789" * 7 + b"\n" + message.body.read()[71:]
        assert message.body.size == 71 * 40_000
        assert message.body_linecount == 40_000
        assert " <= a@b " in log.lines[-1]


@pytest.mark.parametrize("lines", [3, 40_000])
def test_chunks_are_kept_as_they_came(lines: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        process, log, delivered = make_process(folder, "spool_wireformat\n" + RCPT + ACL)
        body = b"0123456789" * 7 + b"\r\n"
        content = b"A: b\r\n\r\n" + body * lines
        cut = len(content) // 2 - len(content) // 2 % 72 + 8 + 71  # between CR and LF
        pieces: list[bytes | str] = [b"BDAT %d\r\n" % cut, *_pieces(content[:cut])]
        pieces += [b"BDAT %d LAST\r\n" % (len(content) - cut), *_pieces(content[cut:]), b"QUIT\r\n"]
        stream = talk(process, [b"EHLO x\r\n", b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n", *pieces])
        told = f"250- {len(content) - cut} byte chunk, total {len(content)}\r\n"
        assert told.encode() in b"".join(stream.answers)
        message = delivered.messages[0]
        message.body.fd = -1  # closed after the delivery
        assert (message.body.data is None) == (lines > 3)
        assert message.body.read() == body * lines
        assert message.body.text() == b"".join(message.body.text_blocks(1000)) == body.replace(b"\r", b"") * lines
        assert (message.body.size, message.body_linecount, message.max_received_linelength) == (72 * lines, 0, 4)
        assert " <= a@b " in log.lines[-1]


def _pieces(data: bytes) -> list[bytes]:
    return [data[at : at + 50_000] for at in range(0, len(data), 50_000)]


def test_rejected_big_body_leaves_nothing_on_disk() -> None:
    import os

    with tempfile.TemporaryDirectory() as folder:
        process, _, delivered = make_process(
            folder, f"{RCPT}acl_smtp_data = no\nbegin acl\nyes:\n  accept\nno:\n  deny\n"
        )
        body: list[bytes | str] = [b"0123456789\r\n" * 5000] * 40
        talk(
            process, [b"EHLO x\r\n", b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", b"\r\n", *body, b".\r\nQUIT\r\n"]
        )
        assert delivered.messages == []
        assert os.listdir(f"{folder}/spool/input") == []


def test_connection_lost_in_a_big_body_leaves_nothing_on_disk() -> None:
    import os

    with tempfile.TemporaryDirectory() as folder:
        process, log, _ = make_process(folder, RCPT + ACL)
        body: list[bytes | str] = [b"0123456789\r\n" * 5000] * 40
        talk(process, [b"EHLO x\r\n", b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", b"\r\n", *body])
        assert os.listdir(f"{folder}/spool/input") == []
        assert log.lines == ["SMTP connection from (x) [192.0.2.1] lost while reading message data"]


def test_full_disk_is_a_temporary_error() -> None:
    with tempfile.TemporaryDirectory() as folder:
        process, log, delivered = make_process(folder, RCPT + ACL)

        def full(_batch: object) -> list[OSError]:
            return [OSError(28, "No space left on device")]

        process.spool = _Wrapped(process.spool, full)
        stream = talk(process, [b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", b".\r\n", b"QUIT\r\n"])
        answer = b"".join(stream.answers)
        assert b"451 Temporary local problem - please try later\r\n" in answer
        assert b"250 OK id" not in answer
        assert delivered.messages == []
        assert log.lines == ["PANIC Failed to write spool files: No space left on device"]


class _Wrapped:
    """A spool whose commit is another function."""

    def __init__(self, spool: object, commit: object) -> None:
        self._spool = spool
        self.commit_in_steps = commit

    def __getattr__(self, name: str) -> object:
        return getattr(self._spool, name)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.sampled_from(
                [
                    b"EHLO x\r\n",
                    b"MAIL FROM:<a@b>\r\n",
                    b"RCPT TO:<c@d>\r\n",
                    b"DATA\r\n",
                    b"BDAT 5\r\n",
                    b"BDAT 3 LAST\r\n",
                    b"\r\n.\r\n",
                    b"RSET\r\n",
                    b"VRFY a\r\n",
                    b"ETRN #x\r\n",
                    b"AUTH PLAIN\r\n",
                    b"STARTTLS\r\n",
                    b"HELP\r\n",
                ]
            ),
        ),
        max_size=25,
    )
)
def test_garbage_never_breaks_a_session(pieces: list[bytes]) -> None:
    answer, _ = dialogue(RCPT + ACL, [*pieces])
    assert answer.startswith("220 ")


PROXY = f"{RCPT}hosts_proxy = 192.0.2.1\nacl_smtp_connect = c\nlog_selector = +proxy\n"
PROXY_ACL = (
    f"{ACL}c:\n  accept logwrite = $proxy_session $proxy_local_address $proxy_external_address $sender_host_address\n"
)


def test_client_behind_a_proxy() -> None:
    said: list[bytes | str] = [b"PROXY TCP4 198.51.100.9 203.0.113.5 4321 25\r\nEHLO x\r\n", b"QUIT\r\n"]
    answer, log = dialogue(PROXY + PROXY_ACL, said)
    assert "250-mx.test.example Hello x [198.51.100.9]\n" in answer
    assert "yes 192.0.2.1 203.0.113.5 198.51.100.9" in log


def test_proxy_that_does_not_speak_the_protocol() -> None:
    answer, log = dialogue(PROXY + PROXY_ACL, [b"EHLO x\r\n", b"NOOP\r\nQUIT\r\n"])
    assert answer.endswith(
        "503 Command refused, required Proxy negotiation failed\n221 mx.test.example closing connection\n"
    )
    assert log == ["yes   192.0.2.1"]


def test_silent_proxy() -> None:
    answer, _ = dialogue(PROXY + PROXY_ACL, ["timeout", b"MAIL FROM:<>\r\n", b"QUIT\r\n"])
    assert "503 Command refused, required Proxy negotiation failed\n" in answer


def test_front_end_that_speaks_for_a_client() -> None:
    config = f"{RCPT}hosts_xclient = 192.0.2.1\n{ACL}"
    said: list[bytes | str] = [
        b"EHLO front\r\n",
        b"XCLIENT NAME=x\r\nXCLIENT ADDR=198.51.100.9 PORT=99 NAME=c+2Eexample DESTADDR=203.0.113.5\r\nMAIL FROM:<>\r\n",
        b"EHLO real\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n.\r\nQUIT\r\n",
    ]
    answer, log = dialogue(config, said)
    assert "250-XCLIENT ADDR NAME PORT LOGIN DESTADDR DESTPORT\n" in answer
    assert "501 ADDR and PORT must be given at the first XCLIENT\n220 mx.test.example ESMTP" in answer
    assert "503 HELO or EHLO required\n250-mx.test.example Hello c.example [198.51.100.9]\n" in answer
    assert log[-1].startswith("ID <= a@b H=c.example (real) [198.51.100.9] P=esmtp")


def test_front_end_that_speaks_again() -> None:
    """The command stays open to who was let in, although the client it speaks for would not be."""
    config = f"{RCPT}hosts_xclient = 192.0.2.1\n{ACL}"
    said: list[bytes | str] = [
        b"EHLO front\r\nXCLIENT ADDR=198.51.100.9 PORT=99\r\n",
        b"EHLO one\r\nXCLIENT NAME=late.example\r\n",
        b"EHLO two\r\nXCLIENT ADDR=fe80::1%x\r\nXCLIENT ADDR=IPV6:2001:DB8::A\r\nEHLO three\r\nQUIT\r\n",
    ]
    answer, _ = dialogue(config, said)
    assert answer.count("XCLIENT ADDR NAME PORT") == 4
    assert "Hello late.example [198.51.100.9]" in answer
    assert "501 bad address for XCLIENT" in answer
    assert "Hello three [2001:db8::a]" in answer


def test_xclient_is_not_for_everybody() -> None:
    answer, _ = dialogue(RCPT + ACL, [b"EHLO x\r\nXCLIENT ADDR=1.2.3.4 PORT=1\r\n"])
    assert answer.endswith("500 unrecognized command\n")
    config = f"hosts_xclient = 192.0.2.99\n{RCPT}{ACL}"
    answer, _ = dialogue(config, [b"EHLO x\r\nXCLIENT ADDR=1.2.3.4 PORT=1\r\n"])
    assert answer.endswith("503 XCLIENT command used when not advertised\n")


def test_well_known_file() -> None:
    import os

    with tempfile.NamedTemporaryFile(delete=False) as file:
        file.write(b"contact: a b\n")
    config = (
        f"{RCPT}acl_smtp_wellknown = w\nwellknown_advertise_hosts = *\n{ACL}w:\n"
        f"  deny condition = ${{if !eq{{$smtp_command_argument}}{{security.txt}}}}\n"
        f"  accept control = wellknown/{file.name}\n"
    )
    answer, _ = dialogue(config, [b"EHLO x\r\n", b"WELLKNOWN other\r\n", b"WELLKNOWN security.txt\r\n"])
    os.unlink(file.name)
    assert "550 Administrative prohibition\n250-SIZE=13\n250 contact:+20a+20b+0A\n" in answer


def test_configuration_that_cannot_be_used_is_a_temporary_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def unusable(main: object, option: str) -> None:
        raise ConfigError(f"malformed {option}")

    monkeypatch.setattr("eximia.reception.session.throttle", unusable)
    answer, log = dialogue(f"{RCPT}smtp_ratelimit_hosts = *\n{ACL}", [b"EHLO x\r\n"])
    assert answer == "421 Temporary local problem - please try later\n"
    assert log[0].startswith("PANIC SMTP session with [192.0.2.1] ended: ")


def test_endless_first_line_is_not_kept() -> None:
    pieces: list[bytes | str] = [b"x" * 65536] * 100
    said: list[bytes | str] = [b"EHLO x\r\n", b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", *pieces]
    with tempfile.TemporaryDirectory() as folder:
        process, _, _ = make_process(folder, RCPT + ACL)
        stream = talk(process, [*said, b"\r\nmore\r\n.\r\nNOOP\r\n", b"QUIT\r\n"])
    assert b"".join(stream.answers).endswith(
        b"552 Message header is ridiculously long\r\n250 OK\r\n221 mx.test.example closing connection\r\n"
    )


def test_etrn_starts_a_queue_run_for_the_text() -> None:
    config = f"{RCPT}acl_smtp_etrn = yes\n{ACL}"
    answer, lines = dialogue(config, [b"EHLO x\r\n", b"ETRN #a.example\r\n", b"QUIT\r\n"])
    assert "250 OK" in answer
    assert "queue run for a.example" in lines


@pytest.mark.parametrize(
    "option, value, complaint",
    [
        ("message_size_limit", "5X", 'invalid message_size_limit: invalid integer "5X"'),
        ("message_size_limit", "-5", 'invalid message_size_limit: non-negative integer expected but "-5" found'),
        ("message_size_limit", "", 'invalid message_size_limit: integer expected but "" found'),
        ("message_size_limit", "${if eq{a}{b}{7}}", 'invalid message_size_limit: integer expected but "" found'),
        ("message_size_limit", "${no}", 'unable to expand message_size_limit: unknown variable in "${no}"'),
        ("recipients_max", "many", 'invalid recipients_max: integer expected but "many" found'),
    ],
)
def test_limits_that_cannot_be_found_out(option: str, value: str, complaint: str) -> None:
    """Nobody may send: a lookup that finds nothing must not mean that there is no limit."""
    answer, log = dialogue(f"{option} = {value}\n{RCPT}{ACL}", [b"EHLO x\r\n", b"QUIT\r\n"])
    assert answer.startswith("421 Temporary local problem - please try later\n")
    assert "250" not in answer
    assert f"PANIC {complaint}" in log


def test_a_bad_number_of_messages_is_no_limit() -> None:
    answer, log = dialogue(
        f"smtp_accept_max_per_connection = few\n{RCPT}{ACL}", [b"EHLO x\r\nMAIL FROM:<a@b>\r\nQUIT\r\n"]
    )
    assert "250 OK\n221" in answer
    assert not log


def test_controls_before_mail_are_for_every_message() -> None:
    config = (
        "acl_smtp_connect = c\nacl_smtp_helo = h\nacl_smtp_rcpt = yes\nacl_smtp_data = d\n"
        f"{ACL}c:\n  accept control = dmarc_disable_verify\nh:\n  accept control = dk_verify\n"
        "d:\n  deny dmarc_status = off\n  dk_status = bad : no signature\n  message = both\n"
    )
    message = b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nSubject: x\r\n\r\n.\r\n"
    steps: list[bytes | str] = [b"EHLO x\r\n"]
    for _ in range(2):
        steps += [line + b"\r\n" for line in message[: message.index(b"Subject")].splitlines()]
        steps.append(message[message.index(b"Subject") :])
    answer, _log = dialogue(config, steps)
    assert answer.count("550 both\n") == 2
