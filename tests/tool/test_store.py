"""The commands about a store: create, index, stat, check, states; and the usage of all."""
import json
import os
import stat
import unittest

from toolkit import (DONE, NO, STATUSES, TOOL, ToolCase, base64_of, main, make_sessions, new_id, run, session)

COMMANDS = ["create", "import", "dump", "get", "set", "transition", "valid-transition", "delete", "index", "stat",
            "check", "states", "backup", "compact"]


class Usage(unittest.TestCase):
    def test_help_lists_commands_and_exit_statuses(self):
        answer = run("--help")
        self.assertEqual((answer.code, answer.err), (DONE, ""))
        for word in (*COMMANDS, "Exit status", "busy or full", "Example"):
            self.assertIn(word, answer.out)

    def test_every_command_has_help_with_an_example(self):
        for command in COMMANDS:
            answer = run(command, "--help")
            self.assertEqual((answer.code, answer.err), (DONE, ""))
            self.assertIn(f"Example:\n  flowkeep {command} ", answer.out)

    def test_version(self):
        answer = run("--version")
        self.assertRegex(answer.out, r"^flowkeep \d+\.\d+\.\d+\n$")

    def test_refusals_point_to_the_help(self):
        answer = run("dump")
        self.assertIn("FILE", answer.err)
        self.assertIn("see flowkeep dump --help", answer.err)


class Create(ToolCase):
    def test_makes_an_empty_store(self):
        self.expect(DONE, "create", self.store)
        self.assertEqual(stat.S_IMODE(os.stat(self.store).st_mode), 0o600)
        self.assertEqual(self.dump(), [])
        self.assert_clean()

    def test_refuses_one_that_is_there(self):
        self.feed([session(1)])
        self.refuse(NO, "create", self.store, words=[self.store])
        self.assertEqual(len(self.dump()), 1)

    def test_with_a_model_of_its_own(self):
        xml = self.write("one-way.xml", '<allowedtransitions xmlns="http://schemas.microsoft.com/crm/2009/WebServices">'
                                        '<allowedtransition sourcestatusid="3" tostatusid="2"/></allowedtransitions>')
        self.expect(DONE, "create", self.store, "--model", "@" + xml)
        self.feed([session(1, statuscode=3)])
        self.expect(DONE, "transition", self.store, new_id(1), "Running")
        self.refuse(NO, "transition", self.store, new_id(1), "Waiting", words=["one-way"])
        self.assertIn("one-way", self.expect(DONE, "states", self.store).out)


class Index(ToolCase):
    def statuses(self):
        answer = self.expect(DONE, "index", self.store, "list")
        return {line.split()[0]: line.split()[1] for line in answer.out.splitlines()}

    def test_list_add_drop(self):
        self.expect(DONE, "create", self.store, "--index", "errorcode", "--index", "machine")
        self.feed(make_sessions(21, 50))
        self.assertEqual(self.statuses()["errorcode"], "active")
        self.assertEqual(self.statuses()["machine"], "active")
        self.assertEqual(self.statuses()["startedon"], "absent")
        before = self.ids("--by", "startedon")
        self.expect(DONE, "index", self.store, "add", "startedon")
        self.assertEqual(self.statuses()["startedon"], "active")
        self.assertEqual(self.ids("--by", "startedon"), before)
        self.refuse(NO, "index", self.store, "add", "startedon")
        self.assert_clean()
        self.expect(DONE, "index", self.store, "drop", "startedon")
        self.assertEqual(self.statuses()["startedon"], "absent")
        self.assertEqual(self.ids("--by", "startedon"), before)
        self.assert_clean()


class Stat(ToolCase):
    def test_counts(self):
        rows = make_sessions(22, 150)
        self.feed(rows)
        stats = json.loads(self.expect(DONE, "stat", self.store, "--json").out)
        self.assertEqual(stats["sessions"], 150)
        self.assertEqual((stats["active"], stats["inactive"]),
                         tuple(sum(row["statecode"] == state for row in rows) for state in (0, 1)))
        self.assertEqual(stats["by_status"], {name: sum(row["statuscode"] == status for row in rows)
                                              for status, name in enumerate(STATUSES)})
        self.assertEqual(stats["file_bytes"], os.path.getsize(self.store))
        self.assertEqual(stats["model"], "desktop-flow")
        self.assertTrue(any(table["entries"] == 150 for table in stats["tables"]))
        self.assertIsInstance(stats["readers"], list)

    def test_table(self):
        self.feed([session(n, statuscode=8) for n in range(3)])
        text = self.expect(DONE, "stat", self.store).out
        for pattern in (r"sessions +3\n", r"Failed +3\n", r"state model +desktop-flow", r"live", r"free", r"readers"):
            self.assertRegex(text, pattern)


class Check(ToolCase):
    def test_clean(self):
        self.feed([session(n, inputs=base64_of(b"the same")) for n in range(3)])
        answer = self.expect(DONE, "check", self.store)
        self.assertTrue(answer.out.startswith("clean: 3 sessions, "), answer.out)
        report = json.loads(self.expect(DONE, "check", self.store, "--json").out)
        self.assertEqual((report["clean"], report["sessions"], report["findings"]), (True, 3, []))


class States(ToolCase):
    def test_the_default_model_without_a_file(self):
        text = self.expect(DONE, "states").out
        self.assertIn("desktop-flow", text)
        for name in STATUSES:
            self.assertIn(name, text)

    def test_dot(self):
        text = self.expect(DONE, "states", "--format", "dot").out
        self.assertTrue(text.startswith("digraph"))
        self.assertIn("Running -> Succeeded;", text)
        self.assertNotIn("Succeeded -> Running;", text)

    def test_xml_comes_in_again(self):
        self.expect(DONE, "create", self.store)
        xml = self.expect(DONE, "states", self.store, "--format", "xml").out
        path = self.write("mine.xml", xml)
        self.expect(DONE, "states", self.store, "--set", "platform")
        self.assertIn("Succeeded -> Running;", self.expect(DONE, "states", self.store, "--format", "dot").out)
        self.expect(DONE, "states", self.store, "--set", "@" + path)
        table = self.expect(DONE, "states", self.store).out.splitlines()
        self.assertEqual(table[1:], self.expect(DONE, "states").out.splitlines()[1:])
        self.assertIn("mine", table[0])

    def test_writes_obey_the_new_model(self):
        self.feed([session(1, statuscode=4)])
        self.refuse(NO, "transition", self.store, new_id(1), "Running")
        self.expect(DONE, "states", self.store, "--set", "platform")
        self.expect(DONE, "transition", self.store, new_id(1), "Running")


if __name__ == "__main__":
    main()
