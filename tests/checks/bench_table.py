#!/usr/bin/env python3
"""Runs the benchmark in rounds and reads its table: every engine of a workload has a figure, and peers have a ratio.

    bench_table.py BENCH
"""

import os
import re
import subprocess
import sys

WORKLOADS = {"durable-transition": {"flowkeep", "lmdb", "disk"}, "disk-bytes-generated": {"flowkeep", "lmdb"}}


def main(bench):
    environment = os.environ | {"FLOWKEEP_BENCH_SESSIONS": "1600"}
    done = subprocess.run([os.path.abspath(bench), "--rounds=3", "--benchmark_min_time=0.01",
                           "--benchmark_filter=^(durable-transition|disk-bytes-generated)"], env=environment, stdout=subprocess.PIPE, text=True)
    print(done.stdout)
    if done.returncode:
        return f"exit status {done.returncode}"
    workload, found = "", {}
    for line in done.stdout.splitlines():
        row = re.fullmatch(r"(\S*) +(\S+) +([\d .]+) (?:/s|B) +([\d .]+) to ([\d .]+?) *(\d+\.\d+)?", line)
        if row:
            workload = row[1] or workload
            least, middle, most = (float(row[i].replace(" ", "")) for i in (4, 3, 5))
            if not 0 < least <= middle <= most:
                return f"no median: {line}"
            if (row[2] == "flowkeep") == bool(row[6]):
                return f"a peer has a ratio, and nobody else: {line}"
            found.setdefault(workload, set()).add(row[2])
    for workload, engines in WORKLOADS.items():
        if not engines <= found.get(workload, set()):
            return f"{workload} lacks {engines - found.get(workload, set())}"
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) if len(sys.argv) == 2 else __doc__)
