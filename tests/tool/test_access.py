"""grant, modify, revoke, access, shares, assign, and --as of every command."""
from toolkit import (BAD_INPUT, DONE, NO, UNREADABLE, USAGE, ToolCase, main, new_id, run, session)


class Access(ToolCase):
    def setUp(self):
        super().setUp()
        self.user, self.other, self.team = new_id("user"), new_id("other"), new_id("team")
        self.mine, self.theirs, self.teams = new_id(1), new_id(2), new_id(3)
        self.feed([session(1, statuscode=2, **{"_ownerid_value": self.user}),
                   session(2, statuscode=2, robotcolour="red", **{"_ownerid_value": self.other}),
                   session(3, **{"_ownerid_value": self.team, "_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname":
                                 "team"})])

    def as_user(self, code, command, *arguments, **more):
        return self.expect(code, command, self.store, *arguments, "--as", self.user, **more)

    def shares(self):
        return self.expect(DONE, "shares", self.store, self.theirs).out

    def test_shares_are_granted_replaced_and_taken_back(self):
        grant = self.expect(DONE, "grant", self.store, self.theirs, self.user, "Read")
        self.assertEqual(grant.out, "ReadAccess\n")
        grant = self.expect(DONE, "grant", self.store, self.theirs, f"user:{self.user}", "WriteAccess, share")
        self.assertEqual(grant.out, "ReadAccess, WriteAccess, ShareAccess\n")
        self.expect(DONE, "grant", self.store, self.theirs, f"team:{self.team}", "All")
        self.assertEqual(sorted(self.shares().splitlines()),
                         sorted([f"user:{self.user} ReadAccess, WriteAccess, ShareAccess",
                                 f"team:{self.team} ReadAccess, WriteAccess, AppendAccess, AppendToAccess, CreateAccess, "
                                 "DeleteAccess, ShareAccess, AssignAccess"]))
        self.expect(DONE, "modify", self.store, self.theirs, self.user, "Delete")
        self.assertIn(f"user:{self.user} DeleteAccess\n", self.shares())
        self.expect(DONE, "modify", self.store, self.theirs, f"team:{self.team}", "None")
        self.assertEqual(self.shares(), f"user:{self.user} DeleteAccess\n")
        self.assertEqual(self.expect(DONE, "revoke", self.store, self.theirs, self.user).err, "")
        self.assertIn("was not shared", self.expect(DONE, "revoke", self.store, self.theirs, self.user).err)
        self.assertEqual(self.shares(), "")
        self.assert_clean()

    def test_access_of_a_principal(self):
        def access(*arguments):
            return self.expect(DONE, "access", self.store, *arguments).out.strip()
        self.assertEqual(access(self.theirs, self.user), "None")
        self.assertTrue(access(self.mine, self.user).startswith("ReadAccess, WriteAccess, "))
        self.assertEqual(access(self.mine, self.user, "--of-privileges", "Read,Write"), "ReadAccess, WriteAccess")
        self.assertEqual(access(self.teams, self.user), "None")
        self.assertNotEqual(access(self.teams, self.user, "--of-team", self.team), "None")

    def test_assign_gives_to_another_owner(self):
        etag = self.expect(DONE, "assign", self.store, self.mine, f"team:{self.team}").out
        self.assertRegex(etag, r'^W/"\d+"\n$')
        row = self.expect(DONE, "get", self.store, self.mine).rows[0]
        self.assertEqual((row["_ownerid_value"], row["_owningteam_value"]), (self.team, self.team))
        self.assertNotIn("_owninguser_value", row)

    def test_bad_input_gets_one_sentence(self):
        for command, arguments in (("grant", ["Read"]), ("modify", ["Read"]), ("revoke", []), ("access", []),
                                   ("assign", [])):
            words = [command, self.store, new_id("nobody"), self.user, *arguments]
            self.refuse(NO, *words, words=["there is no session"])
            words[2] = "not-a-guid"
            self.refuse(USAGE, *words, words=["not-a-guid"])
            words[2:4] = [self.mine, "group:" + self.user]
            self.refuse(USAGE, *words, words=["PRINCIPAL"])
        self.refuse(USAGE, "grant", self.store, self.mine, self.user, "Reading", words=["RIGHTS"])
        self.refuse(BAD_INPUT, "grant", self.store, self.mine, self.user, "None", words=["rights"])
        self.refuse(NO, "shares", self.store, new_id("nobody"))
        self.refuse(USAGE, "dump", self.store, "--team", self.team, words=["--as"])
        self.refuse(USAGE, "dump", self.store, "--as", "me", words=["--as"])
        self.refuse(USAGE, "dump", self.store, "--as", self.user, "--privileges", "Fly", words=["--privileges"])
        for command in ("grant", "modify"):
            self.refuse(UNREADABLE, command, self.path("none"), self.mine, self.user, "Read")

    def test_what_is_not_his_is_not_there(self):
        self.assertEqual([row["flowsessionid"] for row in self.as_user(DONE, "dump").rows], [self.mine])
        self.assertEqual(len(self.as_user(DONE, "dump", "--team", self.team).rows), 2)
        self.assertEqual(self.as_user(DONE, "dump", "--privileges", "Write").rows, [])
        self.assertNotIn("robotcolour", self.as_user(DONE, "dump", "--format", "csv").out)
        changes = self.as_user(DONE, "changes").rows
        self.assertEqual([row["flowsessionid"] for row in changes if "flowsessionid" in row], [self.mine])
        missing = new_id("nobody")
        for words in (["get"], ["transition", "Succeeded"], ["set", "name=x"], ["delete"], ["cancel"], ["callback"],
                      ["shares"], ["valid-transition", "Active", "4"]):
            answers = [run(words[0], self.store, id, *words[1:], "--as", self.user) for id in (self.theirs, missing)]
            self.assertNotEqual(answers[0].code, DONE, words)
            self.assertEqual(answers[0].code, answers[1].code, words)
            self.assertEqual(answers[0].err.replace(self.theirs, missing), answers[1].err, words)
        self.expect(DONE, "get", self.store, self.theirs)

    def test_what_he_may_not_do_is_refused(self):
        self.expect(DONE, "grant", self.store, self.theirs, self.user, "Read")
        self.as_user(DONE, "get", self.theirs)
        for words in (["transition", "Succeeded"], ["set", "name=x"], ["delete"], ["cancel"]):
            self.refuse(NO, words[0], self.store, self.theirs, *words[1:], "--as", self.user, words=["Access"])
        refused = self.expect(NO, "get", self.store, new_id("nobody"), "--as", self.user, "--format", "odata")
        self.assertIn('"code":"0x80040217"', refused.err)
        self.as_user(DONE, "transition", self.mine, "Succeeded")
        self.refuse(NO, "import", self.store, "-", "--as", self.user, "--privileges", "Read", stdin="{}\n")

    def test_what_is_of_the_whole_file_is_the_systems(self):
        for words in (["stat"], ["check"], ["sweep"], ["backup", self.path("copy")], ["retention", "show"],
                      ["index", "add", "errorcode"], ["prune", "--max-bytes", "1K"], ["states", "--set", "platform"]):
            self.refuse(NO, words[0], self.store, *words[1:1], "--as", self.user, *words[1:], words=["system"])
        self.as_user(DONE, "states")
        self.as_user(DONE, "prune", "--keep", "0")
        self.assertEqual(len(self.dump()), 3)


if __name__ == "__main__":
    main()
