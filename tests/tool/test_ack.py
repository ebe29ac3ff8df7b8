"""import --ack: an id comes when its session is on the disk, and a pipe that is quiet waits for nobody."""
import gzip
import os
import random
import select
import subprocess
import threading

from toolkit import (BAD_INPUT, BAD_OUTPUT, DONE, TOOL, ToolCase, lines, main, new_id, run, session)

PATIENCE = 30  # seconds, for what comes at once


class Importing:
    """An import that is fed through a pipe."""

    def __init__(self, store, *options):
        self.process = subprocess.Popen([TOOL, "import", store, "-", "--ack", *options], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.seen = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                stream.close()
            except BrokenPipeError:
                pass  # what was on its way to it

    def feed(self, text):
        self.process.stdin.write(text.encode() if isinstance(text, str) else text)
        self.process.stdin.flush()

    def ids(self, count):
        """The next `count` ids; fewer where they do not come."""
        while self.seen.count(b"\n") < count:
            ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
            piece = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not piece:
                break
            self.seen += piece
        parts = self.seen.split(b"\n", count)
        self.seen = parts.pop()
        return [part.decode() for part in parts]

    def finish(self):
        self.process.stdin.close()
        rest = self.seen + self.process.stdout.read()
        return self.process.wait(), rest.decode(), self.process.stderr.read().decode()


class Acknowledge(ToolCase):
    def test_prints_ids_alone_in_the_order_of_the_input(self):
        rows = [session(n) for n in range(25)]
        rows[3]["flowsessionid"] = rows[3]["flowsessionid"].upper()
        answer = self.expect(DONE, "import", self.store, "-", "--batch", "10", "--ack", stdin=lines(rows))
        self.assertEqual(answer.out, "".join(new_id(n) + "\n" for n in range(25)))
        self.assertIn("25 sessions imported", answer.err)
        self.assert_clean()

    def test_prints_nothing_without_being_asked(self):
        self.assertEqual(self.feed([session(1)]).bytes, b"")

    def test_prints_the_ids_it_has_made(self):
        rows = [session(n, flowsessionid=None) for n in range(3)]
        answer = self.expect(DONE, "import", self.store, "-", "--ack", stdin=lines(rows))
        self.assertEqual(sorted(answer.out.split()), sorted(self.ids()))
        self.assertEqual(len(self.ids()), 3)

    def test_does_not_wait_for_a_full_batch(self):
        for packed in (False, True):
            with self.subTest(packed=packed), Importing(self.path(f"{packed}.flowkeep"), "--batch", "1000") as importing:
                for start in (0, 1, 4, 100):
                    count = start + 1
                    text = lines([session(f"{start}-{n}") for n in range(count)]).encode()
                    importing.feed(gzip.compress(text) if packed else text)
                    self.assertEqual(importing.ids(count), [new_id(f"{start}-{n}") for n in range(count)])
                self.assertEqual(importing.finish()[:2], (DONE, ""))

    def test_a_row_that_is_not_whole_does_not_keep_those_before_it(self):
        with Importing(self.store) as importing:
            text = lines([session(n) for n in range(4)])
            importing.feed(text[:-20])
            self.assertEqual(importing.ids(3), [new_id(n) for n in range(3)])
            importing.feed(text[-20:])
            self.assertEqual(importing.ids(1), [new_id(3)])
            importing.feed(lines([session(4)])[:-1])  # the last line has no end
            self.assertEqual(importing.finish()[:2], (DONE, new_id(4) + "\n"))

    def test_elements_of_a_response_do_not_wait_either(self):
        with Importing(self.store) as importing:
            importing.feed('{"value":[' + lines([session(0)]) + "," + lines([session(1)]))
            self.assertEqual(importing.ids(2), [new_id(0), new_id(1)])
            importing.feed("]}")
            self.assertEqual(importing.finish()[0], DONE)

    def test_rows_are_stored_before_their_id_comes(self):
        with Importing(self.store) as importing:
            for n in range(20):
                importing.feed(lines([session(n)]))
                self.assertEqual(importing.ids(1), [new_id(n)])
                self.assertEqual(run("get", self.store, new_id(n)).code, DONE)
            importing.finish()

    def test_skipped_rows_are_acknowledged(self):
        self.feed([session(1)])
        with Importing(self.store, "--on-conflict", "skip") as importing:
            importing.feed(lines([session(1), session(2), session(2)]))
            self.assertEqual(importing.ids(3), [new_id(1), new_id(2), new_id(2)])
            code, out, err = importing.finish()
            self.assertEqual((code, out), (DONE, ""))
            self.assertIn("1 new, 0 replaced, 2 skipped", err)

    def test_a_refused_row_acknowledges_nothing_of_its_batch(self):
        rows = lines([session(n) for n in range(7)]) + "{broken\n"
        answer = self.expect(BAD_INPUT, "import", self.store, "-", "--batch", "3", "--ack", stdin=rows)
        acknowledged = answer.out.split()
        self.assertEqual(sorted(acknowledged), sorted(self.ids()))
        self.assertIn("line 8", answer.err)

    def test_a_reader_that_goes_ends_the_import(self):
        with Importing(self.store, "--batch", "2") as importing:
            importing.feed(lines([session(0)]))
            self.assertEqual(importing.ids(1), [new_id(0)])
            importing.process.stdout.close()
            importing.feed(lines([session(1)]))
            self.assertEqual(importing.process.wait(), BAD_OUTPUT)
            err = importing.process.stderr.read().decode()
            self.assertRegex(err, r"^flowkeep: standard output was closed by its reader; 2 rows are stored, of which the "
                                  r"last 1 may not have been acknowledged; [^\n]+\n$")
        self.assert_clean()

    def test_a_full_device_ends_the_import(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full")
        with open("/dev/full", "wb") as full:
            answer = run("import", self.store, "-", "--ack", stdin=lines([session(1)]), stdout=full)
        self.assertEqual(answer.code, BAD_OUTPUT)
        self.assertIn("No space left", answer.err)

    def test_what_was_acknowledged_survives_a_kill(self):
        pick = random.Random(31)
        for round_number in range(12):
            store = self.path(f"killed-{round_number}.flowkeep")
            batch = pick.choice([1, 3, 50])
            kill_after = pick.randrange(1, 200)
            with Importing(store, "--batch", str(batch)) as importing:
                def pour(importing=importing, round_number=round_number):
                    try:
                        for n in range(100_000):
                            importing.feed(lines([session(f"{round_number}-{n}", errordetails="x" * (n % 700))]))
                    except OSError:
                        pass  # it was killed
                feeding = threading.Thread(target=pour)
                feeding.start()
                acknowledged = importing.ids(kill_after)
                importing.process.kill()
                rest = importing.seen + importing.process.stdout.read()
                feeding.join()
            acknowledged += rest.decode().split("\n")[:-1]  # an id is whole when its line has ended
            self.assertGreaterEqual(len(acknowledged), kill_after, f"round {round_number}, batch {batch}")
            self.expect(DONE, "set", store, acknowledged[0], "name=opened again")  # recovers
            dumped = self.expect(DONE, "dump", store, "--columns", "flowsessionid").rows
            stored = {row["flowsessionid"] for row in dumped}
            self.assertEqual([one for one in acknowledged if one not in stored], [], f"round {round_number}")
            self.expect(DONE, "check", store)


if __name__ == "__main__":
    main()
