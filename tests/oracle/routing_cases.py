"""Rewriting and routing, as a message comes in and goes out (manual 14, 31, 32)."""

from __future__ import annotations

from .session_world import BS, DATA, EHLO, QUIT, Dialogue

KEPT = """r:
 driver = accept
 transport = box
"""
BOX = """box:
 driver = appendfile
 file = @D/box/m
 user = Debian-exim
 envelope_to_add
 return_path_add
"""
HEADERS = """From: Joe <joe@y.example>
Reply-To: r@y.example
To: ann@y.example, joe@y.example
Subject: x

x
"""
TWICE = "MAIL FROM:<{0}>\r\nRCPT TO:<{0}>\r\n" + DATA


def rewritten(rules: str, **more: str) -> Dialogue:
    """A message from the command line under some rules."""
    return Dialogue(
        args=("-odi", "-f", "s@y.example", "joe@y.example"),
        said=HEADERS,
        rewrite=rules,
        routers=KEPT,
        transports=BOX,
        selector="-pid +address_rewrite",
        **more,
    )


def said(rule: str, address: str = "a!u@y.example") -> Dialogue:
    """A session under a rule for what MAIL and RCPT say."""
    return Dialogue(
        args=BS,
        said=EHLO + TWICE.format(address) + QUIT,
        rewrite=rule,
        routers=KEPT,
        transports=BOX,
        selector="-pid +address_rewrite",
    )


def percent(domains: str, *more: str) -> Dialogue:
    return Dialogue(
        args=("-odi", "-f", "s@y.example", "u%z.example@y.example", *more),
        said=HEADERS,
        routers=KEPT,
        transports=BOX,
        main=f"percent_hack_domains = {domains}\n",
    )


def answered(text: str, options: str = "") -> Dialogue:
    """What a program said of an address."""
    routers = f"""q:
 driver = queryprogram
 domains = y.example
 local_parts = joe
 command = {text}
 command_user = Debian-exim
 transport = box
{options}"""
    return Dialogue(
        args=("-odi", "-f", "s@y.example", "joe@y.example"),
        said=HEADERS,
        routers=routers + KEPT,
        transports=BOX + " headers_add = X-Data: $address_data\n",
        then=[("-bt", "joe@y.example")],
    )


#: between quotes of the configuration and those of the command
SAID = "\"/usr/bin/printf '{}'\""

CASES = {
    "rule that looks at a line rewritten before": rewritten("*@y.example ${if def:h_reply-to:{$1-h@m.example}fail}\n"),
    "rule with a colon": rewritten(
        '\\N^(?:joe|r)@y.example$\\N "n@m.example"\n"s@y.example : ann@y.example" x@m.example\n'
    ),
    "rule for SMTP": said("\\N^<?([^!]+)!([^@]+)@y.example>?$\\N $2@$1.example S\n"),
    "rule for SMTP, an asterisk": said("^<a * S\n"),
    "rule for SMTP, no domain": said("^<a joe S\n^<a kim@m.example S\n"),
    "rule for SMTP, domain to be added": said("^<a joe SQ\n"),
    "percent hack": percent("y.example", "plain@q.example"),
    "percent hack that cannot be told": percent("${if eq{$sender_address}{s@y.example}{${bad}}{y.example}}"),
    "program: options of its router": answered(
        "/bin/echo redirect ann@z.example",
        " errors_to = e@y.example\n headers_add = X-Q: 1\n headers_remove = subject\n",
    ),
    "program: files, pipes": answered(SAID.format("redirect a@z.example, /tmp/x, |/bin/x y")),
    "program: :fail:": answered("/bin/echo redirect a@z.example, :fail: gone"),
    "program: :defer:": answered("/bin/echo redirect :defer: later"),
    "program: nobody": answered("/bin/echo redirect"),
    "program: white space": answered(SAID.format("accept\\\\tdata=x\\\\ntransport=box data=y")),
    "program: on its standard error": answered("\"/bin/sh -c 'echo accept >&2'\""),
    "program: no path": answered("echo accept"),
    "hosts nobody wrote": Dialogue(
        args=("-odi", "-f", "s@y.example", "joe@y.example"),
        said=HEADERS,
        routers=f"m:\n driver = manualroute\n transport = box\n route_list =\n{KEPT}",
        transports=BOX,
    ),
    "routing option that is none": Dialogue(
        args=("-odi", "-f", "s@y.example", "joe@y.example"),
        said=HEADERS,
        routers="m:\n driver = manualroute\n transport = t\n route_list = * 127.0.0.1 bydns_a\n",
        transports=BOX + "t:\n driver = smtp\n",
    ),
}
