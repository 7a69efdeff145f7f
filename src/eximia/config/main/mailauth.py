"""Main options about SPF, DKIM, DMARC and SRS (manual 58)."""

from __future__ import annotations

from eximia.base.options import Kind, OptionSet, Sink, option
from eximia.base.template import Template
from eximia.base.text import Untainted


class MailAuthOptions(OptionSet):
    """Sender authentication and sender rewriting."""

    dkim_verify_hashes: Template = option(
        Kind.STRING_LIST,
        "The hashes accepted in DKIM signatures.",
        default=Template("sha256:sha512"),
    )
    dkim_verify_keytypes: Template = option(
        Kind.STRING_LIST,
        "The key types accepted in DKIM signatures.",
        default=Template("ed25519:rsa"),
    )
    dkim_verify_min_keysizes: Template = option(
        Kind.STRING_LIST,
        "The smallest key sizes accepted in DKIM signatures.",
        default=Template("rsa=1024 ed25519=250"),
    )
    dkim_verify_minimal: bool = option(Kind.BOOL, "Verification ends with the first good signature.", default=False)
    dkim_verify_signers: Template = option(
        Kind.DOMAIN_LIST,
        "The signers for which the DKIM ACL runs.",
        default=Template("$dkim_signers"),
    )
    dmarc_aggregate_reports: bool = option(
        Kind.BOOL,
        "Count what DMARC checks find, for the reports that `eximia dmarc-report` sends.",
        default=False,
        own=True,
    )
    dmarc_aggregate_sender: Template = option(
        Kind.EXPAND,
        "The sender of DMARC aggregate reports.",
        default=Template("do-not-reply@$primary_hostname"),
        own=True,
    )
    dmarc_forensic_sender: Template = option(
        Kind.EXPAND,
        "The sender of DMARC failure reports.",
        default=Template("do-not-reply@$primary_hostname"),
    )
    dmarc_history_file: Untainted | None = option(
        Kind.STRING,
        "The file of DMARC results that OpenDMARC's importer reads.",
        sink=Sink.FILE_NAME,
    )
    dmarc_rfc7489: bool = option(
        Kind.BOOL,
        "DMARC finds policies as RFC 7489 has it, with the public suffix list, not with the tree walk of RFC 9989.",
        default=False,
        own=True,
    )
    dmarc_tld_file: Untainted | None = option(
        Kind.STRING,
        "The public suffix list, by which DMARC then finds policies; unset: see dmarc_rfc7489.",
        sink=Sink.FILE_NAME,
    )
    spf_guess: Untainted = option(
        Kind.STRING,
        "The record that the spf_guess condition assumes.",
        default=Untainted("v=spf1 a/24 mx/24 ptr ?all"),
    )
    spf_smtp_comment_template: Template = option(
        Kind.EXPAND,
        "The text of $spf_smtp_comment.",
        default=Template("Please%_see%_http://www.open-spf.org/Why"),
    )
    srs_config: Untainted | None = option(
        Kind.STRING,
        "secret[:maxage[:hashlength[:usetimestamp[:usehash]]]]: SRS in one setting.",
        secret=True,
    )
    srs_hashlength: int = option(Kind.INTEGER, "The length of the hash in SRS addresses.", default=6)
    srs_hashmin: int = option(Kind.INTEGER, "The shortest hash accepted; -1: srs_hashlength.", default=-1)
    srs_maxage: int = option(Kind.INTEGER, "How many days an SRS address is good.", default=31)
    srs_secrets: Template | None = option(
        Kind.STRING_LIST,
        "The secrets of SRS: the first makes addresses, all are accepted.",
        secret=True,
    )
    srs_usehash: bool = option(Kind.BOOL, "SRS addresses have a hash.", default=True)
    srs_usetimestamp: bool = option(Kind.BOOL, "SRS addresses have a time stamp.", default=True)
