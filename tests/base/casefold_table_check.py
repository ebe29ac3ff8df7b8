#!/usr/bin/env python3
"""Checks that casefold_table.inc is what make_casefold_table.py writes. Skipped where Python's Unicode is not 14.0."""

import pathlib
import subprocess
import sys
import unicodedata

SKIPPED = 77

if unicodedata.unidata_version != "14.0.0":
    sys.exit(SKIPPED)
folder = pathlib.Path(sys.argv[1])
made = subprocess.run([sys.executable, folder / "make_casefold_table.py"], check=True, capture_output=True).stdout
if made != (folder / "casefold_table.inc").read_bytes():
    sys.exit("casefold_table.inc differs from what make_casefold_table.py writes")
