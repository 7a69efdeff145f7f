"""Generic options of routers (manual chapter 15, section 44.? for bmi)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eximia.base.options import Kind, OptionSet, Sink, option
from eximia.base.pattern import pattern
from eximia.base.template import Template
from eximia.base.text import Untainted

#: what `-bP` leaves out
_REROUTE = pattern(r"^reroute:\s*(rewrite:\s*)?")


def _without_reroute(text: str) -> str:
    return str(_REROUTE.sub("", text))


class RouterOptions(OptionSet):
    """What every router has."""

    address_data: Template | None = option(
        Kind.EXPAND,
        "Data kept with the address, for later routers and the transport.",
    )
    address_test: bool = option(Kind.BOOL, "The router takes part in -bt.", default=True)
    bmi_deliver_alternate: bool = option(
        Kind.BOOL,
        "Run only if Brightmail says: deliver to another place.",
        default=False,
    )
    bmi_deliver_default: bool = option(
        Kind.BOOL,
        "Run only if Brightmail says: deliver as usual, or said nothing.",
        default=False,
    )
    bmi_dont_deliver: bool = option(Kind.BOOL, "Run only if Brightmail says: do not deliver.", default=False)
    bmi_rule: Untainted | None = option(Kind.STRING, "Run only if one of these Brightmail rules fired.")
    cannot_route_message: Template | None = option(
        Kind.EXPAND,
        "The error text when this was the last router and none took the address.",
    )
    caseful_local_part: bool = option(Kind.BOOL, "The case of local parts matters.", default=False)
    check_local_user: bool = option(Kind.BOOL, "Run only if the local part is a login name.", default=False)
    condition: Template | None = option(Kind.EXPAND, "Run only if this expands to something true.", append="condition")
    debug_print: Template | None = option(Kind.EXPAND, "Written to debug and -bt output.")
    disable_logging: bool = option(Kind.BOOL, "Nothing is logged about what this router does.", default=False)
    dnssec_request_domains: Template = option(
        Kind.DOMAIN_LIST,
        "Domains for whose look-ups DNSSEC is asked.",
        default=Template("*"),
    )
    dnssec_require_domains: Template | None = option(Kind.DOMAIN_LIST, "Domains for whose look-ups DNSSEC is required.")
    domains: Template | None = option(Kind.DOMAIN_LIST, "Run only for these domains.")
    driver: Untainted | None = option(Kind.STRING, "The kind of router.")
    dsn_lasthop: bool = option(Kind.BOOL, "Success reports are made here and DSN is not passed on.", default=False)
    errors_to: Template | None = option(Kind.EXPAND, "Where bounces go.")
    expn: bool = option(Kind.BOOL, "The router takes part in EXPN.", default=True)
    fail_verify: bool = option(
        Kind.BOOL,
        "Sets fail_verify_recipient and fail_verify_sender.",
        default=False,
        sets=("fail_verify_recipient", "fail_verify_sender"),
    )
    fail_verify_recipient: bool = option(
        Kind.BOOL,
        "A recipient that this router accepts does not verify.",
        default=False,
    )
    fail_verify_sender: bool = option(Kind.BOOL, "A sender that this router accepts does not verify.", default=False)
    fallback_hosts: Template | None = option(Kind.EXPAND, "Hosts to try when all others are unavailable.")
    group: int | Template | None = option(Kind.EXPAND_GID, "The group of the local delivery.")
    headers_add: Template | None = option(Kind.EXPAND, "Headers added to the message at delivery.", append="\n")
    headers_remove: Template | None = option(Kind.EXPAND, "Headers removed from the message at delivery.", append=":")
    ignore_target_hosts: Template | None = option(Kind.HOST_LIST, "Hosts that are left out when found.")
    initgroups: bool = option(Kind.BOOL, "The local delivery has all groups of its user.", default=False)
    local_part_prefix: Template | None = option(Kind.STRING_LIST, "Prefixes, one of which the local part must have.")
    local_part_prefix_optional: bool = option(Kind.BOOL, "It need not have one.", default=False)
    local_part_suffix: Template | None = option(Kind.STRING_LIST, "Suffixes, one of which the local part must have.")
    local_part_suffix_optional: bool = option(Kind.BOOL, "It need not have one.", default=False)
    local_parts: Template | None = option(Kind.LOCAL_PART_LIST, "Run only for these local parts.")
    log_as_local: bool = option(Kind.BOOL, "Deliveries are logged with the local part alone.", default=False)
    more: bool | Template = option(Kind.EXPAND_BOOL, "If this router declines, later ones are tried.", default=True)
    pass_on_timeout: bool = option(Kind.BOOL, "A time-out in a look-up passes the address on.", default=False)
    pass_router: Untainted | None = option(Kind.STRING, 'The router to go to on "pass".')
    redirect_router: Untainted | None = option(Kind.STRING, "The router at which generated addresses start.")
    require_files: Template | None = option(Kind.STRING_LIST, "Run only if these files exist, or do not.")
    retry_use_local_part: bool = option(Kind.BOOL, "Retry data for routing is kept for each local part.", default=False)
    router_home_directory: Template | None = option(Kind.EXPAND, "$home while the router runs.", sink=Sink.FILE_NAME)
    self: Untainted = option(
        Kind.STRING,
        "What to do when the host found is this one.",
        default=Untainted("freeze"),
        shown=_without_reroute,
    )
    senders: Template | None = option(Kind.ADDRESS_LIST, "Run only for these senders.")
    set: Untainted | None = option(Kind.STRING, "Variables $r_... to set.", append=";")
    translate_ip_address: Template | None = option(
        Kind.EXPAND,
        "Kept for compatibility: changes addresses of hosts found.",
    )
    transport: Template | None = option(Kind.EXPAND, "The transport the address goes to.")
    transport_current_directory: Template | None = option(
        Kind.EXPAND,
        "The current directory of the transport.",
        sink=Sink.FILE_NAME,
    )
    transport_home_directory: Template | None = option(
        Kind.EXPAND,
        "The home directory of the transport.",
        sink=Sink.FILE_NAME,
    )
    unseen: bool | Template = option(
        Kind.EXPAND_BOOL,
        "A copy of the address goes on to the next router.",
        default=False,
    )
    user: int | Template | None = option(Kind.EXPAND_UID, "The user of the local delivery.")
    verify: bool = option(
        Kind.BOOL,
        "Sets verify_recipient and verify_sender.",
        default=True,
        sets=("verify_recipient", "verify_sender"),
    )
    verify_only: bool = option(Kind.BOOL, "The router takes part only in verification.", default=False)
    verify_recipient: bool = option(Kind.BOOL, "The router takes part in verifying recipients.", default=True)
    verify_sender: bool = option(Kind.BOOL, "The router takes part in verifying senders.", default=True)

    @classmethod
    def settle(cls, values: dict[str, Any], given: frozenset[str]) -> Iterator[str]:
        if "retry_use_local_part" not in given:
            values["retry_use_local_part"] = any(values[name] for name in _LOCAL_PART_MATTERS)
        how = values["self"]
        if how not in _SELF and not how.startswith("reroute:"):
            yield f"{how} is not valid for the self option"


#: Preconditions that look at the local part: routing may then differ between the users of a domain.
_LOCAL_PART_MATTERS = (
    "check_local_user",
    "local_parts",
    "condition",
    "local_part_prefix",
    "local_part_suffix",
    "senders",
    "require_files",
)
_SELF = frozenset({"freeze", "defer", "pass", "fail", "send"})


def transport_required(values: dict[str, Any]) -> Iterator[str]:
    """The check of drivers that cannot do without a transport (unless the router only verifies)."""
    if values["transport"] is None and not values["verify_only"]:
        yield "\n  {name} router:\n  a transport is required for this router"


def transport_forbidden(values: dict[str, Any]) -> Iterator[str]:
    """The check of drivers that make new addresses."""
    if values["transport"] is not None:
        yield "\n  {name} router:\n  a transport must not be defined for this router"
