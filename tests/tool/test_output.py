"""Where data goes: pipes that close, files that appear whole or not at all."""
import json
import os
import stat
import subprocess

from toolkit import BAD_OUTPUT, DONE, TOOL, UNREADABLE, USAGE, ToolCase, base64_of, main, new_id, run, session


class Pipe(ToolCase):
    def test_a_closed_pipe_ends_quietly(self):
        self.feed([session(n, errordetails="x" * 900) for n in range(2000)])
        for arguments in (["dump", self.store], ["dump", self.store, "--snapshot"],
                          ["dump", self.store, "--format", "csv"]):
            with subprocess.Popen([TOOL, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as dump:
                self.assertTrue(dump.stdout.readline())
                dump.stdout.close()
                self.assertEqual(dump.stderr.read(), b"")
                self.assertEqual(dump.wait(), DONE)

    def test_a_pipe_closed_before_the_first_byte(self):
        self.feed([session(1)])
        for arguments in (["dump", self.store], ["stat", self.store], ["check", self.store], ["--help"]):
            reading, writing = os.pipe()
            os.close(reading)
            answer = run(*arguments, stdout=writing)
            os.close(writing)
            self.assertEqual((answer.code, answer.err), (DONE, ""), arguments)

    def test_a_closed_standard_output_is_no_place_for_a_store(self):
        self.feed([session(1)])
        for arguments in (["dump", self.store], ["set", self.store, new_id(1), "name=x"]):
            answer = run(*arguments, stdout=None, preexec_fn=lambda: os.close(1))
            self.assertEqual(answer.code, BAD_OUTPUT, answer.err)
        self.assert_clean()

    def test_a_slow_reader_does_not_hold_a_read_transaction(self):
        self.feed([session(n, errordetails="x" * 900) for n in range(2000)])
        with subprocess.Popen([TOOL, "dump", self.store], stdout=subprocess.PIPE) as dump:
            self.assertTrue(dump.stdout.readline())  # the dump now waits for the pipe to be emptied
            readers = json_stat(self.store)["readers"]
            self.assertEqual([reader for reader in readers if reader["pid"] == dump.pid], [])
            self.assertEqual(len(dump.stdout.read().splitlines()), 1999)


def json_stat(store):
    return json.loads(run("stat", store, "--json").out)


class File(ToolCase):
    def setUp(self):
        super().setUp()
        self.feed([session(n, inputs=base64_of(b"content")) for n in range(50)])
        self.out = self.path("out.jsonl")

    # What stands in a damaged record, its id too, is not to be trusted: errors name its place instead.
    damaged_row = "row 2024-05-01T10:00:00Z #26"

    def left_over(self):
        return sorted(name for name in os.listdir(self.directory) if "flowkeep" not in name)

    def test_is_written_whole(self):
        answer = self.expect(DONE, "dump", self.store, "-o", self.out)
        self.assertEqual(answer.bytes, b"")
        with open(self.out, "rb") as file:
            self.assertEqual(file.read(), run("dump", self.store).bytes)
        self.assertEqual(stat.S_IMODE(os.stat(self.out).st_mode), 0o600)
        self.assertEqual(self.left_over(), ["out.jsonl"])

    def test_replaces_an_older_one(self):
        self.write("out.jsonl", "old")
        self.expect(DONE, "get", self.store, new_id(3), "--column", "inputs", "-o", self.out)
        with open(self.out, "rb") as file:
            self.assertEqual(file.read(), b"content")

    def test_a_failed_command_leaves_the_older_one(self):
        self.write("out.jsonl", "old")
        damaged = self.damaged_store()
        self.assertEqual(run("dump", damaged, "-o", self.out).code, UNREADABLE)
        self.assertEqual(run("get", self.store, new_id("missing"), "-o", self.out).code, 1)
        self.assertEqual(run("get", self.store, new_id(3), "--column", "outputs", "-o", self.out).code, 1)
        self.assertEqual(run("dump", self.store, "--columns", "nosuch", "-o", self.out).code, USAGE)
        with open(self.out, "rb") as file:
            self.assertEqual(file.read(), b"old")
        self.assertEqual(self.left_over(), ["out.jsonl"])

    def damaged_store(self):
        """A copy with one letter of one session's name changed."""
        with open(self.store, "rb") as file:
            content = file.read()
        self.assertIn(b"Session 25", content)  # perhaps twice: a split page keeps what it gave away
        path = self.write("damaged.flowkeep", content.replace(b"Session 25", b"Sessiom 25"))
        return path

    def test_a_damaged_row_ends_a_dump_behind_the_rows_before_it(self):
        answer = run("dump", self.damaged_store(), "--order", "oldest")
        self.assertEqual(answer.code, UNREADABLE)
        self.assertIn(self.damaged_row, answer.err)
        self.assertEqual([row["flowsessionid"] for row in answer.rows], [new_id(n) for n in range(25)])

    def test_check_finds_the_damaged_row(self):
        damaged = self.damaged_store()
        answer = self.expect(UNREADABLE, "check", damaged)
        self.assertIn(self.damaged_row, answer.out)
        self.assertRegex(answer.out, r"\n\d+ findings?: 50 sessions")
        answer = json.loads(self.expect(UNREADABLE, "check", damaged, "--json").out)
        self.assertFalse(answer["clean"])
        self.assertEqual(answer["findings_total"], len(answer["findings"]))
        self.assertTrue(any(self.damaged_row in finding["where"] + finding["what"] for finding in answer["findings"]))

    def test_goes_through_links(self):
        self.write("real.jsonl", "old")
        os.symlink("real.jsonl", self.out)
        self.expect(DONE, "dump", self.store, "-o", self.out)
        self.assertTrue(os.path.islink(self.out))
        with open(self.path("real.jsonl"), "rb") as file:
            self.assertEqual(file.read(), run("dump", self.store).bytes)

    def test_devices_are_written_directly(self):
        self.expect(DONE, "dump", self.store, "-o", "/dev/null")
        self.assertFalse(stat.S_ISREG(os.stat("/dev/null").st_mode))
        self.refuse(BAD_OUTPUT, "dump", self.store, "-o", "/dev/full")

    def test_the_store_itself_is_refused(self):
        self.refuse(USAGE, "dump", self.store, "-o", self.store)
        for suffix in ("-wal", "-shm", "-lock"):  # they may come, and then a dump would be in their place
            self.refuse(USAGE, "dump", self.store, "-o", self.store + suffix)
            self.refuse(USAGE, "get", self.store, new_id(3), "--column", "inputs", "-o", self.store + suffix)
            folder, name = os.path.split(self.store)
            self.refuse(USAGE, "dump", name, "-o", name + suffix, cwd=folder)
        self.assert_clean()


if __name__ == "__main__":
    main()
