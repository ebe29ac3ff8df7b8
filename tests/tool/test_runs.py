"""What becomes of runs: cancel, callback, sweep, retention."""
from toolkit import (DONE, NO, UNREADABLE, USAGE, ToolCase, main, new_id, session)


class Runs(ToolCase):
    def setUp(self):
        super().setUp()
        self.running, self.waiting, self.ended = new_id(1), new_id(2), new_id(3)
        self.feed([session(1, statuscode=2, startedon="2024-05-01T10:00:00Z"),
                   session(2, statuscode=3, callbackurl="https://s3cr3t.example.com/?sig=x"),
                   session(3, callbackurl="https://s3cr3t.example.com/?sig=x")])

    def status(self, id):
        return self.expect(DONE, "get", self.store, id).rows[0]["statuscode"]

    def test_cancel_asks_or_ends(self):
        self.assertIn("is asked", self.expect(DONE, "cancel", self.store, self.running).err)
        self.assertIn("before", self.expect(DONE, "cancel", self.store, self.running).err)
        listed = self.expect(DONE, "cancel", self.store, "--list").out
        self.assertRegex(listed, rf"^{self.running} \d{{4}}-\S+Z\n$")
        self.assertEqual(self.status(self.running), 2)
        self.assertIn("had not started", self.expect(DONE, "cancel", self.store, self.waiting).err)
        self.assertEqual(self.status(self.waiting), 7)
        self.expect(DONE, "transition", self.store, self.running, "Cancelled")
        self.assertEqual(self.expect(DONE, "cancel", self.store, "--list").out, "")
        self.assert_clean()

    def test_cancel_is_refused_in_one_sentence(self):
        self.refuse(NO, "cancel", self.store, self.ended, words=["Succeeded"])
        self.refuse(NO, "cancel", self.store, new_id("nobody"), words=["there is no session"])
        self.refuse(USAGE, "cancel", self.store, words=["--list"])
        self.refuse(USAGE, "cancel", self.store, self.ended, "--list")
        self.refuse(USAGE, "cancel", self.store, "x")
        self.refuse(UNREADABLE, "cancel", self.path("none"), self.ended)
        answer = self.expect(NO, "cancel", self.store, self.ended)
        self.assertEqual(answer.bytes, b"")

    def test_callback_is_enqueued_again(self):
        def due():
            return self.expect(DONE, "stat", self.store, "--json").rows[0]["callbacks_waiting"]
        self.assertEqual(due(), 0)  # an import enqueues none
        self.expect(DONE, "callback", self.store, self.ended)
        self.expect(DONE, "callback", self.store, self.ended)
        self.assertEqual(due(), 1)
        self.refuse(NO, "callback", self.store, self.waiting, words=["Waiting"])
        self.expect(DONE, "transition", self.store, self.waiting, "Failed")
        self.assertEqual(due(), 2)
        self.expect(DONE, "transition", self.store, self.running, "Failed")
        refused = self.refuse(NO, "callback", self.store, self.running, words=["callbackurl"])
        self.assertNotIn("s3cr3t", refused.err)
        self.refuse(NO, "callback", self.store, new_id("nobody"))
        self.assert_clean()

    def test_sweep_leaves_what_no_agent_ran(self):
        self.assertEqual(self.expect(DONE, "sweep", self.store, "--dry-run").err,
                         "0 sessions would be aborted, of 2 open\n")
        self.assertEqual(self.expect(DONE, "sweep", self.store).err, "0 sessions aborted, of 2 open\n")
        self.assertEqual(self.status(self.running), 2)
        self.refuse(UNREADABLE, "sweep", self.path("none"))

    def test_retention_is_shown_set_and_removed(self):
        def show():
            return self.expect(DONE, "retention", self.store, "show").out
        self.assertEqual(show(), "")
        self.expect(DONE, "retention", self.store, "set", "--older-than", "90d", "--keep", "5", "--keep-per-flow", "2",
                    "--max-bytes", "2G", "--status", "Failed", "--flow", new_id("flow"), "--every", "90m")
        self.assertEqual(show().splitlines(),
                         ["older-than     90d", "keep           5", "keep-per-flow  2", "max-bytes      2147483648",
                          "status         Failed", f"flow           {new_id('flow')}", "every          90m",
                          "last run       never"])
        self.expect(DONE, "retention", self.store, "set", "--keep", "7")
        self.assertEqual(show().splitlines(), ["keep           7", "every          1h", "last run       never"])
        self.expect(DONE, "retention", self.store, "off")
        self.assertEqual(show(), "")
        self.assertEqual(len(self.dump()), 3)  # the tool applies nothing
        self.assert_clean()

    def test_retention_is_refused_in_one_sentence(self):
        self.refuse(USAGE, "retention", self.store, "set", words=["--older-than"])
        self.refuse(USAGE, "retention", self.store, "set", "--keep", "1", "--every", "59s", words=["interval"])
        self.refuse(USAGE, "retention", self.store, "set", "--keep", "1", "--status", "Running", words=["Running"])
        self.refuse(USAGE, "retention", self.store, words=["command"])
        self.refuse(UNREADABLE, "retention", self.path("none"), "show")


if __name__ == "__main__":
    main()
