#!/usr/bin/env python3
"""Writes casefold_table.inc: simple case folding of Unicode 14.0, as ranges.

The rule is that of https://www.unicode.org/Public/14.0.0/ucd/CaseFolding.txt, status C and S: where the full folding
(str.casefold, status C and F) is one code point, that is the C folding. Where it is longer (status F), the S folding,
if there is one, is the lower-case form that is a single code point other than the character itself. U+0130 has none:
its lower-case form is two code points, and its simple folding is Turkic (status T) only.

Usage: make_casefold_table.py > casefold_table.inc    (any Python whose unicodedata is version 14.0.0: 3.11)
"""

import sys
import unicodedata


def simple_fold(character):
    full = character.casefold()
    if len(full) == 1:
        return full
    lower = character.lower()
    return lower if len(lower) == 1 else character


def folds():
    for code_point in range(0x110000):
        if 0xD800 <= code_point <= 0xDFFF:
            continue
        folded = ord(simple_fold(chr(code_point)))
        if folded != code_point:
            yield code_point, folded - code_point


def ranges():
    """Greedy runs of one delta with a stride of 1 or 2; no two runs overlap."""
    run = None
    for code_point, delta in folds():
        if run and run["delta"] == delta:
            step = code_point - run["last"]
            if step in (1, 2) and run["stride"] in (None, step):
                run["stride"] = step
                run["last"] = code_point
                continue
        if run:
            yield run
        run = {"first": code_point, "last": code_point, "delta": delta, "stride": None}
    if run:
        yield run


def main():
    if unicodedata.unidata_version != "14.0.0":
        sys.exit(f"Unicode 14.0.0 is needed, this Python has {unicodedata.unidata_version}")
    print("// Simple case folding of Unicode 14.0: CaseFolding.txt of https://www.unicode.org/Public/14.0.0/ucd/, status C")
    print("// and S. Made by make_casefold_table.py; part of the file format, so it never follows a newer Unicode.")
    print("// {first, last, delta, stride}, in rising order.")
    for run in ranges():
        print(f"{{0x{run['first']:04X}, 0x{run['last']:04X}, {run['delta']}, {run['stride'] or 1}}},")


if __name__ == "__main__":
    main()
