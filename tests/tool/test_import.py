"""What import takes, what it refuses, and what a refusal leaves behind."""
import gzip
import json
import os
import pty
import random
import select
import shutil
import subprocess

from toolkit import (BAD_INPUT, DONE, TOOL, ToolCase, base64_of, by_id, lines, main, make_sessions, new_id, run,
                     session)

SECRET = "s3cr3t"
MIB = 1 << 20


def line_of(**columns):
    return json.dumps(session("bad", **columns)).encode()


# Each: a line that import refuses, and words of the sentence that refuses it.
BAD_LINES = {
    "truncated": (b'{"flowsessionid":"' + new_id("bad").encode() + b'","name":"x', []),
    "not an object": (b"[1]", []),
    "a number": (b"5", []),
    "two objects": (line_of() + line_of(), []),
    "text of a wrong type": (line_of(name=5), ["name"]),
    "number of a wrong type": (line_of(runduration="long"), ["runduration"]),
    "time of a wrong type": (line_of(createdon=5), ["createdon"]),
    "time that is none": (line_of(createdon="2024-02-30T00:00:00Z"), ["createdon"]),
    "lookup that is no GUID": (line_of(_machineid_value="here"), ["machineid"]),
    "over-long name": (line_of(name="x" * 101), ["name", "101", "100"]),
    "over-long in UTF-16 units": (line_of(name="🧾" * 51), ["name", "102", "100"]),
    "unknown status": (line_of(statuscode=99), ["statuscode", "99"]),
    "unknown run mode": (line_of(runmode=3), ["runmode", "3"]),
    "illegal pair": (line_of(statecode=1, statuscode=4), ["statuscode", "4"]),
    "out of range": (line_of(machinepercentcpuusage=100.5), ["machinepercentcpuusage"]),
    "not a whole number": (line_of(machineramusage=1.5), ["machineramusage"]),
    "beyond 32 bits": (line_of(machineramusage=1 << 31), ["machineramusage"]),
    "broken base64": (line_of(inputs="!!" + SECRET), ["inputs"]),
    "base64 of a wrong length": (line_of(outputs="AAAAA"), ["outputs"]),
    "broken UTF-8": (line_of().replace(b"Session", b"S\xc3("), []),
    "half a surrogate pair": (line_of().replace(b"Session", b"\\ud83d"), []),
    "lookups that differ": (line_of(_machineid_value=new_id(1), machineid=new_id(2)), ["machineid"]),
    "over-long credentials": (line_of(credentials=SECRET * 20_000), ["credentials", "100000"]),
    "over-long callbackurl": (line_of(callbackurl="https://x/" + SECRET * 400), ["callbackurl", "2000"]),
    "credentials of a wrong type": (line_of(credentials=[SECRET]), ["credentials"]),
    "cut in the credentials": (line_of(credentials=SECRET)[:-4], []),
    "no GUID": (line_of(flowsessionid="12"), ["flowsessionid"]),
    "id of an earlier row": (line_of(flowsessionid=new_id(0)), [new_id(0)]),
    "id of this batch": (line_of(flowsessionid=new_id(4)), [new_id(4)]),
}


class BadInput(ToolCase):
    def refuse_line(self, bad, words):
        """Two batches, then a batch whose second row is bad; the message, what is stored, and going on."""
        good = [session(n) for n in range(5)]
        start = lines(good).encode()
        rest = lines([session(n) for n in range(6, 9)]).encode()
        answer = self.refuse(BAD_INPUT, "import", self.store, "--batch", 2, stdin=start + bad + b"\n" + rest,
                             words=["standard input line 6: ", "4 rows of earlier batches are stored",
                                    "nothing of this batch", "--on-conflict skip", *words])
        self.assertNotIn(SECRET, answer.err)
        self.assertLess(len(answer.err), 1000)
        self.assertEqual(sorted(self.ids()), sorted(new_id(n) for n in range(4)))
        mended = start + lines([session(5)]).encode() + rest
        answer = self.expect(DONE, "import", self.store, "--batch", 2, "--on-conflict", "skip", stdin=mended)
        self.assertIn("5 sessions imported (5 new, 0 replaced, 4 skipped)", answer.err)
        self.assertEqual(sorted(self.ids()), sorted(new_id(n) for n in range(9)))

    def test_one_sentence_with_the_line(self):
        for what, (bad, words) in BAD_LINES.items():
            with self.subTest(what):
                self.store = self.path(what.replace(" ", "-") + ".flowkeep")
                self.refuse_line(bad, words)

    def test_a_binary_over_32_mib(self):
        self.refuse_line(line_of(inputs=base64_of(SECRET.encode() + bytes(33 * MIB))), ["inputs"])

    def test_an_empty_input(self):
        for content in (b"", b"\n \n\n", b'{"value":[]}', gzip.compress(b"")):
            answer = self.expect(DONE, "import", self.store, stdin=content)
            self.assertIn("0 sessions imported", answer.err)
        self.assertEqual(self.dump(), [])

    def test_the_first_batch(self):
        self.refuse(BAD_INPUT, "import", self.store, stdin=lines([session(1)]) + "{",
                    words=["line 2", "nothing is stored"])
        self.assertEqual(self.dump(), [])

    def test_a_truncated_gzip(self):
        rows = lines(make_sessions(1, 300)).encode()
        path = self.write("cut.gz", gzip.compress(rows)[:-2000])
        self.refuse(BAD_INPUT, "import", self.store, path, words=["cut.gz"])
        self.assertEqual(self.dump(), [])

    def test_an_element_of_a_response(self):
        response = json.dumps({"value": [session(1), session(2), session(3, name="x" * 101)]})
        self.refuse(BAD_INPUT, "import", self.store, stdin=response, words=["element 3", "name"])

    def test_a_truncated_response(self):
        response = json.dumps({"value": [session(1), session(2)]})
        self.refuse(BAD_INPUT, "import", self.store, stdin=response[:-20])
        self.assertEqual(self.dump(), [])

    def test_the_producer_of_a_pipe_does_not_hold_a_failed_import(self):
        with subprocess.Popen([TOOL, "import", self.store, "--batch", "1"], stdin=subprocess.PIPE,
                              stderr=subprocess.PIPE) as importing:
            importing.stdin.write(lines([session(1), session(1), session(2)]).encode())
            importing.stdin.flush()  # and stays open
            self.assertEqual(importing.wait(timeout=20), BAD_INPUT)
            self.assertIn(b"line 2", importing.stderr.read())


class Strict(ToolCase):
    def test_asks_for_names(self):
        rows = lines([session(1), session(2, name=None)])
        self.refuse(BAD_INPUT, "import", self.store, "--strict", stdin=rows, words=["line 2", "name"])
        self.expect(DONE, "import", self.store, stdin=rows)

    def test_refuses_unknown_columns(self):
        rows = lines([session(1), session(2, robotcolour="red")])
        self.refuse(BAD_INPUT, "import", self.store, "--strict", stdin=rows, words=["line 2", "robotcolour"])
        self.expect(DONE, "import", self.store, stdin=rows)
        self.assertEqual(self.dump("--columns", "robotcolour")[0], {"robotcolour": "red"})

    def test_takes_annotations(self):
        rows = lines([session(1, **{"@odata.etag": 'W/"5"', "statuscode@OData.Community.Display.V1.FormattedValue": "x"})])
        self.expect(DONE, "import", self.store, "--strict", stdin=rows)


class Import(ToolCase):
    def test_gives_back_what_came_in(self):
        rows = make_sessions(2, 400)
        rows[7]["robotcolour"] = {"b": [1, "x"], "a": None}
        rows[8]["pi"] = 3.25
        answer = self.feed(rows, "--batch", 64)
        self.assertRegex(answer.err, r"^400 sessions imported \(400 new, 0 replaced, 0 skipped\) in "
                                     r"\d+\.\d s, [\d ]+/s\n$")
        self.assertEqual(answer.out, "")
        self.assertEqual(by_id(self.dump()), by_id(rows))
        self.assert_clean()

    def test_reads_gzip_and_zstd(self):
        rows = make_sessions(3, 50)
        plain = self.write("rows.jsonl", lines(rows))
        packed = [self.write("rows.gz", gzip.compress(lines(rows).encode()))]
        if shutil.which("zstd"):
            subprocess.run(["zstd", "-q", plain, "-o", self.path("rows.zst")], check=True)
            packed.append(self.path("rows.zst"))
        for path in packed:
            store = path + ".flowkeep"
            self.expect(DONE, "import", store, path)
            self.assertEqual(by_id(run("dump", store).rows), by_id(rows))

    def test_reads_a_web_api_response(self):
        rows = make_sessions(4, 30)
        response = {"@odata.context": "https://x/$metadata#flowsessions", "value": rows, "@odata.nextLink": "https://x"}
        self.expect(DONE, "import", self.store, stdin=json.dumps(response))
        self.assertEqual(by_id(self.dump()), by_id(rows))

    def test_reads_every_spelling_of_a_lookup(self):
        machine = new_id("machine")
        spellings = [{"_machineid_value": machine.upper()}, {"machineid": machine},
                     {"MachineId@odata.bind": f"/flowmachines({machine})"}, {"_machineid_value": machine, "machineid": machine}]
        self.feed([session(n, **spelling) for n, spelling in enumerate(spellings)])
        self.assertEqual({row["_machineid_value"] for row in self.dump()}, {machine})
        self.assertEqual(len(self.ids("--machine", machine)), 4)

    def test_meets_conflicts_as_told(self):
        self.feed([session(1), session(2)])
        newer = [session(2, name="again"), session(3)]
        self.refuse(BAD_INPUT, "import", self.store, stdin=lines(newer), words=["line 1", new_id(2)])
        answer = self.feed(newer, "--on-conflict", "skip")
        self.assertIn("1 session imported (1 new, 0 replaced, 1 skipped)", answer.err)
        self.assertEqual(by_id(self.dump())[new_id(2)]["name"], "Session 2")
        answer = self.feed(newer, "--on-conflict", "replace")
        self.assertIn("2 sessions imported (0 new, 2 replaced, 0 skipped)", answer.err)
        self.assertEqual(by_id(self.dump())[new_id(2)]["name"], "again")
        self.assert_clean()

    def test_order_does_not_depend_on_the_order_of_arrival(self):
        rows = make_sessions(5, 120)
        shuffled = rows[:]
        random.Random(6).shuffle(shuffled)
        self.feed(shuffled)
        from toolkit import time_key
        arrived = {row["flowsessionid"]: at for at, row in enumerate(shuffled)}
        expected = sorted(shuffled, key=lambda row: (time_key(row["createdon"]), arrived[row["flowsessionid"]]))
        expected = [row["flowsessionid"] for row in expected]
        self.assertEqual(self.ids("--order", "oldest"), expected)
        self.assertEqual(self.ids(), expected[::-1])

    def test_keeps_what_happened_elsewhere(self):
        row = session(1, statuscode=2, createdon="2001-02-03T04:05:06.7Z", modifiedon="2001-02-03T05:00:00Z",
                      _createdby_value=new_id("user"), completedon="2000-01-01T00:00:00Z", versionnumber=77)
        self.feed([row])
        self.assertEqual(by_id(self.dump()), by_id([row]))

    def test_shows_progress_on_a_terminal_only(self):
        try:
            master, terminal = pty.openpty()
        except OSError as error:
            self.skipTest(f"no pseudo-terminal to be had here: {error}")
        with subprocess.Popen([TOOL, "import", self.store, "--batch", "1"], stdin=subprocess.PIPE, stderr=terminal) as importing:
            os.close(terminal)
            importing.stdin.write(lines([session(1), session(2)]).encode())
            importing.stdin.flush()
            seen = b""
            while b"sessions imported, " not in seen:
                ready, _, _ = select.select([master], [], [], 20)
                self.assertTrue(ready, seen)
                seen += os.read(master, 4096)
            importing.stdin.close()
            while True:
                try:
                    piece = os.read(master, 4096)
                except OSError:
                    break
                if not piece:
                    break
                seen += piece
            self.assertEqual(importing.wait(), DONE)
        os.close(master)
        self.assertIn(b"\r\x1b[K2 sessions imported", seen)
        quiet = self.expect(DONE, "import", self.path("quiet.flowkeep"), stdin=lines([session(1)]))
        self.assertNotIn("\r", quiet.err)


if __name__ == "__main__":
    main()
