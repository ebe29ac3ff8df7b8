"""changes: a consumer that stops anywhere goes on with its token, and misses nothing."""
import json
import os
import select
import signal
import subprocess

from toolkit import (BAD_INPUT, DONE, TOOL, UNREADABLE, USAGE, ToolCase, main, new_id, session)

TOKEN = "@flowkeep.token"
PATIENCE = 30  # seconds, for what comes at once


class Changes(ToolCase):
    def changes(self, token=None, *options):
        since = [] if token is None else ["--since", token]
        return self.expect(DONE, "changes", self.store, *since, *options).rows

    def test_begins_with_everything(self):
        self.feed([session(n, clienttrackingid=f"t{n}", x_new=n) for n in range(3)])
        rows = self.changes()
        self.assertEqual([row["flowsessionid"] for row in rows[:-1]], [new_id(n) for n in range(3)])
        self.assertEqual([row["x_new"] for row in rows[:-1]], [0, 1, 2])
        self.assertEqual(list(rows[-1]), [TOKEN])
        self.assertEqual(len({row[TOKEN] for row in rows[:-1]}), 3)
        # A line is a session that can be imported again.
        again = self.path("again.flowkeep")
        text = "".join(json.dumps(row) + "\n" for row in rows[:-1])
        self.expect(DONE, "import", again, "-", stdin=text)
        self.refuse(BAD_INPUT, "import", again, "-", stdin=json.dumps(rows[-1]), words=["is no session"])
        self.expect(DONE, "delete", self.store, new_id(0))
        deletion = self.changes(rows[-1][TOKEN])[0]
        self.refuse(BAD_INPUT, "import", again, "-", stdin=json.dumps(deletion), words=["is no session"])

    def test_goes_on_behind_any_line(self):
        self.feed([session(n) for n in range(5)])
        rows = self.changes()
        for place, row in enumerate(rows[:-1]):
            rest = self.changes(row[TOKEN])
            self.assertEqual([one["flowsessionid"] for one in rest[:-1]], [new_id(n) for n in range(place + 1, 5)])
        self.assertEqual(self.changes(rows[-1][TOKEN])[:-1], [])

    def test_tells_of_updates_and_deletions(self):
        self.feed([session(n, statuscode=2) for n in range(4)])
        token = self.changes()[-1][TOKEN]
        self.expect(DONE, "delete", self.store, new_id(1))
        self.expect(DONE, "transition", self.store, new_id(2), "Failed")
        self.expect(DONE, "transition", self.store, new_id(0), "Succeeded")
        self.expect(DONE, "delete", self.store, new_id(3))
        rows = self.changes(token)[:-1]
        self.assertEqual([row.get("flowsessionid") for row in rows[:2]], [new_id(2), new_id(0)])
        self.assertEqual([(row["id"], row["reason"]) for row in rows[2:]],
                         [(new_id(1), "deleted"), (new_id(3), "deleted")])
        self.assertEqual(self.changes(rows[2][TOKEN])[0]["id"], new_id(3))

    def test_leaves_content_out(self):
        self.feed([session(1, inputs="aGVsbG8=", callbackurl="https://example.com/secret")])
        self.assertEqual(self.changes()[0]["inputs"], "aGVsbG8=")
        self.assertNotIn("inputs", self.changes(None, "--no-binaries")[0])
        self.assertNotIn("secret", self.expect(DONE, "changes", self.store, "--redact").out)

    def test_follows_another_process(self):
        self.feed([session(0)])
        follower = subprocess.Popen([TOOL, "changes", self.store, "--follow"], stdout=subprocess.PIPE)
        self.addCleanup(follower.wait)
        self.addCleanup(follower.stdout.close)
        self.addCleanup(follower.kill)
        seen = b""

        def next_row():
            nonlocal seen
            while b"\n" not in seen:
                ready, _, _ = select.select([follower.stdout], [], [], PATIENCE)
                piece = os.read(follower.stdout.fileno(), 65536) if ready else b""
                self.assertTrue(piece, "nothing came")
                seen += piece
            line, seen = seen.split(b"\n", 1)
            return json.loads(line)

        self.assertEqual(next_row()["flowsessionid"], new_id(0))
        self.feed([session(1, statuscode=2)])
        self.assertEqual(next_row()["flowsessionid"], new_id(1))
        self.expect(DONE, "transition", self.store, new_id(1), "Aborted")
        row = next_row()
        self.assertEqual((row["flowsessionid"], row["statuscode"]), (new_id(1), 11))
        self.expect(DONE, "delete", self.store, new_id(0))
        row = next_row()
        self.assertEqual((row["id"], row["reason"]), (new_id(0), "deleted"))
        follower.send_signal(signal.SIGTERM)
        follower.wait()
        self.assertEqual(self.changes(row[TOKEN])[:-1], [])

    def test_ends_when_nobody_reads(self):
        self.feed([session(0)])
        follower = subprocess.Popen([TOOL, "changes", self.store, "--follow"], stdout=subprocess.PIPE)
        os.read(follower.stdout.fileno(), 4096)
        follower.stdout.close()
        self.assertEqual(follower.wait(PATIENCE), DONE)

    def test_loses_nothing_to_a_kill(self):
        """A follower that is killed anywhere, and goes on behind the last whole line that came."""
        self.feed([session(n) for n in range(3000)])
        token, got, kills = None, [], 0
        while True:
            since = [] if token is None else ["--since", token]
            follower = subprocess.Popen([TOOL, "changes", self.store, "--follow", *since], stdout=subprocess.PIPE)
            data = b""
            wanted = 1 + 97 * kills % 1500
            while data.count(b"\n") < wanted and len(got) + data.count(b"\n") < 3000:
                data += os.read(follower.stdout.fileno(), 4096)
            follower.kill()
            data += follower.stdout.read()
            follower.stdout.close()
            follower.wait()
            rows = [json.loads(line) for line in data.splitlines(keepends=True) if line.endswith(b"\n")]
            got += [row["flowsessionid"] for row in rows]
            token = rows[-1][TOKEN]
            kills += 1
            if len(got) >= 3000:
                break
        self.assertEqual(got, [new_id(n) for n in range(3000)])
        self.assertGreater(kills, 1)

    def test_refuses_other_tokens(self):
        self.refuse(UNREADABLE, "changes", self.store, words=["test.flowkeep"])
        self.feed([session(0)])
        self.refuse(USAGE, "changes", self.store, "--since", "abc", words=["token"])
        self.refuse(USAGE, "changes", self.store, "--since", "", words=["--since", "empty"])
        other = self.path("other.flowkeep")
        self.expect(DONE, "import", other, "-", stdin=json.dumps(session(0)))
        token = self.expect(DONE, "changes", other).rows[-1][TOKEN]
        self.refuse(USAGE, "changes", self.store, "--since", token, words=["another store"])

    def test_takes_an_empty_store(self):
        self.expect(DONE, "create", self.store)
        rows = self.changes()
        self.assertEqual([list(row) for row in rows], [[TOKEN]])
        self.assertEqual(len(self.changes(rows[0][TOKEN])), 1)


if __name__ == "__main__":
    main()
