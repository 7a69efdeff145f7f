"""Generic options of authenticators (manual section 33.1)."""

from __future__ import annotations

from typing import ClassVar

from eximia.base.options import Kind, OptionSet, option
from eximia.base.template import Template
from eximia.base.text import Untainted


class AuthenticatorOptions(OptionSet):
    """What every authenticator has."""

    #: the options that, when set, make an instance take part as a server or as a client ("no": never)
    server_when: ClassVar[str] = "server_condition"
    client_when: ClassVar[str] = "client_send"

    client_condition: Template | None = option(Kind.EXPAND, "Whether we use it as a client.")
    client_set_id: Template | None = option(Kind.EXPAND, "The id we log as a client.")
    driver: Untainted | None = option(Kind.STRING, "The kind of authenticator.")
    public_name: Untainted | None = option(Kind.STRING, "The name in AUTH.")
    server_advertise_condition: Template | None = option(Kind.EXPAND, "Whether it is advertised.")
    server_condition: Template | None = option(Kind.EXPAND, "Whether the client is authenticated.")
    server_debug_print: Template | None = option(Kind.EXPAND, "Written to debug output.")
    server_mail_auth_condition: Template | None = option(Kind.EXPAND, "Whether the AUTH parameter of MAIL is believed.")
    server_set_id: Template | None = option(Kind.EXPAND, "The id that is kept and logged.")
