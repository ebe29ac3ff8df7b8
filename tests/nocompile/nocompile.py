#!/usr/bin/env python3
"""Misuse that must not compile, each beside its right use, which must.

usage: nocompile.py INCLUDE_DIRECTORY COMPILER...

All right uses are one compilation that has to succeed; all misuses are another, in which every one has to be an
error of its own that says the expected word.
"""

import re
import subprocess
import sys

# name: (word of the diagnostic, misuse, right use); each use is the body of a function.
CASES = {
    "get-of-a-temporary-snapshot": ("deleted",
        "(void)store.snapshot().value().get(id);",
        "const auto s = store.snapshot(); (void)s->get(id);"),
    "get-of-a-dereferenced-result": ("deleted",
        "(void)(*store.snapshot()).get(id);",
        "const auto s = store.snapshot(); (void)(*s).get(id);"),
    "find-of-a-temporary-snapshot": ("deleted",
        "(void)store.snapshot().value().find(id);",
        "const Snapshot s = store.snapshot().value(); (void)s.find(id);"),
    "select-of-a-moved-snapshot": ("deleted",
        "auto rows = std::move(snapshot).select(query);",
        "auto rows = snapshot.select(query);"),
    "by-machine-of-a-temporary-snapshot": ("deleted",
        "auto rows = store.snapshot().value().by_machine(id);",
        "auto rows = snapshot.by_machine(id);"),
    "by-correlationid-of-a-temporary-snapshot": ("deleted",
        "auto rows = store.snapshot().value().by_correlationid(\"run\");",
        "auto rows = snapshot.by_correlationid(\"run\");"),
    "by-flow-of-a-temporary-snapshot": ("deleted",
        "auto rows = store.snapshot().value().by_flow(id, newest_first, limit(50));",
        "auto rows = snapshot.by_flow(id, newest_first, limit(50));"),
    "by-statecode-of-a-temporary-snapshot": ("deleted",
        "auto rows = store.snapshot().value().by_statecode(StateCode::active);",
        "auto rows = snapshot.by_statecode(StateCode::active);"),
    "by-statuscode-of-a-temporary-snapshot": ("deleted",
        "auto rows = store.snapshot().value().by_statuscode(StatusCode::failed);",
        "auto rows = snapshot.by_statuscode(StatusCode::failed);"),
    "changed-since-of-a-temporary-snapshot": ("deleted",
        "auto rows = store.snapshot().value().changed_since(0);",
        "auto rows = snapshot.changed_since(0);"),
    "stream-of-a-temporary-snapshot": ("deleted",
        "auto reader = store.snapshot().value().stream(StoredContent{});",
        "auto reader = snapshot.stream(StoredContent{});"),
    "value-of-a-temporary-session": ("deleted",
        "auto v = value(Session{}, Column::name);",
        "const Session s{}; auto v = value(s, Column::name); (void)v;"),
    "value-of-a-moved-session": ("deleted",
        "Session s{}; auto v = value(std::move(s), Column::name);",
        "Session s{}; auto v = value(s, Column::name); (void)v;"),
    "name-of-a-temporary-model": ("deleted",
        "const std::string& name = StateModel::built_in(\"platform\").value().name();",
        "const std::string& name = StateModel::platform().name(); (void)name;"),
    "path-of-a-temporary-store": ("deleted",
        "const std::string& path = Store::open(\"x\").value().path();",
        "const std::string& path = store.path(); (void)path;"),
    "begin-of-a-temporary-range": ("deleted",
        "auto row = snapshot.select(query).begin();",
        "auto rows = snapshot.select(query); auto row = rows.begin(); (void)row;"),
    "a-range-kept-by-its-for-statement": ("deleted",
        "auto row = snapshot.by_machine(id).begin();",
        "for (const auto& row : snapshot.by_machine(id)) (void)row;"),
    "copied-store": ("deleted", "Store copy = store;", "Store moved = std::move(store);"),
    "copied-snapshot": ("deleted", "Snapshot copy = snapshot;", "Snapshot moved = std::move(snapshot);"),
    "copied-transaction": ("deleted",
        "WriteTransaction copy = transaction;", "WriteTransaction moved = std::move(transaction);"),
    "a-bare-number-as-limit": ("no matching",
        "auto rows = snapshot.by_machine(id, newest_first, 50);",
        "auto rows = snapshot.by_machine(id, newest_first, limit(50));"),
    "a-bare-bool-as-order": ("no matching",
        "auto rows = snapshot.by_machine(id, true);",
        "auto rows = snapshot.by_machine(id, oldest_first);"),
    "a-number-as-status": ("(convert|initialize)",
        "(void)store.transition(id, 4);",
        "(void)store.transition(id, StatusCode::succeeded);"),
    "ignored-commit": ("nodiscard", "transaction.commit();", "if (!transaction.commit()) return;"),
    "ignored-transition": ("nodiscard",
        "store.transition(id, StatusCode::running);", "(void)store.transition(id, StatusCode::running);"),
    "ignored-create": ("nodiscard", "store.create(Session{});", "(void)store.create(Session{});"),
    "ignored-erase": ("nodiscard", "transaction.erase(id);", "(void)transaction.erase(id);"),
    "ignored-open": ("nodiscard", "Store::open(\"x\");", "(void)Store::open(\"x\");"),
    "ignored-renew": ("nodiscard", "snapshot.renew();", "(void)snapshot.renew();"),
    "ignored-check": ("nodiscard", "store.check();", "(void)store.check();"),
    "ignored-append": ("nodiscard", "ContentWriter w; w.append(\"x\");", "ContentWriter w; (void)w.append(\"x\");"),
}

PARAMETERS = ("Store& store, Snapshot& snapshot, WriteTransaction& transaction, const Guid& id, "
              "const Query& query")


def source(which):
    lines = ["#include <utility>", "#include <flowkeep/flowkeep.hpp>", "using namespace flowkeep;"]
    for number, (name, case) in enumerate(CASES.items()):
        lines.append(f"void use_{number}([[maybe_unused]] {PARAMETERS.replace(', ', ', [[maybe_unused]] ')}) {{")
        lines.append(f'#line 1 "{name}"')
        lines.append(case[which])
        lines.append("}")
    return "\n".join(lines) + "\n"


def compile_source(compiler, include, text):
    limit = "-ferror-limit=0" if "clang" in compiler[-1] else "-fmax-errors=0"
    command = [*compiler, "-std=c++20", "-I", include, "-Werror=unused-result", "-fsyntax-only", limit, "-x", "c++", "-"]
    return subprocess.run(command, input=text, text=True, capture_output=True)


def main():
    include, compiler = sys.argv[1], sys.argv[2:]
    failures = []
    right = compile_source(compiler, include, source(2))
    if right.returncode != 0:
        failures.append("a right use does not compile:\n" + right.stderr)
    misuse = compile_source(compiler, include, source(1))
    errors = {}
    for name, text in re.findall(r"^([\w-]+):1:\d+: error: (.*)$", misuse.stderr, re.M):
        errors.setdefault(name, []).append(text)
    for name, (word, statement, _) in CASES.items():
        said = errors.get(name, [])
        if not said:
            failures.append(f"{name} compiles: {statement}")
        elif not any(re.search(word, text) for text in said):
            failures.append(f"{name} is refused, but not for {word}: {said}")
    for failure in failures:
        print(failure)
    print(f"{len(CASES)} cases, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
