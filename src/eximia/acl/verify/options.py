"""The options of address verification (manual 44.45, 44.47, 44.49)."""

from __future__ import annotations

from collections.abc import Sequence

from eximia.acl.errors import AclError
from eximia.base.dataclass import dataclass
from eximia.config.times import read_time

#: seconds
_CALLOUT_TIMEOUT = 30
_QUOTA_POSITIVE = 300
_QUOTA_NEGATIVE = 3600


@dataclass(slots=True)
class CalloutOptions:
    """The parameters of `callout=`; times in seconds."""

    timeout: int = _CALLOUT_TIMEOUT
    #: 0: like `timeout`
    connect: int = 0
    #: 0: four times `timeout`
    maxwait: int = 0
    defer_ok: bool = False
    cache: bool = True
    #: the sender of the postmaster check; None: no such check
    postmaster_from: str | None = None
    full_postmaster: bool = False
    mail_from: str = ""
    random: bool = False
    use_sender: bool = False
    use_postmaster: bool = False
    hold: bool = False


@dataclass(slots=True)
class QuotaOptions:
    """The parameters of `quota=`: how long results are kept, seconds."""

    positive: int = _QUOTA_POSITIVE
    negative: int = _QUOTA_NEGATIVE


@dataclass(slots=True)
class AddressOptions:
    """All options of verifying an address."""

    defer_ok: bool = False
    details: bool = True
    success_on_redirect: bool = False
    callout: CalloutOptions | None = None
    quota: QuotaOptions | None = None


def parse(kind: str, options: Sequence[str], text: str) -> AddressOptions:
    """Read the options of `verify = kind/...`. `text` is the whole argument. Raises AclError."""
    parsed = AddressOptions()
    deprecated_defer_ok = deprecated_postmaster = False
    for option in options:
        word = option.lower()
        if word == "defer_ok":
            parsed.defer_ok = True
        elif word == "no_details":
            parsed.details = False
        elif word == "success_on_redirect":
            parsed.success_on_redirect = True
        elif word == "callout_defer_ok":
            deprecated_defer_ok = True
        elif word == "check_postmaster":
            deprecated_postmaster = True
        elif word.partition("=")[0].strip() == "callout":
            parsed.callout = _callout(option.partition("=")[2], text)
        elif word.partition("=")[0].strip() == "quota":
            parsed.quota = _quota(option.partition("=")[2], text)
        else:
            raise AclError(f'unknown option "{option}" in ACL condition "verify {text}"')
    if parsed.callout is None and (deprecated_defer_ok or deprecated_postmaster):
        # Once these words asked for a callout themselves.
        parsed.callout = CalloutOptions()
    callout = parsed.callout
    if callout is not None:
        callout.defer_ok = callout.defer_ok or deprecated_defer_ok
        if deprecated_postmaster and callout.postmaster_from is None:
            callout.postmaster_from = ""
        if callout.use_sender and callout.use_postmaster:
            raise AclError("only one of use_sender and use_postmaster can be set for a recipient callout")
        if kind == "sender" and (callout.use_sender or callout.use_postmaster):
            raise AclError("use_sender or use_postmaster cannot be used for a sender verify callout")
        if kind != "recipient":
            # For addresses of header lines they mean nothing.
            callout.use_sender = callout.use_postmaster = False
        if callout.mail_from and kind != "header_sender":
            raise AclError(
                '"mailfrom" is allowed as a callout option only for verify=header_sender (detected in ACL condition '
                f'"{text}")'
            )
    if parsed.quota is not None and kind != "recipient":
        raise AclError("can only verify quota of recipient")
    return parsed


def _callout(parameters: str, text: str) -> CalloutOptions:
    callout = CalloutOptions()
    for parameter in filter(None, (part.strip() for part in parameters.split(","))):
        word = parameter.lower()
        name, equals, value = parameter.partition("=")
        name, value = name.strip().lower(), value.strip()
        if word == "defer_ok":
            callout.defer_ok = True
        elif word == "no_cache":
            callout.cache = False
        elif word == "random":
            callout.random = True
        elif word == "use_sender":
            callout.use_sender = True
        elif word == "use_postmaster":
            callout.use_postmaster = True
        elif word == "postmaster":
            callout.postmaster_from = ""
        elif word == "fullpostmaster":
            callout.postmaster_from = ""
            callout.full_postmaster = True
        elif word == "hold":
            callout.hold = True
        elif equals and name == "mailfrom":
            callout.mail_from = value
        elif equals and name == "postmaster_mailfrom":
            callout.postmaster_from = value
        elif equals and name == "connect":
            callout.connect = _time(value, text)
        elif equals and name == "maxwait":
            callout.maxwait = _time(value, text)
        else:
            callout.timeout = _time(parameter, text)
    return callout


def _quota(parameters: str, text: str) -> QuotaOptions:
    quota = QuotaOptions()
    for parameter in filter(None, (part.strip() for part in parameters.split(","))):
        name, _, value = parameter.partition("=")
        if name == "no_cache":
            quota.positive = quota.negative = 0
        elif name == "cachepos":
            quota.positive = _time(value, text)
        elif name == "cacheneg":
            quota.negative = _time(value, text)
    return quota


def _time(value: str, text: str) -> int:
    found = read_time(value)
    if found is None:
        raise AclError(f'bad time value in ACL condition "verify {text}"')
    return found
