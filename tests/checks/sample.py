#!/usr/bin/env python3
"""sample.py ROOT: the sample is what its script makes, and has what it promises: every status with its state, every
column but versionnumber, at least 300 sessions, the three kinds of id, a file reference, columns no schema knows."""

import collections
import json
import pathlib
import re
import sys

sys.dont_write_bytecode = True
ROOT = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(ROOT / "tools" / "sample"))

import make_sample  # noqa: E402

problems = []


def expect(holds, words):
    if not holds:
        problems.append(words)


def known_columns():
    header = (ROOT / "include" / "flowkeep" / "column.hpp").read_text(encoding="utf-8")
    body = re.search(r"enum class Column\b[^{]*\{(.*?)\}", header, re.DOTALL)[1]
    return {name for name in re.findall(r"^\s*(\w+)\s*,", body, re.MULTILINE)}


stored = (ROOT / "tools" / "sample" / "sessions.jsonl").read_text(encoding="utf-8")
expect(stored == make_sample.text(), "sessions.jsonl is not what make_sample.py makes: run it again")
rows = [json.loads(line) for line in stored.splitlines()]

columns = known_columns()
used = {re.sub(r"^_(\w+)_value$", r"\1", key) for row in rows for key in row if "@" not in key}
states = collections.Counter((row["statuscode"], row["statecode"]) for row in rows)
versions = collections.Counter()
for row in rows:
    digits = row["flowsessionid"].replace("-", "")
    versions["1, swapped" if digits[14] == "1" else digits[12]] += 1

expect(len(rows) >= 300, f"{len(rows)} sessions")
expect(len({row["flowsessionid"] for row in rows}) == len(rows), "an id comes twice")
expect(len(columns) == 61, f"{len(columns)} columns in column.hpp")
expect(columns - used == {"versionnumber"}, f"columns that no session has: {sorted(columns - used)}")
expect(len(used - columns) == 2, f"columns that no schema knows: {sorted(used - columns)}")
expect(set(states) == {(status, 1 if status in (0, 13, 14) else 0) for status in range(15)}, f"pairs: {states}")
expect(all(versions[version] > 20 for version in ("1, swapped", "4", "7")), f"kinds of id: {versions}")
expect(any(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", row.get("inputs", "")) for row in rows),
       "no file reference")
expect(any("." in row["createdon"] for row in rows), "no time with a fraction")
expect(any(before["createdon"] > after["createdon"] for before, after in zip(rows, rows[1:])), "none came late")
expect(len(stored.encode()) <= 700_000, f"{len(stored.encode())} bytes")

print("\n".join(problems) or f"{len(rows)} sessions")
sys.exit(1 if problems else 0)
