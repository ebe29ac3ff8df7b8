#!/usr/bin/env python3
"""Holds docs/REFERENCE.md to the names of the flowsession reference page, and to the code.

    reference.py ROOT TOOL      each name of tests/checks/reference_names.txt has a row in docs/REFERENCE.md, once; the calls
                                that a row names are in the published headers, its commands are the tool's, its tests
                                are in the files it names. Where the page itself is there, the list is compared with it.
"""
import pathlib
import re
import subprocess
import sys

KINDS = {"Properties": "property", "Lookup Properties": "lookup",
         "Single-valued navigation properties": "single-valued",
         "Collection-valued navigation properties": "collection-valued", "Operations": "operation"}


def listed(path):
    """(kind, name, what is said of it) of each line."""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return [(kind, name, said) for kind, name, said in rows]


def on_page(text):
    kind = None
    rows = []
    for line in text.splitlines():
        kind = KINDS.get(line, kind)
        row = re.match(r"([A-Za-z_]\w*) \|(.*)", line)
        if kind and row and row[1] != "Name":
            words = [word.strip() for word in row[2].split("|")]
            said = " ".join(words[:2]) if kind.endswith("valued") else words[0]
            rows.append((kind, row[1], said))
    return rows


def documented(path):
    """Of each row of the tables: name, and the cells behind it."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| `") and len(cells) == 4:
            rows.append((cells[0].strip("` |"), cells[1:]))
    return rows


def quoted(cell):
    return re.findall(r"`([^`]+)`", cell)


def check_row(root, headers, commands, name, cells, complain):
    calls, tool, tests = cells
    for call in quoted(calls):
        for word in re.findall(r"[A-Za-z_]\w*", call):
            if not re.search(rf"\b{word}\b", headers):
                complain(f"{name}: {word} is in no published header")
    for command in quoted(tool):
        words = command.split()
        if words[0] not in commands:
            complain(f"{name}: {words[0]} is no command of the tool")
    for test in quoted(tests):
        file, _, wanted = test.partition(":")
        path = root / "tests" / file
        if not path.is_file():
            complain(f"{name}: there is no test file {file}")
        elif not wanted or not re.search(rf"\b{wanted}\b", path.read_text(encoding="utf-8")):
            complain(f"{name}: {file} has no test {wanted}")
    for what, cell in (("call", calls), ("command", tool), ("test", tests)):
        if not quoted(cell):
            complain(f"{name}: names no {what}")


def main():
    root = pathlib.Path(sys.argv[1])
    complaints = []
    names = listed(root / "tests/checks/reference_names.txt")
    page = next(iter(sorted((root / "../shared/seeds").glob("000_*.txt"))), None)
    if page is not None and on_page(page.read_text(encoding="utf-8")) != names:
        complaints.append("reference_names.txt is not what the flowsession reference page says")
    headers = "\n".join(path.read_text(encoding="utf-8") for path in sorted((root / "include").rglob("*.hpp")))
    shown = subprocess.run([sys.argv[2], "--help"], stdout=subprocess.PIPE, check=True, text=True).stdout
    commands = set(re.findall(r"^  ([a-z-]+)  ", shown, re.MULTILINE))
    rows = documented(root / "docs/REFERENCE.md")
    by_name = {}
    for name, cells in rows:
        if name in by_name:
            complaints.append(f"{name}: has two rows")
        by_name[name] = cells
        check_row(root, headers, commands, name, cells, complaints.append)
    # One name may be a property of navigation and its partner.
    wanted = {name for _, name, _ in names}
    complaints += [f"{name}: has no row in docs/REFERENCE.md" for name in sorted(wanted - by_name.keys())]
    complaints += [f"{name}: is not on the flowsession reference page" for name in sorted(by_name.keys() - wanted)]
    for complaint in complaints:
        print(complaint)
    print(f"{len(rows)} rows, {len(complaints)} complaints")
    sys.exit(1 if complaints or not rows else 0)


main()
