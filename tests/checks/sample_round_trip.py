#!/usr/bin/env python3
"""sample_round_trip.py TOOL SAMPLE: the sample comes out as it went in, field by field, whatever the order it went in."""

import json
import pathlib
import random
import subprocess
import sys
import tempfile

SEED = 20250303
TOOL, SAMPLE = sys.argv[1], pathlib.Path(sys.argv[2])


def by_id(lines):
    rows = [json.loads(line) for line in lines]
    for row in rows:
        row.pop("versionnumber", None)  # the store's own
    return {row["flowsessionid"]: row for row in rows}


def round_trip(lines):
    with tempfile.TemporaryDirectory() as place:
        store = f"{place}/sample.flowkeep"
        subprocess.run([TOOL, "import", store], input="".join(lines).encode(), check=True, stderr=subprocess.DEVNULL)
        subprocess.run([TOOL, "check", store], check=True, stdout=subprocess.DEVNULL)
        dumped = subprocess.run([TOOL, "dump", store, "--order", "oldest"], check=True, stdout=subprocess.PIPE).stdout
    return dumped.decode().splitlines()


given = SAMPLE.read_text(encoding="utf-8").splitlines(keepends=True)
shuffled = list(given)
random.Random(SEED).shuffle(shuffled)
failures = 0
for name, lines in (("in order", given), (f"shuffled with seed {SEED}", shuffled)):
    dumped = round_trip(lines)
    expected, found = by_id(lines), by_id(dumped)
    different = [key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)]
    late = [a for a, b in zip(dumped, dumped[1:]) if json.loads(a)["createdon"][:19] > json.loads(b)["createdon"][:19]]
    if different or late or len(dumped) != len(lines):
        failures += 1
        print(f"{name}: {len(dumped)} rows for {len(lines)}, {len(different)} differ, {len(late)} out of order")
        print("\n".join(sorted(different)[:5]))
print(f"{len(given)} sessions, {failures} failures")
sys.exit(1 if failures else 0)
