"""A message to put into a spool."""

from eximia.context import Message, Recipient, Session
from eximia.message.header import Header
from eximia.spool import Spool
from eximia.spool.durable import Arrival
from eximia.spool.header_file import write_header
from eximia.spool.snapshot import to_header

ID = "1xV3Hb-000000001mn-0abc"
OTHER = "1xV3Hz-0001zb-0i"


def message(message_id: str = ID, **more: object) -> Message:
    return Message(
        id=message_id,
        sender_address="a@b.ex",
        recipients=[Recipient("c@d.ex"), Recipient("e@f.ex")],
        headers=[Header("From: a@b.ex\n"), Header("Subject: x\n")],
        received_time=1795337447.25,
        body_linecount=2,
        originator_login="mail",
        **more,  # type: ignore[arg-type]
    )


def arrive(spool: Spool, message_id: str = ID, queue: str = "", body: bytes = b"one\ntwo\n") -> Arrival:
    text = write_header(to_header(message(message_id), Session()))
    return Arrival(message_id, spool.place_for(message_id, queue), text.encode("latin-1"), body)
