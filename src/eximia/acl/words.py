"""Arguments of conditions that are words."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from eximia.base.listtext import split_list
from eximia.base.template import Template


def is_listed(word: str, text: str, old_names: Mapping[str, str]) -> bool:
    """Whether `word` is one of a list's items; `!` before an item inverts it, and the first that fits counts."""
    for item in split_list(text):
        inverted = item.startswith("!")
        item = item.removeprefix("!").strip()
        if (old_names.get(item, item) == word) is not inverted:
            return True
    return False


def lists_one(text: str, words: Collection[str]) -> bool:
    """Whether a list of keywords names one of `words`, as string lists do it (manual 10.1): the first item that is one
    of them decides, `!` before it says no, and after a last item with a `!` everything else is named, too."""
    inverted = False
    for item in split_list(text):
        inverted = item.startswith("!")
        if " ".join(item.removeprefix("!").lower().split()) in words:
            return not inverted
    return inverted


def call_words(template: Template) -> list[Template]:
    """The space-separated words of `acl = name arg arg`. Quotes keep spaces; nothing else does, not even braces."""
    words: list[Template] = []
    text = template.text
    pos = 0
    while True:
        while pos < len(text) and text[pos].isspace():
            pos += 1
        if pos >= len(text):
            return words
        if text[pos] == '"':
            end = pos + 1
            while end < len(text) and text[end] != '"':
                end += 2 if text[end] == "\\" else 1
            word = text[pos + 1 : end]
            pos = end + 1
        else:
            end = pos
            while end < len(text) and not text[end].isspace():
                end += 1
            word = text[pos:end]
            pos = end
        words.append(Template(word, template.span))
