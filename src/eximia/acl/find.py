"""Which ACL a text means: a file, a name, or an ACL written in place (manual 44.12)."""

from __future__ import annotations

from eximia.base.errors import ConfigError
from eximia.base.span import Span
from eximia.base.text import is_tainted, like

from .errors import AclError
from .model import Acl
from .parse import parse_text
from .run import Run

#: inline ACLs kept parsed, in a process
_INLINE_KEPT = 256


def find_acl(one: Run, text: str, span: Span) -> Acl:
    """The ACL that `text` means. `span`: where the text was written, for inline ACLs. Raises AclError."""
    ctx = one.ctx
    text = like(text.strip(), text) if text[:1].isspace() or text[-1:].isspace() else text
    acls: dict[str, Acl] = ctx.process.config.acls
    found = acls.get(text)
    if found is not None and not is_tainted(text):
        return found
    if is_tainted(text) and text:
        ctx.process.log.panic(f'attempt to use tainted ACL text "{text}"', ctx.message.id)
        raise AclError("internal configuration error")
    if text.startswith("/"):
        return _from_file(one, text)
    kept: dict[str, Acl] = ctx.process.caches.setdefault("acl.inline", {})
    found = kept.get(text)
    if found is None:
        try:
            found = parse_text("", text, span)
        except ConfigError as error:
            raise AclError(error.message) from None
        if len(kept) >= _INLINE_KEPT:
            kept.clear()
        kept[text] = found
    return found


def _from_file(one: Run, path: str) -> Acl:
    """A file is read once in the life of a process."""
    kept: dict[str, Acl] = one.ctx.process.caches.setdefault("acl.files", {})
    found = kept.get(path)
    if found is None:
        try:
            with open(path, encoding="latin-1") as file:
                contents = file.read()
        except OSError as error:
            raise AclError(f'failed to open ACL file "{path}": {error.strerror}') from None
        try:
            found = parse_text(path, contents, Span(path, 1))
        except ConfigError as error:
            raise AclError(error.message) from None
        kept[path] = found
        if one.debug:
            one.say(f"read ACL from file {path}")
    elif one.debug:
        one.say(f"using ACL {path} from cache")
    return found
