#!/usr/bin/env python3
"""Makes the sample, sessions.jsonl: flow sessions as the Web API writes them, one JSON object a line.

All of it is invented: machines, users, flows, runs. It covers every status with its state, every column,
the three kinds of id that Dataverse tables hold, names and texts in several scripts, parent and child runs,
times with and without fractions, and columns that no schema knows. Equal on every run and every machine.

    make_sample.py            write sessions.jsonl beside this script
    make_sample.py -          write to standard output
"""

import base64
import datetime
import json
import pathlib
import random
import sys

SECOND = 10_000_000  # times are counted in 100 ns steps since 1970, as Flowkeep stores them
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
EPOCH = datetime.datetime(1970, 1, 1)
FIRST_DAY = int((datetime.datetime(2025, 3, 3) - EPOCH).total_seconds()) * SECOND
DAYS = 14
GREGORIAN_TO_UNIX = 0x01B21DD213814000  # 1582-10-15 to 1970-01-01 in 100 ns steps

INACTIVE = {0, 13, 14}
NOT_SPECIFIED, PAUSED, RUNNING, WAITING, SUCCEEDED, SKIPPED, SUSPENDED, CANCELLED = range(8)
FAILED, FAULTED, TIMED_OUT, ABORTED, IGNORED, DELETED, TERMINATED = range(8, 15)
OPEN = {NOT_SPECIFIED, PAUSED, RUNNING, WAITING, SUSPENDED}
NEVER_STARTED = {NOT_SPECIFIED, WAITING, SKIPPED, IGNORED}
# How many top-level sessions have each status; child runs come on top.
PLAN = {NOT_SPECIFIED: 4, PAUSED: 5, RUNNING: 9, WAITING: 8, SUCCEEDED: 118, SKIPPED: 6, SUSPENDED: 4, CANCELLED: 15,
        FAILED: 62, FAULTED: 7, TIMED_OUT: 11, ABORTED: 7, IGNORED: 5, DELETED: 4, TERMINATED: 10}


class Dice:
    """Chance from random() alone, whose sequence is the same in every version of Python."""

    def __init__(self, seed):
        self.random = random.Random(seed).random

    def chance(self, probability):
        return self.random() < probability

    def between(self, low, high):
        return low + int(self.random() * (high - low + 1))

    def pick(self, items):
        return items[self.between(0, len(items) - 1)]

    def shuffled(self, items):
        return [item for _, item in sorted(((self.random(), item) for item in items), key=lambda pair: pair[0])]

    def bits(self, count):
        value = 0
        for _ in range(0, count, 16):
            value = value << 16 | self.between(0, 0xFFFF)
        return value & ((1 << count) - 1)


def hyphenated(value):
    digits = f"{value:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def random_guid(dice):
    """Version 4: random."""
    return hyphenated(dice.bits(48) << 80 | 4 << 76 | dice.bits(12) << 64 | 2 << 62 | dice.bits(62))


def ordered_guid(dice, ticks):
    """Version 7: milliseconds first."""
    return hyphenated(ticks // 10_000 << 80 | 7 << 76 | dice.bits(12) << 64 | 2 << 62 | dice.bits(62))


def dataverse_guid(dice, ticks):
    """Version 1 with its first three groups byte-swapped, as Dataverse makes them."""
    steps = ticks + GREGORIAN_TO_UNIX
    low, mid, high = steps & 0xFFFFFFFF, steps >> 32 & 0xFFFF, 1 << 12 | steps >> 48
    head = low.to_bytes(4, "little") + mid.to_bytes(2, "little") + high.to_bytes(2, "little")
    node = dice.pick([0x6045BD9A1C3F, 0x000D3AB4E207, 0x00224891D65C])
    tail = (2 << 14 | dice.bits(14)).to_bytes(2, "big") + node.to_bytes(6, "big")
    return hyphenated(int.from_bytes(head + tail, "big"))


def written(ticks):
    """A time as Flowkeep writes it: the fraction only where it is not zero."""
    fraction = f"{ticks % SECOND:07}".rstrip("0")
    moment = EPOCH + datetime.timedelta(seconds=ticks // SECOND)
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + ("." + fraction if fraction else "") + "Z"


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def as_file(value):
    return base64.b64encode(compact(value).encode()).decode()


NAMES = Dice("the organisation")
BEFORE = FIRST_DAY - 400 * DAY


def row_of_another_table():
    return dataverse_guid(NAMES, BEFORE + NAMES.between(0, 300 * 86_400) * SECOND)


BUSINESS_UNITS = [row_of_another_table() for _ in range(2)]
TEAMS = [row_of_another_table() for _ in range(2)]
GROUPS = [row_of_another_table() for _ in range(2)]
USERS = [{"id": row_of_another_table(), "unit": BUSINESS_UNITS[n // 3], "account": account,
          "sid": f"S-1-5-21-3623811015-3361044348-30300820-{1013 + n}"}
         for n, account in enumerate(["CONTOSO\\svc-rpa-muc", "CONTOSO\\a.müller", "CONTOSO\\j.fernández",
                                      "CONTOSO\\svc-rpa-krk", "CONTOSO\\k.wiśniewski", "CONTOSO\\佐藤.美咲"])]
MACHINES = [{"id": row_of_another_table(), "host": host, "group": GROUPS[n // 3], "site": n // 3}
            for n, host in enumerate(["RPA-MUC-01", "RPA-MUC-02", "RPA-MUC-03",
                                      "RPA-KRK-01", "RPA-KRK-02", "RPA-KRK-03"])]
CLOUD_FLOWS = [random_guid(NAMES) for _ in range(3)]
AGENTS = [row_of_another_table() for _ in range(2)]
TRIGGERS = [row_of_another_table() for _ in range(2)]

# A flow's actions: what its author called the step, the action behind it, its inputs, its outputs.
FLOWS = [
    {"name": "Ärzteabrechnung", "site": 0, "weight": 5, "version": "1.0.0.31", "minutes": (3, 14),
     "inputs": [{"Quartal": "2025/Q1", "Praxis": praxis} for praxis in ("Dr. Krämer", "Dr. Öztürk", "MVZ Süd")],
     "outputs": {"Fälle": 128, "Übertragen": True},
     "actions": [("Portal öffnen", "WebAutomation.LaunchEdge", {"Url": "https://abrechnung.example.com"}, {"Browser": 1}),
                 ("Quartal wählen", "WebAutomation.SetDropDownListValue", {"UIElement": "Quartal"}, {}),
                 ("Datei übergeben", "WebAutomation.PopulateTextField", {"UIElement": "Datei"}, {}),
                 ("Senden", "WebAutomation.PressButton", {"UIElement": "Button 'Senden'"}, {"Quittung": "KV-20411"})]},
    {"name": "請求書処理", "site": 1, "weight": 5, "version": "2.4.0.7", "minutes": (1, 6),
     "inputs": [{"会社": company, "月": "2025-02"} for company in ("株式会社青空商事", "東都物流")],
     "outputs": {"件数": 42, "合計": 1318400},
     "actions": [("メール取得", "Outlook.RetrieveEmailMessages", {"Folder": "受信トレイ/請求書"}, {"Emails": 42}),
                 ("PDF抽出", "PDF.ExtractTextFromPDF", {"File": "C:\\請求書\\0217.pdf"}, {"Text": "請求番号 0217"}),
                 ("会計入力", "UIAutomation.PopulateTextField", {"UIElement": "伝票番号"}, {})]},
    {"name": "Zamówienia", "site": 1, "weight": 6, "version": "3.1.0.12", "minutes": (4, 25), "calls": 7,
     "inputs": [{"Źródło": "ERP", "Oddział": branch} for branch in ("Kraków", "Łódź", "Gdańsk")],
     "outputs": {"Zamówienia": 57, "Odrzucone": 0},
     "actions": [("Otwórz arkusz", "Excel.LaunchAndOpenExcel", {"Path": "D:\\Zamówienia\\dziś.xlsx"}, {"Excel": 1}),
                 ("Czytaj wiersze", "Excel.ReadFromExcel", {"Range": "A2:F58"}, {"Rows": 57}),
                 ("Zapisz w ERP", "External.RunFlow", {"Flow": "SAP posting"}, {"Posted": 57})]},
    {"name": "Facturación electrónica", "site": 0, "weight": 4, "version": "1.2.0.3", "minutes": (2, 9),
     "inputs": [{"Período": "2025-02", "Emisor": "Peñalara S.A."}],
     "outputs": {"Facturas": 310, "Rechazadas": 2},
     "actions": [("Leer facturas", "Database.ExecuteSqlStatement", {"Statement": "SELECT * FROM facturas"}, {"Rows": 312}),
                 ("Firmar", "System.RunApplication", {"ApplicationPath": "firmador.exe"}, {"ExitCode": 0}),
                 ("Enviar a la AEAT", "Web.InvokeWebService", {"Method": "POST"}, {"StatusCode": 200})]},
    {"name": "Invoice intake", "site": 0, "weight": 6, "version": "4.0.0.88", "minutes": (1, 8), "calls": 7,
     "inputs": [{"Mailbox": "invoices@contoso.example", "Since": "yesterday"}, {"Mailbox": "ap@contoso.example"}],
     "outputs": {"Invoices": 23, "Held": 1},
     "actions": [("Read mailbox", "Outlook.RetrieveEmailMessages", {"Folder": "Inbox"}, {"Emails": 24}),
                 ("Read invoice", "AIBuilder.ExtractInvoice", {"Attachment": "inv-8841.pdf"}, {"Total": 1190.5}),
                 ("Post it", "External.RunFlow", {"Flow": "SAP posting"}, {"Posted": 23})]},
    {"name": "Κλείσιμο μήνα", "site": 1, "weight": 2, "version": "1.0.0.5", "minutes": (20, 70),
     "inputs": [{"Μήνας": "2025-02"}],
     "outputs": {"Λογαριασμοί": 18},
     "actions": [("Σύνδεση", "UIAutomation.Click", {"UIElement": "Button 'Είσοδος'"}, {}),
                 ("Έλεγχος", "Loops.ForEach", {"Items": 18}, {"Differences": 0})]},
    {"name": "Nightly ERP export 🌙", "site": 0, "weight": 3, "version": "7.15.0.2", "minutes": (30, 120),
     "inputs": [{"Tables": ["BKPF", "BSEG", "KNA1"], "Format": "csv"}],
     "outputs": {"Files": 3, "Bytes": 88412031},
     "actions": [("Log on to SAP", "SAP.LaunchSap", {"System": "PRD", "Client": "100"}, {"Instance": 1}),
                 ("Export tables", "Loops.ForEach", {"Items": 3}, {"Files": 3}),
                 ("Copy to share", "File.Copy", {"Destination": "\\\\nas01\\erp$"}, {"Copied": 3})]},
    {"name": "SAP posting", "site": None, "weight": 0, "version": "2.0.0.19", "minutes": (1, 2),
     "inputs": [{"Company": "1000", "Mode": "batch"}],
     "outputs": {"Documents": 23},
     "actions": [("Open transaction", "SAP.StartTransaction", {"Transaction": "FB60"}, {}),
                 ("Press Post", "SAP.ClickUiElement", {"UIElement": "Button 'Post'"}, {"Document": "1900004711"})]},
]
for flow in FLOWS:
    flow["id"] = row_of_another_table()

# Code, message, details, what the flow's actions must mention for it, whether the run had started.
ERRORS = [
    ("UIElementNotFound", "Failed to find UI element {element} in the window.",
     "The window was open, the selector matched 0 elements within 10 s.", "UIElement", True),
    ("UIElementNotFound", "Failed to find UI element {element} in the window.",
     "The selector matched 3 elements; none of them was visible.", "UIElement", True),
    ("ExcelFileNotFound", "The workbook could not be opened: the file does not exist.",
     "D:\\Zamówienia\\dziś.xlsx was moved or is held by another user.", "Excel", True),
    ("ServiceUnavailable", "The web service answered 503 „Dienst nicht verfügbar“.", None, "Web", True),
    ("ServiceUnavailable", "The web service answered 429 „Demasiadas peticiones“.", None, "Web", True),
    ("ConnectionLost", "The connection to the server was lost and could not be made again.", None, "", True),
    ("SessionCreationError", "Unable to create a session on machine {host}.",
     "CreateSession: logon with the connection's credentials failed, 0x8007052E.", "", False),
    ("NoUnlockedActiveSessionForAttended", "Machine {host} has no unlocked active session for an attended run.",
     "The session was locked; unlock it or run the flow unattended.", "", False),
    ("NoCandidateMachine", "No machine of the group was free before the run's time ran out.", None, "", False),
]
UI_ERROR = ERRORS[0]
TIMEOUT = ("RunTimeout", "The run went over its limit of {minutes} minutes.", None, "", True)
FAULT = ("AgentCrashed", "The agent on machine {host} stopped while the run was under way.",
         "PAD.RobotService ended with 0xC0000005; the run was not resumed.", "", True)


def failure(dice, status, flow, machine, is_child):
    steps = compact(flow["actions"])
    causes = [error for error in ERRORS if error[3] in steps]
    if status in (TIMED_OUT, FAULTED):
        causes = [TIMEOUT if status == TIMED_OUT else FAULT]
    elif is_child or (UI_ERROR in causes and dice.chance(0.25)):
        causes = [UI_ERROR]
    code, message, details, _, started = dice.pick(causes)
    elements = [step[2]["UIElement"] for step in flow["actions"] if "UIElement" in step[2]]
    return {"code": code, "details": details, "started": started,
            "message": message.format(element=dice.pick(elements or [""]), flow=flow["name"],
                                      host=machine["host"], minutes=flow["minutes"][1])}


def action_log(flow, begin, end, error, finished, rounds=1):
    """The run's steps in V1 form; the last one carries the error, if any, and an open run's is under way."""
    steps = flow["actions"] * rounds
    if error or not finished:
        steps = steps[:max(1, len(steps) - 1)]
    share = (end - begin) // len(steps)
    actions = []
    for number, (name, system_name, inputs, outputs) in enumerate(steps, 1):
        last = number == len(steps)
        action = {"name": name, "systemActionName": system_name,
                  "startTime": written((begin + (number - 1) * share) // 10_000 * 10_000)}
        if finished or not last:
            action["endTime"] = written((end if last else begin + number * share) // 10_000 * 10_000)
        action["index"] = number
        action["functionName"] = "Main" if number < 3 else "Übergabe" if flow["site"] == 0 else "Save"
        action["status"] = "Failed" if last and error else "Succeeded" if finished or not last else "Running"
        action["inputs"] = inputs
        if last and error:
            action["error"] = {"code": error["code"], "message": error["message"]}
        elif finished or not last:
            action["outputs"] = outputs
        actions.append(action)
    return {"actions": actions}


def times(dice, flow, status, created, error, until):
    """When the run started and ended, None where it did not."""
    wait = dice.between(2 * SECOND, 15 * SECOND if until else 4 * MINUTE)
    never_begins = status in NEVER_STARTED or (error and not error["started"]) or \
        (status in (CANCELLED, DELETED) and dice.chance(0.4))
    started = None if never_begins else created + wait
    if status in OPEN:
        return started, None
    low, high = flow["minutes"]
    length = high * MINUTE if status == TIMED_OUT else dice.between(low * MINUTE, high * MINUTE)
    if error and status != TIMED_OUT:
        length = length // dice.between(2, 6)
    ended = (started or created) + (length if started else wait)
    return started, min(ended, until) if until else ended


def session(dice, number, flow, machine, status, created, parent=None, until=None):
    """One row, and the times it was made from."""
    broken = status in (FAILED, FAULTED, TIMED_OUT) or (status == ABORTED and number % 2 == 0)
    error = failure(dice, status, flow, machine, parent is not None) if broken else None
    started, ended = times(dice, flow, status, created, error, until)
    exact = dice.chance(0.15)

    def shown(ticks):
        return written(ticks if exact else ticks // SECOND * SECOND)

    kind = number % 10
    identity = (dataverse_guid(dice, created) if kind < 6 else ordered_guid(dice, created) if kind < 9
                else random_guid(dice))
    user = USERS[machine["site"] * 3 + (0 if dice.chance(0.7) else dice.between(1, 2))]
    runmode = 2 if user["account"].startswith("CONTOSO\\svc") else dice.between(0, 1)
    if error and error["code"] == "NoUnlockedActiveSessionForAttended":
        runmode = 1
    agent_run = not parent and number % 47 == 11
    test_run = not parent and number % 41 == 7
    trigger = 1 if parent else 4 if agent_run else 2 if runmode == 0 else 3 if number % 13 == 5 else 0
    cloud_run = f"0858456{dice.between(10**13, 10**14 - 1)}CU{dice.between(10, 99)}" if trigger == 0 else None
    cloud_flow = CLOUD_FLOWS[dice.between(0, 2)] if cloud_run else None
    row = {"flowsessionid": identity, "name": flow["name"]}
    row["correlationid"] = parent["correlationid"] if parent else random_guid(dice)
    if cloud_run:
        row["clienttrackingid"] = cloud_run
    row["_regardingobjectid_value"] = flow["id"]
    if not error or error["code"] != "NoCandidateMachine":
        row["_machineid_value"] = machine["id"]
    if number % 7 != 6:
        row["_machinegroupid_value"] = machine["group"]
    if parent:
        row["_parentdesktopflowrunid_value"] = parent["flowsessionid"]
    row |= {"statecode": 1 if status in INACTIVE else 0, "statuscode": status, "runmode": runmode,
            "runsessionmode": 0 if runmode == 2 else 2 if number % 5 == 2 else 1,
            "subcategory": 1 if test_run else 0, "triggertype": trigger, "createdon": shown(created)}
    modified = ended or started or created
    row["modifiedon"] = shown(modified + (2 * SECOND if status == DELETED else 0))
    if started:
        row["startedon"] = shown(started)
    if ended:
        row["completedon"] = shown(ended)
        row |= {"runduration": (ended - created) // 10_000,
                "runexecutionduration": (ended - started) // 10_000 if started else 0,
                "runwaitduration": ((started or ended) - created) // 10_000}
    if error:
        row |= {"errorcode": error["code"], "errormessage": error["message"]}
        if error["details"]:
            row["errordetails"] = error["details"]
        if number % 4 == 0:
            row["errorinnererror"] = compact({"code": "0x80131500", "source": "PAD.Robot", "message": error["message"]})
    context = {"hostName": machine["host"]} if "_machineid_value" in row else {}
    if parent:
        context |= {"parentWorkflowId": parent["_regardingobjectid_value"],
                    "parentWorkflowRunId": parent["flowsessionid"], "parentWorkflowType": "DesktopFlow"}
    elif cloud_run:
        context |= {"parentWorkflowId": cloud_flow, "parentWorkflowRunId": cloud_run, "parentWorkflowType": "CloudFlow"}
    context |= {"attendedMode": ["Local", "Attended", "Unattended"][runmode],
                "agentVersion": dice.pick(["2.53.159.25055", "2.54.106.25069"]),
                "connectionType": "Gateway" if number % 29 == 3 else "Machine"}
    row["context"] = compact(context)
    if number % 5 == 1:
        row["rundetails"] = compact({"attempt": 1 + number % 2, "queueSeconds": ((started or created) - created) // SECOND})
    row["processversion"] = flow["version"]
    if started:
        row |= {"sessionusername": user["account"], "sessionusersid": user["sid"]}
    if trigger == 0:
        row["connectionid"] = f"shared_uiflow-{machine['host'].lower()}-{1 + number % 2}"
    if number % 29 == 3:
        row["gateway"] = "gw-" + machine["host"][4:7].lower() + "-legacy"
    if number % 8 == 5:
        row["callbackurl"] = f"https://callbacks.example.com/runs/{number:05}?sig=sample-{dice.bits(32):08x}"
    if number % 19 == 4:
        row["credentials"] = compact({"type": "vault", "vault": "kv-rpa", "secret": f"logon-{machine['host'].lower()}"})
    if cloud_run:
        row |= {"parentworkflowid": cloud_flow, "parentcloudflowrunsequenceid": cloud_run}
    if started and number % 2:
        row |= {"machinepercentcpuusage": dice.between(150, 9800) / 100,
                "machinepercentramusage": dice.between(2000, 9300) / 100, "machineramusage": dice.between(1800, 15200)}
    if agent_run:
        row["_computeruseagentid_value"] = dice.pick(AGENTS)
    if test_run:
        row["_flowtestsessionid_value"] = random_guid(dice)
    if trigger == 2:
        row["_flowtriggerid_value"] = dice.pick(TRIGGERS)
    add_files(dice, row, number, flow, started, ended, error)
    add_owner(row, number, user)
    if number % 60 == 21:  # came from an older environment
        row |= {"overriddencreatedon": written((created + 20 * DAY) // DAY * DAY), "importsequencenumber": 7}
    if number % 6 == 2:
        row |= {"timezoneruleversionnumber": 0, "utcconversiontimezonecode": 110 if machine["site"] == 0 else 100}
    if number % 97 == 50:  # columns that somebody added to the table
        row |= {"contoso_costcentre": "4711-Süd", "contoso_effort": 0.25}
    return row, started, ended


def add_files(dice, row, number, flow, started, ended, error):
    if number == 120:
        row |= {"inputs": random_guid(dice), "inputs_name": "inputs.json"}  # the Web API shows a file reference
    elif number % 5:
        row |= {"inputs": as_file(dice.pick(flow["inputs"])), "inputs_name": "inputs.json"}
    if ended and started and not error and row["statuscode"] == SUCCEEDED:
        row |= {"outputs": as_file(flow["outputs"]), "outputs_name": "outputs.json"}
    if started and (number % 5 < 2 or error or number == 33):
        log = action_log(flow, started, ended or started + 40 * SECOND, error, ended is not None,
                         rounds=16 if number == 33 else 1)
        row |= {"additionalcontext": as_file(log), "additionalcontext_name": "actions.json"}


def add_owner(row, number, user):
    if number % 11 == 8:
        team = TEAMS[number % 2]
        row |= {"_ownerid_value": team, "_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname": "team",
                "_owningteam_value": team}
    else:
        row |= {"_ownerid_value": user["id"], "_owninguser_value": user["id"]}
    row |= {"_owningbusinessunit_value": user["unit"], "_createdby_value": user["id"]}
    if number % 17 == 9:
        row["_createdonbehalfby_value"] = USERS[3 - number % 2]["id"]
    row["_modifiedby_value"] = user["id"]
    if number % 23 == 9:
        row["_modifiedonbehalfby_value"] = USERS[number % 2]["id"]


def statuses(dice):
    """Every status of the plan: ended runs in any order, those still open at the end of the two weeks."""
    planned = [status for status, count in PLAN.items() for _ in range(count)]
    ended = dice.shuffled([status for status in planned if status not in OPEN])
    still_open = [status for status in planned if status in OPEN]
    orphan = still_open.pop(still_open.index(RUNNING))  # its agent went away; nobody ended it
    ended.insert(30, orphan)
    return ended[:-12] + dice.shuffled(ended[-12:] + still_open)


def creation_times(dice, count):
    moments = []
    while len(moments) < count:
        day, hour = dice.between(0, DAYS - 1), dice.between(0, 23)
        weekend = day % 7 >= 5
        if dice.chance((0.2 if weekend else 1.0) * (1.0 if 6 <= hour <= 18 else 0.25)):
            moments.append(FIRST_DAY + day * DAY + hour * 60 * MINUTE + dice.between(0, 60 * MINUTE - 1))
    return sorted(moments)


def sample():
    """All rows, in the order they came in: nearly that of createdon."""
    dice = Dice("flow sessions")
    lottery = [flow for flow in FLOWS for _ in range(flow["weight"])]
    made = []
    plan = statuses(dice)
    for status, created in zip(plan, creation_times(dice, len(plan))):
        flow = dice.pick(lottery)
        machine = MACHINES[flow["site"] * 3 + dice.between(0, 2)]
        row, started, ended = session(dice, len(made), flow, machine, status, created)
        made.append((created, row))
        if "calls" in flow and started and ended and ended - started > 2 * MINUTE and status in (SUCCEEDED, FAILED):
            called = started + (ended - started) // 5
            child, _, _ = session(dice, len(made), FLOWS[flow["calls"]], machine, status, called, row, ended)
            made.append((called, child))
    rows = [row for _, row in sorted(made, key=lambda pair: pair[0])]
    for position in (40, 111, 112, 205, 260, 300):  # a few arrive late
        rows.insert(position + 25, rows.pop(position))
    return rows


def text():
    return "".join(compact(row) + "\n" for row in sample())


def main(arguments):
    if arguments == ["-"]:
        sys.stdout.buffer.write(text().encode())
        return 0
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    pathlib.Path(__file__).with_name("sessions.jsonl").write_bytes(text().encode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
