#!/usr/bin/env python3
"""Holds README.md to the truth.

    readme.py extract README OUT              writes the program of its ```cpp block to OUT
    readme.py program README PROGRAM          runs that program, compiled, and compares with the ```text block below it
    readme.py console README TOOL SAMPLE      runs the commands of its ```console blocks, in order, in one directory,
                                              and compares what they print

In what is expected, "…" stands for any text within a line, and a line of it alone for any lines.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile


def blocks(readme, language):
    """(offset, text) of each fenced block."""
    text = pathlib.Path(readme).read_text(encoding="utf-8")
    found = [(match.start(), match[1]) for match in
             re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)]
    if not found:
        sys.exit(f"{readme} has no ```{language} block")
    return found


def matches(expected, shown):
    pattern = "".join(r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + r"\n"
                      for line in expected)
    return re.fullmatch(pattern, "".join(line + "\n" for line in shown)) is not None


def compare(what, expected, shown):
    if matches(expected, shown):
        return True
    print(f"{what}\n  README.md says:")
    print("".join(f"    {line}\n" for line in expected) + "  it prints:")
    print("".join(f"    {line}\n" for line in shown))
    return False


def extract(readme, out):
    programs = blocks(readme, "cpp")
    if len(programs) != 1:
        sys.exit(f"{readme} has {len(programs)} ```cpp blocks, not one")
    pathlib.Path(out).write_text(programs[0][1], encoding="utf-8")
    return True


def program(readme, executable):
    start, _ = blocks(readme, "cpp")[0]
    expected = next(text for offset, text in blocks(readme, "text") if offset > start)
    with tempfile.TemporaryDirectory() as place:
        done = subprocess.run([os.path.abspath(executable)], cwd=place, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, encoding="utf-8")
    same = compare("the program", expected.splitlines(), done.stdout.splitlines())
    if done.returncode:
        print(f"the program ends with exit status {done.returncode}")
    return same and done.returncode == 0


def steps(block):
    """(command, expected lines) of a console block; a command goes on behind a backslash."""
    lines = block.splitlines()
    while lines:
        command = lines.pop(0)
        if not command.startswith("$ "):
            sys.exit(f"a console block does not start with a command: {command}")
        while command.endswith("\\"):
            command += "\n" + lines.pop(0)
        expected = []
        while lines and not lines[0].startswith("$ "):
            expected.append(lines.pop(0))
        yield command[2:], expected


def console(readme, tool, sample):
    passed, status, count = True, 0, 0
    with tempfile.TemporaryDirectory() as place:
        root = pathlib.Path(place)
        (root / "bin").mkdir()
        (root / "bin" / "flowkeep").symlink_to(os.path.abspath(tool))
        (root / "work").mkdir()
        (root / "work" / "sessions.jsonl").write_bytes(pathlib.Path(sample).read_bytes())
        environment = os.environ | {"PATH": f"{root / 'bin'}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        for _, block in blocks(readme, "console"):
            for command, expected in steps(block):
                done = subprocess.run(["bash", "-c", f"(exit {status})\n{command}"], cwd=root / "work", env=environment,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                status, count = done.returncode, count + 1
                passed &= compare("$ " + command, expected, done.stdout.decode("utf-8", "replace").splitlines())
    print(f"{count} commands")
    return passed


def main(arguments):
    verbs = {"extract": (extract, 2), "program": (program, 2), "console": (console, 3)}
    if not arguments or arguments[0] not in verbs or len(arguments) != 1 + verbs[arguments[0]][1]:
        sys.exit(__doc__)
    return 0 if verbs[arguments[0]][0](*arguments[1:]) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
