"""Options of the smtp transport for DKIM, ARC and DomainKeys signatures (manual 58, features row 1 and 9)."""

from __future__ import annotations

from eximia.base.options import Kind, OptionSet, Sink, option
from eximia.base.template import Template


class SigningOptions(OptionSet):
    """How messages are signed."""

    arc_sign: Template | None = option(Kind.EXPAND, "admd : selector : key [: options] of ARC signatures.")
    dk_canon: Template = option(
        Kind.EXPAND,
        "The canonicalisation of DomainKeys signatures.",
        default=Template("simple"),
    )
    dk_domain: Template | None = option(Kind.EXPAND, "The domain of DomainKeys signatures.")
    dk_private_key: Template | None = option(Kind.EXPAND, "The key of DomainKeys signatures.")
    dk_selector: Template | None = option(Kind.EXPAND, "The selector of DomainKeys signatures.")
    dk_strict: Template | None = option(Kind.EXPAND, "Whether failing to sign with DomainKeys defers.")
    dkim_canon: Template | None = option(Kind.EXPAND, "The canonicalisation of DKIM signatures.")
    dkim_domain: Template | None = option(Kind.EXPAND, "The domains of DKIM signatures.")
    dkim_hash: Template = option(Kind.EXPAND, "The hash of DKIM signatures.", default=Template("sha256"))
    dkim_identity: Template | None = option(Kind.EXPAND, "The identity (i=) of DKIM signatures.")
    dkim_private_key: Template | None = option(Kind.EXPAND, "The key of DKIM signatures.", sink=Sink.FILE_NAME)
    dkim_selector: Template | None = option(Kind.EXPAND, "The selectors of DKIM signatures.")
    dkim_sign_headers: Template | None = option(Kind.EXPAND, "The headers DKIM signs.")
    dkim_strict: Template | None = option(Kind.EXPAND, "Whether failing to sign with DKIM defers.")
    dkim_timestamps: Template | None = option(
        Kind.EXPAND_INTEGER,
        "Whether DKIM signatures have times, and how long they hold.",
    )
