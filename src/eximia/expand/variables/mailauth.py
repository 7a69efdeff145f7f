"""Variables of mail authentication: SPF, DKIM, DomainKeys, DMARC, ARC, SRS (manual chapter 58, features 1 to 9).

Whoever checked put the values into the message's `variables`, under the variable's name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.expand.variables.getters import own

if TYPE_CHECKING:
    from eximia.expand.nodes import Run

_EMPTY = (
    "arc_domains", "arc_oldest_pass", "arc_state", "arc_state_reason",
    "dk_domain", "dk_result", "dk_selector", "dk_sender", "dk_sender_domain", "dk_sender_local_part", "dk_status",
    "dkim_algo", "dkim_canon_body", "dkim_canon_headers", "dkim_copiedheaders", "dkim_cur_signer", "dkim_domain",
    "dkim_headernames", "dkim_identity", "dkim_key_notes",
    "dkim_selector", "dkim_signers", "dkim_verify_reason", "dkim_verify_status", "dkim_verify_signers",
    "dmarc_alignment_dkim", "dmarc_alignment_spf", "dmarc_ar_header", "dmarc_domain_policy", "dmarc_status",
    "dmarc_status_text", "dmarc_used_domain",
    "spf_header_comment", "spf_received", "spf_result", "spf_smtp_comment",
    "srs_db_address", "srs_db_key", "srs_orig_recipient", "srs_orig_sender", "srs_status",
)  # fmt: skip
#: variables with a value of their own while nothing was checked
_DEFAULTS = {
    "dk_is_signed": "0",
    "dk_sender_source": "0",
    "dk_signsall": "0",
    "dk_testing": "0",
    "dkim_bodylength": "9999999999999",
    "dkim_created": "0",
    "dkim_expires": "9999999999999",
    "dkim_key_granularity": "*",
    "dkim_key_length": "0",
    "dkim_key_srvtype": "*",
    "dkim_key_nosubdomains": "0",
    "dkim_key_testing": "0",
    "spf_result_guessed": "no",
}

VARIABLES: dict[str, Run] = {
    **{name: own(name) for name in _EMPTY},
    **{name: own(name, value) for name, value in _DEFAULTS.items()},
    "dmarc_used_domains": own("dmarc_used_domain"),
}
