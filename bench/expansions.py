"""How long expansions take, beside `exim4 -be` on the same strings: ratios, not seconds.

A hundred thousand evaluations of strings as they stand in real configurations. Start-up is left out on both sides: for
Exim by taking off what as many lines that need no expansion cost, and only the processor's time counts, so that other
work on the machine does not.

Run: PYTHONPATH=src:tests python bench/expansions.py [each]
"""

from __future__ import annotations

import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

from eximia.base.template import Template
from eximia.config.named_lists import NamedList, NamedLists
from eximia.expand import expand
from eximia.lists.service import Lists
from expand.world import context

STRINGS = {
    "variable": "x $primary_hostname y",
    "two variables": "$primary_hostname/$spool_directory",
    "if eq": "${if eq{$primary_hostname}{postmaster}{yes}{no}}",
    "if eqi, else if": "${if eqi{$primary_hostname}{a}{1}{${if eqi{$primary_hostname}{MAIL.test.example}{2}{3}}}}",
    "and, match": "${if and{{eq{$primary_hostname}{mail.test.example}}{match{user}{\\N^u\\N}}}{a $0}{b}}",
    "match": "${if match{$primary_hostname}{\\N^mail\\d*\\.\\N}{yes}{no}}",
    "match, captures": "${if match{$primary_hostname}{\\N^([^.]+)\\.(.*)$\\N}{$1 at $2}{none}}",
    "or of four": (
        "${if or{{eq{$primary_hostname}{a}}{eq{$primary_hostname}{b}}"
        "{def:sender_host_name}{bool{$acl_c_flag}}}}"
    ),
    "comparison": "${if >{$message_size}{10M}{big}{small}}",
    "def": "${if def:sender_host_address {$sender_host_address}{local}}",
    "extract": "${extract{2}{:}{a:$primary_hostname:c}}",
    "extract key": (
        "${extract{home}"
        "{uid=100 gid=100 home=/home/$primary_hostname shell=/bin/sh}{$value/Maildir}{/nonexistent}}"
    ),
    "listextract": "${listextract{2}{<, a,$primary_hostname,c}}",
    "map": "${map{a:b:c}{[$item]}}",
    "filter": "${filter{<, a,b,$primary_hostname}{!eq{$item}{b}}}",
    "reduce": "${reduce{<, 1,2,3,4}{0}{${eval:$value+$item}}}",
    "inlist": "${if inlist{$primary_hostname}{a.example:b.example:mail.test.example}{in}{out}}",
    "match_domain": "${if match_domain{$primary_hostname}{*.example : +local_domains}{yes}{no}}",
    "sg": "${sg{$primary_hostname}{e}{3}}",
    "sg, groups": "${sg{$primary_hostname}{\\N^(\\w+)\\.(\\w+)\\N}{\\$2.\\$1}}",
    "tr": "${tr{$primary_hostname}{.}{_}}",
    "lc, local part": "${lc:${local_part:$primary_hostname@X.example}}",
    "substr": "/var/mail/${substr_0_1:$primary_hostname}/${substr_1_1:$primary_hostname}/$primary_hostname",
    "hash": "/spool/${nhash_8_64:$primary_hostname}/$primary_hostname",
    "quote": "${quote_local_part:$primary_hostname}@${domain:a@b.example}",
    "md5": "${md5:$primary_hostname-secret}",
    "eval": "${eval:($message_size/1024+1)*2}",
    "mask, reverse": "${mask:192.0.2.77/28} ${reverse_ip:192.0.2.77}",
    "time": "${if <{$tod_epoch}{1000000000}{past}{${substr_0_4:$tod_zulu}}}",
    "nested": "${lc:${extract{1}{.}{$primary_hostname}}}-${uc:${extract{-1}{.}{$primary_hostname}}}",
    "spam header": (
        "x-spam-flag: ${if >{$acl_m_score}{50}{YES}"
        "{NO}}\\nX-Score: $acl_m_score (${sg{$acl_m_bar}{\\N\\+\\N}{*}})"
    ),
    "HELO check": (
        "${if or{{isip{$sender_helo_name}}{match{$sender_helo_name}"
        "{\\N^\\[.*\\]$\\N}}{eq{$sender_helo_name}{localhost}}}}"
    ),
    "dnsbl message": "$sender_host_address is listed at $dnslist_domain${if def:dnslist_text{: $dnslist_text}}",
    "Received": (
        "received: ${if def:sender_rcvhost {from $sender_rcvhost\\n\\t}{${if def:sender_ident "
        "{from ${quote_local_part:$sender_ident} }}}}${if def:sender_helo_name {(helo=$sender_helo_name)\\n\\t}}"
        "by $primary_hostname ${if def:received_protocol {with $received_protocol }}"
        "${if def:tls_in_cipher {($tls_in_cipher)\\n\\t}}(Exim $version_number)\\n\\t"
        "id $message_exim_id${if def:received_for {\\n\\tfor $received_for}}"
    ),
}  # fmt: skip
ROUNDS = 100_000
TURNS = 5
CONFIGURATION = """\
primary_hostname = mail.test.example
spool_directory = {}
keep_environment =
domainlist local_domains = a.example : b.example
"""


def mixed() -> list[str]:
    """The strings in an order without pattern."""
    source = random.Random(1)
    texts = list(STRINGS.values())
    return [source.choice(texts) for _ in range(ROUNDS)]


def ours(texts: list[str]) -> float:
    """Microseconds for one string."""
    ctx = context()
    ctx.process.services.lists = Lists()
    ctx.process.config = SimpleNamespace(lists=NamedLists())
    local = NamedList("domain", "local_domains", Template("a.example : b.example"), cache=False, hide=False)
    ctx.process.config.lists.by_kind["domain"]["local_domains"] = local
    templates = {text: Template(text) for text in texts}
    for template in templates.values():
        expand(template, ctx)
    work = [templates[text] for text in texts]
    start = time.process_time()
    for template in work:
        expand(template, ctx)
    return (time.process_time() - start) / len(work) * 1e6


def exim(program: str, configuration: Path, texts: list[str]) -> float:
    """Microseconds for one string, over the cost of a line that needs no expansion."""

    def spent(lines: list[str]) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        data = "".join(f"{line}\n" for line in lines).encode("latin-1")
        subprocess.run([program, "-C", str(configuration), "-be"], input=data, capture_output=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # As long as the answers, because writing them costs, too.
    plain = ["x" * 20] * len(texts)
    return max(spent(texts) - spent(plain), 0) / len(texts) * 1e6


def show(name: str, mine: float, theirs: float | None) -> None:
    line = f"{name:16} {mine:7.2f} us"
    if theirs is not None:
        line += f"   exim {theirs:7.2f} us   ratio {mine / theirs if theirs else 0:5.2f}"
    print(line)


def main() -> None:
    program = shutil.which("exim4")
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder, "exim.conf")
        configuration.write_text(CONFIGURATION.format(folder))
        if "each" in sys.argv[1:]:
            for name, text in STRINGS.items():
                texts = [text] * (ROUNDS // 10)
                show(name, ours(texts), exim(program, configuration, texts) if program else None)
        # In turns, because other work on the machine comes and goes; the best of each side counts.
        for name, texts in (("all, one by one", sorted(mixed())), ("all, mixed", mixed())):
            mine, theirs = [], []
            for _ in range(TURNS):
                mine.append(ours(texts))
                if program:
                    theirs.append(exim(program, configuration, texts))
            show(name, min(mine), min(theirs, default=None))


if __name__ == "__main__":
    main()
