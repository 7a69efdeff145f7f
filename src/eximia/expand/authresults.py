"""The text of an Authentication-Results: header (RFC 8601; manual 11.5, features 8).

What was checked: the client's address against the DNS (`iprev`), SMTP AUTH, and what the message's
`auth_results` hold: method name to the text after "method=", in the order of RFC 8601 sections; a list of texts
when a method has several results (one for each DKIM signature). Whatever a value is made of, it cannot end itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.message.authres import comment, pvalue, value

if TYPE_CHECKING:
    from eximia.context import Context

#: the order in which methods are listed
_METHODS = ("spf", "domainkeys", "dkim", "dmarc", "arc")


def header(ctx: Context, server: str) -> str:
    """The whole header line, without its newline."""
    parts = [f"Authentication-Results: {value(server) if server else server}"]
    parts += _iprev(ctx)
    parts += _auth(ctx)
    for method in _METHODS:
        found = ctx.message.auth_results.get(method)
        if found is None:
            continue
        texts = found if isinstance(found, (list, tuple)) else [found]
        parts += [f"{method}={text}" for text in texts]
    if len(parts) == 1:
        # RFC 8601 section 2.2: a header without results says so.
        parts.append("none")
    return ";\n\t".join(parts)


def _iprev(ctx: Context) -> list[str]:
    session = ctx.session
    if not session.sender_host_address or session.host_name_known is None:
        return []
    if session.sender_host_name:
        return [f"iprev=pass {comment(session.sender_host_name)} smtp.remote-ip={session.sender_host_address}"]
    if session.host_lookup_deferred:
        return [f"iprev=temperror smtp.remote-ip={session.sender_host_address}"]
    return [f"iprev=fail smtp.remote-ip={session.sender_host_address}"]


def _auth(ctx: Context) -> list[str]:
    session = ctx.session
    if session.sender_host_authenticated:
        name = session.notes.get("auth_public_name") or session.sender_host_authenticated
        text = f"auth=pass {comment(name if session.authenticated_id else f'{name}, no id saved')}"
        if session.authenticated_id:
            text += f" smtp.auth={pvalue(session.authenticated_id)}"
        if session.authenticated_sender:
            text += f" smtp.mailfrom={pvalue(session.authenticated_sender)}"
        return [text]
    if session.authentication_failed:
        return ["auth=fail"]
    return []
