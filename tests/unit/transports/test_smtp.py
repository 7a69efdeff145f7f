"""The smtp transport against servers made of rules; the log lines are those of an Exim 4.96 in the same situation."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from eximia.base.trace import Trace
from eximia.context import Body, Context, Session
from eximia.context.delivery import Result
from eximia.hints.records import GONE, MiscRecord, RetryRecord
from eximia.transports.smtp.pool import pool_of
from eximia.transports.smtp.waiting import enter, leave, leave_all
from support_transports import Server, World

H = "H=198.51.100.1 [198.51.100.1]"
T = "R=r T=t"
ERROR = f"{H}: SMTP error from remote mail server after"
Z = "z@w.example <Z@w.example>"
ALL = ("SIZE 1000000", "PIPELINING", "8BITMIME", "DSN", "PRDR", "SMTPUTF8", "CHUNKING")
PIPE = ("SIZE", "PIPELINING")


def deliver(server: Server, *recipients: str, **settings) -> tuple[World, list[str]]:
    world = World({"198.51.100.1": server})
    transport = world.transport("smtp", hosts="198.51.100.1", **settings)
    return world, world.run(transport, *(recipients or ("x@y.example", "Z@w.example")))


def both(text: str) -> list[str]:
    return [f"== {who} {T} {text}" for who in ("x@y.example", Z)]


class TestDialogue:
    def test_everything_in_one_flight(self):
        server = Server(ALL)
        world, log = deliver(server)
        size = world.message.size + world.message.linecount + 1024
        assert server.commands[1:4] == [
            f"MAIL FROM:<s@from.example> SIZE={size} PRDR",
            "RCPT TO:<x@y.example>",
            "RCPT TO:<Z@w.example>",
        ]
        assert server.commands[4].startswith("BDAT ")
        assert server.messages[0].endswith(b"\r\n\r\nHello\r\n.dot\r\nFrom me\r\nbye\r\n")
        assert log == [f'=> {a} {T} {H} K C="250 OK"' for a in ("x@y.example", Z)]

    def test_data_with_dots(self):
        server = Server()
        _, log = deliver(server, "x@y.example")
        assert server.commands == [
            "EHLO my.host.example",
            "MAIL FROM:<s@from.example>",
            "RCPT TO:<x@y.example>",
            "DATA",
            ".",
        ]
        assert b"\n..dot\n" in server.messages[0]
        assert log == [f'=> x@y.example {T} {H} C="250 OK"']

    def test_helo_after_refused_ehlo(self):
        server = Server(rules=[(b"EHLO", b"502 what\r\n")])
        deliver(server, "x@y.example")
        assert server.commands[:2] == ["EHLO my.host.example", "HELO my.host.example"]

    def test_too_many_recipients_go_in_a_second_transaction(self):
        server = Server(PIPE, [(b"RCPT TO:<Z@", [b"452 too many\r\n"])])
        _, log = deliver(server)
        assert len(server.messages) == 2
        assert log[1] == f'=> {Z} {T} {H}* C="250 OK"'

    def test_lmtp(self):
        server = Server(("PIPELINING",), [(b".", b"250 one\r\n550 two\r\n")])
        _, log = deliver(server, protocol="lmtp", port="24")
        assert server.commands[0] == "LHLO my.host.example"
        assert log == [f'=> x@y.example {T} {H} C="250 one"', f"** {Z} {T} {H}: LMTP error after DATA: 550 two"]

    def test_affixes_are_left_out(self):
        server = Server()
        world = World({"198.51.100.1": server})
        transport = world.transport("smtp", hosts="198.51.100.1")
        address = world.address("Joe+X@W.Example", transport)
        address.suffix = "+x"
        world.run(transport, address)
        assert "RCPT TO:<Joe@W.Example>" in server.commands


class TestInternationalised:
    def send(self, ehlo, **settings):
        server = Server(ehlo)
        world = World({"198.51.100.1": server})
        world.message.smtputf8 = True
        log = world.run(world.transport("smtp", hosts="198.51.100.1", **settings), "j\xc3\xb6@d\xc3\xb6main.example")
        return [command for command in server.commands if command[:4] in ("MAIL", "RCPT")], log

    def test_as_it_is(self):
        commands, _ = self.send(("SMTPUTF8",))
        assert commands == ["MAIL FROM:<s@from.example> SMTPUTF8", "RCPT TO:<j\xc3\xb6@d\xc3\xb6main.example>"]

    def test_converted_where_needed_or_asked(self):
        expected = ["MAIL FROM:<s@from.example>", "RCPT TO:<xn--j-1ga@xn--dmain-jua.example>"]
        assert self.send(())[0] == expected
        assert self.send(("SMTPUTF8",), utf8_downconvert="1")[0] == expected

    def test_refused(self):
        _, log = self.send((), utf8_downconvert="0")
        assert log[0] == f"{H}: utf8 support required but not offered for forwarding"
        assert log[1].startswith("** ")


@pytest.mark.parametrize("chunking", [True, False])
@pytest.mark.parametrize("wire", [True, False])
def test_a_body_in_a_file_in_either_form(tmp_path, chunking, wire):
    text = b"line\n.\n..x\n" * 60000 + b"end\n"
    kept = text.replace(b"\n", b"\r\n") if wire else text
    (tmp_path / "D").write_bytes(b"id-D\n" + kept)
    server = Server(("PIPELINING", "CHUNKING") if chunking else ())
    world = World({"198.51.100.1": server})
    world.message.body = Body(None, str(tmp_path / "D"), 5, len(kept), wire=wire)
    log = world.run(world.transport("smtp", hosts="198.51.100.1", body_only=True), "x@y.example")
    assert log[0].startswith("=> ")
    expected = text.replace(b"\n", b"\r\n") if chunking else text.replace(b"\n.", b"\n..")
    assert b"".join(server.messages) == expected


class TestErrors:
    @pytest.mark.parametrize(
        "server, expected",
        [
            (
                Server(rules=[(b"MAIL", b"450 nope\r\n")]),
                [
                    f"{ERROR} MAIL FROM:<s@from.example>: 450 nope",
                    *both(f"defer (-45) {ERROR} MAIL FROM:<s@from.example>: 450 nope"),
                ],
            ),
            (
                Server(banner=b"421 go away\r\n"),
                [
                    f"{ERROR} initial connection: 421 go away",
                    *both(f"defer (0) {ERROR} initial connection: 421 go away"),
                ],
            ),
            (
                Server(rules=[(b"DATA", b"451 no\r\n")]),
                [f"{ERROR} DATA: 451 no", *both(f"defer (-46) {ERROR} DATA: 451 no")],
            ),
            (
                Server(("PIPELINING",), [(b"DATA", b"451 no\r\n")]),
                [f"{ERROR} pipelined DATA: 451 no", *both(f"defer (-46) {ERROR} pipelined DATA: 451 no")],
            ),
            (
                Server(rules=[(b".", b"451 no\r\n")]),
                [f"{ERROR} end of data: 451 no", *both(f"defer (-46) {ERROR} end of data: 451 no")],
            ),
            (
                Server(rules=[(b".", None)]),
                [
                    f"{H}: Remote host closed connection in response to end of data",
                    *both(f"defer (-18) {H}: Remote host closed connection in response to end of data"),
                ],
            ),
            (
                Server(rules=[(b"EHLO", None)]),
                [
                    f"{H}: Remote host closed connection in response to EHLO my.host.example",
                    *both(f"defer (-18) {H}: Remote host closed connection in response to EHLO my.host.example"),
                ],
            ),
            (
                Server(banner=b"hello there\r\n"),
                [
                    f"{H}: Malformed SMTP reply in response to initial connection: hello there",
                    *both(f"defer (-19) {H}: Malformed SMTP reply in response to initial connection: hello there"),
                ],
            ),
            (
                Server(banner=b""),
                [
                    f"{H}: SMTP timeout after initial connection: Connection timed out",
                    *both(f"defer (110): Connection timed out {H}: SMTP timeout after initial connection"),
                ],
            ),
            (
                Server(rules=[(b"RCPT TO:<Z", b"")]),
                both(f"defer (110): Connection timed out {H}: SMTP timeout after RCPT TO:<Z@w.example>"),
            ),
        ],
    )
    def test_for_all_addresses(self, server, expected):
        assert deliver(server)[1] == expected

    def test_permanent_refusal_of_the_message_has_no_host_line(self):
        _, log = deliver(Server(rules=[(b".", b"554 bad body\r\n")]), "x@y.example")
        assert log == [f"** x@y.example {T} {ERROR} end of data: 554 bad body"]

    @pytest.mark.parametrize(
        ("server", "settings", "greeting", "helo"),
        [
            (Server(banner=b"554 closed\r\n"), {}, "554 closed", ""),
            (Server(), {"hosts_require_tls": "*"}, "220 peer ESMTP", "250 peer Hello"),
        ],
    )
    def test_what_the_server_said_before_it_failed(self, server, settings, greeting, helo):
        """Bounces tell it, also when there was never a session."""
        world, _ = deliver(server, "x@y.example", **settings)
        facts = world.addresses[0].outcome.smtp
        assert (facts.greeting, facts.helo_response) == (greeting, helo)

    def test_recipients_apart(self):
        world, log = deliver(Server(PIPE, [(b"RCPT TO:<x@", b"550-no\r\n550 such\r\n")]))
        assert log == [
            f"** x@y.example {T} {ERROR} RCPT TO:<x@y.example>: 550-no\\n550 such",
            f'=> {Z} {T} {H} C="250 OK"',
        ]
        assert world.addresses[0].outcome.pass_message

    def test_refused_connection(self):
        world = World({"198.51.100.1": 111})
        log = world.run(world.transport("smtp", hosts="198.51.100.1"), "x@y.example")
        assert log == [f"{H} Connection refused", f"== x@y.example {T} defer (111): Connection refused"]
        (change,) = world.addresses[0].retries
        assert (change.key, change.errno, change.more_errno, change.is_host) == (
            "T:198.51.100.1:198.51.100.1",
            111,
            65,
            True,
        )

    def test_what_is_learnt_of_message_and_recipient(self):
        world, _ = deliver(Server(rules=[(b"MAIL", b"450 nope\r\n")]), "x@y.example")
        (change,) = world.addresses[0].retries
        assert (change.key, change.more_errno, change.is_message) == (
            "T:198.51.100.1:198.51.100.1:1xV3Jl-0002UP-11",
            12865,
            True,
        )
        world, _ = deliver(Server(rules=[(b"RCPT", b"450 later\r\n")]), "x@y.example")
        (change,) = world.addresses[0].retries
        assert (change.key, change.errno) == ("R:x@y.example:<s@from.example>", -44)

    def test_the_next_host_gets_what_is_left(self):
        bad, good = Server(rules=[(b"RCPT TO:<Z", b"450 later\r\n")]), Server()
        world = World({"198.51.100.1": bad, "198.51.100.2": good})
        log = world.run(world.transport("smtp", hosts="198.51.100.1:198.51.100.2"), "x@y.example", "Z@w.example")
        assert [c for c in good.commands if c.startswith("RCPT")] == ["RCPT TO:<Z@w.example>"]
        assert log == [
            "H=198.51.100.1 [198.51.100.1]: SMTP error from remote mail server after RCPT TO:<Z@w.example>: 450 later",
            f'=> x@y.example {T} H=198.51.100.1 [198.51.100.1] C="250 OK"',
            f'=> {Z} {T} H=198.51.100.2 [198.51.100.2] C="250 OK"',
        ]

    def test_fallback_hosts(self):
        good = Server()
        world = World({"198.51.100.1": 111, "198.51.100.3": good})
        log = world.run(world.transport("smtp", hosts="198.51.100.1", fallback_hosts="198.51.100.3"), "x@y.example")
        assert log[-1] == f'=> x@y.example {T} H=198.51.100.3 [198.51.100.3] C="250 OK"'

    def test_settings_of_ours(self):
        world = World()
        assert world.run(world.transport("smtp"), "x@y.example") == [
            f"== x@y.example {T} defer (-1): t transport called with no hosts set"
        ]
        assert world.addresses[0].outcome.panic
        world = World()
        world.message.max_received_linelength = 1200
        assert world.run(world.transport("smtp", hosts="198.51.100.1"), "x@y.example") == [
            f"** x@y.example {T}: message has lines too long for transport"
        ]
        world = World()
        assert world.run(world.transport("smtp", hosts="127.0.0.1"), "x@y.example") == [
            f"== x@y.example {T} defer (-50): t transport found host 127.0.0.1 to be local"
        ]
        world = World()
        assert world.run(world.transport("smtp", hosts="198.51.100.1", message_size_limit="10"), "x@y.example") == [
            f"** x@y.example {T}: message is too big (transport limit = 10)"
        ]


class Table:
    """A hints database in memory."""

    def __init__(self):
        self.records = {}

    def get(self, key):
        return self.records.get(key)

    def entry(self, key):
        return (self.records[key], 1_000_000.0) if key in self.records else None

    def update(self, key, change):
        new = change(self.records.get(key))
        if new is GONE:
            self.records.pop(key, None)
        elif new is not None:
            self.records[key] = new

    settle = update

    def take(self, key):
        return self.records.pop(key, None)

    def delete(self, key):
        return self.records.pop(key, None) is not None


class TestHints:
    KEY = "T:198.51.100.1:198.51.100.1"

    def world(self, server=None):
        world = World({"198.51.100.1": server or Server(), "198.51.100.2": Server()})
        waiting = Table()
        world.process.hints = SimpleNamespace(retry=Table(), misc=Table(), wait=lambda transport: waiting)
        return world

    def test_a_host_that_is_not_due(self):
        world = self.world()
        world.process.hints.retry.records[self.KEY] = RetryRecord(0, 0, 2_000_000)
        transport = world.transport("smtp", hosts="198.51.100.1")
        text = f"{T} defer (-54): retry time not reached for any host for 'y.example'"
        assert world.run(transport, "x@y.example") == [f"== x@y.example {text}"]
        world.message.notes["deliver_force"] = True
        assert world.run(transport, "x@y.example") == [f'=> x@y.example {T} {H} C="250 OK"']

    def test_the_next_host_is_due(self):
        world = self.world()
        world.process.hints.retry.records[self.KEY] = RetryRecord(0, 0, 2_000_000)
        log = world.run(world.transport("smtp", hosts="198.51.100.1:198.51.100.2"), "x@y.example")
        assert "H=198.51.100.2 " in log[0]

    def test_all_hosts_given_up(self):
        world = self.world()
        world.process.hints.retry.records[self.KEY] = RetryRecord(0, 0, 2_000_000, expired=True)
        log = world.run(world.transport("smtp", hosts="198.51.100.1"), "x@y.example")
        given_up = f"** x@y.example {T}: all hosts for 'y.example' have been failing for a long time"
        assert log == [f"{given_up} (and retry time not reached)"]
        world.message.received_time = 500_000
        log = world.run(world.transport("smtp", hosts="198.51.100.1", delay_after_cutoff=False), "x@y.example")
        assert log == [f'=> x@y.example {T} {H} C="250 OK"']
        world.process.hints.retry.records[self.KEY] = RetryRecord(0, 600_000, 2_000_000, expired=True)
        log = world.run(world.transport("smtp", hosts="198.51.100.1", delay_after_cutoff=False), "x@y.example")
        assert log[0].endswith("have been failing for a long time and were last tried after this message arrived")

    def test_success_forgets_the_host(self):
        world = self.world()
        world.process.hints.retry.records[self.KEY] = RetryRecord(0, 0, 0)
        world.run(world.transport("smtp", hosts="198.51.100.1"), "x@y.example")
        assert [(change.key, change.delete) for change in world.addresses[0].retries] == [(self.KEY, True)]

    def test_a_dead_host_is_waited_for(self):
        world = self.world()
        world.process.ports.net.places["198.51.100.1"] = 111
        world.run(world.transport("smtp", hosts="198.51.100.1"), "x@y.example")
        assert world.process.hints.wait("t").get("198.51.100.1").ids == ("1xV3Jl-0002UP-11",)

    def test_one_connection_at_a_time(self):
        world = self.world()
        transport = world.transport("smtp", hosts="198.51.100.1", serialize_hosts="*")
        assert world.run(transport, "x@y.example") == [f'=> x@y.example {T} {H} C="250 OK"']
        assert world.process.hints.misc.records == {}
        world.process.hints.misc.records["host-serialize-198.51.100.1"] = MiscRecord(1)
        text = f"{T} defer (-54): connection limit reached for all hosts for 'y.example'"
        assert world.run(transport, "x@y.example") == [f"== x@y.example {text}"]

    def test_what_ends_in_the_middle_gives_its_turn_back(self):
        world = self.world()
        ctx = Context(world.process, Session(), world.message)
        assert enter(ctx, "a", 1)
        assert not enter(ctx, "a", 1)
        leave_all(world.process)
        records = world.process.hints.misc.records
        assert records == {}
        records["a"] = MiscRecord(1)
        leave(ctx, "a")
        assert records == {"a": MiscRecord(1)}, "the turn is another's now"

    def test_one_delivery_at_a_time(self):
        world = self.world()
        transport = world.transport("smtp", hosts="198.51.100.1", max_parallel="1")
        assert world.run(transport, "x@y.example") == [f'=> x@y.example {T} {H} C="250 OK"']
        world.process.hints.misc.records["tpt-serialize-t"] = MiscRecord(1)
        log = world.run(transport, "x@y.example")
        assert log == [f"== x@y.example {T} defer (-57): concurrency limit reached for transport"]

    def test_hosts_max_try(self):
        world = self.world()
        world.process.ports.net.places = {f"198.51.100.{n}": 111 for n in range(1, 9)}
        hosts = ":".join(world.process.ports.net.places)
        log = world.run(world.transport("smtp", hosts=hosts, hosts_max_try=3), "x@y.example")
        assert len(log) == 4


def test_the_conversation_is_shown_to_who_asks():
    server = Server(("PIPELINING",))
    world = World({"198.51.100.1": server})
    trace = world.process.trace = Trace()
    trace.categories = frozenset({"transport"})
    said = []
    trace.add_debug_reader(lambda category, text: said.append(text))
    world.run(world.transport("smtp", hosts="198.51.100.1"), "x@y.example")
    assert "".join(said) == (
        "Connecting to 198.51.100.1 [198.51.100.1]:25 ...\n connected\n  SMTP<< 220 peer ESMTP\n"
        "  SMTP>> EHLO my.host.example\n  SMTP<< 250-peer Hello\n         250 PIPELINING\n"
        "  SMTP|> MAIL FROM:<s@from.example>\n  SMTP|> RCPT TO:<x@y.example>\n  SMTP>> DATA\n  SMTP<< 250 OK\n"
        "  SMTP<< 250 OK\n  SMTP<< 354 go\n  SMTP>> (writing message)\n  SMTP>> .\n  SMTP<< 250 OK\n"
    )


def test_old_actions_see_their_variables():
    server = Server(("PIPELINING",))
    world = World({"198.51.100.1": 111, "198.51.100.2": server})
    seen = []
    shown = "".join(
        f"{{$tpda_{name}}}"
        for name in (
            "delivery_ip",
            "delivery_fqdn",
            "delivery_port",
            "delivery_local_part",
            "delivery_domain",
            "delivery_confirmation",
            "defer_errstr",
            "defer_errno",
        )
    )
    settings = {
        "tpda_delivery_action": f"${{acl{{did}}{shown}}}",
        "tpda_host_defer_action": f"${{acl{{didnot}}{shown}}}",
    }

    class Acl:
        def run_named(self, ctx, name, arguments):
            seen.append((name, *arguments))
            return "accept", ""

    world.process.services.acl = Acl()
    world.run(world.transport("smtp", hosts="198.51.100.1:198.51.100.2", **settings), "x@y.example")
    assert seen == [
        ("didnot", "198.51.100.1", "198.51.100.1", "25", "x", "y.example", "", "Connection refused", "111"),
        ("did", "198.51.100.2", "198.51.100.2", "25", "x", "y.example", "250 OK", "", "0"),
    ]


class TestReuse:
    def start(self, server: Server, **settings) -> tuple[World, object]:
        world = World({"198.51.100.1": server})
        return world, world.transport("smtp", hosts="198.51.100.1", **settings)

    def test_the_next_message_takes_the_open_session(self):
        server = Server(PIPE)
        world, transport = self.start(server)
        world.run(transport, "x@y.example")
        log = world.run(transport, "x@y.example")
        assert server.connections == 1
        assert log == [f'=> x@y.example {T} {H}* C="250 OK"']
        assert [c[:4] for c in server.commands].count("EHLO") == 1
        assert "RSET" not in server.commands

    def test_reset_after_a_refused_recipient(self):
        server = Server(PIPE, [(b"RCPT", [b"550 no\r\n"]), (b"DATA", [b"554 none\r\n"])])
        world, transport = self.start(server)
        world.run(transport, "x@y.example")
        world.log.lines.clear()
        assert world.run(transport, "x@y.example") == [f'=> x@y.example {T} {H}* C="250 OK"']
        assert "RSET" in server.commands

    def test_a_session_that_went_stale_is_replaced_unseen(self):
        server = Server(PIPE)
        world, transport = self.start(server)
        world.run(transport, "x@y.example")
        server.rules = [(b"MAIL", [None])]
        assert world.run(transport, "x@y.example") == [f'=> x@y.example {T} {H} C="250 OK"']
        assert server.connections == 2

    def test_a_session_that_said_goodbye_is_not_taken(self):
        server = Server(PIPE)
        world, transport = self.start(server)
        world.run(transport, "x@y.example")
        world.process.ports.net.streams[0].answers.append(b"421 idle\r\n")
        world.run(transport, "x@y.example")
        assert server.connections == 2

    def test_limits(self):
        server = Server(PIPE)
        world, transport = self.start(server, connection_max_messages=1)
        world.run(transport, "x@y.example")
        assert server.commands[-1] == "QUIT"
        server = Server((*PIPE, "LIMITS MAILMAX=1 RCPTMAX=1"))
        world, transport = self.start(server)
        world.run(transport, "x@y.example", "Z@w.example")
        assert server.connections == 2

    def test_idle_sessions_end(self):
        server = Server(PIPE)
        world, transport = self.start(server)
        world.run(transport, "x@y.example")
        pool = pool_of(world.context())
        assert len(pool) == 1
        pool.expire(world.process.ports.clock.now + 2)
        assert len(pool) == 1
        pool.expire(world.process.ports.clock.now + 5)
        assert len(pool) == 0
        assert server.commands[-1] == "QUIT"

    def test_sessions_with_other_settings_are_apart(self):
        server = Server(PIPE)
        world, transport = self.start(server, helo_data="${lc:$sender_address}.example")
        world.run(transport, "x@y.example")
        world.message.sender_address = "other@from.example"
        world.run(transport, "x@y.example")
        assert server.connections == 2


def test_a_dead_host_defers_everybody_once():
    world = World({"198.51.100.1": 110})
    world.run(world.transport("smtp", hosts="198.51.100.1"), "x@y.example", "Z@w.example")
    assert {a.outcome.result for a in world.addresses} == {Result.DEFERRED}
    assert world.addresses[0].retries[0].more_errno == 0x100 | 65
