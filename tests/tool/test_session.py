"""The commands about one session: get, set, transition, valid-transition, delete."""
import os

from toolkit import (BAD_INPUT, DONE, NO, STATUSES, TERMINAL, USAGE, ToolCase, base64_of, main, new_id, run, session,
                     state_of)

MIB = 1 << 20


class OneSession(ToolCase):
    def setUp(self):
        super().setUp()
        self.id = new_id(1)
        self.feed([session(1, statuscode=2, callbackurl="https://s3cr3t/", errorcode="E", robotcolour="red")])

    def get(self):
        return self.expect(DONE, "get", self.store, self.id).rows[0]

    def set(self, *arguments):
        return self.expect(DONE, "set", self.store, self.id, *arguments)


class Set(OneSession):
    def test_values_by_the_kind_of_their_column(self):
        machine, team = new_id("machine"), new_id("team")
        self.set("name=a=b", "errorcode=", f"machineid={machine.upper()}", f"ownerid=team:{team}", "runmode=unattended",
                 "triggertype=3", "startedon=2024-01-02 03:04:05.5+01:00", "runduration=1234567890123",
                 "machineramusage=512", "machinepercentcpuusage=12.5")
        row = self.get()
        for name, wanted in {"name": "a=b", "errorcode": "", "_machineid_value": machine, "_ownerid_value": team,
                             "runmode": 2, "triggertype": 3, "startedon": "2024-01-02T02:04:05.5Z",
                             "runduration": 1234567890123, "machineramusage": 512, "machinepercentcpuusage": 12.5}.items():
            self.assertEqual(row[name], wanted, name)

    def test_prints_the_new_etag(self):
        etag = self.set("name=x").out
        self.assertRegex(etag, r'^W/"\d+"\n$')
        self.assertEqual(etag.strip(), f'W/"{self.get()["versionnumber"]}"')
        self.set("name=y", "--if-match", etag.strip())
        self.refuse(NO, "set", self.store, self.id, "name=z", "--if-match", etag.strip())
        self.set("name=z", "--if-match", "*")
        self.assertEqual(self.get()["name"], "z")

    def test_clears(self):
        self.set("--clear", "errorcode", "--clear", "robotcolour", "--clear", "callbackurl")
        self.assertEqual(self.get().keys() & {"errorcode", "robotcolour", "callbackurl"}, set())

    def test_refuses_values(self):
        for assignment in ("name=" + "x" * 101, "runmode=9", "runmode=Flying", "machineid=here", "runduration=1.5",
                           "machineramusage=4294967296", "machinepercentcpuusage=101", "startedon=soon",
                           "startedon=2024-13-01", "ownerid=pet:" + new_id(1), "createdon=2024-01-01",
                           "regardingobjectid=" + new_id(2), "versionnumber=5", "inputs_name=alone.json"):
            with self.subTest(assignment):
                self.refuse(BAD_INPUT, "set", self.store, self.id, assignment, words=[assignment.partition("=")[0]])

    def test_says_nothing_of_secrets(self):
        for assignment in ("callbackurl=" + "s3cr3t" * 400, "credentials=" + "s3cr3t" * 17_000):
            answer = self.refuse(BAD_INPUT, "set", self.store, self.id, assignment)
            self.assertNotIn("s3cr3t", answer.err)

    def test_all_or_nothing(self):
        before = self.get()
        self.refuse(BAD_INPUT, "set", self.store, self.id, "name=x", "errormessage=" + "y" * 10_001)
        self.assertEqual(self.get(), before)

    def test_obeys_the_state_rules(self):
        self.refuse(NO, "set", self.store, self.id, "statuscode=NotSpecified")
        self.set("statuscode=Succeeded")
        self.assertIn("completedon", self.get())
        self.refuse(NO, "set", self.store, self.id, "statuscode=Running", words=["Deleted"])
        self.refuse(NO, "set", self.store, self.id, "statecode=Inactive", words=["0", "13", "14"])


class Binaries(OneSession):
    def content(self, column):
        return self.expect(DONE, "get", self.store, self.id, "--column", column).bytes

    def test_come_from_a_file_with_its_name(self):
        path = self.write("log é.bin", bytes(range(256)) * 10)
        self.set("--column", f"additionalcontext=@{path}", "--column", f"inputs=@{path}")
        self.assertEqual(self.content("additionalcontext"), bytes(range(256)) * 10)
        self.assertEqual(self.get()["inputs_name"], "log é.bin")

    def test_come_from_standard_input(self):
        self.expect(DONE, "set", self.store, self.id, "--column", "outputs=@-", "outputs_name=o.txt", stdin=b"\0\xff")
        self.assertEqual(self.content("outputs"), b"\0\xff")
        self.assertEqual(self.content("outputs_name"), b"o.txt")

    def test_hold_32_mib_and_no_more(self):
        whole = os.urandom(1 << 16) * 512
        path = self.write("whole", whole)
        self.set("--column", f"inputs=@{path}")
        out = self.path("out")
        self.expect(DONE, "get", self.store, self.id, "--column", "inputs", "-o", out)
        with open(out, "rb") as file:
            self.assertEqual(file.read(), whole)
        with open(path, "ab") as file:
            file.write(b"x")
        self.refuse(BAD_INPUT, "set", self.store, self.id, "--column", f"inputs=@{path}", words=["whole"])
        self.assertEqual(self.content("inputs"), whole)
        self.assert_clean()

    def test_32_mib_come_in_and_out_as_json(self):
        content = base64_of(bytes(range(256)) * (32 * MIB // 256))
        self.feed([session(2, inputs=content)])
        self.assertEqual(self.expect(DONE, "get", self.store, new_id(2)).rows[0]["inputs"], content)

    def test_empty_is_not_null(self):
        self.refuse(NO, "get", self.store, self.id, "--column", "inputs", words=["null"])
        self.set("--column", "inputs=@/dev/null")
        self.assertEqual(self.content("inputs"), b"")
        self.assertEqual(self.get()["inputs"], "")

    def test_a_reference_has_no_bytes(self):
        reference = new_id("file")
        self.feed([session(2, inputs=reference)])
        self.assertEqual(self.expect(DONE, "get", self.store, new_id(2)).rows[0]["inputs"], reference)
        self.refuse(NO, "get", self.store, new_id(2), "--column", "inputs", words=[reference])

    def test_only_file_columns_take_files(self):
        path = self.write("x", "x")
        for text in (f"name=@{path}", "inputs=x", "inputs=@", "inputs"):
            self.refuse(USAGE, "set", self.store, self.id, "--column", text)

    def test_other_columns_are_printed_as_they_are(self):
        self.assertEqual(self.content("name"), b"Session 1")
        self.assertEqual(self.content("statuscode"), b"2")
        self.assertEqual(self.content("createdon"), b"2024-05-01T10:00:00Z")


class Transition(OneSession):
    def test_takes_names_and_numbers(self):
        etag = self.expect(DONE, "transition", self.store, self.id, "waiting").out
        self.assertEqual(self.get()["statuscode"], 3)
        self.expect(DONE, "transition", self.store, self.id, 14, "--state", "Inactive", "--if-match", etag.strip())
        row = self.get()
        self.assertEqual((row["statecode"], row["statuscode"]), (1, 14))
        self.assertIn("completedon", row)

    def test_refusals_name_what_is_allowed(self):
        self.expect(DONE, "transition", self.store, self.id, "Failed")
        self.refuse(NO, "transition", self.store, self.id, "Running", words=["Failed", "Running", "Deleted"])
        self.refuse(NO, "transition", self.store, self.id, "Deleted", "--state", "Active")

    def test_every_move_agrees_with_the_question(self):
        """What valid-transition answers is what transition does, from every status of both models."""
        for model in ("desktop-flow", "platform"):
            for status in (2, 6, 8):
                store = self.path(f"{model}-{status}.flowkeep")
                self.expect(DONE, "create", store, "--model", model)
                rows = [session(to, statuscode=status) for to in range(15)]
                from toolkit import lines
                self.expect(DONE, "import", store, stdin=lines(rows))
                for to, name in enumerate(STATUSES):
                    state = ("Active", "Inactive")[state_of(to)]
                    valid = run("valid-transition", store, new_id(to), state, to)
                    allowed = run("transition", store, new_id(to), name)
                    self.assertEqual(valid.code, allowed.code, f"{model}: {status} to {to}: {allowed.err}")
                    if model == "platform" or to == status:
                        self.assertEqual(valid.code, DONE)
                    elif status in TERMINAL:
                        self.assertEqual(valid.code, DONE if to == 13 else NO)


class ValidTransition(OneSession):
    def ask(self, code, *question):
        answer = self.expect(code, "valid-transition", self.store, self.id, *question)
        self.assertEqual(answer.out, "true\n" if code == DONE else "false\n")

    def test_answers(self):
        self.ask(DONE, "Active", 4)
        self.ask(DONE, "active", "Succeeded")
        self.ask(NO, "Inactive", 4)
        self.ask(NO, "Active", 99)
        self.ask(DONE, "Active", -1)
        self.ask(NO, "Inactive", -1)
        self.refuse(USAGE, "valid-transition", self.store, self.id, "Active", "Sleeping")


class Delete(OneSession):
    def test_all_or_none(self):
        self.feed([session(2), session(3)])
        self.refuse(NO, "delete", self.store, new_id(2), new_id("missing"), new_id(3), words=[new_id("missing")])
        self.assertEqual(len(self.dump()), 3)
        answer = self.expect(DONE, "delete", self.store, new_id(2), new_id(3).upper(), new_id(2))
        self.assertEqual((answer.out, answer.err), ("", "2 sessions deleted\n"))
        self.assertEqual(self.ids(), [self.id])
        self.assert_clean()


if __name__ == "__main__":
    main()
