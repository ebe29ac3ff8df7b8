"""Children and parents: flowkeep children, flowkeep parent, and the dumps and imports that carry them."""
import json
import os
import random

from toolkit import (BAD_INPUT, DONE, NO, UNREADABLE, USAGE, ToolCase, base64_of, lines, main, new_id, session, time_text)

EVENT = {"floweventid": new_id("event"), "name": "started", "createdon": "2024-05-01T10:00:01Z", "eventtype": "Machine",
         "level": "Warning", "eventduration": 3, "custom": {"a": [1, None]}}
FORMATTED = "@OData.Community.Display.V1.FormattedValue"


class Children(ToolCase):
    def setUp(self):
        super().setUp()
        self.feed([session(1), session(2)])
        self.id = new_id(1)

    def add(self, collection, columns, *options, session=None):
        answer = self.expect(DONE, "children", self.store, session or self.id, collection, "--add", json.dumps(columns),
                             *options)
        return answer.out.strip()

    def list(self, *arguments):
        return self.expect(DONE, "children", self.store, self.id, *arguments).rows

    def test_come_back_as_they_were_added(self):
        self.assertEqual(self.add("flowevent", EVENT), EVENT["floweventid"])
        expected = dict(EVENT, _parentobjectid_value=self.id) | {"@odata.type": "#Microsoft.Dynamics.CRM.flowevent"}
        self.assertEqual(self.list(), [expected])
        self.assertEqual(self.list("flowevents"), [expected])
        self.assertEqual(self.list("flowevent_flowsession"), [expected])
        self.assertEqual(self.list("syncerror"), [])
        # What is listed can be added elsewhere, but for the session it names.
        del expected["_parentobjectid_value"]
        expected["floweventid"] = new_id("another")
        self.add("flowevent", expected, session=new_id(2))
        self.assert_clean()

    def test_are_read_from_files_and_standard_input(self):
        path = self.write("event.json", json.dumps(EVENT))
        self.expect(DONE, "children", self.store, self.id, "flowevent", "--add", "@" + path)
        self.expect(DONE, "children", self.store, self.id, "flowevent", "--add", "-", stdin='{"name":"piped"}')
        self.assertEqual({row["name"] for row in self.list()}, {"started", "piped"})

    def test_are_removed(self):
        child = self.add("syncerror", {"name": "e"})
        self.refuse(NO, "children", self.store, new_id(2), "syncerror", "--remove", child, words=["has no syncerror"])
        self.expect(DONE, "children", self.store, self.id, "syncerror", "--remove", child)
        self.refuse(NO, "children", self.store, self.id, "syncerror", "--remove", child, words=[child])
        self.assertEqual(self.list(), [])

    def test_content_goes_in_and_out(self):
        content = bytes(range(256)) * 40
        path = self.write("log.bin", content)
        attached = self.add("fileattachment", {"mimetype": "application/octet-stream"}, "--file", path)
        binary = self.add("workflowbinary", {"name": "shot", "data": base64_of(content), "data_name": "a.png"})
        for collection, child in (("fileattachment", attached), ("workflowbinary", binary)):
            answer = self.expect(DONE, "children", self.store, self.id, collection, "--content", child)
            self.assertEqual(answer.bytes, content)
        out = self.path("out.bin")
        self.expect(DONE, "children", self.store, self.id, "fileattachment", "--content", attached, "-o", out)
        with open(out, "rb") as file:
            self.assertEqual(file.read(), content)
        rows = self.list("fileattachment")
        self.assertEqual(rows[0]["filename"], "log.bin")
        self.assertEqual(rows[0]["filesizeinbytes"], len(content))
        self.assertEqual(rows[0]["body"], base64_of(content))
        self.assertNotIn("body", self.list("fileattachment", "--no-binaries")[0])
        empty = self.add("workflowbinary", {"name": "none"})
        self.refuse(NO, "children", self.store, self.id, "workflowbinary", "--content", empty, words=["no content"])
        self.assert_clean()

    def test_are_listed_in_parts(self):
        for number in range(5):
            self.add("flowevent", {"name": str(number), "createdon": time_text(number)})
        names, options = [], []
        while True:
            rows = self.list("flowevent", "--limit", "2", *options)
            names += [row["name"] for row in rows if "name" in row]
            if "@flowkeep.token" not in rows[-1]:
                break
            options = ["--after", rows[-1]["@flowkeep.token"]]
        self.assertEqual(names, ["0", "1", "2", "3", "4"])
        newest = self.list("flowevent", "--order", "newest", "--limit", "1")
        self.assertEqual(newest[0]["name"], "4")
        self.refuse(USAGE, "children", self.store, self.id, "flowevent", "--after", newest[1]["@flowkeep.token"],
                    words=["another list"])
        self.refuse(USAGE, "children", self.store, self.id, "flowevent", "--after", "x")

    def test_wrong_commands_and_input(self):
        run = ["children", self.store, self.id]
        self.refuse(USAGE, *run, "flowsession", words=["'flowsession' is not a collection"])
        self.refuse(USAGE, *run, "--add", "{}", words=["COLLECTION"])
        self.refuse(USAGE, *run, "--limit", "3", words=["COLLECTION"])
        self.refuse(USAGE, *run, "flowevent", "--add", "{}", "--remove", self.id)
        self.refuse(USAGE, *run, "flowevent", "--file", "x", words=["--add"])
        self.refuse(USAGE, *run, "flowevent", "--add", "{}", "--file", "x", words=["fileattachment"])
        self.refuse(USAGE, *run, "flowevent", "--remove", "x", words=["GUID"])
        self.refuse(USAGE, "children", self.store, "x", words=["GUID"])
        self.refuse(USAGE, *run, "fileattachment", "--add", "-", "--file", "-", words=["standard input"])
        self.refuse(BAD_INPUT, *run, "fileattachment", "--add", "{}", "--file", self.path("none"))
        self.refuse(BAD_INPUT, *run, "flowevent", "--add", "@" + self.path("none"))
        for wrong, word in (("[]", "object"), ("{", "cut short"), ("{} {}", "behind"), ('{"level":3}', "level"),
                            ('{"eventduration":1.5}', "eventduration"), ('{"createdon":"x"}', "createdon"),
                            ('{"floweventid":"x"}', "GUID"), ('{"level":"' + "x" * 31 + '"}', "31"),
                            ('{"a":1,"a":2}', "twice"), ('{"name":"a","name":"b"}', "twice"),
                            ('{"@odata.type":"#Microsoft.Dynamics.CRM.syncerror"}', "flowevent"),
                            ('{"_parentobjectid_value":"' + new_id(2) + '"}', "leads to")):
            self.refuse(BAD_INPUT, *run, "flowevent", "--add", wrong, words=[word])
        for wrong in ('{"body":"%%%"}', '{"body":3}', '{"body":"QUI=","filesizeinbytes":3}', '{"body":"QUI=","body":"QUI="}'):
            answer = self.refuse(BAD_INPUT, *run, "fileattachment", "--add", wrong)
            self.assertNotIn("QUI=", answer.err)
        self.refuse(NO, "children", self.store, new_id(3), "flowevent", "--add", "{}", words=["there is no session"])
        self.refuse(NO, "children", self.store, new_id(3), words=["there is no session"])
        self.refuse(UNREADABLE, "children", self.path("no"), self.id)
        child = self.add("flowevent", {})
        self.refuse(NO, *run, "flowevent", "--add", json.dumps({"floweventid": child}), words=["already"])

    def test_go_with_their_session_but_asyncoperations(self):
        self.add("flowevent", EVENT)
        self.add("asyncoperation", {"name": "job"})
        self.expect(DONE, "delete", self.store, self.id)
        self.assertEqual([row["name"] for row in self.list()], ["job"])
        self.assert_clean()


class Carried(ToolCase):
    """Dumps and imports that carry children and parents."""

    def rows(self, seed):
        pick = random.Random(seed)
        rows = []
        for number in range(60):
            row = session(number, createdon=time_text(number), _machineid_value=new_id("machine"),
                          _ownerid_value=new_id("owner"))
            row["_machineid_value" + FORMATTED] = "Rechner № 1"
            row["_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] = "team"
            row["_ownerid_value" + FORMATTED] = "The \"team\""
            count = pick.choice([0, 0, 1, 5])
            if count:
                row["flowevent_flowsession"] = [
                    {"floweventid": new_id(f"event {number} {n}"), "name": f"e{n}", "createdon": time_text(n),
                     "eventcontent": "x" * pick.randrange(2000), "statecode": 0} for n in range(count)]
                row["flowsession_FileAttachments"] = [
                    {"fileattachmentid": new_id(f"file {number}"), "filename": "f", "createdon": time_text(n),
                     "body": base64_of(pick.randbytes(pick.choice([0, 10, 5000])))} for n in range(1)]
            rows.append(row)
        return rows

    def test_a_dump_with_children_is_the_same_after_an_import(self):
        self.expect(DONE, "import", self.store, "-", "--with-children", "--batch", "7", stdin=lines(self.rows(1)))
        for format in ("jsonl", "odata"):
            dumped = self.expect(DONE, "dump", self.store, "--with-children", "--order", "oldest", "--format", format)
            other = self.path(f"copy-{format}.flowkeep")
            self.expect(DONE, "import", other, "-", "--with-children", stdin=dumped.bytes)
            again = self.expect(DONE, "dump", other, "--with-children", "--order", "oldest", "--format", format)
            self.assertEqual(dumped.bytes, again.bytes)
            self.expect(DONE, "check", other)
        row = next(row for row in self.dump("--with-children", "--order", "oldest") if "flowevent_flowsession" in row)
        self.assertEqual(row["_machineid_value" + FORMATTED], "Rechner № 1")
        self.assertEqual(row["_ownerid_value" + FORMATTED], "The \"team\"")
        events = row["flowevent_flowsession"]
        self.assertEqual([event["name"] for event in events], [f"e{n}" for n in range(len(events))])
        self.assertEqual(events[0]["_parentobjectid_value"], row["flowsessionid"])
        lists = self.expect(DONE, "dump", self.store, "--with-children", "--format", "odata", "--limit", "1").out
        self.assertEqual(json.loads(lists)["value"][0]["flowsession_SyncErrors"], [])
        self.assert_clean()

    def test_without_the_option_lists_are_extra_columns_as_before(self):
        rows = self.rows(2)
        self.feed(rows)
        plain = self.expect(DONE, "dump", self.store, "--order", "oldest")
        self.assertTrue(any("flowevent_flowsession" in row for row in plain.rows))
        self.assertEqual(self.expect(DONE, "children", self.store, rows[0]["flowsessionid"]).rows, [])
        # Such a dump brings them in as children.
        other = self.path("other.flowkeep")
        dumped = self.expect(DONE, "dump", self.store, "--order", "oldest", "--with-children")
        self.expect(DONE, "import", other, "-", "--with-children", stdin=dumped.bytes)
        first = next(row for row in rows if "flowevent_flowsession" in row)
        listed = self.expect(DONE, "children", other, first["flowsessionid"], "flowevent").rows
        self.assertEqual(len(listed), len(first["flowevent_flowsession"]))
        self.refuse(BAD_INPUT, "import", self.path("strict.flowkeep"), "-", "--strict", stdin=lines(rows),
                    words=["no such column"])

    def test_contents_stay_away_where_binaries_do(self):
        self.expect(DONE, "import", self.store, "-", "--with-children", stdin=lines(self.rows(3)))
        for option in ("--no-binaries", "--redact"):
            for row in self.dump("--with-children", option):
                for file in row.get("flowsession_FileAttachments", []):
                    self.assertNotIn("body", file)

    def test_csv_has_no_place_for_them(self):
        self.feed([session(1)])
        self.refuse(USAGE, "dump", self.store, "--format", "csv", "--with-children", words=["CSV"])

    def test_wrong_lists_are_refused_with_their_line(self):
        for wrong, word in ((3, "list"), ([3], "child 1"), ([{"level": 3}], "child 1: level"),
                            ([{"_parentobjectid_value": new_id(9)}], "not the session that it stands in"),
                            ([{"level": "x" * 31}], "level: 31")):
            row = session(1, flowevent_flowsession=wrong)
            self.refuse(BAD_INPUT, "import", self.store, "-", "--with-children", stdin=lines([row]),
                        words=["line 1", word])
        event = {"floweventid": new_id("event")}
        rows = [session(1, flowevent_flowsession=[event]), session(2, flowevent_flowsession=[event])]
        self.refuse(BAD_INPUT, "import", self.store, "-", "--with-children", stdin=lines(rows),
                    words=["line 2", "already", "nothing is stored"])

    def test_conflicts_follow_the_rule(self):
        row = session(1, flowevent_flowsession=[{"floweventid": new_id("e"), "name": "old"}])
        self.expect(DONE, "import", self.store, "-", "--with-children", stdin=lines([row]))
        row["flowevent_flowsession"][0]["name"] = "new"
        for rule, name in (("skip", "old"), ("replace", "new")):
            self.expect(DONE, "import", self.store, "-", "--with-children", "--on-conflict", rule, stdin=lines([row]))
            rows = self.expect(DONE, "children", self.store, row["flowsessionid"]).rows
            self.assertEqual([child["name"] for child in rows], [name])
        self.assert_clean()


class Parents(ToolCase):
    MACHINE = new_id("machine")

    def setUp(self):
        super().setUp()
        self.feed([session(n, createdon=time_text(n), _machineid_value=self.MACHINE,
                           _regardingobjectid_value=new_id("flow"), _owningbusinessunit_value=new_id("unit"))
                   for n in range(3)])

    def parents(self, *arguments):
        return self.expect(DONE, "parent", self.store, "list", *arguments).rows

    def test_are_set_and_listed(self):
        self.expect(DONE, "parent", self.store, "set", "flowmachine", self.MACHINE, "Front \"desk\" №1")
        self.expect(DONE, "parent", self.store, "set", "workflow", new_id("flow"), "Intake")
        machine = {"type": "flowmachine", "id": self.MACHINE, "name": "Front \"desk\" №1"}
        self.assertEqual(self.parents("flowmachine"), [machine])
        self.assertEqual(len(self.parents()), 2)
        row = self.dump("--labels", "--limit", "1")[0]
        self.assertEqual(row["_machineid_value" + FORMATTED], machine["name"])
        self.assertNotIn("_machineid_value" + FORMATTED, self.dump("--limit", "1")[0])
        for option in ("--labels", "--annotations"):
            answer = self.expect(DONE, "get", self.store, new_id(1), "--format", "odata", option).out
            self.assertEqual(json.loads(answer)["_machineid_value" + FORMATTED], machine["name"])

    def test_names_come_with_annotated_imports(self):
        row = session(9, _machineid_value=self.MACHINE)
        row["_machineid_value" + FORMATTED] = "one"
        self.feed([row])
        self.assertEqual([parent["name"] for parent in self.parents()], ["one"])
        row["_machineid_value" + FORMATTED] = "two"
        self.feed([row], "--on-conflict", "replace")
        self.assertEqual([parent["name"] for parent in self.parents()], ["two"])
        # What cannot be a name, or is of no row, is passed over, as it always was.
        for name in ("", "x" * 1001, 7, None):
            row["_machineid_value" + FORMATTED] = name
            self.feed([row], "--on-conflict", "replace")
        row = session(10)
        row["_machineid_value" + FORMATTED] = "of nothing"
        self.feed([row])
        self.assertEqual([parent["name"] for parent in self.parents()], ["two"])

    def test_list_their_sessions(self):
        answer = self.expect(DONE, "parent", self.store, "sessions", "flowmachine_flowsession_MachineId", self.MACHINE,
                             "--order", "oldest", "--columns", "name")
        self.assertEqual([row["name"] for row in answer.rows], ["Session 0", "Session 1", "Session 2"])
        answer = self.expect(DONE, "parent", self.store, "sessions", "business_unit_flowsession", new_id("unit"),
                             "--limit", "1")
        self.assertEqual([row["name"] for row in answer.rows], ["Session 2"])
        self.refuse(USAGE, "parent", self.store, "sessions", "MachineId", self.MACHINE, words=["MachineId"])

    def test_deletions_do_what_follows(self):
        answer = self.expect(DONE, "parent", self.store, "delete", "flowmachine", self.MACHINE)
        self.assertIn("1 flowmachine deleted, 3 sessions changed", answer.err)
        self.assertTrue(all("_machineid_value" not in row for row in self.dump()))
        self.refuse(NO, "parent", self.store, "delete", "businessunit", new_id("unit"), words=["owns sessions"])
        answer = self.expect(DONE, "parent", self.store, "delete", "workflow", new_id("flow"))
        self.assertIn("3 sessions deleted with it", answer.err)
        self.assertEqual(self.dump(), [])
        self.refuse(NO, "parent", self.store, "delete", "workflow", new_id("flow"), words=["no session leads to it"])
        self.assert_clean()

    def test_wrong_commands(self):
        self.refuse(USAGE, "parent", self.store)
        self.refuse(USAGE, "parent", self.store, "list", "flowsession", words=["'flowsession' is not a table"])
        self.refuse(USAGE, "parent", self.store, "set", "team", "x", "name", words=["GUID"])
        self.refuse(USAGE, "parent", self.store, "set", "team", self.MACHINE)
        self.refuse(BAD_INPUT, "parent", self.store, "set", "team", self.MACHINE, "", words=["name: 0"])
        self.refuse(BAD_INPUT, "parent", self.store, "set", "team", self.MACHINE, "x" * 1001, words=["name: 1001"])
        self.refuse(UNREADABLE, "parent", self.path("none"), "list")
        self.assertFalse(os.path.exists(self.path("none")))


if __name__ == "__main__":
    main()
