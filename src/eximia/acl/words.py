"""Splitting the arguments of conditions."""

from __future__ import annotations

from eximia.base.template import Template


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
