"""--format odata: what get, dump, changes and valid-transition answer, pages, errors, and the way back through import."""
import json
import os
import subprocess
import unittest

from toolkit import (BAD_INPUT, BAD_OUTPUT, DONE, NO, TOOL, UNREADABLE, USAGE, ToolCase, base64_of, by_id, comparable,
                     lines, main, make_sessions, new_id, run, session)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SAMPLE = os.path.join(ROOT, "tools", "sample", "sessions.jsonl")
REAL = os.path.join(ROOT, "..", "shared", "data", "workflow-sessions.jsonl.gz")
LABEL = "@OData.Community.Display.V1.FormattedValue"
MISSING = new_id("missing")


class ODataCase(ToolCase):
    def odata(self, command, *arguments):
        return json.loads(self.expect(DONE, command, self.store, *arguments, "--format", "odata").out)

    def pages(self, *options, token=lambda link: link):
        """The pages of a dump, gone through by their links."""
        link = []
        while True:
            page = self.odata("dump", *options, *link)
            yield page
            if "@odata.nextLink" not in page:
                return
            link = ["--skiptoken", token(page["@odata.nextLink"])]

    def refuse_odata(self, code, name, *arguments, words=()):
        """A refusal is one line of JSON on stderr, and nothing on stdout."""
        answer = self.expect(code, *arguments, "--format", "odata")
        self.assertEqual(answer.bytes, b"")
        self.assertEqual(answer.err.count("\n"), 1, answer.err)
        error = json.loads(answer.err)
        self.assertEqual(list(error), ["error"])
        self.assertEqual(list(error["error"]), ["code", "message"])
        self.assertEqual(error["error"]["code"], name, answer.err)
        self.assertTrue(error["error"]["message"])
        for word in words:
            self.assertIn(word, error["error"]["message"])
        return answer


class Answers(ODataCase):
    def setUp(self):
        super().setUp()
        self.machine = new_id("machine")
        self.feed([session(1, statuscode=2, inputs=base64_of(b"\xfb\xff"), _machineid_value=self.machine)])
        self.id = new_id(1)

    def test_a_session(self):
        row = self.odata("get", self.id)
        self.assertEqual(list(row)[:3], ["@odata.context", "@odata.etag", "flowsessionid"])
        self.assertEqual(row["@odata.context"], "$metadata#flowsessions/$entity")
        self.assertEqual(row["@odata.etag"], f'W/"{row["versionnumber"]}"')
        self.assertEqual(row["inputs"], "-_8")
        self.assertIsNone(row["errorcode"])
        self.assertEqual(len([name for name in row if "@" not in name]), 61)

    def test_chosen_columns_and_annotations(self):
        row = self.odata("get", self.id, "--columns", "statuscode,machineid", "--annotations", "--base-url",
                         "https://contoso.crm4.dynamics.com/api/data/v9.2/")
        self.assertEqual(row, {
            "@odata.context": "https://contoso.crm4.dynamics.com/api/data/v9.2/$metadata"
                              "#flowsessions(statuscode,_machineid_value)/$entity",
            "@odata.etag": row["@odata.etag"], "statuscode" + LABEL: "Running", "statuscode": 2,
            "_machineid_value@Microsoft.Dynamics.CRM.associatednavigationproperty": "MachineId",
            "_machineid_value@Microsoft.Dynamics.CRM.lookuplogicalname": "flowmachine",
            "_machineid_value": self.machine, "flowsessionid": self.id})
        labels = self.odata("get", self.id, "--columns", "statuscode,machineid", "--labels")
        self.assertEqual([name for name in labels if "@" in name[1:]], ["statuscode" + LABEL])
        row = self.expect(DONE, "get", self.store, self.id, "--columns", "name,machineid,errorcode").out
        self.assertEqual(row, f'{{"name":"Session 1","_machineid_value":"{self.machine}"}}\n')

    def test_a_value(self):
        context = f"$metadata#flowsessions({self.id})/"
        self.assertEqual(self.odata("get", self.id, "--column", "name"),
                         {"@odata.context": context + "name", "value": "Session 1"})
        self.assertEqual(self.odata("get", self.id, "--column", "inputs"),
                         {"@odata.context": context + "inputs", "value": "-_8"})
        self.assertEqual(self.odata("get", self.id, "--column", "statuscode", "--annotations"),
                         {"@odata.context": context + "statuscode", "value" + LABEL: "Running", "value": 2})
        out = self.path("value.json")
        self.expect(DONE, "get", self.store, self.id, "--column", "name", "--format", "odata", "-o", out)
        with open(out, encoding="utf-8") as file:
            self.assertEqual(json.load(file)["value"], "Session 1")

    def test_valid_transition(self):
        context = "$metadata#Microsoft.Dynamics.CRM.IsValidStateTransitionResponse"
        self.assertEqual(self.odata("valid-transition", self.id, "Active", 4),
                         {"@odata.context": context, "IsValid": True})
        answer = self.expect(NO, "valid-transition", self.store, self.id, "Active", 0, "--format=odata", "--base-url", "/x")
        self.assertEqual(json.loads(answer.out), {"@odata.context": "/x/" + context, "IsValid": False})
        self.assertEqual(answer.err, "")

    def test_changes(self):
        self.feed([session(2), session(3)])
        first = self.odata("changes", "--base-url", "https://h/api")
        self.assertEqual(first["@odata.context"], "https://h/api/$metadata#flowsessions/$delta")
        self.assertEqual([row["flowsessionid"] for row in first["value"]], [new_id(1), new_id(2), new_id(3)])
        self.assertTrue(first["@odata.deltaLink"].startswith("https://h/api/flowsessions?$deltatoken="))
        self.expect(DONE, "transition", self.store, self.id, "Failed")
        self.expect(DONE, "delete", self.store, new_id(2))
        second = self.odata("changes", "--since", first["@odata.deltaLink"])
        self.assertEqual([row.get("statuscode") for row in second["value"]], [8, None])
        self.assertEqual(second["value"][1], {"@odata.context": "$metadata#flowsessions/$deletedEntity",
                                              "id": new_id(2), "reason": "deleted"})
        third = self.odata("changes", "--since", second["@odata.deltaLink"].partition("=")[2])
        self.assertEqual(third["value"], [])
        self.refuse(BAD_INPUT, "import", self.path("new.flowkeep"), "-", stdin=json.dumps(second),
                    words=["element 2", "deletion"])
        self.refuse_odata(USAGE, "invalid_argument", "changes", self.store, "--follow", words=["--follow"])


class Pages(ODataCase):
    def setUp(self):
        super().setUp()
        self.rows = make_sessions(21, 250)
        self.feed(self.rows)

    def test_give_every_session_once(self):
        for options in (["--order", "oldest"], ["--by", "startedon"], ["--by", "completedon", "--open"],
                        ["--status", "Failed", "--status", "8"], ["--state", "Inactive"], ["--snapshot"]):
            wanted = self.ids(*options)
            for size in (1, 7, len(wanted), len(wanted) + 1) if len(wanted) < 60 else (50, 249, 250):
                with self.subTest(options=options, size=size):
                    pages = [[row["flowsessionid"] for row in page["value"]]
                             for page in self.pages(*options, "--columns", "name", "--page-size", size)]
                    self.assertEqual(sum(pages, []), wanted)
                    self.assertTrue(all(len(page) == size for page in pages[:-1]))
                    self.assertEqual(len(pages), max(1, -(-len(wanted) // size)))

    def test_go_on_by_link_and_by_token(self):
        for token in (lambda link: link, lambda link: link.partition("$skiptoken=")[2],
                      lambda link: link.replace("$", "%24") + "&$top=3"):
            rows = [row for page in self.pages("--page-size", 100, "--base-url", "https://h/x", token=token)
                    for row in page["value"]]
            self.assertEqual([row["flowsessionid"] for row in rows], self.ids())

    def test_any_format_goes_on_behind_a_page(self):
        page = self.odata("dump", "--page-size", 200)
        self.assertEqual(self.ids("--skiptoken", page["@odata.nextLink"]), self.ids()[200:])

    def test_count_what_matches(self):
        failed = sum(row["statuscode"] == 8 for row in self.rows)
        for page in self.pages("--status", "Failed", "--page-size", 5, "--count"):
            self.assertEqual(list(page)[:3], ["@odata.context", "@odata.count", "value"])
            self.assertEqual(page["@odata.count"], failed)
        self.assertEqual(self.odata("dump", "--count", "--limit", 3)["@odata.count"], len(self.rows))
        self.assertNotIn("@odata.count", self.odata("dump"))

    def test_of_one_list_come_in_again(self):
        again = self.path("again.flowkeep")
        for page in self.pages("--page-size", 60):
            self.expect(DONE, "import", again, "-", stdin=json.dumps(page))
        self.assertEqual(by_id(self.expect(DONE, "dump", again).rows), by_id(self.rows))


class Errors(ODataCase):
    def setUp(self):
        super().setUp()
        self.feed([session(1), session(2), session(3)])
        self.link = self.odata("dump", "--page-size", 1)["@odata.nextLink"]

    def test_of_the_command_line(self):
        for options in (["--page-size", "0"], ["--page-size", "-1"], ["--page-size", "few"], ["--page-size"],
                        ["--page-size", "2", "--limit", "2"], ["--columns", "nosuch"], ["--frobnicate"],
                        ["--skiptoken", ""], ["--skiptoken", "flowsessions?$skip=3"], ["--base-url", "a b"],
                        ["--base-url", "https://h/?q"], ["--since", "2024-02-01", "--until", "2024-01-01"]):
            with self.subTest(options=options):
                self.refuse_odata(USAGE, "invalid_argument", "dump", self.store, *options)

    def test_of_a_token(self):
        self.refuse_odata(USAGE, "invalid_argument", "dump", self.store, "--skiptoken", "abc", words=["token"])
        self.refuse_odata(USAGE, "invalid_argument", "dump", self.store, "--skiptoken", self.link, "--open",
                          words=["another query"])
        self.refuse(USAGE, "dump", self.store, "--skiptoken", self.link, "--open", words=["another query"])
        self.refuse_odata(USAGE, "invalid_argument", "changes", self.store, "--since", self.link)
        other = self.path("other.flowkeep")
        self.expect(DONE, "import", other, "-", stdin=lines([session(1)]))
        self.refuse_odata(USAGE, "invalid_argument", "dump", other, "--skiptoken", self.link)

    def test_of_a_file_that_is_no_store(self):
        missing = self.path("missing.flowkeep")
        for command in (["dump"], ["get", MISSING], ["changes"], ["valid-transition", MISSING, "Active", "4"]):
            with self.subTest(command=command):
                self.refuse_odata(UNREADABLE, "not_found", command[0], missing, *command[1:], words=["missing.flowkeep"])
        foreign = self.write("foreign.flowkeep", "SQLite format 3\0" + "x" * 8192)
        self.refuse_odata(UNREADABLE, "not_a_store", "dump", foreign)

    def test_of_a_missing_session_have_dataverses_code(self):
        self.refuse_odata(NO, "0x80040217", "get", self.store, MISSING, words=[MISSING])
        self.refuse_odata(USAGE, "0x80040217", "valid-transition", self.store, MISSING, "Active", "4")
        self.refuse_odata(USAGE, "0x80048408", "valid-transition", self.store, new_id(1), "Asleep", "4")
        self.refuse_odata(NO, "not_found", "get", self.store, new_id(1), "--column", "errorcode", words=["null"])

    def test_of_the_output(self):
        with open("/dev/full", "wb") as full:
            answer = run("dump", self.store, "--format", "odata", stdout=full)
        self.assertEqual(answer.code, BAD_OUTPUT)
        self.assertEqual(json.loads(answer.err)["error"]["code"], "io")
        out = self.write("kept.json", "as it was")
        self.refuse_odata(USAGE, "invalid_argument", "dump", self.store, "--skiptoken", "abc", "-o", out)
        with open(out, encoding="utf-8") as file:
            self.assertEqual(file.read(), "as it was")
        self.assertEqual(sorted(os.listdir(self.directory)), ["kept.json", "test.flowkeep"])

    def test_are_json_whatever_they_quote(self):
        answer = self.expect(USAGE, "dump", self.store, "--format", "odata", "--status", b'\xff"\n\x1b')
        self.assertEqual(json.loads(answer.err)["error"]["code"], "invalid_argument")

    def test_what_is_of_odata_alone(self):
        for options in (["--page-size", "2"], ["--count"], ["--annotations"], ["--base-url", "/x"]):
            self.refuse(USAGE, "dump", self.store, *options, words=[options[0], "--format odata"])
        self.refuse(USAGE, "dump", self.store, "--format", "csv", "--annotations")
        self.refuse(USAGE, "get", self.store, new_id(1), "--annotations")
        self.refuse(USAGE, "changes", self.store, "--base-url", "/x")
        self.refuse(USAGE, "valid-transition", self.store, new_id(1), "Active", "4", "--base-url", "/x")


class EmptyStore(ODataCase):
    def test_has_empty_lists(self):
        self.expect(DONE, "create", self.store)
        text = self.expect(DONE, "dump", self.store, "--format", "odata").out
        self.assertEqual(text, '{"@odata.context":"$metadata#flowsessions","value":[\n]}\n')
        self.assertEqual(self.odata("dump", "--page-size", 3, "--count"),
                         {"@odata.context": "$metadata#flowsessions", "@odata.count": 0, "value": []})
        changes = self.odata("changes")
        self.assertEqual(changes["value"], [])
        self.assertEqual(self.odata("changes", "--since", changes["@odata.deltaLink"])["value"], [])
        answer = self.expect(DONE, "import", self.path("again.flowkeep"), "-", stdin=text)
        self.assertIn("0 sessions imported", answer.err)


class BackThroughImport(ODataCase):
    def come_back(self, source, *options):
        self.expect(DONE, "import", self.store, source)
        text = self.path("list.json")
        self.expect(DONE, "dump", self.store, "--order", "oldest", "--format", "odata", "-o", text, *options)
        again = self.path("again.flowkeep")
        self.expect(DONE, "import", again, text)
        given = self.expect(DONE, "dump", self.store, "--order", "oldest").rows
        back = self.expect(DONE, "dump", again, "--order", "oldest").rows
        self.assertEqual(len(back), len(given))
        for one, other in zip(given, back):
            if comparable(one) != comparable(other):
                self.assertEqual(comparable(other), comparable(one))
        return given

    def test_the_sample(self):
        self.come_back(SAMPLE)

    def test_the_sample_with_annotations(self):
        rows = self.come_back(SAMPLE, "--annotations", "--count", "--base-url", "https://h/api/data/v9.2")
        again = self.path("each.flowkeep")
        texts = [self.expect(DONE, "get", self.store, row["flowsessionid"], "--format", "odata").out for row in rows[:20]]
        self.expect(DONE, "import", again, "-", stdin="".join(texts))
        self.assertEqual(by_id(self.expect(DONE, "dump", again).rows), by_id(rows[:20]))

    @unittest.skipUnless(os.path.exists(REAL), f"the real sessions are not here: {os.path.normpath(REAL)}")
    def test_the_real_sessions(self):
        self.assertEqual(len(self.come_back(REAL)), 51516)


class Streams(ODataCase):
    def peak(self, *options):
        """Bytes that a dump writes, and the most memory it had, in KiB."""
        process = subprocess.Popen([TOOL, "dump", self.store, *options], stdout=subprocess.PIPE)
        size = 0
        while piece := process.stdout.read(1 << 20):
            size += len(piece)
        process.stdout.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, DONE)
        return size, usage.ru_maxrss

    def test_a_list_larger_than_what_may_be_held(self):
        self.feed([session(n, createdon=None, errordetails="x" * 500) for n in range(30_000)])
        _, least = self.peak("--columns", "flowsessionid,errordetails")
        size, most = self.peak("--format", "odata", "--page-size", "29999")
        self.assertGreater(size, 48 << 20)
        self.assertLess(most - least, 16 << 10)


if __name__ == "__main__":
    main()
