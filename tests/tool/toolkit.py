"""Runs the tool whose path is in FLOWKEEP_TOOL, and makes sessions to feed it."""
import base64
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest
import uuid

TOOL = os.environ.get("FLOWKEEP_TOOL", "flowkeep")

DONE, NO, USAGE, UNREADABLE, BUSY, BAD_INPUT, BAD_OUTPUT = range(7)

STATUSES = ["NotSpecified", "Paused", "Running", "Waiting", "Succeeded", "Skipped", "Suspended", "Cancelled", "Failed",
            "Faulted", "TimedOut", "Aborted", "Ignored", "Deleted", "Terminated"]
OPEN = {1, 2, 3, 6}
TERMINAL = set(range(15)) - OPEN - {0}
BINARIES = ("inputs", "outputs", "additionalcontext")


def state_of(status):
    return 1 if status in (0, 13, 14) else 0


class Answer:
    """What one run of the tool gave."""

    def __init__(self, code, out, err):
        self.code = code
        self.bytes = out
        self.err = err.decode("utf-8", "replace")

    @property
    def out(self):
        return self.bytes.decode("utf-8")

    @property
    def rows(self):
        return [json.loads(line) for line in self.out.splitlines()]


def run(*arguments, stdin=b"", **more):
    if isinstance(stdin, str):
        stdin = stdin.encode("utf-8")
    more.setdefault("stdout", subprocess.PIPE)
    done = subprocess.run([TOOL, *map(str, arguments)], input=stdin, stderr=subprocess.PIPE, check=False, **more)
    return Answer(done.returncode, done.stdout or b"", done.stderr)


class ToolCase(unittest.TestCase):
    """A test with a directory and the path of a store in it."""

    maxDiff = 4000

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="flowkeep-tool-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.store = self.path("test.flowkeep")

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, content):
        if isinstance(content, str):
            content = content.encode("utf-8")
        with open(self.path(name), "wb") as file:
            file.write(content)
        return self.path(name)

    def expect(self, code, *arguments, **more):
        """Runs the tool and asserts its exit status, and that words come where it is not 0."""
        answer = run(*arguments, **more)
        self.assertEqual(answer.code, code, f"{arguments}: {answer.err}")
        self.assertNotIn("terminate called", answer.err)
        return answer

    def refuse(self, code, *arguments, words=(), **more):
        """The same for a refusal: one sentence on stderr, nothing on stdout."""
        answer = self.expect(code, *arguments, **more)
        self.assertTrue(answer.err.startswith("flowkeep: "), answer.err)
        self.assertEqual(answer.err.count("\n"), 1, answer.err)
        self.assertEqual(answer.bytes, b"")
        for word in words:
            self.assertIn(word, answer.err)
        return answer

    def feed(self, rows, *options):
        return self.expect(DONE, "import", self.store, "-", *options, stdin=lines(rows))

    def dump(self, *options):
        return self.expect(DONE, "dump", self.store, *options).rows

    def ids(self, *options):
        return [row["flowsessionid"] for row in self.dump(*options)]

    def assert_clean(self):
        self.expect(DONE, "check", self.store)


def lines(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def new_id(number):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"session {number}"))


def session(number=0, **columns):
    """A small session; columns given as None are left out."""
    row = {"flowsessionid": new_id(number), "name": f"Session {number}", "statecode": 0, "statuscode": 4,
           "createdon": "2024-05-01T10:00:00Z"}
    row.update(columns)
    return {name: value for name, value in row.items() if value is not None}


def base64_of(content):
    return base64.b64encode(content).decode("ascii")


def time_text(seconds, ticks=0):
    """A time `seconds` and 100 ns steps after 2024-01-01."""
    import datetime
    text = (datetime.datetime(2024, 1, 1) + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{ticks:07d}".rstrip("0")
    return text + ("." + fraction if fraction else "") + "Z"


def time_key(text):
    """Orders the times that time_text makes."""
    seconds, _, fraction = text.rstrip("Z").partition(".")
    return seconds, fraction.ljust(7, "0")


def make_sessions(seed, count):
    """Sessions of every status with most columns, repeated keys, equal times, and texts in many alphabets."""
    pick = random.Random(seed)
    machines = [new_id(f"machine {n}") for n in range(5)]
    flows = [new_id(f"flow {n}") for n in range(4)]
    correlations = ["run-1", "RUN-1", "Lauf-Ä", "lauf-ä", "ΣΊΣΥΦΟΣ", "实例-7", "r" * 100]
    errorcodes = ["UIElementNotFound", "uielementnotfound", "SessionCreationError", "ÜberLast", "überlast"]
    rows = []
    for number in range(count):
        status = pick.randrange(15)
        created = pick.randrange(200) * 3600
        row = session(f"{seed}-{number}", name=f"Rechnung № {number} 🧾", statuscode=status, statecode=state_of(status),
                      createdon=time_text(created, pick.choice([0, 0, 1, 5_000_000, 1_234_567])))
        optional = {
            "_machineid_value": lambda: pick.choice(machines),
            "_regardingobjectid_value": lambda: pick.choice(flows),
            "correlationid": lambda: pick.choice(correlations),
            "runmode": lambda: pick.randrange(3),
            "startedon": lambda: time_text(created + pick.randrange(100) * 600),
            "completedon": lambda: time_text(created + 90_000 + pick.randrange(50) * 600),
            "runduration": lambda: pick.randrange(1 << 40),
            "machinepercentcpuusage": lambda: pick.randrange(10_001) / 100,
            "errorcode": lambda: pick.choice(errorcodes),
            "errormessage": lambda: pick.choice(["", "Zeile 1\nZeile 2", "\"quoted\", comma", "naïve — ‘text’", " "]),
            "context": lambda: json.dumps({"hostName": "h", "attendedMode": pick.randrange(2)}),
            "inputs": lambda: base64_of(pick.randbytes(pick.randrange(300))),
            "_ownerid_value": lambda: new_id(f"user {pick.randrange(3)}"),
        }
        for name, value in optional.items():
            if pick.random() < 0.6:
                row[name] = value()
        rows.append(row)
    return rows


def comparable(row):
    """A row as the tool promises to give it back: nulls are absent, versionnumber is the store's own."""
    return {name: value for name, value in row.items() if value is not None and name != "versionnumber"}


def by_id(rows):
    return {row["flowsessionid"]: comparable(row) for row in rows}


def main():
    """Runs the calling module's tests; 77 (Meson: skipped) where every one was skipped."""
    program = unittest.main(exit=False, verbosity=2)
    result = program.result
    if result.wasSuccessful() and result.testsRun == len(result.skipped):
        sys.exit(77)
    sys.exit(not result.wasSuccessful())
