"""One message through a virus scanner, two spam scanners and a milter, in one configuration."""

from __future__ import annotations

import re
import smtplib
from pathlib import Path

import pytest

from support_services import clamd, mail_server, opendkim, rspamd, spamd

WORD = "eximia-all-in-one-signature"
LUA = """
rspamd_config:register_symbol({ name = 'SEEN', score = 1.0, callback = function(task)
  task:set_milter_reply({add_headers = {['X-Rspamd'] = 'seen'}})
  return true, 1.0
end })
"""
DATA = """
  deny   malware = * / tmo=30s
         message = malware $malware_name
  warn   spam = nobody:true
         add_header = X-SpamAssassin: $spam_score
  deny   spam = nobody
         message = spam $spam_score
  deny   rspamd = reject
         message = $rspamd_message
  warn   add_header = X-Rspamd-Action: $spam_action $spam_score
"""


def test_everything(tmp_path: Path) -> None:
    scanner, assassin = clamd(tmp_path / "clamd", WORD), spamd(tmp_path / "spamd", "word")
    checker, signer = rspamd(tmp_path / "rspamd", LUA), opendkim(tmp_path / "opendkim")
    main = f"""
av_scanner = clamd:127.0.0.1 {scanner.port}
spamd_address = 127.0.0.1 {assassin.port}
rspamd_address = 127.0.0.1 {checker.port}
milters = 127.0.0.1 {signer.port} name=opendkim
"""
    try:
        with mail_server(tmp_path / "mx", main=main, data=DATA) as server:
            assert server.send("fine\r\n")[0] == 250
            assert server.send(f"{WORD}\r\n") == (550, "malware Eximia.Test.UNOFFICIAL")
            assert server.send(subject="a word") == (550, "spam 7.5")
            gtube = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"
            assert server.send(gtube)[0] == 550
            (text,) = server.mail()
            head = text.partition("\n\n")[0]
            for line in ("X-SpamAssassin: 0.0", "X-Rspamd: seen", "X-Rspamd-Action: no action 1.0"):
                assert f"\n{line}" in head
            signed = re.search(r"^DKIM-Signature: .*?;\s+h=([^;]*);", head, re.MULTILINE | re.DOTALL)
            assert signed is not None
            assert "Subject" in signed[1]
            for one in (scanner, assassin, checker):
                one.stop()
            assert server.send("fine\r\n")[0] == 451, "nothing passes unseen"
            signer.stop()
            with pytest.raises(smtplib.SMTPConnectError):
                server.send("fine\r\n")
    finally:
        for one in (scanner, assassin, checker, signer):
            one.stop()
