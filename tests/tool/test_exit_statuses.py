"""The table of exit statuses, line by line."""
import os
import resource
import signal
import subprocess

from toolkit import (BAD_INPUT, BAD_OUTPUT, BUSY, DONE, NO, TOOL, UNREADABLE, USAGE, ToolCase, lines, main, new_id, run,
                     session)

MISSING = new_id("missing")


class ExitStatuses(ToolCase):
    def setUp(self):
        super().setUp()
        self.feed([session(1, statuscode=2), session(2)])
        self.first, self.second = new_id(1), new_id(2)

    def test_0_done(self):
        self.expect(DONE, "dump", self.store)
        self.expect(DONE, "valid-transition", self.store, self.first, "Active", 4)

    def test_1_false(self):
        answer = self.expect(NO, "valid-transition", self.store, self.second, "Active", 2)
        self.assertEqual((answer.out, answer.err), ("false\n", ""))

    def test_1_not_found(self):
        for command in (["get"], ["set", "name=x"], ["transition", "Failed"], ["delete"]):
            with self.subTest(command=command):
                self.refuse(NO, command[0], self.store, MISSING, *command[1:], words=[MISSING])
        self.refuse(NO, "get", self.store, self.first, "--column", "inputs")
        self.refuse(NO, "index", self.store, "drop", "startedon")

    def test_1_refused_by_a_rule(self):
        self.refuse(NO, "transition", self.store, self.second, "Running", words=["Succeeded"])
        self.refuse(NO, "set", self.store, self.first, "statuscode=14")
        self.refuse(NO, "transition", self.store, self.first, "Failed", "--state", "Inactive")
        self.refuse(NO, "create", self.store)
        self.refuse(NO, "index", self.store, "drop", "machine")

    def test_1_stale_etag(self):
        self.refuse(NO, "set", self.store, self.first, "name=x", "--if-match", 'W/"999"')
        self.refuse(NO, "transition", self.store, self.first, "Failed", "--if-match", "999")

    def test_2_usage(self):
        for arguments in (["frobnicate"], [], ["dump"], ["dump", self.store, "--status", "Sleeping"],
                          ["dump", self.store, "--machine", "abc"], ["dump", self.store, "--columns", "nosuch"],
                          ["dump", self.store, "--since", "yesterday"], ["dump", self.store, "--limit", "-1"],
                          ["dump", self.store, "--format", "parquet"], ["dump", self.store, "--state", "Asleep"],
                          ["dump", self.store, "--since", "2024-02-01", "--until", "2024-01-01"],
                          ["get", self.store, "abc"], ["get", self.store, self.first, "--column", "nosuch"],
                          ["set", self.store, self.first], ["set", self.store, self.first, "nosuch=1"],
                          ["set", self.store, self.first, "name"], ["set", self.store, self.first, "inputs=x"],
                          ["set", self.store, self.first, "name=x", "--if-match", "new"],
                          ["set", self.store, self.first, "--clear", "nosuch"],
                          ["set", self.store, self.first, "name=x", "--clear", "name"],
                          ["transition", self.store, self.first, "Sleeping"],
                          ["import", self.store, "--batch", "0"], ["import", self.store, "--on-conflict", "merge"],
                          ["index", self.store, "add", "nosuch"], ["index", self.store],
                          ["create", self.path("new"), "--model", "nosuch"],
                          ["create", self.path("new"), "--index", "nosuch"],
                          ["states", "--set", "platform"]):
            with self.subTest(arguments=arguments):
                self.refuse(USAGE, *arguments)
        self.assertFalse(os.path.exists(self.path("new")))

    def test_2_valid_transition_of_nothing(self):
        self.refuse(USAGE, "valid-transition", self.store, MISSING, "Active", 4, words=[MISSING])
        self.refuse(USAGE, "valid-transition", self.store, self.first, "Asleep", 4, words=["Asleep"])

    def test_3_only_create_and_import_make_the_file(self):
        missing = self.path("missing.flowkeep")
        for arguments in (["dump"], ["get", MISSING], ["set", MISSING, "name=x"], ["transition", MISSING, "Failed"],
                          ["valid-transition", MISSING, "Active", "4"], ["delete", MISSING], ["index", "list"],
                          ["stat"], ["check"], ["states"]):
            with self.subTest(arguments=arguments):
                self.refuse(UNREADABLE, arguments[0], missing, *arguments[1:], words=["missing.flowkeep"])
                self.assertFalse(os.path.exists(missing))

    def test_3_not_a_store(self):
        foreign = self.write("foreign.flowkeep", "SQLite format 3\0" + "x" * 8192)
        for command in ("dump", "stat", "check"):
            self.refuse(UNREADABLE, command, foreign)
        self.refuse(UNREADABLE, "import", foreign, stdin=lines([session(3)]))
        self.refuse(UNREADABLE, "dump", self.directory)

    def test_3_cut_short(self):
        size = os.path.getsize(self.store)
        os.truncate(self.store, size // 2 // 4096 * 4096)
        for command in ("dump", "stat", "check"):
            answer = run(command, self.store)
            self.assertEqual(answer.code, UNREADABLE, answer.err)

    def test_4_full(self):
        """A disk of a megabyte, where this test may make one."""
        script = ('mount -t tmpfs -o size=1m tmpfs "$1" && shift && for n in 1 2 3 4 5 6 7 8; do '
                  '"$0" import "$@" --on-conflict skip || exit $?; done')
        disk = self.path("disk")
        os.mkdir(disk)
        probe = subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", disk], capture_output=True,
                               check=False) if os.path.exists("/usr/bin/unshare") else None
        if probe is None or probe.returncode != 0:
            self.skipTest("no disk of its own: unshare -rm is not allowed here")
        rows = self.write("rows.jsonl", lines([session(n, errordetails=f"{n}" * 1500) for n in range(10, 900)]))
        done = subprocess.run(["unshare", "-rm", "sh", "-c", script, TOOL, disk, disk + "/small.flowkeep", rows],
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, BUSY, done.stderr)
        self.assertIn(b"flowkeep: ", done.stderr)

    def test_a_file_that_cannot_grow_keeps_what_it_had(self):
        def small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 18, 1 << 18))

        rows = lines([session(n, errordetails=f"{n}" * 1500) for n in range(10, 900)])
        answer = run("import", self.store, stdin=rows, preexec_fn=small_files)
        self.assertIn(answer.code, (BUSY, UNREADABLE), answer.err)  # LMDB tells a short write as an I/O error
        self.assertIn("nothing is stored", answer.err)
        self.assertEqual(sorted(self.ids()), sorted([self.first, self.second]))
        self.assert_clean()

    def test_5_input(self):
        self.refuse(BAD_INPUT, "import", self.store, stdin="{\n")
        self.refuse(BAD_INPUT, "import", self.store, self.path("nosuch.jsonl"), words=["nosuch.jsonl"])
        self.refuse(BAD_INPUT, "set", self.store, self.first, "name=" + "x" * 101, words=["name", "100"])
        self.refuse(BAD_INPUT, "set", self.store, self.first, "runduration=soon", words=["runduration", "soon"])
        self.refuse(BAD_INPUT, "set", self.store, self.first, "--column", "inputs=@" + self.path("nosuch"))
        answer = self.refuse(BAD_INPUT, "set", self.store, self.first, "runmode=\x1b[2J\n" + "x" * 90_000)
        self.assertIn("\\x1b[2J\\x0a", answer.err)
        self.assertLess(len(answer.err), 400)
        xml = self.write("own.xml", "<allowedtransitions><")
        self.refuse(BAD_INPUT, "states", self.store, "--set", "@" + xml)
        self.refuse(BAD_INPUT, "create", self.path("new"), "--model", "@" + self.path("nosuch.xml"))

    def test_6_output(self):
        for arguments in (["dump", self.store], ["get", self.store, self.first], ["stat", self.store],
                          ["check", self.store], ["states"], ["index", self.store, "list"], ["--help"], ["--version"],
                          ["valid-transition", self.store, self.first, "Active", "4"]):
            with self.subTest(arguments=arguments), open("/dev/full", "wb") as full:
                answer = run(*arguments, stdout=full)
                self.assertEqual(answer.code, BAD_OUTPUT, answer.err)
                self.assertIn("standard output", answer.err)
        self.refuse(BAD_OUTPUT, "dump", self.store, "-o", "/dev/full", words=["/dev/full"])
        self.refuse(BAD_OUTPUT, "dump", self.store, "-o", self.path("no/such/folder"))


if __name__ == "__main__":
    main()
