#!/usr/bin/env python3
"""Runs the benchmark in rounds and reads its table: every engine of a workload has a figure, and peers have a ratio. The
figures that it keeps are those of the table, and a chart can be drawn of them. What it cannot do is refused at once.

    bench_table.py BENCH BENCH_CHART
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

WORKLOADS = {"durable-transition": {"flowkeep", "lmdb", "disk"}, "disk-bytes-generated": {"flowkeep", "lmdb"}}
UNITS = {"/s": "1/s", "B": "bytes/session", "ms": "ms"}
ROUNDS = 3


def run(bench, *arguments):
    return subprocess.run([os.path.abspath(bench), f"--rounds={ROUNDS}", "--benchmark_min_time=0.01", *arguments],
                          env=os.environ | {"FLOWKEEP_BENCH_SESSIONS": "1600"}, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)


def number(text):
    return float(text.replace(" ", ""))


def read_table(text):
    """{(workload, engine): (median, unit)}, or words about what is wrong."""
    workload, found = "", {}
    for line in text.splitlines():
        row = re.fullmatch(r"(\S*) +(\S+) +([\d .]+) (/s|B|ms) +([\d .]+) to ([\d .]+?) *(\d+\.\d+)?", line)
        if not row:
            continue
        workload = row[1] or workload
        if not 0 < number(row[5]) <= number(row[3]) <= number(row[6]):
            return f"no median: {line}"
        if (row[2] == "flowkeep") == bool(row[7]):
            return f"a peer has a ratio, and nobody else: {line}"
        found[workload, row[2]] = (number(row[3]), UNITS[row[4]])
    return found


def compare(table, figures):
    """Words about what the figures and the table do not have in common."""
    kept = {(row["workload"], row["engine"]): row for row in figures}
    if kept.keys() != table.keys():
        return f"the figures are of {sorted(kept)}, the table of {sorted(table)}"
    for name, (median, unit) in table.items():
        row = kept[name]
        if row["unit"] != unit or len(row["runs"]) != ROUNDS or sorted(row["runs"])[ROUNDS // 2] != row["value"]:
            return f"{name}: {row} is not the median of {ROUNDS} rounds in {unit}"
        if abs(row["value"] - median) > 0.006 * median + 0.5:
            return f"{name}: {row['value']} in the figures, {median} in the table"
    return ""


def main(bench, chart):
    with tempfile.TemporaryDirectory() as directory:
        kept, drawn = os.path.join(directory, "figures.json"), os.path.join(directory, "chart.svg")
        done = run(bench, "--benchmark_filter=^(durable-transition|disk-bytes-generated)", f"--json={kept}")
        print(done.stdout)
        if done.returncode:
            return f"exit status {done.returncode}: {done.stderr}"
        table = read_table(done.stdout)
        if isinstance(table, str):
            return table
        for workload, engines in WORKLOADS.items():
            missing = {engine for engine in engines if (workload, engine) not in table}
            if missing:
                return f"{workload} lacks {missing}"
        with open(kept, encoding="utf-8") as file:
            wrong = compare(table, json.load(file))
        if wrong:
            return wrong
        subprocess.run([sys.executable, chart, kept, drawn], check=True)
        texts = [node.text or "" for node in xml.etree.ElementTree.parse(drawn).iter() if node.tag.endswith("text")]
        if not set(WORKLOADS) <= set(texts):
            return f"the chart shows {texts}"
        for arguments, words in ((["--benchmark_filter=nosuch"], "no benchmark is named"),
                                 (["--benchmark_filter=("], "no benchmark is named"),
                                 (["--benchmark_filter=^open/lmdb", f"--json={directory}/none/figures.json"], "cannot write")):
            refused = run(bench, *arguments)
            if refused.returncode != 2 or words not in refused.stderr:
                return f"{arguments}: exit status {refused.returncode}: {refused.stderr}"
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) == 3 else __doc__)
