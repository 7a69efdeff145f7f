"""What the documentation of delivery status notifications promises, claim by claim, through the daemon."""

from __future__ import annotations

import email
import os
import re
import shutil
import time
from collections.abc import Iterator
from email.message import Message

import pytest

from support_rows import FAR, Server, Talk, open_folder, two_servers, until

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or shutil.which("exim4") is None, reason="needs root and exim4")

MAIN = """delay_warning = 1s
bounce_message_file = @D/bounce
acl_smtp_mail = accept"""
PLACE = "driver = manualroute\n  route_list = * 127.0.0.1::@F\n  self = send"
ROUTERS = f"""lasthop:
  {PLACE}
  domains = lasthop.example
  dsn_lasthop
  transport = far
old:
  {PLACE}
  domains = old.example
  transport = old
gone:
  driver = redirect
  local_parts = gone
  allow_fail
  data = :fail: nobody of that name
alias:
  driver = redirect
  local_parts = alias
  data = joe@other.example
lastalias:
  driver = redirect
  local_parts = lastalias
  dsn_lasthop
  data = joe@other.example
stuck:
  driver = redirect
  local_parts = stuck
  allow_defer
  data = :defer: not today
"""
#: the Exim behind does not offer DSN to this address
OLD = "old:\n  driver = smtp\n  interface = 127.0.0.3\n  hosts_try_fastopen =\n"
BOUNCE = """Subject: Not delivered: $bounce_recipient
****
FIRST PART
****
SECOND PART
****
THIRD PART
****
FOURTH PART, INTRODUCING THE COPY
****
FIFTH PART, ABOUT ITS SIZE
****
SIXTH PART, THE END
"""
REWRITE = "\nbegin rewrite\n*@hidden.example $1@lasthop.example T\n"


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Server, Server]]:
    far = FAR.replace("dsn_advertise_hosts = *", "dsn_advertise_hosts = ! 127.0.0.3 : *")
    with open_folder() as folder:
        (folder / "bounce").write_text(BOUNCE)
        main = MAIN.replace("@D", str(folder))
        with two_servers(
            folder, far=far, main=main, dsn="127.0.0.1", routers=ROUTERS, transports=OLD, end=REWRITE
        ) as both:
            yield both


def submit(server: Server, recipient: str, rcpt: str = "", mail: str = "") -> str:
    """Send one message with a subject of its own; the subject."""
    subject = f"dsn {time.monotonic_ns()}"
    with Talk(server.port) as talk:
        assert re.search(r"^250.DSN$", talk.greeted(), re.MULTILINE)
        assert talk.say(f"MAIL FROM:<s@back.example>{mail}").startswith("250")
        assert talk.say(f"RCPT TO:<{recipient}>{rcpt}").startswith("250")
        talk.say("DATA")
        assert talk.say(f"From: s@back.example\r\nSubject: {subject}\r\n\r\nthe body\r\n.").startswith("250")
        talk.say("QUIT")
    return subject


def reports(server: Server) -> list[Message]:
    return [email.message_from_string(text) for text in re.split(r"(?m)^From .*\n", server.box("back"))[1:]]


def report(server: Server, subject: str) -> Message:
    """The report about the message with that subject."""

    def find() -> Message | None:
        return next((each for each in reports(server) if subject in each.as_string()), None)

    found = until(find)
    assert isinstance(found, Message)
    return found


def completed(server: Server, subject: str) -> None:
    match = until(lambda: re.search(rf'(\S+) <= s@back.example .*T="{subject}"', server.log()))
    assert isinstance(match, re.Match)
    until(lambda: f"{match[1]} Completed" in server.log())


def fields(message: Message) -> str:
    """The machine-readable part."""
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "delivery-status"
    parts = message.get_payload()
    assert isinstance(parts, list)
    status = parts[1]
    assert isinstance(status, Message)
    assert status.get_content_type() == "message/delivery-status"
    return "\n".join(str(each) for each in status.get_payload())


def copy(message: Message) -> Message:
    parts = message.get_payload()
    assert isinstance(parts, list)
    assert isinstance(parts[2], Message)
    return parts[2]


def test_advertised(servers: tuple[Server, Server]) -> None:
    """`dsn_advertise_hosts` selects who is told of DSN."""
    with Talk(servers[0].port, "127.0.0.5") as talk:
        assert not re.search(r"^250.DSN$", talk.greeted(), re.MULTILINE)
    with Talk(servers[0].port) as talk:
        assert re.search(r"^250.DSN$", talk.greeted(), re.MULTILINE)


def test_parameters(servers: tuple[Server, Server]) -> None:
    """NOTIFY, ENVID, RET and ORCPT are taken; wrong values are not."""
    with Talk(servers[0].port) as talk:
        talk.greeted()
        assert talk.say("MAIL FROM:<s@back.example> RET=SOME").startswith("501")
        assert talk.say("MAIL FROM:<s@back.example> RET=FULL ENVID=x+2Dy").startswith("250")
        assert talk.say("RCPT TO:<a@far.example> NOTIFY=OFTEN").startswith("501")
        assert talk.say("RCPT TO:<a@far.example> ORCPT=rfc822;a+XX").startswith("501")
        assert talk.say("RCPT TO:<a@far.example> NOTIFY=NEVER").startswith("250")
        assert talk.say("RCPT TO:<b@far.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b@x").startswith("250")


def test_failure(servers: tuple[Server, Server]) -> None:
    """A failure is reported in MIME without being asked for. Of the message file only the first parts count: the
    introduction of the copy, the remark on its size and the last text have no place."""
    subject = submit(servers[0], "gone@near.example", " ORCPT=rfc822;g+2Bone@orig.example", " RET=HDRS ENVID=e17")
    made = report(servers[0], subject)
    said = fields(made)
    assert "original-envelope-id: e17" in said.lower()
    assert "Original-Recipient: rfc822;g+2Bone@orig.example" in said
    assert "Action: failed" in said
    assert "Final-Recipient: rfc822;gone@near.example" in said
    text = made.as_string()
    assert "FIRST PART" in text
    assert not any(f"{which} PART" in text for which in ("FOURTH", "FIFTH", "SIXTH"))
    assert copy(made).get_content_type() == "text/rfc822-headers"
    assert "the body" not in text
    # nothing was asked at another host, so nothing can be told of one
    assert "Remote-MTA" not in text
    made = report(servers[0], submit(servers[0], "gone@near.example", "", " RET=FULL"))
    assert copy(made).get_content_type() == "message/rfc822"
    assert "the body" in made.as_string()


@pytest.mark.parametrize("notify", ["NEVER", "SUCCESS", "DELAY"])
def test_failure_not_wanted(servers: tuple[Server, Server], notify: str) -> None:
    """NOTIFY prevents the report of a failure."""
    subject = submit(servers[0], "gone@near.example", f" NOTIFY={notify}")
    completed(servers[0], subject)
    time.sleep(0.3)
    assert subject not in servers[0].box("back")


def test_delay(servers: tuple[Server, Server]) -> None:
    """A delay is reported as usual, unless NOTIFY leaves it out."""
    wanted = [submit(servers[0], "stuck@near.example", extra) for extra in ("", " NOTIFY=DELAY")]
    unwanted = [submit(servers[0], "stuck@near.example", f" NOTIFY={word}") for word in ("NEVER", "FAILURE")]
    time.sleep(1.5)
    until(servers[0].attempted)
    servers[0].call("-qff")
    for subject in wanted:
        assert "Action: delayed" in fields(report(servers[0], subject))
    text = servers[0].box("back")
    assert not any(subject in text for subject in unwanted)


def test_passed_on(servers: tuple[Server, Server]) -> None:
    """Relayed unchanged to a host that knows DSN: the options go along, and we send no report of success."""
    subject = submit(servers[0], "joe@far.example", " NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;j@o", " RET=HDRS ENVID=pass")
    completed(servers[0], subject)
    until(lambda: subject in servers[1].log())
    header = next(
        text for path in (servers[1].folder / "spool").rglob("*-H") if subject in (text := path.read_text("latin-1"))
    )
    assert re.search(r"^-dsn_envid pass$", header, re.MULTILINE)
    assert re.search(r"^-dsn_ret 2$", header, re.MULTILINE)
    assert "rfc822;j@o" in header
    assert subject not in servers[0].box("back")


def test_host_without_dsn(servers: tuple[Server, Server]) -> None:
    """NOTIFY=SUCCESS is answered by us when the next host does not know DSN."""
    said = fields(report(servers[0], submit(servers[0], "joe@old.example", " NOTIFY=SUCCESS")))
    assert "Action: relayed" in said or "Action: delivered" in said
    assert "Final-Recipient: rfc822;joe@old.example" in said


def test_lasthop(servers: tuple[Server, Server]) -> None:
    """`dsn_lasthop` on a router: we report ourselves, as if the next host did not know DSN, and pass nothing on."""
    subject = submit(servers[0], "joe@lasthop.example", " NOTIFY=SUCCESS", " ENVID=last")
    assert "Final-Recipient: rfc822;joe@lasthop.example" in fields(report(servers[0], subject))
    header = next(
        text for path in (servers[1].folder / "spool").rglob("*-H") if subject in (text := path.read_text("latin-1"))
    )
    assert not re.search(r"^joe@.* rfc822;.*,3$|NOTIFY", header, re.MULTILINE)
    assert "dsn_envid" not in header


@pytest.mark.parametrize("name", ["alias", "lastalias"])
def test_redirection(servers: tuple[Server, Server], name: str) -> None:
    """A redirect router always makes us report success; the report names the address that the client gave, and the
    options go no further. `dsn_lasthop` on it makes no difference."""
    subject = submit(servers[0], f"{name}@near.example", " NOTIFY=SUCCESS", " ENVID=redirected")
    made = report(servers[0], subject)
    assert f"Final-Recipient: rfc822;{name}@near.example" in fields(made)
    assert "joe@other.example" not in made.as_string()
    completed(servers[0], subject)
    until(lambda: subject in servers[1].log())
    time.sleep(0.2)
    count = sum(subject in each.as_string() for each in reports(servers[0]))
    assert count == 1


def test_rewritten_address(servers: tuple[Server, Server]) -> None:
    """The report of success has the address as the client gave it; what it was rewritten to is not told."""
    subject = submit(servers[0], "joe@hidden.example", " NOTIFY=SUCCESS")
    made = report(servers[0], subject)
    assert "joe@hidden.example" in fields(made)
    assert "joe@lasthop.example" not in made.as_string()
