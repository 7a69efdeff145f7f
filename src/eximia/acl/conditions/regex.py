"""`regex`: lines of the message or of a raw MIME part; `mime_regex`: a decoded MIME part (manual 45.5)."""

from __future__ import annotations

from collections.abc import Iterable

from eximia.acl.mime import MimeScan
from eximia.acl.model import Handler
from eximia.acl.phases import DATA, MIME, NOT_SMTP, NOT_SMTP_MIME, PRDR, all_but, mask
from eximia.acl.run import Run
from eximia.base.errors import ExpansionError
from eximia.base.listtext import split_list
from eximia.base.text import from_bytes
from eximia.scan.mbox import mailbox

#: longer lines are looked at in pieces, and more decoded content is not
_MOST = 32 * 1024


def _regex(one: Run, text: str) -> bool:
    if one.phase.bit & mask(MIME, NOT_SMTP_MIME):
        scan: MimeScan = one.ctx.message.notes["mime"]
        assert scan.part is not None
        # The header of a part belongs to what contains it.
        data = scan.data[scan.part.body_start : scan.part.end]
    else:
        data = mailbox(one.ctx)
    lines = (from_bytes(line[at : at + _MOST]) for line in data.split(b"\n") for at in range(0, len(line) or 1, _MOST))
    return _matches(one, text, lines)


def _mime_regex(one: Run, text: str) -> bool:
    scan: MimeScan = one.ctx.message.notes["mime"]
    assert scan.part is not None
    if not scan.part.decoded_filename:
        scan.write(scan.directory)
    return _matches(one, text, [from_bytes(scan.decoded_part()[:_MOST])])


def _matches(one: Run, text: str, subjects: Iterable[str]) -> bool:
    """Whether one of the expressions matches one of the texts; the first text that matches counts, and of several
    expressions the one that stands last."""
    patterns = [pattern for pattern in split_list(text) if _usable(one, pattern)]
    patterns.reverse()
    if not patterns:
        return False
    search = one.ctx.process.services.regexes.search
    for subject in subjects:
        for pattern in patterns:
            found = search(pattern, subject)
            if found is not None:
                one.ctx.message.regex_match_string = pattern
                one.ctx.message.regex_captures = tuple(found.captures())
                return True
    return False


def _usable(one: Run, pattern: str) -> bool:
    try:
        one.ctx.process.services.regexes.search(pattern, "")
    except ExpansionError as error:
        why = error.message.rpartition(f'in "{pattern}": ')[2]
        one.ctx.process.log.main(
            f"regex acl condition warning - error in regex '{pattern}': {why}, skipped.", one.ctx.message.id
        )
        return False
    return True


REGEX = Handler("regex", _regex, forbidden=all_but(DATA, PRDR, MIME, NOT_SMTP, NOT_SMTP_MIME))
MIME_REGEX = Handler("mime_regex", _mime_regex, forbidden=all_but(MIME, NOT_SMTP_MIME))
