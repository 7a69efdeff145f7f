"""`verify`: addresses, headers, the client's names (manual 44.26, 44.45). The kinds are in `acl/verify`."""

from __future__ import annotations

from eximia.acl.errors import AclError
from eximia.acl.model import Handler
from eximia.acl.run import Run
from eximia.acl.verify.catalogue import VERIFIERS
from eximia.acl.verify.verifier import Request
from eximia.base.listtext import split_list


def _check(one: Run, text: str) -> bool:
    items = split_list(text, "/")
    word = items[0] if items else ""
    name, equals, value = word.partition("=")
    name = name.strip().lower()
    verifier = VERIFIERS.get(name)
    if verifier is None or (equals and not verifier.takes_value):
        raise AclError(
            'expected "sender[=address]", "recipient", "helo", "header_syntax", "header_sender", "header_names_ascii" '
            f'or "reverse_host_lookup" at start of ACL condition "verify {text}"'
        )
    if verifier.forbidden & one.phase.bit:
        raise AclError(f"cannot verify {name} in ACL for {one.phase.log_name}")
    if len(items) > 1 and not verifier.takes_options:
        raise AclError(f"unexpected '/' found in \"{text}\" (this verify item has no options)")
    return verifier.check(one, Request(text, value.strip() if equals else None, items[1:]))


VERIFY = Handler("verify", _check)
