"""callbacks: what is listed, what is delivered to a receiver on this machine, and that no URL is shown.

FLOWKEEP_TEST_RECEIVER is the receiver's program; empty, or without openssl: nothing is delivered. FLOWKEEP_CALLBACKS
says whether the tool was built with callbacks."""
import datetime
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from toolkit import (BAD_INPUT, DONE, NO, TOOL, UNREADABLE, USAGE, ToolCase, main, new_id, session)

SECRET = "s3cr3t"
HAS_CALLBACKS = os.environ.get("FLOWKEEP_CALLBACKS") == "true"
RECEIVER = os.environ.get("FLOWKEEP_TEST_RECEIVER")
OPENSSL = shutil.which("openssl")
delivers = unittest.skipUnless(HAS_CALLBACKS, "the tool was built without callbacks")
receives = unittest.skipUnless(HAS_CALLBACKS and RECEIVER and OPENSSL, "no receiver of callbacks")


class Receiver:
    """tests/callbacks/receiver.py, at https://localhost."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="flowkeep-receiver-")
        self.process = subprocess.Popen([sys.executable, RECEIVER, self.directory, OPENSSL], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        self.ca_file = os.path.join(self.directory, "ca.pem")

    def url(self, path):
        return f"https://localhost:{self.port}{path}?sig={SECRET}"

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return list(iter(lambda: self.process.stdout.readline().rstrip("\n"), "done"))

    def take(self):
        """The lines of the requests that have come: "request POST /path"."""
        return [line for line in self.ask("take") if line.startswith("request ")]

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        shutil.rmtree(self.directory, ignore_errors=True)


class Owing(ToolCase):
    """A store that owes callbacks; nothing of a URL but its host is in anything that the tool says."""

    def expect(self, code, *arguments, **more):
        answer = super().expect(code, *arguments, **more)
        self.assertNotIn(SECRET, answer.out + answer.err)
        return answer

    def owe(self, *urls):
        """Runs that end, with these callbacks; their ids."""
        ids = [new_id(url) for url in urls]
        self.feed([session(url, flowsessionid=each, statuscode=2, callbackurl=url) for each, url in zip(ids, urls)])
        for each in ids:
            self.expect(DONE, "transition", self.store, each, "Succeeded")
        return ids

    def list(self, *options):
        return self.expect(DONE, "callbacks", self.store, "--json", *options).rows


class Lists(Owing):
    def test_what_is_owed(self):
        before = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
        id, = self.owe(f"https://flows.example.com/workflows/{SECRET}?sig={SECRET}")
        row, = self.list()
        self.assertGreaterEqual(row.pop("enqueuedon"), before)
        self.assertGreaterEqual(row.pop("dueon"), before)
        self.assertEqual(row, {"flowsessionid": id, "state": "waiting", "attempts": 0, "last_status": None,
                               "last_attempt": None, "statuscode": 4, "receiver": "https://flows.example.com/…",
                               "last_error": None})
        self.assertRegex(self.expect(DONE, "callbacks", self.store).out,
                         rf"^{id} waiting +0 +- \d{{4}}-\d\d-\d\dT[0-9:.]+Z +https://flows\.example\.com/…\n$")

    def test_nothing(self):
        self.expect(DONE, "create", self.store)
        self.assertEqual(self.expect(DONE, "callbacks", self.store).out, "")
        self.assertEqual(self.list("--state", "failed"), [])

    def test_a_part(self):
        ids = sorted(self.owe(*[f"https://r{n}.example/{SECRET}" for n in range(5)]))
        shown = [row["flowsessionid"] for row in self.list()]
        self.assertEqual(sorted(shown), ids)
        self.assertEqual([row["flowsessionid"] for row in self.list("--limit", "2")], shown[:2])
        self.assertEqual([row["flowsessionid"] for row in self.list("--limit", "2", "--after", shown[1])], shown[2:4])
        self.assertEqual(self.list("--after", shown[4]), [])

    def test_refuses_what_cannot_be_meant(self):
        self.refuse(UNREADABLE, "callbacks", self.store, words=["test.flowkeep"])
        self.write("test.flowkeep", "not a store")
        self.refuse(UNREADABLE, "callbacks", self.store, words=["test.flowkeep"])
        for arguments, words in [
                (["--state", "late"], ["'late'", "waiting, delivered, failed or refused"]),
                (["--limit", "0"], ["'0'"]),
                (["--after", "x"], ["'x'", "GUID"]),
                (["--deliver", "--watch"], ["--deliver", "--watch"]),
                (["--deliver", "--state", "waiting"], ["--state"]),
                (["--watch", "--limit", "1"], ["--limit"]),
                (["--allow-host", "h.example"], ["--allow-host", "--deliver"]),
                (["--timeout", "5"], ["--timeout", "--deliver"]),
                (["--deliver", "--timeout", "0"], ["'0'"])]:
            with self.subTest(arguments):
                self.refuse(USAGE, "callbacks", self.store, *arguments, words=words)


@unittest.skipIf(HAS_CALLBACKS, "the tool was built with callbacks")
class WithoutCallbacks(Owing):
    def test_delivers_nothing(self):
        self.owe(f"https://flows.example.com/{SECRET}")
        for verb in ("--deliver", "--watch"):
            self.refuse(USAGE, "callbacks", self.store, verb, words=["was built without callbacks"])
        self.assertEqual(self.list()[0]["state"], "waiting")


@delivers
class Refuses(Owing):
    def test_urls(self):
        urls = [f"http://flows.example.com/{SECRET}", f"https://10.0.0.1/{SECRET}", f"https://localhost/{SECRET}",
                f"https://user:{SECRET}@flows.example.com/", SECRET]
        self.owe(*urls)
        answer = self.expect(NO, "callbacks", self.store, "--deliver")
        self.assertEqual((answer.out, answer.err), ("", "0 callbacks delivered, 0 failed, 5 refused, 0 put off\n"))
        rows = self.list("--state", "refused")
        self.assertEqual(len(rows), len(urls))
        for row in rows:
            self.assertEqual((row["attempts"], row["last_status"], row["dueon"]), (1, None, None))
            self.assertIn("callbackurl", row["last_error"])
        self.assertEqual(self.expect(DONE, "callbacks", self.store).out.count(" refused "), len(urls))
        self.assertEqual(self.list("--state", "waiting"), [])

    def test_options(self):
        self.expect(DONE, "create", self.store)
        for options, code, words in [
                (["--allow-host", "10.0.0.1"], USAGE, ["10.0.0.1", "IP address"]),
                (["--allow-host", "good.example", "--allow-host", "https://good.example"], USAGE, ["https://good.example"]),
                (["--timeout", "3601"], USAGE, ["total_timeout"]),
                (["--connect-timeout", "18446744073709551615"], USAGE, ["connect_timeout"]),
                (["--ca-file", self.path("none.pem")], BAD_INPUT, ["none.pem"]),
                (["--ca-file", self.directory], BAD_INPUT, [self.directory])]:
            for verb in ("--deliver", "--watch"):
                with self.subTest(options + [verb]):
                    self.refuse(code, "callbacks", self.store, verb, *options, words=words)

    def test_files(self):
        for verb in ("--deliver", "--watch"):
            self.refuse(UNREADABLE, "callbacks", self.store, verb, words=["test.flowkeep"])
            self.write("other", "not a store" * 1000)
            self.refuse(UNREADABLE, "callbacks", self.path("other"), verb, words=["other"])

    def test_nothing_that_is_due(self):
        self.expect(DONE, "create", self.store)
        self.assertEqual(self.expect(DONE, "callbacks", self.store, "--deliver").err,
                         "0 callbacks delivered, 0 failed, 0 refused, 0 put off\n")


@receives
class Delivers(Owing):
    @classmethod
    def setUpClass(cls):
        cls.receiver = Receiver()
        cls.addClassCleanup(cls.receiver.close)

    def setUp(self):
        super().setUp()
        self.receiver.take()
        self.how = ["--allow-host", "localhost", "--ca-file", self.receiver.ca_file]

    def deliver(self, code, *options):
        return self.expect(code, "callbacks", self.store, "--deliver", *self.how, *options)

    def test_what_is_due_once(self):
        id, = self.owe(self.receiver.url("/answer/200"))
        self.assertEqual(self.deliver(DONE).err, "1 callback delivered, 0 failed, 0 refused, 0 put off\n")
        self.assertEqual(self.receiver.take(), [f"request POST /answer/200?sig={SECRET}"])
        row, = self.list()
        self.assertEqual((row["state"], row["attempts"], row["last_status"], row["dueon"], row["last_error"]),
                         ("delivered", 1, 200, None, None))
        self.assertRegex(self.expect(DONE, "callbacks", self.store).out,
                         rf"^{id} delivered +1 200 \S+ +https://localhost/…\n$")
        self.deliver(DONE)
        self.assertEqual(self.receiver.take(), [])
        self.expect(DONE, "callback", self.store, id)
        self.assertEqual(json.loads(self.deliver(DONE, "--json").out),
                         {"delivered": 1, "failed": 0, "refused": 0, "later": 0})
        self.assertEqual(len(self.receiver.take()), 1)
        self.assert_clean()

    def test_and_tells_what_went_wrong(self):
        self.owe(self.receiver.url("/answer/404"), self.receiver.url("/retry_after/429/600"),
                 self.receiver.url("/answer/201"), self.receiver.url("/quit_unanswered"))
        answer = self.deliver(NO, "--json", "--timeout", "20", "--connect-timeout", "5")
        self.assertEqual(json.loads(answer.out), {"delivered": 1, "failed": 1, "refused": 0, "later": 2})
        self.assertEqual(answer.err, "")
        failed, = self.list("--state", "failed")
        self.assertEqual((failed["last_status"], failed["last_error"]), (404, "https://localhost/… answered 404"))
        self.assertEqual({row["last_status"] for row in self.list("--state", "waiting")}, {429, None})
        self.assertIn(" https://localhost/… answered 404\n", self.expect(DONE, "callbacks", self.store).out)

    def test_nothing_to_who_is_not_trusted(self):
        self.owe(self.receiver.url("/answer/200"))
        self.assertIn("1 put off", self.expect(NO, "callbacks", self.store, "--deliver", *self.how[:2]).err)
        self.assertIn("certificate", self.list()[0]["last_error"])
        self.assertEqual(self.receiver.take(), [])

    def watch(self):
        process = subprocess.Popen([TOOL, "callbacks", self.store, "--watch", *self.how], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.assertEqual(process.stderr.readline(), "delivering callbacks until SIGINT or SIGTERM\n")
        return process

    def end(self, process, by):
        began = time.monotonic()
        process.send_signal(by)
        out, err = process.communicate(timeout=30)
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual((process.returncode, out), (DONE, ""), err)
        self.assertNotIn(SECRET, err)
        return err

    def test_on_and_on(self):
        self.owe(self.receiver.url("/answer/200"))
        process = self.watch()
        self.assertEqual(self.receiver.ask("await 1"), [])
        self.owe(self.receiver.url("/answer/202"))  # by other processes, while it watches
        self.assertEqual(self.receiver.ask("await 2"), [])
        # It is noted after it was answered.
        while self.list("--state", "waiting"):
            time.sleep(0.01)
        self.assertEqual(self.end(process, signal.SIGTERM), "2 callbacks delivered, 0 failed, 0 refused, 0 put off\n")
        self.assertFalse(os.path.exists(self.store + "-wal"), "the store is closed")
        self.assert_clean()

    def test_until_it_is_interrupted(self):
        self.expect(DONE, "create", self.store)
        self.assertEqual(self.end(self.watch(), signal.SIGINT),
                         "0 callbacks delivered, 0 failed, 0 refused, 0 put off\n")

    def test_until_it_is_ended_in_the_middle(self):
        self.owe(self.receiver.url("/hang_first/200"))
        process = self.watch()
        self.assertEqual(self.receiver.ask("await 1"), [])
        self.end(process, signal.SIGTERM)
        row, = self.list()
        self.assertEqual((row["state"], row["attempts"]), ("waiting", 0))
        self.deliver(DONE)


if __name__ == "__main__":
    main()
