"""The 51 516 real task executions, where they are: in and out unchanged, whatever the order they come in."""
import gzip
import json
import os
import random
import tempfile
import unittest

from toolkit import comparable, lines, main, run, time_key

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
INPUT = os.path.join(ROOT, "..", "shared", "data", "workflow-sessions.jsonl.gz")


@unittest.skipUnless(os.path.exists(INPUT), f"the real sessions are not here: {os.path.normpath(INPUT)}")
class RealSessions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with gzip.open(INPUT, "rt", encoding="utf-8") as file:
            cls.rows = [json.loads(line) for line in file]
        cls.wanted = {row["flowsessionid"]: comparable(row) for row in cls.rows}

    def done(self, *arguments, **more):
        answer = run(*arguments, **more)
        self.assertEqual(answer.code, 0, answer.err)
        return answer

    def ids(self, store, *options):
        text = self.done("dump", store, "--columns", "flowsessionid", *options).out
        return [line[18:54] for line in text.splitlines()]

    def compare_dump(self, store):
        seen = 0
        for row in self.done("dump", store).rows:
            if comparable(row) != self.wanted[row["flowsessionid"]]:
                self.assertEqual(comparable(row), self.wanted[row["flowsessionid"]])
            seen += 1
        self.assertEqual(seen, len(self.rows))

    def compare_keys(self, store):
        for option, column, label in (("--machine", "_machineid_value", str), ("--flow", "_regardingobjectid_value", str),
                                      ("--correlation", "correlationid", str), ("--status", "statuscode", str)):
            sets = {}
            for row in self.rows:
                if column in row:
                    sets.setdefault(row[column], set()).add(row["flowsessionid"])
            for value, wanted in sets.items():
                got = self.ids(store, option, label(value))
                self.assertEqual(len(got), len(wanted), (option, value))
                self.assertEqual(set(got), wanted, (option, value))

    def compare_order(self, store, arrived):
        at = {row["flowsessionid"]: position for position, row in enumerate(arrived)}
        expected = [row["flowsessionid"] for row in
                    sorted(arrived, key=lambda row: (time_key(row["createdon"]), at[row["flowsessionid"]]))]
        self.assertEqual(self.ids(store, "--order", "oldest"), expected)
        self.assertEqual(self.ids(store), expected[::-1])

    def test_in_and_out(self):
        with tempfile.TemporaryDirectory() as directory:
            store = os.path.join(directory, "real.flowkeep")
            answer = self.done("import", store, INPUT)
            self.assertIn("51516 sessions imported (51516 new, 0 replaced, 0 skipped)", answer.err)
            self.assertTrue(self.done("check", store).out.startswith("clean: 51516 sessions"))
            self.compare_dump(store)
            self.compare_keys(store)
            self.compare_order(store, self.rows)

    def test_shuffled(self):
        shuffled = self.rows[:]
        random.Random(2).shuffle(shuffled)
        with tempfile.TemporaryDirectory() as directory:
            store = os.path.join(directory, "shuffled.flowkeep")
            self.done("import", store, stdin=lines(shuffled))
            self.done("check", store)
            self.compare_dump(store)
            self.compare_keys(store)
            self.compare_order(store, shuffled)


if __name__ == "__main__":
    main()
