"""The jobs that an agent does as another user: name -> function, imported after the change of user.

A job takes its fields (text as latin-1 `str`, numbers, booleans, lists) and a list of open descriptors, may block, and
returns plain data. Nothing else can be asked of an agent.
"""

from __future__ import annotations

from typing import Final

JOBS: Final[dict[str, str]] = {
    "appendfile": "eximia.transports.jobs.mailbox:run",
    "autoreply": "eximia.transports.jobs.autoreply:run",
    "filter_log": "eximia.filters.log_job:run",
    "lmtp": "eximia.transports.jobs.lmtp:run",
    "mailbox_room": "eximia.transports.jobs.room:run",
    "pipe": "eximia.transports.jobs.pipe:run",
    "read_file": "eximia.routers.read_file_job:run",
    "user_file": "eximia.context.user_file_job:run",
    "spool_files": "eximia.spool.filing:run",
}
