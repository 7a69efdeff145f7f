"""The conditions and modifiers that ACLs may use. `message`, `log_message`, `endpass` and `set` belong to the
engine."""

from __future__ import annotations

from eximia.base.catalogue import Catalogue

from .model import Handler

_C = "eximia.acl.conditions."
_M = "eximia.acl.modifiers."

HANDLERS: Catalogue[Handler] = Catalogue(
    "ACL condition/modifier",
    {
        "acl": _C + "acl:ACL",
        "add_header": _M + "add_header:ADD_HEADER",
        "atrn_domains": _C + "atrn_domains:ATRN_DOMAINS",
        "authenticated": _C + "authenticated:AUTHENTICATED",
        "bmi_optin": _M + "bmi_optin:BMI_OPTIN",
        "condition": _C + "condition:CONDITION",
        "continue": _M + "continue_:CONTINUE",
        "control": _M + "control:CONTROL",
        "dcc": _C + "dcc:DCC",
        "decode": _C + "decode:DECODE",
        "delay": _M + "delay:DELAY",
        "dk_domain_source": _C + "domainkeys:DK_DOMAIN_SOURCE",
        "dk_policy": _C + "domainkeys:DK_POLICY",
        "dk_sender_domains": _C + "domainkeys:DK_SENDER_DOMAINS",
        "dk_sender_local_parts": _C + "domainkeys:DK_SENDER_LOCAL_PARTS",
        "dk_senders": _C + "domainkeys:DK_SENDERS",
        "dk_status": _C + "domainkeys:DK_STATUS",
        "dkim_signers": _C + "dkim:DKIM_SIGNERS",
        "dkim_status": _C + "dkim:DKIM_STATUS",
        "dnslists": _C + "dnslists:DNSLISTS",
        "dmarc_status": _C + "dmarc:DMARC_STATUS",
        "domains": _C + "recipient:DOMAINS",
        "encrypted": _C + "encrypted:ENCRYPTED",
        "greylist": _C + "greylist:GREYLIST",
        "hosts": _C + "hosts:HOSTS",
        "local_parts": _C + "recipient:LOCAL_PARTS",
        "log_reject_target": _M + "log_reject_target:LOG_REJECT_TARGET",
        "logwrite": _M + "logwrite:LOGWRITE",
        "malware": _C + "malware:MALWARE",
        "mime_regex": _C + "regex:MIME_REGEX",
        "queue": _M + "queue:QUEUE",
        "ratelimit": _C + "ratelimit:RATELIMIT",
        "recipients": _C + "recipient:RECIPIENTS",
        "regex": _C + "regex:REGEX",
        "remove_header": _M + "remove_header:REMOVE_HEADER",
        "rspamd": _C + "rspamd:RSPAMD",
        "seen": _C + "seen:SEEN",
        "sender_domains": _C + "sender:SENDER_DOMAINS",
        "senders": _C + "sender:SENDERS",
        "spam": _C + "spam:SPAM",
        "spf": _C + "spf:SPF",
        "spf_guess": _C + "spf:SPF_GUESS",
        "udpsend": _M + "udpsend:UDPSEND",
        "user_limit": _C + "user_limit:USER_LIMIT",
        "verify": _C + "verify:VERIFY",
    },
)
