"""Variables of content scanning: spam, malware, MIME parts, Brightmail, DCC (manual chapter 45, features 2 and 6).

The scanners put their values into the message's records; here they are only read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.text import EMPTY, Untainted
from eximia.expand.variables.getters import own, text

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.expand.nodes import Run

_MIME = (
    "anomaly_level", "anomaly_text", "boundary", "charset", "content_description", "content_disposition",
    "content_id", "content_size", "content_transfer_encoding", "content_type", "decoded_filename", "filename",
    "is_coverletter", "is_multipart", "is_rfc822", "part_count",
)  # fmt: skip
#: numbers, with what they are where there is no part
_MIME_NUMBERS = {
    "anomaly_level": 0, "content_size": 0, "is_coverletter": 0, "is_multipart": 0, "is_rfc822": 0, "part_count": -1,
}  # fmt: skip


def _mime(name: str) -> Run:
    """A field of the MIME part that the MIME ACL looks at."""
    fallback = Untainted(_MIME_NUMBERS[name]) if name in _MIME_NUMBERS else EMPTY

    def run(ctx: Context) -> str:
        part = ctx.message.mime
        if part is None:
            return fallback
        value = getattr(part, name, None)
        if value is None:
            return fallback
        if isinstance(value, bool):
            return Untainted("1" if value else "0")
        return value if isinstance(value, str) else Untainted(value)

    return run


def _spam(name: str) -> Run:
    def run(ctx: Context) -> str:
        return ctx.message.spam.get(f"spam_{name}", EMPTY)

    return run


def _brightmail(name: str, default: Untainted = EMPTY) -> Run:
    """A field of the verdict for the address that is being routed (features row 2)."""

    def run(ctx: Context) -> str:
        if "bmi_verdicts" not in ctx.message.notes:
            return default
        address = ctx.address
        verdict = ctx.process.services.brightmail(ctx, f"{address.original_local_part}@{address.original_domain}")
        if verdict is None:
            return default
        if name == "action":
            return Untainted("0" if verdict.action == "discard" else "1")
        value: str = getattr(verdict, name)
        return value

    return run


VARIABLES: dict[str, Run] = {
    **{f"mime_{name}": _mime(name) for name in _MIME},
    **{f"spam_{name}": _spam(name) for name in ("action", "bar", "report", "score", "score_int")},
    "av_failed": own("av_failed", "0"),
    "bmi_alt_location": _brightmail("location"),
    "bmi_base64_tracker_verdict": _brightmail("tracker"),
    "bmi_base64_verdict": _brightmail("text"),
    "bmi_deliver": _brightmail("action", Untainted("1")),
    "dcc_header": own("dcc_header"),
    "dcc_result": own("dcc_result"),
    "greylist_key": own("greylist_key"),
    "greylist_wait": own("greylist_wait"),
    **{f"user_limit_{name}": own(f"user_limit_{name}") for name in ("left", "used", "wait")},
    "rspamd_message": own("rspamd_message"),
    "rspamd_symbols": own("rspamd_symbols"),
    "malware_name": text("message.malware_name"),
}
