#!/usr/bin/env python3
"""exported_symbols.py LIBRARY...: the shared libraries show nothing but namespace flowkeep, and of that nothing of
the layers inside. Instances of the standard library's templates, which the compiler always shows, do not count."""

import re
import subprocess
import sys

LAYERS = "base entity storage codec state blob index store query".split()
QUALIFIERS = r"[rVK]*[RO]?"
# What the mangled name of an entity of a namespace starts with: functions, and the tables and guards of types.
ENTITY = r"_Z(?:T[VTISW]|GV|GR|TC|Th\w*?_|Tv\w*?_)?Z?"


def in_namespace(symbol, *names):
    nested = "".join(f"{len(name)}{name}" for name in names)
    return re.match(rf"{ENTITY}N?{QUALIFIERS}{nested}", symbol) is not None


def of_standard_library(symbol):
    return re.match(rf"{ENTITY}N?{QUALIFIERS}(?:S[tabsiod]|9__gnu_cxx|10__cxxabiv1)|_Z(?:nw|na|dl|da)[mP]", symbol) is not None


def breaches(library):
    listed = subprocess.run(["nm", "--dynamic", "--defined-only", "--format=posix", library], check=True,
                            capture_output=True, text=True).stdout
    symbols = [line.split()[:2] for line in listed.splitlines()]
    if not any(in_namespace(name, "flowkeep") for name, _ in symbols):
        yield "shows nothing of flowkeep"
    for name, kind in symbols:
        if any(in_namespace(name, "flowkeep", layer) for layer in LAYERS):
            yield f"shows {name}, which is internal"
        elif not in_namespace(name, "flowkeep") and not (kind in "WVu" and of_standard_library(name)):
            yield f"shows {name} ({kind})"


found = [f"{library}: {words}" for library in sys.argv[1:] for words in breaches(library)]
print("\n".join(found) or f"{len(sys.argv) - 1} libraries")
sys.exit(1 if found or len(sys.argv) == 1 else 0)
