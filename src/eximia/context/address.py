"""What is known of the address that is being routed, verified or delivered."""

from __future__ import annotations

from typing import Any

from eximia.base.dataclass import dataclass, field

from .session import TlsFacts


# Known by identity; making the other methods of so many fields would cost milliseconds at every start.
@dataclass(slots=True, repr=False, eq=False)
class AddressContext:
    """Read by `$local_part`, `$domain`, `$host`, ... Values may be Untainted where the manual says so."""

    local_part: str = ""
    domain: str = ""
    local_part_data: str = ""
    domain_data: str = ""
    #: what the last `senders` and `recipients` tests found
    sender_data: str = ""
    recipient_data: str = ""
    local_part_prefix: str = ""
    local_part_prefix_v: str = ""
    local_part_suffix: str = ""
    local_part_suffix_v: str = ""
    original_local_part: str = ""
    original_domain: str = ""
    parent_local_part: str = ""
    parent_domain: str = ""
    address_data: str = ""
    sender_address_data: str = ""
    #: $r_* variables; the name is what follows `r_`
    router_vars: dict[str, str] = field(default_factory=dict)
    router_name: str = ""
    transport_name: str = ""
    home: str = ""
    #: of check_local_user, None when it is not set
    local_user_uid: int | None = None
    local_user_gid: int | None = None
    self_hostname: str = ""
    address_file: str = ""
    address_pipe: str = ""
    #: the addresses of one pipe or file delivery, $pipe_addresses; the envelope of a transport, $recipients
    pipe_addresses: tuple[str, ...] = ()
    #: routing for an address list in a redirect: the list's name for $address_data and so on
    verify_mode: str = ""  #: "S" or "R" while verifying a sender or a recipient, $verify_mode

    # While a transport runs
    return_path: str = ""
    host: str = ""
    host_address: str = ""
    host_port: int = 0
    #: the MTA-STS policies (protocols.mta_sts.StsPolicy) of the recipients' domains
    mta_sts: tuple[Any, ...] = ()
    sending_ip_address: str = ""
    sending_port: int = 0
    delivery_confirmation: str = ""
    tls_out: TlsFacts = field(default_factory=TlsFacts)
    #: variables of the signature that is being made: "dkim_domain", "dkim_selector", "dk_domain"...
    signing: dict[str, str] | None = None

    # While a bounce or a warning is made
    bounce_recipient: str = ""
    warn_message_delay: str = ""
    warn_message_recipients: str = ""

    # While an event action runs
    event_name: str = ""
    event_data: str = ""
    event_defer_errno: int = 0
    #: whether DNSSEC vouches for the host of a transport: "yes", "no" or "" (not asked); None: there is no host, and a
    #: lookup of the session counts
    host_dnssec: str | None = None
