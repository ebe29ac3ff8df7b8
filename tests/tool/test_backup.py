"""backup and compact, and what stat says of journal, recovery and readers."""
import json
import os
import re
import signal
import stat
import subprocess
import unittest

from toolkit import (BAD_OUTPUT, BUSY, DONE, NO, TOOL, UNREADABLE, USAGE, ToolCase, base64_of, by_id, lines, main,
                     make_sessions, new_id, run, session)


def stop_in_the_middle(store):
    """Leaves a store as a killed process leaves it."""
    with subprocess.Popen([TOOL, "import", store, "-", "--ack"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as importing:
        importing.stdin.write(lines([session("killed")]).encode())
        importing.stdin.flush()
        importing.stdout.readline()
        importing.kill()


class Backup(ToolCase):
    def setUp(self):
        super().setUp()
        self.rows = make_sessions(41, 60)
        self.feed(self.rows)
        os.mkdir(self.path("to"))
        self.copy = self.path("to/copy.flowkeep")

    def test_is_equal(self):
        for options in ([], ["--compact"], ["--verify"], ["--compact", "--verify"]):
            with self.subTest(options=options):
                answer = self.expect(DONE, "backup", self.store, self.copy, *options)
                self.assertRegex(answer.out, r"^\S+/to/copy\.flowkeep: [0-9.]+ [KM]iB(, verified: clean, 60 sessions)?\n$")
                self.assertEqual("verified" in answer.out, "--verify" in options)
                self.assertEqual(os.listdir(self.path("to")), ["copy.flowkeep"])
                self.assertEqual(stat.S_IMODE(os.stat(self.copy).st_mode), 0o600)
                self.expect(DONE, "check", self.copy)
                copied = self.expect(DONE, "dump", self.copy).out
                self.assertEqual(copied, self.expect(DONE, "dump", self.store).out)
                for name in os.listdir(self.path("to")):
                    os.unlink(self.path("to/" + name))

    def test_of_a_store_that_is_being_written(self):
        with subprocess.Popen([TOOL, "import", self.store, "-", "--ack"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as importing:
            for n in range(5):
                importing.stdin.write(lines([session(f"live {n}")]).encode())
                importing.stdin.flush()
                importing.stdout.readline()
                self.expect(DONE, "backup", self.store, f"{self.copy}-{n}", "--verify")
                self.assertEqual(run("get", f"{self.copy}-{n}", new_id(f"live {n}")).code, DONE)
            importing.stdin.close()

    def test_refuses_a_file_that_is_there(self):
        self.write("to/copy.flowkeep", "kept")
        self.refuse(NO, "backup", self.store, self.copy, words=["copy.flowkeep", "exists"])
        self.refuse(NO, "backup", self.store, self.store, words=["exists"])
        with open(self.copy, encoding="utf-8") as file:
            self.assertEqual(file.read(), "kept")

    def test_where_there_is_no_directory(self):
        self.refuse(BAD_OUTPUT, "backup", self.store, self.path("nowhere/copy"), words=["nowhere"])
        self.refuse(UNREADABLE, "backup", self.path("missing.flowkeep"), self.copy)

    def test_recovers_a_store_that_was_not_closed_and_says_so(self):
        stop_in_the_middle(self.store)
        answer = self.expect(DONE, "backup", self.store, self.copy)
        self.assertIn("was not closed", answer.err)
        self.assertEqual(run("get", self.copy, new_id("killed")).code, DONE)

    def test_restores(self):
        self.expect(DONE, "backup", self.store, self.copy)
        stop_in_the_middle(self.store)
        for name in os.listdir(self.directory):
            if name.startswith("test.flowkeep"):
                os.unlink(self.path(name))
        os.rename(self.copy, self.store)
        self.assertEqual(by_id(self.dump()), by_id(self.rows))
        self.expect(DONE, "set", self.store, self.ids()[0], "name=again")
        self.assert_clean()


class Compact(ToolCase):
    def setUp(self):
        super().setUp()
        self.feed([session(n, inputs=base64_of(os.urandom(60_000))) for n in range(40)])
        for n in range(38):
            self.expect(DONE, "delete", self.store, new_id(n))

    def test_gives_space_back(self):
        before = self.expect(DONE, "dump", self.store).out
        size = os.path.getsize(self.store)
        answer = self.expect(DONE, "compact", self.store)
        self.assertRegex(answer.out, r": [0-9.]+ MiB before, [0-9.]+ [KM]iB after\n$")
        self.assertLess(os.path.getsize(self.store), size / 2)
        self.assertEqual(os.listdir(self.directory), ["test.flowkeep"])
        self.assertEqual(self.expect(DONE, "dump", self.store).out, before)
        self.assert_clean()

    def test_of_a_store_that_is_open_is_busy(self):
        with subprocess.Popen([TOOL, "import", self.store, "-", "--ack"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as importing:
            importing.stdin.write(lines([session("open")]).encode())
            importing.stdin.flush()
            importing.stdout.readline()
            self.refuse(BUSY, "compact", self.store, words=["another process"])
            importing.stdin.close()
            self.assertEqual(importing.wait(), DONE)
        self.expect(DONE, "compact", self.store)
        self.assertEqual(len(self.dump()), 3)

    def test_recovers_first(self):
        stop_in_the_middle(self.store)
        self.expect(DONE, "compact", self.store)
        self.assertEqual(len(self.dump()), 3)

    def test_that_is_killed_leaves_a_whole_store(self):
        for n in range(8):
            compacting = subprocess.Popen([TOOL, "compact", self.store], stdout=subprocess.DEVNULL,
                                          stderr=subprocess.DEVNULL, start_new_session=True)
            try:
                compacting.wait(0.004 * n * n)
            except subprocess.TimeoutExpired:
                os.killpg(compacting.pid, signal.SIGKILL)
                compacting.wait()
            self.expect(DONE, "set", self.store, new_id(38), f"name=round {n}")
            self.assert_clean()
            self.assertEqual(len(self.dump()), 2)


class Stat(ToolCase):
    def stats(self):
        return json.loads(self.expect(DONE, "stat", self.store, "--json").out)

    def test_of_a_closed_store(self):
        self.feed([session(1)])
        stats = self.stats()
        self.assertEqual([stats[name] for name in ("journal", "durability", "writer_pid", "recovery", "failed")],
                         [None, None, 0, None, False])
        text = self.expect(DONE, "stat", self.store).out
        self.assertRegex(text, r"journal +none: every commit is in the file\n")
        self.assertRegex(text, r"last recovery +none was needed yet\n")

    def test_of_a_recovery(self):
        self.feed([session(1)])
        stop_in_the_middle(self.store)
        self.refuse(UNREADABLE, "stat", self.store, words=["not closed"])
        self.expect(DONE, "set", self.store, new_id(1), "name=x")
        recovery = self.stats()["recovery"]
        self.assertEqual(recovery["changes"], 1)
        self.assertGreater(recovery["bytes"], 0)
        text = self.expect(DONE, "stat", self.store).out
        self.assertRegex(text, r"last recovery +20\S+Z: 1 transaction of \d+ bytes from the journal, in \d+ ms\n")

    def test_of_a_store_that_is_being_written(self):
        with subprocess.Popen([TOOL, "import", self.store, "-", "--ack"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as importing:
            for n in range(30):
                importing.stdin.write(lines([session(n)]).encode())
                importing.stdin.flush()
                importing.stdout.readline()
            stats = self.stats()
            self.assertEqual(stats["durability"], "power-safe")
            self.assertGreater(stats["journal"]["capacity_bytes"], 0)
            self.assertLessEqual(stats["journal"]["used_bytes"], stats["journal"]["capacity_bytes"])
            self.assertIn(stats["writer_pid"], (0, importing.pid))
            text = self.expect(DONE, "stat", self.store).out
            self.assertRegex(text, r"journal +\S+ \w+ of 256.0 KiB in use, \d+ checkpoint")
            importing.stdin.close()

    def test_of_a_slow_reader(self):
        self.feed([session(n, errordetails="x" * 900) for n in range(3000)])
        with subprocess.Popen([TOOL, "dump", self.store, "--snapshot"], stdout=subprocess.PIPE) as dump:
            self.assertTrue(dump.stdout.readline())  # it now waits for the pipe to be emptied
            for n in range(3):
                self.expect(DONE, "delete", self.store, new_id(n))
            reader, = [one for one in self.stats()["readers"] if one["pid"] == dump.pid]
            self.assertGreaterEqual(reader["lag"], 3)
            self.assertGreater(reader["held_bytes"], 0)
            text = self.expect(DONE, "stat", self.store).out
            self.assertRegex(text, rf"process {dump.pid}: at transaction \d+, \d+ commits behind[^\n]*, holds back \S+ \wiB")
            dump.stdout.read()
        self.expect(DONE, "set", self.store, new_id(5), "name=x")  # the last to close it had it open for reading only
        self.assertEqual(self.stats()["readers"], [])


if __name__ == "__main__":
    main()
