"""SPF: may this host send for this domain (RFC 7208, manual 58.4)?

In a program of your own:

    from eximia.mailauth.spf import Asked, check_host
    verdict = check_host(ask, Asked("192.0.2.1", "user@example.com", "mail.example.com"), "example.com")
    verdict.result, verdict.why, verdict.explanation

`ask(name, rtype)` answers with an `eximia.dns.answer.Answer`; see `mailauth.zone` for one from a dictionary.
"""

from .check import Verdict, check_host
from .macros import Asked

__all__ = ["Asked", "Verdict", "check_host"]
