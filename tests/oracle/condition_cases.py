"""Conditions, modifiers and controls of ACLs in odd corners; block lists and other questions to a DNS of our own."""

from __future__ import annotations

from typing import Any

from .policy_cases import PLAIN, QUEUED, auth
from .session_world import DATA, EHLO, ENVELOPE, QUIT, Dialogue

SAID = EHLO + ENVELOPE + QUIT
B = "RCPT TO:<b@y.example>\r\n"
ZONE = """
7.2.0.192.bl.example A 127.0.0.2
7.2.0.192.bl.example TXT listed for a reason
8.2.0.192.bl.example A 10.0.0.1
two.bl.example A 127.0.0.3
7.2.0.192.two.example A 127.0.0.4
7.2.0.192.two.example A 127.0.0.5
from.example.dom.example A 127.0.0.2
from.example.dom.example TXT a bad domain
7.2.0.192.masks.example A 127.0.0.6
7.2.0.192.broken.example SERVFAIL
7.2.0.192.out.example A 10.0.0.1
7.2.0.192.mixed.example A 127.0.0.4
7.2.0.192.mixed.example A 10.0.0.1
7.2.0.192.in-addr.arpa PTR client.example
client.example A 192.0.2.7
from.example MX 10 mx.from.example
mx.from.example A 192.0.2.99
y.example MX 10 c1.y.example
c1.y.example CNAME c2.y.example
c2.y.example CNAME c3.y.example
c3.y.example A 127.0.0.1
"""


def rcpt(text: str, said: str = SAID, **more: Any) -> Dialogue:
    return Dialogue(main=QUEUED + more.pop("main", ""), acl=f"rcpt:\n {text}\n", said=said, **more)


def at(phase: str, text: str, said: str = EHLO + ENVELOPE + DATA + QUIT, **more: Any) -> Dialogue:
    main = f"acl_smtp_{phase} = t\nacl_smtp_rcpt = accept\n{QUEUED}" + more.pop("main", "")
    return Dialogue(main=main, acl=f"t:\n {text}\n", said=said, **more)


def dns(text: str, **more: Any) -> Dialogue:
    return rcpt(text, zone=ZONE, **more)


SEEN = "$dnslist_domain|$dnslist_value|$dnslist_text|$dnslist_matched"

NAMES = {
    "dnslists": dns(f"deny dnslists = bl.example\n message = {SEEN}\n accept"),
    "dnslists, default message": dns("deny dnslists = bl.example\n accept"),
    "dnslists, not listed": dns("deny dnslists = none.example\n accept"),
    "dnslists, several": dns(f"deny dnslists = none.example : bl.example : two.example\n message = {SEEN}\n accept"),
    "dnslists, value": dns(f"deny dnslists = bl.example=127.0.0.2,127.0.0.9\n message = {SEEN}\n accept"),
    "dnslists, other value": dns("deny dnslists = bl.example=127.0.0.3\n accept"),
    "dnslists, not this value": dns(f"deny dnslists = bl.example!=127.0.0.3\n message = {SEEN}\n accept"),
    "dnslists, all values": dns(f"deny dnslists = two.example==127.0.0.4\n message = {SEEN}\n accept"),
    "dnslists, not all values": dns(f"deny dnslists = two.example!==127.0.0.4\n message = {SEEN}\n accept"),
    "dnslists, mask": dns(f"deny dnslists = masks.example&0.0.0.2\n message = {SEEN}\n accept"),
    "dnslists, mask with all bits": dns(f"deny dnslists = masks.example=&127.0.0.6\n message = {SEEN}\n accept"),
    "dnslists, mask does not fit": dns("deny dnslists = masks.example&0.0.0.1\n accept"),
    "dnslists, not the mask": dns(f"deny dnslists = masks.example!&0.0.0.1\n message = {SEEN}\n accept"),
    "dnslists, key": dns(f"deny dnslists = dom.example/$sender_address_domain\n message = {SEEN}\n accept"),
    "dnslists, keys": dns(f"deny dnslists = dom.example/<|nix.example|$sender_address_domain\n message = {SEEN}\n accept"),
    "dnslists, key is an address": dns(f"deny dnslists = bl.example/192.0.2.7\n message = {SEEN}\n accept"),
    "dnslists, empty key": dns("deny dnslists = bl.example/\n accept"),
    "dnslists, text from another": dns(f"deny dnslists = bl.example,two.example\n message = {SEEN}\n accept"),
    "dnslists, outside 127": dns("deny dnslists = bl.example/192.0.2.8\n accept"),
    "dnslists, defers": dns("deny dnslists = broken.example\n accept"),
    "dnslists, defer means yes": dns(f"deny dnslists = +include_unknown : broken.example\n message = {SEEN}\n accept"),
    "dnslists, defer means defer": dns("deny dnslists = +defer_unknown : broken.example\n accept"),
    "dnslists, bad mask": dns("deny dnslists = bl.example&x\n accept"),
    **{
        f"dnslists, outside 127: {item}": dns(f"deny dnslists = {item}\n message = {SEEN}\n accept")
        for domain in ("out.example", "mixed.example")
        for item in (
            domain,
            *(f"{domain}{sign}{value}" for sign in ("=", "==", "!=", "!==") for value in ("10.0.0.1", "127.0.0.4")),
            *(f"{domain}{sign}{value}" for sign in ("&", "=&", "!&", "!=&") for value in ("0.0.0.1", "0.0.0.4")),
        )
    },
    "dnslists, unknown word": dns(f"deny dnslists = +nonsense : bl.example\n message = {SEEN}\n accept"),
    "dnslists, value with zeros": dns("deny dnslists = bl.example=127.0.0.02\n accept"),
    "dnslists, bad value": dns("deny dnslists = bl.example=1.2.3\n accept"),
    "dnslists, negated": dns("accept !dnslists = bl.example\n deny message = listed"),
    "dnslists, warn": dns("warn dnslists = bl.example\n add_header = X-Listed: $dnslist_text\n log_message = listed\n accept",
                          said=EHLO + ENVELOPE + DATA + QUIT),
    "name of the client": dns("accept logwrite = $sender_host_name|$sender_fullhost|$sender_rcvhost"),
    "reverse_host_lookup": dns("accept verify = reverse_host_lookup"),
    "reverse_host_lookup fails": dns("accept verify = reverse_host_lookup", args=("-bs", "-oMa", "192.0.2.8.1", "-odi")),
    "helo by name": dns("accept verify = helo\n deny message = wrong helo", main="helo_try_verify_hosts = *\n"),
    "hosts by name": dns("accept hosts = client.example\n deny"),
    "hosts by wildcard": dns("accept hosts = *.example\n deny"),
    "sender by DNS": dns("require verify = sender\n accept", routers="d:\n driver = dnslookup\n transport = t\n"),
    "sender unknown to DNS": dns(
        "require verify = sender\n accept",
        said=SAID.replace("from.example", "nowhere.example"),
        routers="d:\n driver = dnslookup\n transport = t\n",
    ),
    "mx over two names": Dialogue(
        zone=ZONE,
        routers="back:\n driver = accept\n domains = from.example\n transport = back\nd:\n driver = dnslookup\n self = send\n transport = t\n",
        said=EHLO + ENVELOPE + DATA + QUIT,
        differs=(
            '-ID => joe@y.example R=d T=t H=c3.y.example [127.0.0.1] C="250 OK"',
            '+ID => joe@y.example R=d T=t H=c1.y.example [127.0.0.1] C="250 OK"',
        ),
    ),
}  # fmt: skip
CONDITIONS = {
    "ratelimit per_byte": at("data", "defer ratelimit = 10 / 1h / per_byte / strict\n message = $sender_rate\n accept"),
    "ratelimit per_conn": rcpt("defer ratelimit = 0 / 1h / per_conn / strict\n message = $sender_rate\n accept"),
    "ratelimit leaky stays": rcpt(
        "warn ratelimit = 1 / 1h / per_rcpt / leaky\n logwrite = over $sender_rate\n accept", said=SAID.replace(QUIT, B * 3 + QUIT)
    ),
    "ratelimit noupdate": rcpt("warn ratelimit = 0 / 1h / per_cmd / noupdate\n logwrite = x\n accept"),
    "ratelimit fractions": rcpt("warn ratelimit = 0.5 / 1h / per_cmd / strict\n logwrite = $sender_rate_limit\n accept"),
    "ratelimit key": rcpt("warn ratelimit = 1 / 1h / per_cmd / strict / $sender_address\n logwrite = x\n accept", times=2),
    "ratelimit key with slash": rcpt("warn ratelimit = 1 / 1h / per_cmd / strict / a${sg{x/y}{/}{}}b\n logwrite = x\n accept"),
    "seen write": rcpt("accept !seen = -5m / write\n deny", times=2),
    "seen refresh": rcpt("warn seen = -1h / refresh=1m\n logwrite = seen\n accept", times=2),
    "delay too long is cut": rcpt("accept delay = 1s\n control = enforce_sync"),
    "delay deferred on drop": rcpt("deny delay = 0s\n message = slow"),
    "condition: number": rcpt("accept condition = 7\n deny"),
    "condition: zero": rcpt("accept condition = 0\n deny message = zero"),
    "condition: words": rcpt("accept condition = maybe\n deny"),
    "condition: empty": rcpt("accept condition =\n deny message = empty"),
    "condition: fails to expand": rcpt("accept condition = ${if bad}\n deny"),
    "condition: forced failure": rcpt("accept condition = ${if eq{a}{b}{x}fail}\n deny message = forced"),
    "message fails to expand": rcpt("deny message = ${bad\n"),
    "log_message fails to expand": rcpt("deny log_message = ${bad\n"),
    "two messages": rcpt("deny message = one\n message = two"),
    "message after the condition": rcpt("deny condition = yes\n message = late"),
    "message before a failing condition": rcpt("require message = early\n condition = no\n message = late"),
    "set, negative": rcpt("warn set acl_m0 = a\n accept logwrite = $acl_m0 $acl_m_none x"),
    "set, spaces": rcpt("accept set acl_c_x =   a  b  \n logwrite = <$acl_c_x>"),
    "set, kept over messages": rcpt(
        "accept set acl_c_n = ${eval:0$acl_c_n+1}\n set acl_m_n = ${eval:0$acl_m_n+1}\n logwrite = $acl_c_n $acl_m_n",
        said=EHLO + (ENVELOPE + DATA) * 2 + QUIT,
    ),
    "logwrite to reject": rcpt("accept logwrite = :reject: one\n logwrite = :main,reject: two\n logwrite = :panic: three"),
    "logwrite to nowhere": rcpt("accept logwrite = :nowhere: one"),
    "log_reject_target of drop": rcpt("drop log_reject_target = main:reject\n message = x"),
    "add_header of two lines": rcpt("accept add_header = X-A: 1\\nX-B: 2\n add_header = no colon", said=EHLO + ENVELOPE + DATA + QUIT),
    "add_header, continued": rcpt("accept add_header = X-A: 1\\n continued\n logwrite = $headers_added", said=EHLO + ENVELOPE + DATA + QUIT),
    "remove_header by pattern": at("data", "accept remove_header = ^(?i)sub : X*"),
    "remove_header of a deny": rcpt("deny add_header = X-N: 1\n message = no"),
    "endpass denies": rcpt("accept senders = *@from.example\n endpass\n message = not here\n domains = other.example"),
    "acl: unknown name": rcpt("accept acl = nowhere"),
    "acl: from a file": rcpt("accept acl = @D/acl", files={"acl": "accept logwrite = from the file\n"}),
    "acl: recursion": rcpt("accept acl = rcpt"),
    "acl: arguments": rcpt('accept acl = u "two words" ${quote:x y} $sender_address\nu:\n accept logwrite = $acl_narg $acl_arg1|$acl_arg2|$acl_arg3|'),
    "acl: expansion condition": rcpt(
        "accept condition = ${if acl{{u}{x}}}\n deny message = <${acl{u}{z}}>\nu:\n accept condition = ${if eq{$acl_arg1}{x}}\n"
        "  message = fine $acl_arg1\n accept message = other $acl_arg1"
    ),
    "acl: drop inside": rcpt("accept acl = u\nu:\n drop message = inner drop"),
    "acl: defer inside": rcpt("accept !acl = u\nu:\n defer message = inner defer"),
    "acl: discard inside": rcpt("accept acl = u\nu:\n discard"),
    "acl: empty": rcpt("accept acl = u\nu:\n"),
    "implicit deny": rcpt("accept domains = nowhere.example"),
    "local_parts": rcpt("accept local_parts = ^jo.\n logwrite = $local_part_data"),
    "recipients": rcpt("accept recipients = *@y.example : !joe@y.example\n deny message = $recipients"),
    "addresses of a list": rcpt("accept senders = lsearch;@D/list\n deny", files={"list": "from.example: s : t\n"}),
    "hosts defer": rcpt("deny hosts = lsearch;/no/such/file\n accept"),
    "spf as unknown": rcpt("accept nonsense = x"),
    "queue in data": at("data", "accept queue = other"),
    "control: dkim_disable_verify": at("data", "accept control = dkim_disable_verify"),
    "control: cutthrough in data": at("data", "accept control = cutthrough_delivery"),
    "control: enforce_sync off": at("connect", "accept control = no_enforce_sync"),
    "control: no_callout_flush": rcpt("accept control = no_callout_flush"),
    "control: no_delay_flush": rcpt("accept control = no_delay_flush\n delay = 0s"),
    "control: debug off": rcpt("accept control = debug/stop"),
    "control: submission in data": at("predata", "accept control = submission/sender_retain/domain=/name=${quote:a b}"),
    "fakereject with code": at("data", "accept control = fakereject/551 5.1.1 go"),
    "fakedefer in rcpt": rcpt("accept control = fakedefer", said=EHLO + ENVELOPE + DATA + QUIT),
    "mailauth: message of a refusal": auth(
        PLAIN + "MAIL FROM:<s@from.example> AUTH=a@b.example\r\n",
        main="acl_smtp_mailauth = m\n", acl="rcpt:\n accept\nm:\n deny message = no $authenticated_sender\n"),
    "mailauth: message": auth(
        PLAIN + "MAIL FROM:<s@from.example> AUTH=a@b.example\r\n",
        main="acl_smtp_mailauth = m\n", acl="rcpt:\n accept\nm:\n accept message = 250 2.1.0 $authenticated_sender\n"),
    "mailauth: defers": auth(
        PLAIN + "MAIL FROM:<s@from.example> AUTH=a@b.example\r\n",
        main="acl_smtp_mailauth = m\n", acl="rcpt:\n accept\nm:\n defer message = 450 4.4.4 later\n"),
    "etrn in an ACL": at("etrn", "deny message = <$smtp_command> <$smtp_command_argument>", said=EHLO + "ETRN @from.example\r\n" + QUIT),
    "vrfy in an ACL": at("vrfy", "accept message = 252 <$smtp_command_argument>", said=EHLO + "VRFY <joe@y.example>\r\n" + QUIT),
    "expn in an ACL": at("expn", "deny", said=EHLO + "EXPN joe\r\n" + QUIT),
    "smtp_command": rcpt("accept logwrite = <$smtp_command> <$smtp_command_argument>", said=EHLO + "mail  from:<s@from.example>\r\nRcpt To:<joe@y.example> \r\n" + QUIT),
    "smtp_command_history": rcpt("accept logwrite = $smtp_command_history"),
    "rcpt_count": rcpt("accept logwrite = $rcpt_count $rcpt_fail_count $rcpt_defer_count $recipients_count", said=SAID.replace(QUIT, B + "RCPT TO:<>\r\n" + B + QUIT)),
    "message_exim_id": at("data", "accept logwrite = ${length:$message_exim_id} ${if def:message_id{x}}", ignore="^$"),
    "bare recipients": rcpt("accept", said=EHLO + "MAIL FROM:s@from.example\r\nRCPT TO:joe@y.example\r\n" + QUIT),
    "spaces before the address": rcpt("accept", said=EHLO + "MAIL FROM: <s@from.example>\r\nRCPT TO:   <joe@y.example>\r\n" + QUIT),
    "quoted local part": rcpt("accept logwrite = <$local_part> <$sender_address_local_part>", said=EHLO + 'MAIL FROM:<"a b"@from.example>\r\nRCPT TO:<"joe smith"@y.example>\r\nRCPT TO:<"jo\\e"@y.example>\r\n' + QUIT),
    "percent hack": rcpt("accept logwrite = $local_part@$domain", said=EHLO + "MAIL FROM:<s@from.example>\r\nRCPT TO:<joe%y.example@z.example>\r\n" + QUIT, main="percent_hack_domains = z.example\n"),
    "long local part": rcpt("accept", said=EHLO + f"MAIL FROM:<{'a' * 300}@from.example>\r\nRCPT TO:<{'b' * 300}@y.example>\r\n" + QUIT),
}  # fmt: skip
CASES = {**NAMES, **CONDITIONS}
