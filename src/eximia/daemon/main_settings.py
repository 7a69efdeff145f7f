"""What the main section's options come to when all were read: defaults that depend on the host, the site and each
other, and the checks that Exim makes then (manual 14)."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from typing import Any

from eximia.base.errors import ConfigError, ExpansionError
from eximia.base.span import NOWHERE, Span
from eximia.base.template import Template
from eximia.base.text import Untainted
from eximia.config.binding import Given
from eximia.config.files import UnusableFile
from eximia.config.main import MainOptions
from eximia.config.site import Site
from eximia.config.values import Expander, split_list
from eximia.logs.selectors import Selectors

_FACILITIES = (
    "auth authpriv cron daemon kern lpr mail news syslog user uucp local0 local1 local2 local3 local4 local5 "
    "local6 local7"
)
#: a host's number takes part in message ids of the short form, where there is room for so many
_HIGHEST_NUMBER = 16
#: the most that retry_interval_max can be
_DAY = 86400


def host_name() -> str:
    """This host's name, with its domain where the system knows it."""
    name = os.uname().nodename
    if "." in name:
        return name
    import socket

    try:
        # bytes, because for text Python would load its tables of internationalised names
        found = socket.getaddrinfo(os.fsencode(name), None, flags=socket.AI_CANONNAME)
    except OSError:
        return name
    canonical = found[0][3] if found else ""
    return canonical if "." in canonical and not canonical.startswith("localhost") else name


def completed(main: MainOptions, site: Site, expander: Expander | None) -> MainOptions:
    """The options with the defaults that are no constants."""
    values: dict[str, Any] = {}
    primary = main.primary_hostname or Untainted(host_name())
    domain = main.qualify_domain or primary
    values["primary_hostname"] = primary
    values["qualify_domain"] = domain
    values["qualify_recipient"] = main.qualify_recipient or domain
    known = main.replace(**values)

    def expanded(name: str, default: str) -> Template:
        template = getattr(main, name) or Template(default)
        return _expanded(name, template, known, expander)

    spool = values["spool_directory"] = expanded("spool_directory", site.spool_directory)
    if not spool.text:
        raise UnusableFile("spool_directory undefined: cannot proceed", spool.span)
    values["log_file_path"] = expanded("log_file_path", site.log_file_path)
    values["pid_file_path"] = expanded("pid_file_path", site.pid_file_path)
    if main.localhost_number is not None:
        _check_number(str(expanded("localhost_number", "").text), main.localhost_number.span)
    if not main.process_log_path:
        values["process_log_path"] = Untainted(f"{spool.text}/exim-process.info")
    if main.exim_user is None:
        values["exim_user"] = site.uid
    if main.exim_group is None:
        values["exim_group"] = site.gid
    if main.exim_path is None:
        values["exim_path"] = Untainted(site.program)
    if main.system_filter_user is not None and main.system_filter_group is None:
        values["system_filter_group"] = _group_of(main.system_filter_user)
    if main.retry_interval_max > _DAY:
        values["retry_interval_max"] = _DAY
    if main.remote_max_parallel < 1:
        values["remote_max_parallel"] = 1
    return main.replace(**values)


def _group_of(uid: int) -> int:
    try:
        return pwd.getpwuid(uid).pw_gid
    except KeyError:
        raise UnusableFile(f"Failed to look up uid {uid}") from None


def _expanded(name: str, template: Template, main: MainOptions, expander: Expander | None) -> Template:
    if template.constant or expander is None:
        return template
    try:
        return Template(expander(template, main), template.span)
    except ExpansionError as error:
        message = f'failed to expand {name} "{template.text}": {error.message}'
        raise UnusableFile(message, template.span) from None


def check(main: MainOptions, given: Given) -> Iterator[ConfigError]:
    """What is wrong with values that can be read but not used, in Exim's order."""
    yield from _check_log_path(main, given)
    facility = main.syslog_facility
    if facility is not None and str(facility).lower().removeprefix("log_") not in _FACILITIES.split():
        yield _error(given, "syslog_facility", f'failed to interpret syslog_facility "{main.syslog_facility}"')
    yield from _check_pattern("uucp_from_pattern", main, given)
    yield from _check_reply_address(main, given)
    yield from _check_rate_limits(main, given)
    if main.local_from_check and main.local_sender_retain:
        text = "both local_from_check and local_sender_retain are set; this combination is not allowed"
        yield UnusableFile(text, given.spans.get("local_sender_retain", NOWHERE))
    if main.tls_dh_max_bits < 1024:
        text = "tls_dh_max_bits is too small, must be at least 1024 for interop"
        yield _error(given, "tls_dh_max_bits", text)
    try:
        Selectors(str(main.log_selector or ""))
    except ConfigError as error:
        yield _error(given, "log_selector", error.message, error.hint)
    try:
        Selectors("", str(main.log_ports.text) if main.log_ports is not None else "")
    except ConfigError as error:
        yield _error(given, "log_ports", error.message)
    yield from _check_openssl_options(main, given)
    if main.message_id_format not in ("long", "short"):
        yield _error(given, "message_id_format", f'message_id_format "{main.message_id_format}" is not long or short')


def _error(given: Given, name: str, text: str, hint: str = "") -> ConfigError:
    return ConfigError(text, given.spans.get(name, NOWHERE), hint, where="")


def _check_pattern(name: str, main: MainOptions, given: Given) -> Iterator[ConfigError]:
    if name in given.spans:
        from eximia.lists.regex import BadRegex, Regex

        try:
            Regex(str(getattr(main, name)))
        except BadRegex as error:
            yield UnusableFile(error.fatal, given.spans[name])


def _check_reply_address(main: MainOptions, given: Given) -> Iterator[ConfigError]:
    text = main.errors_reply_to
    if text is None:
        return
    from eximia.message.address import AddressSyntaxError, parse_address

    try:
        domain = parse_address(str(text)).domain
    except AddressSyntaxError as error:
        yield _error(given, "errors_reply_to", f"error in errors_reply_to ({text}): {error.message}")
    else:
        if not domain:
            yield _error(given, "errors_reply_to", f"errors_reply_to ({text}) does not contain a domain")


def _check_rate_limits(main: MainOptions, given: Given) -> Iterator[ConfigError]:
    for name in ("smtp_ratelimit_mail", "smtp_ratelimit_rcpt"):
        if name in given.spans:
            from eximia.reception.limits import Throttle

            try:
                Throttle(str(getattr(main, name)))
            except ConfigError as error:
                yield UnusableFile(error.message, given.spans[name])


def _check_openssl_options(main: MainOptions, given: Given) -> Iterator[ConfigError]:
    if not main.openssl_options:
        return
    from eximia.tls.binding import TlsUnavailable
    from eximia.tls.settings import TlsConfigError, read_options

    try:
        read_options(str(main.openssl_options))
    except TlsUnavailable:
        pass  # said when it is needed
    except TlsConfigError as error:
        yield _error(given, "openssl_options", f"openssl_options parse error: {error}")


def _check_number(text: str, span: Span) -> None:
    if not text.isdigit():
        raise ConfigError(f"localhost_number value is not a number: {text}", span, where="")
    elif int(text) > _HIGHEST_NUMBER:
        highest = f"localhost_number is greater than the maximum allowed value ({_HIGHEST_NUMBER})"
        raise ConfigError(highest, span, where="")


def _check_log_path(main: MainOptions, given: Given) -> Iterator[ConfigError]:
    from eximia.logs.paths import path_error

    path = main.log_file_path
    if path is None or not path.constant:
        return
    for item in split_list(str(path.text)):
        if item and item != "syslog" and (wrong := path_error(item)):
            yield UnusableFile(wrong, given.spans.get("log_file_path", NOWHERE))
