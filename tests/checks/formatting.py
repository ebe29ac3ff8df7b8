#!/usr/bin/env python3
"""formatting.py ROOT: every C++ file is as clang-format 14 writes it. Skipped where there is none."""

import pathlib
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
ROOT = pathlib.Path(sys.argv[1]).resolve()
sys.path.insert(0, str(ROOT / "tools"))

import check_layers  # noqa: E402

clang_format = shutil.which("clang-format-14")
if not clang_format:
    print("clang-format-14 is not installed")
    sys.exit(77)
sources = [path for path in check_layers.list_files(ROOT)[0] if path.endswith((".hpp", ".cpp"))]
different = [path for path in sources
             if subprocess.run([clang_format, path], cwd=ROOT, capture_output=True, check=True).stdout
             != (ROOT / path).read_bytes()]
for path in different:
    print(f"{path}: clang-format-14 -i {path}")
print(f"{len(sources)} sources, {len(different)} to format")
sys.exit(1 if different or not sources else 0)
