#!/usr/bin/env python3
"""layers_test.py CHECKER: check_layers.py finds each kind of breach in a small tree, and none in a good one."""

import pathlib
import subprocess
import sys
import tempfile

GOOD = {
    "include/flowkeep/store.hpp": "#pragma once\n#include <tl/expected.hpp>\n#include <vector>\n",
    "lib/base/bytes.hpp": "#pragma once\n#include <xxhash.h>\n#include <unistd.h>\n",
    "lib/storage/page.cpp": '#include "base/bytes.hpp"\n#include <lmdb.h>\n',
    "lib/store/apply.cpp": '#include "base/bytes.hpp"\n#include <flowkeep/store.hpp>\n',
    "lib/io/json.cpp": "#include <flowkeep/store.hpp>\n#include <simdjson.h>\n",
    "lib/callbacks/transfer.cpp": "#include <flowkeep/callbacks/sender.hpp>\n#include <curl/curl.h>\n",
    "tests/store/apply_test.cpp": '#include <gtest/gtest.h>\n#include "base/bytes.hpp"\n',
    "tools/main.cpp": "#include <flowkeep/store.hpp>\n#include <CLI/CLI.hpp>\n",
}
BREACHES = [
    ("lib/base/up.cpp", '#include "storage/page.hpp"\n', "storage/page.hpp"),
    ("lib/base/up.cpp", "#include <flowkeep/store.hpp>\n", "for lib/store and above"),
    ("lib/store/map.cpp", "#include <lmdb.h>\n", "lmdb.h may be included by"),
    ("lib/store/buffer.cpp", "#include <flatbuffers/flatbuffers.h>\n", "flatbuffers.h may be included by"),
    ("lib/store/buffer.cpp", '#include "session_generated.h"\n', "session_generated.h may be included by"),
    ("lib/store/other.cpp", "#include <boost/any.hpp>\n", "is not in the table"),
    ("lib/store/json.cpp", "#include <flowkeep/io/json.hpp>\n", "no layer includes it"),
    ("lib/store/call.cpp", "#include <flowkeep/callbacks/sender.hpp>\n", "no layer includes it"),
    ("lib/store/call.cpp", "#include <curl/curl.h>\n", "curl.h may be included by"),
    ("lib/callbacks/inside.cpp", '#include "base/bytes.hpp"\n', "sees include/ only"),
    ("tests/callbacks/inside.cpp", '#include "base/bytes.hpp"\n', "sees include/ only"),
    ("lib/io/inside.cpp", '#include "base/bytes.hpp"\n', "sees include/ only"),
    ("tools/inside.cpp", '#include "base/bytes.hpp"\n', "sees include/ only"),
    ("bench/inside.cpp", '#include "base/bytes.hpp"\n', "sees include/ only"),
    ("tests/public/inside.cpp", '#include "base/bytes.hpp"\n', "sees include/ only"),
    ("tests/base/high.cpp", '#include "storage/page.hpp"\n', "point down only"),
    ("include/flowkeep/other.hpp", "#pragma once\n#include <zstd.h>\n", "zstd.h may be included by"),
    ("include/flowkeep/other.hpp", '#pragma once\n#include "base/bytes.hpp"\n', "is internal"),
    ("lib/base/guard.hpp", "#ifndef GUARD\n#define GUARD\n#endif\n", "has no #pragma once"),
    ("lib/base/CamelCase.cpp", "", "names are snake_case"),
    ("src/main.cpp", "", "is not part of the top level"),
]
HELPERS = {"lib/storage/page.hpp": "#pragma once\n", "include/flowkeep/io/json.hpp": "#pragma once\n",
           "include/flowkeep/callbacks/sender.hpp": "#pragma once\n"}


def run(checker, files):
    with tempfile.TemporaryDirectory() as place:
        for path, text in files.items():
            file = pathlib.Path(place, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        done = subprocess.run([sys.executable, checker, place], capture_output=True, text=True)
    return done.returncode, done.stdout


failures = 0
status, said = run(sys.argv[1], GOOD | HELPERS)
if status != 0:
    failures += 1
    print("a good tree is refused:\n" + said)
for path, text, words in BREACHES:
    status, said = run(sys.argv[1], GOOD | HELPERS | {path: text})
    if status != 1 or words not in said or not said.startswith(path.split("/")[0]) or "1 breaches" not in said:
        failures += 1
        print(f"{path} with {text!r} should be refused with '{words}': exit status {status}\n{said}")
print(f"{len(BREACHES)} breaches, {failures} failures")
sys.exit(1 if failures else 0)
