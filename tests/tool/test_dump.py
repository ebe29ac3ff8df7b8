"""dump: filters, order and limits against a brute-force filter, and its formats."""
import csv
import io
import json
import shutil
import subprocess
import unittest

from toolkit import (DONE, OPEN, STATUSES, USAGE, ToolCase, base64_of, by_id, lines, main, make_sessions, new_id, run,
                     session, state_of, time_key, time_text)

ROWS = make_sessions(11, 500)
MACHINE = next(row["_machineid_value"] for row in ROWS if "_machineid_value" in row)
FLOW = next(row["_regardingobjectid_value"] for row in ROWS if "_regardingobjectid_value" in row)


def equal_text(name, text):
    return lambda row: row.get(name, "").casefold() == text.casefold()


def window(name, since=None, until=None):
    def inside(row):
        if name not in row:
            return False
        return ((since is None or time_key(row[name]) >= time_key(since)) and
                (until is None or time_key(row[name]) < time_key(until)))
    return inside


MIDDLE, LATER = time_text(100 * 3600), time_text(140 * 3600)

# Each: options of dump, and the rows they ask for.
FILTERS = [
    ([], lambda row: True),
    (["--status", "Failed"], lambda row: row["statuscode"] == 8),
    (["--status", "8", "--status", "timedout"], lambda row: row["statuscode"] in (8, 10)),
    (["--state", "Inactive"], lambda row: row["statecode"] == 1),
    (["--state", "0"], lambda row: row["statecode"] == 0),
    (["--state", "Inactive", "--status", "Failed"], lambda row: False),
    (["--open"], lambda row: row["statuscode"] in OPEN),
    (["--open", "--status", "Failed"], lambda row: row["statuscode"] in OPEN | {8}),
    (["--open", "--status", "Running"], lambda row: row["statuscode"] in OPEN),
    (["--machine", MACHINE], lambda row: row.get("_machineid_value") == MACHINE),
    (["--machine", "{" + MACHINE.upper() + "}"], lambda row: row.get("_machineid_value") == MACHINE),
    (["--machine", new_id("nobody")], lambda row: False),
    (["--flow", FLOW], lambda row: row.get("_regardingobjectid_value") == FLOW),
    (["--correlation", "run-1"], equal_text("correlationid", "run-1")),
    (["--correlation", "LAUF-Ä"], equal_text("correlationid", "lauf-ä")),
    (["--correlation", "σίσυφοσ"], lambda row: row.get("correlationid") == "ΣΊΣΥΦΟΣ"),
    (["--correlation", "r" * 100], equal_text("correlationid", "r" * 100)),
    (["--correlation", "run"], lambda row: False),
    (["--errorcode", "UIELEMENTNOTFOUND"], equal_text("errorcode", "uielementnotfound")),
    (["--since", MIDDLE], window("createdon", MIDDLE)),
    (["--until", MIDDLE], window("createdon", None, MIDDLE)),
    (["--since", MIDDLE, "--until", LATER], window("createdon", MIDDLE, LATER)),
    (["--since", "2024-01-05"], window("createdon", "2024-01-05T00:00:00Z")),
    (["--by", "startedon", "--since", MIDDLE], window("startedon", MIDDLE)),
    (["--by", "startedon"], window("startedon")),
    (["--by", "completedon", "--until", LATER], window("completedon", None, LATER)),
    (["--by", "completedon", "--since", MIDDLE, "--until", LATER], window("completedon", MIDDLE, LATER)),
    (["--machine", MACHINE, "--status", "Failed", "--since", MIDDLE],
     lambda row: row.get("_machineid_value") == MACHINE and row["statuscode"] == 8 and window("createdon", MIDDLE)(row)),
    (["--machine", MACHINE, "--flow", FLOW, "--open", "--by", "startedon"],
     lambda row: row.get("_machineid_value") == MACHINE and row.get("_regardingobjectid_value") == FLOW and
     row["statuscode"] in OPEN and "startedon" in row),
    (["--errorcode", "ÜBERLAST", "--state", "Active", "--by", "completedon"],
     lambda row: equal_text("errorcode", "überlast")(row) and row["statecode"] == 0 and "completedon" in row),
]


def brute_force(matches, options):
    by = options[options.index("--by") + 1] if "--by" in options else "createdon"
    arrived = [(at, row) for at, row in enumerate(ROWS) if matches(row)]
    arrived.sort(key=lambda pair: (time_key(pair[1][by]), time_key(pair[1]["createdon"]), pair[0]))
    return [row["flowsessionid"] for _, row in arrived]


class Filters(ToolCase):
    def compare_all(self):
        for options, matches in FILTERS:
            oldest = brute_force(matches, options)
            for order, expected in (("oldest", oldest), ("newest", oldest[::-1])):
                for limit in (None, 0, 1, 7, len(oldest), len(oldest) + 1):
                    limited = [] if limit is None else ["--limit", limit]
                    with self.subTest(options=options, order=order, limit=limit):
                        self.assertEqual(self.ids("--columns", "flowsessionid", *options, "--order", order, *limited),
                                         expected[:limit])

    def test_equal_a_brute_force_filter(self):
        self.feed(ROWS)
        self.compare_all()

    def test_equal_it_with_every_index(self):
        indexes = [part for name in ("startedon", "errorcode", "clienttracking", "machinegroup", "owner", "parentrun")
                   for part in ("--index", name)]
        self.expect(DONE, "create", self.store, *indexes)
        self.feed(ROWS)
        self.compare_all()


class Dump(ToolCase):
    def test_goes_on_across_read_transactions(self):
        """More rows than one transaction may be held for, in every order and kind of walk."""
        rows = [session(n, createdon=time_text(n // 7), startedon=time_text((n * 37) % 5000)) for n in range(7000)]
        self.feed(rows)
        ids = [row["flowsessionid"] for row in rows]
        for options, expected in (([], ids[::-1]), (["--order", "oldest"], ids), (["--limit", "4500"], ids[:-4501:-1]),
                                  (["--order", "oldest", "--snapshot"], ids),
                                  (["--order", "oldest", "--status", "Succeeded"], ids),
                                  (["--by", "startedon", "--order", "oldest"],
                                   [row["flowsessionid"] for row in sorted(rows, key=lambda r: r["startedon"])])):
            with self.subTest(options=options):
                self.assertEqual(self.ids("--columns", "flowsessionid", *options), expected)

    def test_writes_the_columns_that_are_named(self):
        self.feed([session(1, _machineid_value=new_id("m"), errorcode="E")])
        row = {"errorcode": "E", "_machineid_value": new_id("m")}
        for names in ("errorcode,machineid", "errorcode,_machineid_value"):
            answer = self.expect(DONE, "dump", self.store, "--columns", names)
            self.assertEqual(answer.rows, [row])
            self.assertEqual(list(answer.rows[0]), ["errorcode", "_machineid_value"])

    def test_writes_labels(self):
        self.feed([session(1, statuscode=10, runmode=2)])
        name = "statuscode@OData.Community.Display.V1.FormattedValue"
        row = self.dump("--labels")[0]
        self.assertEqual((row[name], row["statuscode"]), (STATUSES[10], 10))
        self.assertNotIn(name, self.dump()[0])
        table = list(csv.DictReader(io.StringIO(run("dump", self.store, "--labels", "--format", "csv").out)))
        self.assertEqual(table[0]["statuscode_label"], "TimedOut")

    def test_leaves_out_binaries(self):
        self.feed([session(1, inputs=base64_of(b"inside"), inputs_name="a.json")])
        self.assertEqual(self.dump()[0]["inputs"], base64_of(b"inside"))
        self.assertNotIn("inputs", self.dump("--no-binaries")[0])

    def test_redacts(self):
        secrets = {"credentials": "s3cr3t-cred", "callbackurl": "https://s3cr3t-url/", "inputs": base64_of(b"s3cr3t-in"),
                   "outputs": base64_of(b"s3cr3t-out"), "additionalcontext": base64_of(b"s3cr3t-log")}
        self.feed([session(1, **secrets)])
        for form in ("jsonl", "csv", "odata"):
            for options in ([], ["--labels"], ["--snapshot"], ["--no-binaries"]):
                text = self.expect(DONE, "dump", self.store, "--redact", "--format", form, *options).out
                self.assertIn("Session 1", text)
                self.assertNotIn("s3cr3t", text)
                for column, value in secrets.items():
                    self.assertNotIn(value.rstrip("="), text)
                    self.assertNotRegex(text, rf'\b{column}\b')
        for column in secrets:
            self.refuse(USAGE, "dump", self.store, "--redact", "--columns", "name," + column, words=[column])
        self.assertEqual(by_id(self.dump())[new_id(1)]["credentials"], "s3cr3t-cred")

    def test_odata_is_a_list(self):
        rows = make_sessions(12, 40)
        self.feed(rows)
        answer = json.loads(self.expect(DONE, "dump", self.store, "--format", "odata", "--no-binaries").out)
        self.assertIn("@odata.context", answer)
        wanted = {key: {name: value for name, value in row.items() if name != "inputs"} for key, row in by_id(rows).items()}
        got = {key: {name: value for name, value in row.items() if "@" not in name}
               for key, row in by_id(answer["value"]).items()}
        self.assertEqual(got, wanted)
        empty = json.loads(self.expect(DONE, "dump", self.store, "--format", "odata", "--limit", 0).out)
        self.assertEqual(empty["value"], [])

    def test_odata_comes_in_again(self):
        rows = make_sessions(13, 60)
        self.feed(rows)
        text = self.expect(DONE, "dump", self.store, "--format", "odata").bytes
        again = self.path("again.flowkeep")
        self.expect(DONE, "import", again, stdin=text)
        self.assertEqual(by_id(run("dump", again).rows), by_id(rows))


class Csv(ToolCase):
    def setUp(self):
        super().setUp()
        self.rows = make_sessions(14, 200)
        self.rows[3].update(robotcolour="rot, \"grün\"", errormessage="")
        self.rows[3].pop("errorcode", None)
        self.feed(self.rows)

    def test_is_rfc_4180(self):
        text = self.expect(DONE, "dump", self.store, "--format", "csv").bytes.decode("utf-8")
        self.assertTrue(text.endswith("\r\n"))
        table = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
        self.assertEqual(len(table), len(self.rows))
        for record in table:
            row = next(row for row in self.rows if row["flowsessionid"] == record["flowsessionid"])
            for name, value in record.items():
                if name in ("versionnumber", "robotcolour"):
                    continue
                wanted = row.get(name)
                if isinstance(wanted, float):
                    self.assertEqual(float(value), wanted)
                else:
                    self.assertEqual(value, "" if wanted is None else str(wanted), name)
        self.assertIn("robotcolour", table[0])

    def test_tells_null_from_empty(self):
        text = self.expect(DONE, "dump", self.store, "--format", "csv", "--columns",
                           "flowsessionid,errorcode,errormessage").out
        self.assertIn(f"{self.rows[3]['flowsessionid']},,\"\"\r\n", text)

    @unittest.skipUnless(shutil.which("sqlite3"), "sqlite3 is not installed")
    def test_loads_into_sqlite(self):
        path = self.path("dump.csv")
        self.expect(DONE, "dump", self.store, "--format", "csv", "-o", path)
        query = "select statuscode, count(*) from t group by 1 order by cast(statuscode as integer)"
        done = subprocess.run(["sqlite3", ":memory:", f".import --csv {path} t", query], capture_output=True, text=True,
                              check=True)
        self.assertEqual(done.stderr, "")
        counts = {}
        for row in self.rows:
            counts[row["statuscode"]] = counts.get(row["statuscode"], 0) + 1
        self.assertEqual(done.stdout.split(), [f"{status}|{counts[status]}" for status in sorted(counts)])


if __name__ == "__main__":
    main()
