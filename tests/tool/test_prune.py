"""prune: what goes by the command line, and what is refused."""
import datetime

from toolkit import (DONE, UNREADABLE, USAGE, ToolCase, main, new_id, session)


def ago(**age):
    time = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**age)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


class Prune(ToolCase):
    def fill(self):
        """Ten closed sessions, one a day, of two flows; and one that still runs."""
        flows = [new_id("flow a"), new_id("flow b")]
        rows = [session(n, completedon=ago(days=10 - n, hours=1), statuscode=8 if n % 5 == 0 else 4,
                        **{"_regardingobjectid_value": flows[n % 2]}) for n in range(10)]
        self.feed(rows + [session(10, statuscode=2, startedon=ago(days=100), createdon=ago(days=100))])
        return flows

    def left(self):
        return sorted(int(row["name"].split()[1]) for row in self.dump("--columns", "name"))

    def test_deletes_what_is_old(self):
        self.fill()
        would = self.expect(DONE, "prune", self.store, "--older-than", "5d", "--dry-run")
        self.assertEqual(would.bytes, b"")
        self.assertIn("6 sessions would be deleted, completed from ", would.err)
        self.assertEqual(self.left(), list(range(11)))
        self.assertIn("6 sessions deleted, completed from ",
                      self.expect(DONE, "prune", self.store, "--older-than", "120h").err)
        self.assertEqual(self.left(), [6, 7, 8, 9, 10])
        self.assertEqual(self.expect(DONE, "prune", self.store, "--older-than", "5d").err, "0 sessions deleted\n")
        self.assert_clean()

    def test_keeps_so_many(self):
        self.fill()
        self.expect(DONE, "prune", self.store, "--keep", "3")
        self.assertEqual(self.left(), [7, 8, 9, 10])
        self.expect(DONE, "prune", self.store, "--keep", "0")
        self.assertEqual(self.left(), [10])

    def test_keeps_so_many_of_each_flow(self):
        flows = self.fill()
        self.expect(DONE, "prune", self.store, "--keep-per-flow", "1", "--flow", flows[0])
        self.assertEqual(self.left(), [1, 3, 5, 7, 8, 9, 10])
        self.expect(DONE, "prune", self.store, "--keep-per-flow", "2")
        self.assertEqual(self.left(), [7, 8, 9, 10])

    def test_looks_at_some_statuses_alone(self):
        self.fill()
        self.expect(DONE, "prune", self.store, "--older-than", "0s", "--status", "Failed", "--status", "Aborted")
        self.assertEqual(self.left(), [1, 2, 3, 4, 6, 7, 8, 9, 10])

    def test_frees_bytes(self):
        self.fill()
        self.assertIn("about ", self.expect(DONE, "prune", self.store, "--max-bytes", "1K", "--dry-run").err)
        self.assertIn(" bytes are in use still", self.expect(DONE, "prune", self.store, "--max-bytes", "1K").err)
        self.assertEqual(self.left(), [10])
        self.expect(DONE, "prune", self.store, "--max-bytes", "1T", "--time-budget", "5")

    def test_stops_in_time(self):
        self.fill()
        self.assertIn("the time is up", self.expect(DONE, "prune", self.store, "--keep", "0", "--time-budget", "0").err)
        self.assertEqual(self.left(), list(range(11)))

    def test_refuses_what_cannot_be_meant(self):
        self.refuse(UNREADABLE, "prune", self.store, "--keep", "1", words=["test.flowkeep"])
        self.fill()
        for arguments, words in [
                ([], ["--older-than"]),
                (["--older-than", "soon"], ["'soon'", "90d"]),
                (["--older-than", "5"], ["'5'", "s, m, h, d or w"]),
                (["--older-than", "-5d"], ["-5d"]),
                (["--older-than", "99999999999999999999w"], ["99999999999999999999w"]),
                (["--older-than", "4611686018427387904s"], ["4611686018427387904s"]),
                (["--keep", "-1"], ["'-1'"]),
                (["--max-bytes", "2X"], ["'2X'", "500M"]),
                (["--max-bytes", ""], ["500M"]),
                (["--keep", "1", "--status", "Running"], ["Running is open", "Succeeded"]),
                (["--keep", "1", "--status", "NoSuch"], ["'NoSuch'"]),
                (["--keep", "1", "--flow", "x"], ["'x'", "GUID"]),
                (["--keep", "1", "--time-budget", "1h"], ["'1h'"])]:
            with self.subTest(arguments):
                self.refuse(USAGE, "prune", self.store, *arguments, words=words)
        self.assertEqual(self.left(), list(range(11)))

    def test_takes_an_empty_store(self):
        self.expect(DONE, "create", self.store)
        for limit in ("--keep", "--keep-per-flow", "--max-bytes"):
            self.assertIn("0 sessions deleted", self.expect(DONE, "prune", self.store, limit, "0").err)


if __name__ == "__main__":
    main()
