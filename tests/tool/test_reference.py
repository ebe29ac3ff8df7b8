"""Each name of the flowsession reference page, from the committed list of them, through the tool."""
import json
import pathlib

from toolkit import BAD_INPUT, DONE, NO, ToolCase, lines, main, new_id, session

LIST = pathlib.Path(__file__).parent.parent / "checks" / "reference_names.txt"
NAMES = [line.split("\t") for line in LIST.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
READ_ONLY = {"createdon", "modifiedon", "versionnumber", "inputs_name", "outputs_name", "additionalcontext_name"}
SETS = {"systemuser": "systemusers", "principal": "systemusers", "team": "teams", "businessunit": "businessunits",
        "workflow": "workflows", "flowmachine": "flowmachines", "flowmachinegroup": "flowmachinegroups"}


def of_kind(kind):
    return [(name, said) for one, name, said in NAMES if one == kind]


def value_of(name, said):
    if name == "flowsessionid":
        return new_id(1)
    if name.endswith("_name"):
        return name[:-len("_name")] + ".json"
    fixed = {"statecode": 0, "statuscode": 8, "runmode": 2, "callbackurl": "https://callbacks.example.com/1"}
    kinds = {"Edm.String": f"the {name}", "Edm.Int32": 7, "Edm.Int64": 9007199254740993,
             "Edm.DateTimeOffset": "2024-05-01T10:00:00Z", "Edm.Binary": "eyJhIjoxfQ=="}
    return fixed.get(name, kinds.get(said))


class Reference(ToolCase):
    def get(self):
        return self.expect(DONE, "get", self.store, new_id(1)).rows[0]

    def test_list_is_whole(self):
        self.assertEqual([len(of_kind(kind)) for kind in ("property", "lookup", "single-valued", "collection-valued",
                                                          "operation")], [36, 11, 11, 8, 10])

    def test_every_property_is_kept(self):
        row = {name: value_of(name, said) for name, said in of_kind("property")}
        self.feed([row])
        kept = self.get()
        self.assertGreater(kept.pop("versionnumber"), 0)  # the store's own
        del row["versionnumber"]
        for name, value in row.items():
            self.assertEqual(kept[name], value, name)
        csv = self.expect(DONE, "dump", self.store, "--format", "csv").out.splitlines()[0].split(",")
        for name in row:
            self.assertIn(name, csv)

    def test_every_property_is_set_or_refused(self):
        self.feed([session(1, statuscode=2)])
        for name, said in of_kind("property"):
            if name in ("flowsessionid", "statecode", "statuscode", "importsequencenumber", "overriddencreatedon"):
                continue  # its identity, its state, and what is fixed when it is created
            update = json.dumps({"flowsessionid": new_id(1), name: value_of(name, said)})
            if name in READ_ONLY and not name.endswith("_name"):
                refused = self.refuse(BAD_INPUT, "update-multiple", self.store, stdin=update, words=[name])
                self.assertIn("read-only", refused.err)
                continue
            if name.endswith("_name"):
                continue  # comes with the content
            self.expect(DONE, "update-multiple", self.store, stdin=update)
            self.assertEqual(self.get()[name], value_of(name, said), name)
        self.assert_clean()

    def test_every_lookup_is_kept(self):
        row = session(1, **{name: new_id(name) for name, _ in of_kind("lookup")})
        self.feed([row])
        kept = self.get()
        for name, _ in of_kind("lookup"):
            self.assertEqual(kept[name], new_id(name), name)
        for name, navigation in of_kind("lookup"):
            self.assertIn(navigation, dict(of_kind("single-valued")), name)

    def test_every_single_valued_navigation_property_is_bound(self):
        for number, (name, said) in enumerate(of_kind("single-valued")):
            entity = said.split()[0]
            self.feed([session(number + 10, **{f"{name}@odata.bind": f"/{SETS[entity]}({new_id(name)})"})])
            kept = self.expect(DONE, "get", self.store, new_id(number + 10)).rows[0]
            lookup = next(one for one, navigation in of_kind("lookup") if navigation == name)
            self.assertEqual(kept[lookup], new_id(name), name)

    def test_every_partner_lists_its_sessions(self):
        single = of_kind("single-valued")
        rows = [session(number, **{f"_{lookup}_value": new_id(name)}) for number, (name, lookup) in enumerate(
            (name, next(one for one, navigation in of_kind("lookup") if navigation == name)[1:-len("_value")])
            for name, _ in single)]
        self.feed(rows)
        for number, (name, said) in enumerate(single):
            listed = self.expect(DONE, "parent", self.store, "sessions", said.split()[1], new_id(name)).rows
            self.assertEqual([row["flowsessionid"] for row in listed], [new_id(number)], name)

    def test_every_collection_is_listed(self):
        self.feed([session(1)])
        for name, said in of_kind("collection-valued"):
            entity = said.split()[0]
            made = self.expect(DONE, "children", self.store, new_id(1), entity, "--add", '{"note":"kept"}').out.strip()
            listed = self.expect(DONE, "children", self.store, new_id(1), name).rows
            self.assertEqual(len(listed), 1, name)
            self.assertEqual((listed[0][f"{entity}id"], listed[0]["note"]), (made, "kept"))
        dumped = self.dump("--with-children")[0]
        for name, _ in of_kind("collection-valued"):
            self.assertEqual(len(dumped[name]), 1, name)
        self.assert_clean()

    def test_many_are_created_updated_and_upserted_or_none(self):
        self.expect(DONE, "create", self.store)
        made = self.expect(DONE, "create-multiple", self.store, stdin=lines([{"name": "a"}, {"name": "b"}])).out.split()
        self.assertEqual(len(made), 2)
        self.assertEqual({row["name"] for row in self.dump()}, {"a", "b"})
        done = self.expect(DONE, "update-multiple", self.store, stdin=lines(
            [{"flowsessionid": made[0], "name": "c"}, {"flowsessionid": made[0], "name": "passed over"}]))
        self.assertEqual(done.err, "1 session updated\n")
        missing = new_id("nobody")
        refused = self.expect(BAD_INPUT, "update-multiple", self.store, stdin=lines(
            [{"flowsessionid": made[1], "name": "d"}, {"flowsessionid": missing, "name": "d"}]))
        self.assertIn(missing, refused.err)
        self.assertEqual({row["name"] for row in self.dump()}, {"c", "b"})
        done = self.expect(DONE, "upsert-multiple", self.store, stdin=lines(
            [{"flowsessionid": made[1], "name": "e"}, {"flowsessionid": missing, "name": "f"}]))
        self.assertEqual(done.out, f"{made[1]} updated\n{missing} created\n")
        self.expect(BAD_INPUT, "create-multiple", self.store, stdin=lines([{"name": "g"}, {"flowsessionid": missing}]))
        self.expect(BAD_INPUT, "upsert-multiple", self.store, stdin=lines([{"flowsessionid": missing}] * 2))
        self.refuse(BAD_INPUT, "create-multiple", self.store, stdin="{}\n{", words=["line 2"])
        self.refuse(BAD_INPUT, "create-multiple", self.store, self.path("none"), words=["none"])
        self.assertEqual({row["name"] for row in self.dump()}, {"c", "e", "f"})
        self.assertEqual(self.expect(DONE, "create-multiple", self.store, stdin="\n").out, "")
        for command in ("create-multiple", "update-multiple", "upsert-multiple"):
            for wrong in ('{"erorcode":"x"}', '{"name":"a"}\n{"erorcode":"x"}'):
                line = wrong.count("\n") + 1
                self.refuse(BAD_INPUT, command, self.store, stdin=wrong, words=[f"line {line}: 'erorcode'"])
        self.refuse(BAD_INPUT, "update-multiple", self.store, stdin='{"erorcode":null}', words=["erorcode"])
        response = json.dumps({"value": [{"name": "h"}, {"name": "i"}]})
        self.assertEqual(len(self.expect(DONE, "create-multiple", self.store, stdin=response).out.split()), 2)
        self.assert_clean()

    def test_is_valid_state_transition(self):
        self.feed([session(1, statuscode=2)])
        self.assertEqual(self.expect(DONE, "valid-transition", self.store, new_id(1), "Active", "4").out, "true\n")
        self.assertEqual(self.expect(NO, "valid-transition", self.store, new_id(1), "Inactive", "4").out, "false\n")


if __name__ == "__main__":
    main()
