"""The controls by name."""

from __future__ import annotations

from eximia.base.catalogue import Catalogue

from .control import Control

_P = "eximia.acl.controls."

CONTROLS: Catalogue[Control] = Catalogue(
    "control",
    {
        "allow_auth_unadvertised": _P + "dialogue:ALLOW_AUTH_UNADVERTISED",
        "bmi_run": _P + "scanning:BMI_RUN",
        "caseful_local_part": _P + "local_part:CASEFUL",
        "caselower_local_part": _P + "local_part:CASELOWER",
        "cutthrough_delivery": _P + "cutthrough:CUTTHROUGH",
        "debug": _P + "debug:DEBUG",
        "dk_verify": _P + "authentication:DK_VERIFY",
        "dkim_disable_verify": _P + "authentication:DKIM_DISABLE_VERIFY",
        "dmarc_disable_verify": _P + "authentication:DMARC_DISABLE_VERIFY",
        "dmarc_enable_forensic": _P + "authentication:DMARC_ENABLE_FORENSIC",
        "dscp": _P + "dscp:DSCP",
        "enforce_sync": _P + "dialogue:ENFORCE_SYNC",
        "error": _P + "error:ERROR",
        "fakedefer": _P + "fake:FAKEDEFER",
        "fakereject": _P + "fake:FAKEREJECT",
        "freeze": _P + "freeze:FREEZE",
        "no_callout_flush": _P + "dialogue:NO_CALLOUT_FLUSH",
        "no_delay_flush": _P + "dialogue:NO_DELAY_FLUSH",
        "no_enforce_sync": _P + "dialogue:NO_ENFORCE_SYNC",
        "no_mbox_unspool": _P + "scanning:NO_MBOX_UNSPOOL",
        "no_multiline_responses": _P + "dialogue:NO_MULTILINE_RESPONSES",
        "no_pipelining": _P + "dialogue:NO_PIPELINING",
        "queue": _P + "queueing:QUEUE",
        "queue_only": _P + "queueing:QUEUE",
        "submission": _P + "fixups:SUBMISSION",
        "suppress_local_fixups": _P + "fixups:SUPPRESS_LOCAL_FIXUPS",
        "utf8_downconvert": _P + "downconvert:UTF8_DOWNCONVERT",
        "wellknown": _P + "wellknown:WELLKNOWN",
    },
)
