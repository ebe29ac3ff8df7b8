#!/usr/bin/env python3
"""Holds the tree to its layers: which folder may include what, what lies where, and that nothing made is kept.

    check_layers.py [ROOT]      prints each breach as FILE:LINE: words; exit 1 if there is any
"""

import pathlib
import re
import subprocess
import sys

# The layers of lib/, lowest first: each includes itself and those before it. lib/io and lib/callbacks are libraries of
# their own beside them and see include/ only, as do tools, bench and the tests of these.
LAYERS = ["base", "entity", "storage", "journal", "codec", "state", "blob", "index", "store", "query", "retention", "agent"]
PUBLIC_ONLY = ["lib/io", "lib/callbacks", "tools", "bench", "tests/public", "tests/io", "tests/callbacks", "tests/tool", "tests/checks",
               "tests/nocompile", "tests/torture"]

# The published headers by the lowest layer that may include them; the rest are for `store` and above.
PUBLIC_HEADERS = {
    "base": ["export.hpp", "guid.hpp", "result.hpp", "timestamp.hpp"],
    "entity": ["access.hpp", "binary.hpp", "child.hpp", "choices.hpp", "column.hpp", "index.hpp", "parent.hpp", "reference.hpp", "session.hpp",
               "state_model.hpp"],
    "codec": ["callback.hpp", "retention.hpp", "session_summary.hpp", "session_view.hpp"],
}
FACADE_LAYER = "store"
# flowkeep/io/… and flowkeep/callbacks/… are for these libraries and their users, none of the layers.
BESIDE = {"io/": "lib/io", "callbacks/": "lib/callbacks"}

# Headers of other projects, and the folders that may include them. A folder stands for those below it, too.
FOREIGN = {
    "lmdb.h": ["lib/storage", "tests/storage", "tests/fault", "bench"],
    "flatbuffers/": ["lib/codec", "tests/codec"],
    "*_generated.h": ["lib/codec", "tests/codec"],
    "xxhash.h": ["lib/base", "lib/storage", "lib/journal", "lib/codec", "lib/blob", "lib/index", "lib/store", "lib/query", "bench", "tests"],
    "zstd.h": ["lib/base", "lib/io", "tests"],
    "zdict.h": ["lib/base"],
    "date/": ["lib/base"],
    "tl/expected.hpp": ["include"],
    "fmt/": ["lib/io", "tools"],
    "simdjson.h": ["lib/io"],
    "zlib.h": ["lib/io", "tests/io"],
    "pugixml.hpp": ["lib/io"],
    "curl/": ["lib/callbacks"],
    "CLI/": ["tools"],
    "benchmark/": ["bench"],
    "sqlite3.h": ["bench"],
    "rocksdb/": ["bench"],
    "leveldb/": ["bench"],
    "gtest/": ["tests"],
    "gmock/": ["tests"],
}
# The operating system: anywhere but in published headers.
SYSTEM = re.compile(r"(sys|linux|netinet|arpa)/\w+\.h|(dirent|dlfcn|errno|fcntl|limits|netdb|poll|pthread|sched|signal|spawn"
                    r"|stdlib|string|strings|time|ucontext|unistd|utime)\.h")

TOP_LEVEL = {"meson.build", "meson_options.txt", "README.md", "LICENSE", "include", "lib", "fbs", "bench", "tests",
             "tools", "docs"}
MADE = re.compile(r"(^|/)(build|build-[^/]*|__pycache__)/|_generated\.h$|\.(o|a|pyc|so(\.\d+)*)$|-lock$")
FILE_NAME = re.compile(r"[a-z0-9_]+\.(hpp|cpp)")
INCLUDE = re.compile(r'\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")')


def git(root, *arguments):
    """Paths that git lists, or None where it cannot."""
    try:
        done = subprocess.run(["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z", *arguments],
                              capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return [path for path in done.stdout.decode().split("\0") if path]


def list_files(root):
    """The files of the tree, and those that are committed (all, where there is no repository)."""
    tracked = git(root)
    if not tracked:
        found = [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]
        found = [path for path in found if not MADE.search(path) and not path.startswith(".")]
        return found, found
    new = git(root, "--others", "--exclude-standard") or []
    return [path for path in dict.fromkeys(tracked + new) if (root / path).is_file()], tracked


def inside(path, folders):
    return any(path == folder or path.startswith(folder + "/") for folder in folders)


def layer_of(path):
    """The layer a file of lib/ or of the tests of one layer belongs to; None elsewhere."""
    parts = path.split("/")
    return parts[1] if len(parts) > 2 and parts[0] in ("lib", "tests") and parts[1] in LAYERS else None


def foreign_rule(header):
    name = header.rsplit("/", 1)[-1]
    for pattern, folders in FOREIGN.items():
        if header.startswith(pattern) if pattern.endswith("/") else \
                name.endswith(pattern[1:]) if pattern.startswith("*") else header == pattern:
            return folders
    return None


class Checker:
    def __init__(self, root):
        self.root = root
        self.breaches = []

    def breach(self, place, words):
        self.breaches.append(f"{place}: {words}")

    def public_header(self, place, path, header):
        layer = layer_of(path) if path.startswith("lib/") else None
        if layer is None:
            return
        lowest = next((owner for owner, names in PUBLIC_HEADERS.items() if header in names), FACADE_LAYER)
        beside = next((owner for folder, owner in BESIDE.items() if header.startswith(folder)), None)
        if beside:
            self.breach(place, f"<flowkeep/{header}> belongs to {beside}; no layer includes it")
        elif LAYERS.index(layer) < LAYERS.index(lowest):
            self.breach(place, f"lib/{layer} includes <flowkeep/{header}>, which is for lib/{lowest} and above")

    def internal_header(self, place, path, header):
        if "/" not in header and (self.root / path).with_name(header).is_file():
            if path.startswith("lib/") and layer_of(path):
                self.breach(place, f'write "{path.split("/")[1]}/{header}": paths start at lib/')
            return
        owner = header.split("/")[0]
        if owner in LAYERS and (self.root / "lib" / header).is_file():
            layer = layer_of(path)
            if path.startswith("include/") or inside(path, PUBLIC_ONLY):
                self.breach(place, f'"{header}" is internal; {path.rsplit("/", 1)[0]} sees include/ only')
            elif layer and LAYERS.index(owner) > LAYERS.index(layer):
                self.breach(place, f'"{header}" is above {layer}: includes point down only')
        elif not (path.startswith("tests/") and (any(self.root.glob(f"tests/*/{header}"))
                                                 or (self.root / "tests" / header).is_file())):
            self.breach(place, f'"{header}" is not in lib/ or beside the file')

    def include(self, place, path, angled, quoted):
        header = angled or quoted
        folders = foreign_rule(header)
        if folders is not None:
            if not inside(path, folders):
                self.breach(place, f"{header} may be included by {', '.join(folders)} only")
        elif quoted:
            self.internal_header(place, path, quoted)
        elif angled.startswith("flowkeep/"):
            self.public_header(place, path, angled[len("flowkeep/"):])
        elif "." in angled:
            if not SYSTEM.fullmatch(angled):
                self.breach(place, f"<{angled}> is not in the table of tools/check_layers.py")
            elif path.startswith("include/"):
                self.breach(place, f"<{angled}>: published headers include the standard library and <flowkeep/…> only")

    def source(self, path):
        if not FILE_NAME.fullmatch(path.rsplit("/", 1)[-1]):
            self.breach(path, "names are snake_case, .hpp or .cpp")
        lines = (self.root / path).read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, 1):
            match = INCLUDE.match(line)
            if match:
                self.include(f"{path}:{number}", path, match[1], match[2])
        if path.endswith(".hpp") and "#pragma once" not in lines:
            self.breach(path, "has no #pragma once")

    def tree(self, files, tracked):
        for name in sorted({path.split("/")[0] for path in files}):
            if name not in TOP_LEVEL and not name.startswith("."):
                self.breach(name, "is not part of the top level")
        for path in tracked:
            if MADE.search(path):
                self.breach(path, "is made by the build and does not belong into the repository")


def main(arguments):
    root = pathlib.Path(arguments[0]).resolve() if arguments else pathlib.Path(__file__).resolve().parent.parent
    files, tracked = list_files(root)
    sources = [path for path in files if path.endswith((".hpp", ".cpp", ".h", ".cc", ".hh"))]
    checker = Checker(root)
    checker.tree(files, tracked)
    for path in sources:
        checker.source(path)
    for words in checker.breaches:
        print(words)
    print(f"{len(sources)} sources, {len(checker.breaches)} breaches")
    return 1 if checker.breaches or not sources else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
