"""`References:` of reports."""

from __future__ import annotations

from eximia.message.header import Header
from eximia.message.references import references_line


def line(*texts: str) -> str:
    headers = [Header(f"{text}\n", "I" if text.startswith("Message-ID") else " ") for text in texts]
    return references_line(headers)


def test_ids_before_the_first_other_word() -> None:
    own = "Message-ID: <m@x>"
    assert line(own, "References: (said) <a@b><c@d>\n <e@f>, <g@h>") == "References: <a@b> <c@d> <e@f> <m@x>\n"
    assert line(own, "In-Reply-To: Your message <a@b>", "In-Reply-To: <c@d>") == "References: <m@x>\n"
    assert line(own, "In-Reply-To: <a@b>") == "References: <a@b> <m@x>\n"
    assert line(own, "References:", "In-Reply-To: <a@b>") == "References: <m@x>\n"
    assert line("Subject: x") == ""


def test_the_first_and_the_last_eleven() -> None:
    ids = " ".join(f"<{number}@x>" for number in range(20))
    kept = " ".join(f"<{number}@x>" for number in (0, *range(10, 20)))
    assert line(f"References: {ids}", "Message-ID: <m@x>") == f"References: {kept} <m@x>\n"
