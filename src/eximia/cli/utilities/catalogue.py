"""Which module is which utility: `module:function`, called with the words after the name; then what it does."""

from __future__ import annotations

UTILITIES = {
    "exicyclog": ("eximia.cli.utilities.exicyclog:command", "cycle (rotate) log files"),
    "exigrep": ("eximia.cli.utilities.exigrep:command", "search the main log, message by message"),
    "exim_checkaccess": ("eximia.cli.utilities.checkaccess:command", "may this host send to this address?"),
    "exim_dbmbuild": ("eximia.cli.utilities.dbmbuild:command", "a DBM file from a text file"),
    "exim_dumpdb": ("eximia.cli.utilities.dumpdb:command", "the contents of a hints database"),
    "exim_fixdb": ("eximia.cli.utilities.fixdb:command", "change records of a hints database"),
    "exim_id_update": ("eximia.cli.utilities.id_update:command", "give messages in a spool ids of the other form"),
    "exim_lock": ("eximia.cli.utilities.lock:command", "hold a mailbox locked while a command runs"),
    "exim_msgdate": ("eximia.cli.utilities.msgdate:command", "the date in a message id, and back"),
    "exim_tidydb": ("eximia.cli.utilities.tidydb:command", "remove old records from a hints database"),
    "eximstats": ("eximia.cli.utilities.eximstats:command", "statistics of main logs"),
    "exinext": ("eximia.cli.utilities.exinext:command", "when delivery is tried next"),
    "exipick": ("eximia.cli.utilities.exipick:command", "select messages by conditions on their variables"),
    "exiqgrep": ("eximia.cli.utilities.exiqgrep:command", "select messages of the queue"),
    "exiqsumm": ("eximia.cli.utilities.exiqsumm:command", "summarize the queue by domain"),
    "exiwhat": ("eximia.cli.utilities.exiwhat:command", "what the processes are doing"),
}
