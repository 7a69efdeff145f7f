"""Configurations from text, files from a dictionary."""

from __future__ import annotations

from collections.abc import Mapping

from eximia.config.macros import BuiltinMacros, Macros
from eximia.config.sections import ConfigFile, read


def parse(text: str, files: Mapping[str, str] | None = None, macros: Mapping[str, str] | None = None) -> ConfigFile:
    known = dict(files or {})

    def opener(path: str) -> str:
        if path not in known:
            raise FileNotFoundError(path)
        return known[path]

    builtin = BuiltinMacros({"_HAVE_": lambda: {"_HAVE_TLS": "y", "_HAVE_TLS_OCSP": "y"}})
    return read("/etc/exim.conf", text, Macros(builtin, macros), opener)


def main_lines(file: ConfigFile) -> list[str]:
    return [setting.line.text for setting in file.main]
