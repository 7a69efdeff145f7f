"""Cases of published suites that ask for something that the standard forbids or does not know, each with the reason.
They are run and shown, and not counted as passed."""

from __future__ import annotations

_DEFAULT = "an extension of pyspf: RFC 7208 section 6 has unknown modifiers ignored, so the result is neutral"

_PREFIX = "OpenDMARC takes a prefix of a policy's name: RFC 9989 section 4.8 has whole words"
_IGNORED = "RFC 9989 section 4.8 has a bad value ignored in favour of the default"
_REMOVED = "RFC 9989 removed the tags pct, rf and ri, so they are ignored"
_ALIAS = "the case's own result has another method than its header field"
_UNSIGNED = "the signature that is expected does not verify over the case's own message"

#: (suite, name of the case): why
KNOWN: dict[tuple[str, str], str] = {
    ("spf-pyspf", "/default-modifier"): _DEFAULT,
    ("spf-pyspf", "/default-modifier-harsh"): _DEFAULT,
    **{
        ("arc-valimail-unused", f"Signed Headers/{name}"): _UNSIGNED
        for name in (
            "header_order",
            "header_dup_ord1",
            "header_dup_ord2",
            "sig_header_dup_once",
            "sig_header_dup_twice",
            "header_non",
        )
    },
    ("authres-authres", "doctest line 679"): _ALIAS,
    ("dmarc-opendmarc", "parse 5"): _PREFIX,
    ("dmarc-opendmarc", "parse 10"): _IGNORED,
    ("dmarc-opendmarc", "parse 11"): _IGNORED,
    ("dmarc-opendmarc", "parse 12"): _REMOVED,
    ("dmarc-opendmarc", "parse 13"): _REMOVED,
    ("dmarc-opendmarc", "parse 14"): _REMOVED,
    ("dmarc-opendmarc", "parse 19"): _REMOVED,
}
