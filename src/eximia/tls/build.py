"""Building the OpenSSL binding: `python -m eximia.tls.build [--into DIRECTORY] [--sanitize] [--force]`.

The C sources in `c/` and cffi's glue become one extension module in the site-packages of this Python (or DIRECTORY).
It needs a C compiler, Python's and OpenSSL's header files: on Debian the packages gcc, python3-dev and libssl-dev.
The module's name carries a digest of its sources, so that trees of different age can share one environment.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from eximia.tls.binding import MODULE

SOURCES = ("contexts.c", "connections.c", "pump.c", "tickets.c", "ocsp.c", "facts.c")
HEADERS = ("engine.h", "internal.h")
FOLDER = Path(__file__).parent / "c"

_FLAGS = (
    "-std=c11 -D_DEFAULT_SOURCE -O2 -g -fPIC -fvisibility=hidden -fstack-protector-strong -D_FORTIFY_SOURCE=2 "
    "-Wall -Wextra -Wno-unused-function -Wno-unused-parameter -Wno-missing-field-initializers"
)
_SANITIZE = (
    "-std=c11 -D_DEFAULT_SOURCE -O1 -g -fPIC -fno-omit-frame-pointer -fsanitize=address,undefined "
    "-fno-sanitize-recover=undefined"
)
_LINK = "-shared -Wl,-z,relro,-z,now -lssl -lcrypto"


class BuildError(Exception):
    """The binding cannot be built; the text says what is missing."""


def module_name() -> str:
    """The name that the sources ask for; `binding.MODULE` must be the same."""
    digest = hashlib.sha256()
    for name in (*HEADERS, *SOURCES):
        digest.update((FOLDER / name).read_bytes())
    return f"eximia_openssl_{digest.hexdigest()[:12]}"


def build(into: Path, *, sanitize: bool = False) -> Path:
    """Compile the module into a folder; its path. Raises BuildError."""
    compiler = os.environ.get("CC") or shutil.which("gcc") or shutil.which("cc")
    if not compiler:
        raise BuildError("there is no C compiler (Debian package gcc)")
    include = sysconfig.get_paths()["include"]
    if not os.path.exists(os.path.join(include, "Python.h")):
        raise BuildError(f"there is no {include}/Python.h (Debian package python3-dev)")
    try:
        import cffi
    except ImportError as error:
        raise BuildError(f"the library cffi is needed: {error}") from None
    ffi = cffi.FFI()
    ffi.cdef((FOLDER / "engine.h").read_text())
    ffi.set_source(MODULE, '#include <stdint.h>\n#include <stddef.h>\n#include "engine.h"\n')
    into.mkdir(parents=True, exist_ok=True)
    target = into / f"{MODULE}.abi3.so"
    with tempfile.TemporaryDirectory() as scratch:
        glue = os.path.join(scratch, "glue.c")
        made = os.path.join(scratch, "made.so")
        with contextlib.redirect_stdout(None):
            ffi.emit_c_code(glue)
        command = [
            *shlex.split(compiler),
            *shlex.split(_SANITIZE if sanitize else _FLAGS),
            f"-I{include}",
            f"-I{FOLDER}",
            glue,
            *(str(FOLDER / name) for name in SOURCES),
            *shlex.split(_LINK),
            "-o",
            made,
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            hint = " (Debian package libssl-dev)" if "openssl/" in done.stderr else ""
            raise BuildError(f"the compiler failed{hint}:\n{done.stderr[-2000:]}")
        # Renamed into place: a server that has the old file mapped is not disturbed.
        beside = into / f".{target.name}.{os.getpid()}"
        shutil.copyfile(made, beside)
        os.replace(beside, target)
    return target


def main(arguments: list[str]) -> int:
    """Exit status 0 when the binding is there afterwards."""
    into = Path(sysconfig.get_paths()["platlib"])
    if "--into" in arguments:
        into = Path(arguments[arguments.index("--into") + 1])
    if module_name() != MODULE:
        print(f"eximia.tls.binding.MODULE must be {module_name()!r}: the C sources have changed", file=sys.stderr)  # noqa: T201
        return 1
    if (into / f"{MODULE}.abi3.so").exists() and "--force" not in arguments:
        return 0
    try:
        path = build(into, sanitize="--sanitize" in arguments)
    except (BuildError, OSError) as error:
        print(f"The OpenSSL binding was not built: {error}\nThe server runs without TLS until it is.", file=sys.stderr)  # noqa: T201
        return 1
    print(path)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
