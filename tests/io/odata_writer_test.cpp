#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <flowkeep/io/odata.hpp>

#include "samples.hpp"

namespace flowkeep::io {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A value in every column, in the spelling of JSON Lines.
constexpr const char* every_column =
    R"({"flowsessionid":"3219b349-858c-557f-8825-517ad49b41b4","name":"Rechnung \"№ 1\"\n🧾","correlationid":"c-1",
"clienttrackingid":"t-1","_regardingobjectid_value":"00000000-0000-0000-0000-000000000001",
"_machineid_value":"00000000-0000-0000-0000-000000000002","_machinegroupid_value":"00000000-0000-0000-0000-000000000003",
"_parentdesktopflowrunid_value":"120bc6a7-a78f-5207-8ae0-5a746a9058fe","statecode":0,"statuscode":8,"runmode":2,
"runsessionmode":1,"subcategory":0,"triggertype":3,"createdon":"2022-06-16T12:54:40Z",
"modifiedon":"2022-06-16T12:54:40.5Z","startedon":"2022-06-16T14:00:00+02:00","completedon":"2022-06-16T12:54:39.0000001Z",
"overriddencreatedon":"2022-06-15","runduration":9007199254740993,"runexecutionduration":0,"runwaitduration":12,
"errorcode":"UIElementNotFound","errormessage":"","errordetails":"d","errorinnererror":"i","context":"{\"a\":1}",
"rundetails":"r","processversion":"1.0","sessionusername":"C\\u","sessionusersid":"S-1","connectionid":"x","gateway":"g",
"callbackurl":"https://h/cb","credentials":"k","parentworkflowid":"p","parentcloudflowrunsequenceid":"q",
"machinepercentcpuusage":12.25,"machinepercentramusage":100,"machineramusage":512,
"_computeruseagentid_value":"00000000-0000-0000-0000-000000000004",
"_flowtestsessionid_value":"00000000-0000-0000-0000-000000000005","_flowtriggerid_value":"00000000-0000-0000-0000-000000000006",
"inputs":"+/8=","inputs_name":"in.json","outputs":"00000000-0000-0000-0000-000000000007","outputs_name":"out.json",
"additionalcontext":"","additionalcontext_name":"log.json","_ownerid_value":"00000000-0000-0000-0000-000000000008",
"_owninguser_value":"00000000-0000-0000-0000-000000000008","_owningteam_value":"00000000-0000-0000-0000-000000000009",
"_owningbusinessunit_value":"00000000-0000-0000-0000-00000000000a","_createdby_value":"00000000-0000-0000-0000-00000000000b",
"_createdonbehalfby_value":"00000000-0000-0000-0000-00000000000c","_modifiedby_value":"00000000-0000-0000-0000-00000000000d",
"_modifiedonbehalfby_value":"00000000-0000-0000-0000-00000000000e","importsequencenumber":7,"timezoneruleversionnumber":-1,
"utcconversiontimezonecode":110,"x_new":{"a":[1]}})";

/// The members of that row, but its etag, as the Web API writes them; {} stands for the version.
constexpr const char* every_member =
    R"("flowsessionid":"3219b349-858c-557f-8825-517ad49b41b4","name":"Rechnung \"№ 1\"\n🧾","correlationid":"c-1",)"
    R"("clienttrackingid":"t-1","_regardingobjectid_value":"00000000-0000-0000-0000-000000000001",)"
    R"("_machineid_value":"00000000-0000-0000-0000-000000000002",)"
    R"("_machinegroupid_value":"00000000-0000-0000-0000-000000000003",)"
    R"("_parentdesktopflowrunid_value":"120bc6a7-a78f-5207-8ae0-5a746a9058fe","statecode":0,"statuscode":8,)"
    R"("runmode":2,"runsessionmode":1,"subcategory":0,"triggertype":3,"createdon":"2022-06-16T12:54:40Z",)"
    R"("modifiedon":"2022-06-16T12:54:40.5Z","startedon":"2022-06-16T12:00:00Z",)"
    R"("completedon":"2022-06-16T12:54:39.0000001Z","overriddencreatedon":"2022-06-15T00:00:00Z",)"
    R"("runduration":9007199254740993,"runexecutionduration":0,"runwaitduration":12,"errorcode":"UIElementNotFound",)"
    R"("errormessage":"","errordetails":"d","errorinnererror":"i","context":"{\"a\":1}","rundetails":"r",)"
    R"("processversion":"1.0","sessionusername":"C\\u","sessionusersid":"S-1","connectionid":"x","gateway":"g",)"
    R"("callbackurl":"https://h/cb","credentials":"k","parentworkflowid":"p","parentcloudflowrunsequenceid":"q",)"
    R"("machinepercentcpuusage":12.25,"machinepercentramusage":100,"machineramusage":512,)"
    R"("_computeruseagentid_value":"00000000-0000-0000-0000-000000000004",)"
    R"("_flowtestsessionid_value":"00000000-0000-0000-0000-000000000005",)"
    R"("_flowtriggerid_value":"00000000-0000-0000-0000-000000000006","inputs":"-_8","inputs_name":"in.json",)"
    R"("outputs":"00000000-0000-0000-0000-000000000007","outputs_name":"out.json","additionalcontext":"",)"
    R"("additionalcontext_name":"log.json","_ownerid_value":"00000000-0000-0000-0000-000000000008",)"
    R"("_owninguser_value":"00000000-0000-0000-0000-000000000008",)"
    R"("_owningteam_value":"00000000-0000-0000-0000-000000000009",)"
    R"("_owningbusinessunit_value":"00000000-0000-0000-0000-00000000000a",)"
    R"("_createdby_value":"00000000-0000-0000-0000-00000000000b",)"
    R"("_createdonbehalfby_value":"00000000-0000-0000-0000-00000000000c",)"
    R"("_modifiedby_value":"00000000-0000-0000-0000-00000000000d",)"
    R"("_modifiedonbehalfby_value":"00000000-0000-0000-0000-00000000000e","importsequencenumber":7,)"
    R"("timezoneruleversionnumber":-1,"utcconversiontimezonecode":110,"versionnumber":{},"x_new":{"a":[1]})";

/// The members of a session of which only what no session lacks is there.
constexpr const char* sparse_member =
    R"("flowsessionid":"3219b349-858c-557f-8825-517ad49b41b4","name":null,"correlationid":null,"clienttrackingid":null,)"
    R"("_regardingobjectid_value":null,"_machineid_value":null,"_machinegroupid_value":null,)"
    R"("_parentdesktopflowrunid_value":null,"statecode":1,"statuscode":0,"runmode":null,"runsessionmode":null,)"
    R"("subcategory":null,"triggertype":null,"createdon":"2022-06-16T12:54:40Z","modifiedon":null,"startedon":null,)"
    R"("completedon":null,"overriddencreatedon":null,"runduration":null,"runexecutionduration":null,)"
    R"("runwaitduration":null,"errorcode":null,"errormessage":null,"errordetails":null,"errorinnererror":null,)"
    R"("context":null,"rundetails":null,"processversion":null,"sessionusername":null,"sessionusersid":null,)"
    R"("connectionid":null,"gateway":null,"callbackurl":null,"credentials":null,"parentworkflowid":null,)"
    R"("parentcloudflowrunsequenceid":null,"machinepercentcpuusage":null,"machinepercentramusage":null,)"
    R"("machineramusage":null,"_computeruseagentid_value":null,"_flowtestsessionid_value":null,)"
    R"("_flowtriggerid_value":null,"inputs":null,"inputs_name":null,"outputs":null,"outputs_name":null,)"
    R"("additionalcontext":null,"additionalcontext_name":null,"_ownerid_value":null,"_owninguser_value":null,)"
    R"("_owningteam_value":null,"_owningbusinessunit_value":null,"_createdby_value":null,)"
    R"("_createdonbehalfby_value":null,"_modifiedby_value":null,"_modifiedonbehalfby_value":null,)"
    R"("importsequencenumber":null,"timezoneruleversionnumber":null,"utcconversiontimezonecode":null,"versionnumber":{})";

std::string with_version(std::string text, const std::string& version) {
  return text.replace(text.find("{}"), 2, version);
}

std::string etag(const std::string& version) {
  return R"("@odata.etag":"W/\")" + version + R"(\"")";
}

class ODataWriterTest : public StoredRows {
 protected:
  [[nodiscard]] std::string version() const {
    return std::to_string(store_->get(guid(session_text))->versionnumber.value());
  }
  [[nodiscard]] Snapshot snapshot() const { return std::move(store_->snapshot().value()); }
  static ODataWriter writer(const WriteOptions& options = {}) { return std::move(ODataWriter::make(options).value()); }

  /// The response for the one session.
  [[nodiscard]] std::string entity(const WriteOptions& options = {}) const {
    const Snapshot view = snapshot();
    std::string out;
    const auto written = writer(options).write_entity(view, *view.get(guid(session_text)), out);
    EXPECT_TRUE(written) << written.error().message;
    return out;
  }
};

TEST_F(ODataWriterTest, WritesEveryColumnOfASession) {
  import({every_column});
  EXPECT_EQ(entity(), R"({"@odata.context":"$metadata#flowsessions/$entity",)" + etag(version()) + "," +
                          with_version(every_member, version()) + "}\n");
}

TEST_F(ODataWriterTest, WritesNullsOfASparseSession) {
  import({R"({"flowsessionid":"3219B349-858C-557F-8825-517AD49B41B4","statecode":1,"statuscode":0,
              "createdon":"2022-06-16T12:54:40Z"})"});
  EXPECT_EQ(entity(), R"({"@odata.context":"$metadata#flowsessions/$entity",)" + etag(version()) + "," +
                          with_version(sparse_member, version()) + "}\n");
}

TEST_F(ODataWriterTest, WritesAListWithCountAndNextLink) {
  import({every_column});
  const Snapshot view = snapshot();
  ODataWriter list = writer({.base_url = "https://contoso.crm4.dynamics.com/api/data/v9.2"});
  std::string out;
  list.begin(out, 42);
  ASSERT_TRUE(list.write(view, *view.get(guid(session_text)), out));
  ASSERT_TRUE(list.write(view, *view.get(guid(session_text)), out));
  list.end(out, "a b&c");
  const std::string row = "{" + etag(version()) + "," + with_version(every_member, version()) + "}";
  EXPECT_EQ(out, R"({"@odata.context":"https://contoso.crm4.dynamics.com/api/data/v9.2/$metadata#flowsessions",)"
                 R"("@odata.count":42,"value":[)"
                 "\n" +
                     row + ",\n" + row +
                     "\n]"
                     R"(,"@odata.nextLink":"https://contoso.crm4.dynamics.com/api/data/v9.2/)"
                     R"(flowsessions?$skiptoken=a%20b%26c"})"
                     "\n");
}

TEST_F(ODataWriterTest, WritesAnEmptyList) {
  import({});
  const Snapshot view = snapshot();
  std::string out;
  EXPECT_EQ(writer().write_page(view, {}, 10, ODataWriter::Count::none, out), "");
  EXPECT_EQ(out, "{\"@odata.context\":\"$metadata#flowsessions\",\"value\":[\n]}\n");
  out.clear();
  EXPECT_EQ(writer().write_page(view, {}, 10, ODataWriter::Count::all, out), "");
  EXPECT_EQ(out, "{\"@odata.context\":\"$metadata#flowsessions\",\"@odata.count\":0,\"value\":[\n]}\n");
  EXPECT_EQ(read_all(folder_.write("empty.json", out)).error, "");
}

TEST_F(ODataWriterTest, NamesChosenColumnsInTheContextAndAddsTheKey) {
  import({every_column});
  EXPECT_EQ(entity({.columns = {"x_new", "machineid", "x y"}, .extra_columns = {"x_new", "x y"}}),
            R"({"@odata.context":"$metadata#flowsessions(x_new,_machineid_value,x%20y)/$entity",)" + etag(version()) +
                R"(,"x_new":{"a":[1]},"_machineid_value":"00000000-0000-0000-0000-000000000002","x y":null,)"
                R"("flowsessionid":"3219b349-858c-557f-8825-517ad49b41b4"})"
                "\n");
  EXPECT_EQ(entity({.columns = {"flowsessionid", "gateway"}}),
            R"({"@odata.context":"$metadata#flowsessions(flowsessionid,gateway)/$entity",)" + etag(version()) +
                R"(,"flowsessionid":"3219b349-858c-557f-8825-517ad49b41b4","gateway":"g"})"
                "\n");
}

TEST_F(ODataWriterTest, LeavesWithheldColumnsOutInsteadOfCallingThemNull) {
  import({every_column});
  const std::string text = entity({.redaction = WriteOptions::Redaction::secrets});
  for (const char* name : {"\"credentials\"", "\"callbackurl\"", "\"inputs\"", "\"outputs\"", "\"additionalcontext\""})
    EXPECT_THAT(text, Not(HasSubstr(name)));
  EXPECT_THAT(text, HasSubstr("\"inputs_name\":\"in.json\""));
}

TEST_F(ODataWriterTest, AnnotatesInFrontOfAValue) {
  import(
      {every_column, "{\"flowsessionid\":\"" + std::string(other_text) + "\",\"name\":\"Parent\",\"statuscode\":4}"});
  const WriteOptions options{.columns = {"statuscode", "parentdesktopflowrunid", "machineid", "ownerid", "createdon",
                                         "runduration", "gateway"},
                             .annotations = WriteOptions::Annotations::all};
  EXPECT_EQ(
      entity(options),
      R"({"@odata.context":"$metadata#flowsessions(statuscode,_parentdesktopflowrunid_value,_machineid_value,)"
      R"(_ownerid_value,createdon,runduration,gateway)/$entity",)" +
          etag(version()) +
          R"(,"statuscode@OData.Community.Display.V1.FormattedValue":"Failed","statuscode":8,)"
          R"("_parentdesktopflowrunid_value@OData.Community.Display.V1.FormattedValue":"Parent",)"
          R"("_parentdesktopflowrunid_value@Microsoft.Dynamics.CRM.associatednavigationproperty":"ParentDesktopFlowRunId",)"
          R"("_parentdesktopflowrunid_value@Microsoft.Dynamics.CRM.lookuplogicalname":"flowsession",)"
          R"("_parentdesktopflowrunid_value":"120bc6a7-a78f-5207-8ae0-5a746a9058fe",)"
          R"("_machineid_value@Microsoft.Dynamics.CRM.associatednavigationproperty":"MachineId",)"
          R"("_machineid_value@Microsoft.Dynamics.CRM.lookuplogicalname":"flowmachine",)"
          R"("_machineid_value":"00000000-0000-0000-0000-000000000002",)"
          R"("_ownerid_value@Microsoft.Dynamics.CRM.associatednavigationproperty":"ownerid",)"
          R"("_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname":"systemuser",)"
          R"("_ownerid_value":"00000000-0000-0000-0000-000000000008","createdon":"2022-06-16T12:54:40Z",)"
          R"("runduration":9007199254740993,"gateway":"g","flowsessionid":"3219b349-858c-557f-8825-517ad49b41b4"})"
          "\n");
}

TEST_F(ODataWriterTest, AnnotatesLabelsAloneAndNoNulls) {
  import({every_column, "{\"flowsessionid\":\"" + std::string(other_text) + "\",\"statuscode\":4}"});
  EXPECT_EQ(entity({.columns = {"machineid", "runmode"}, .labels = WriteOptions::Labels::beside}),
            R"({"@odata.context":"$metadata#flowsessions(_machineid_value,runmode)/$entity",)" + etag(version()) +
                R"(,"_machineid_value":"00000000-0000-0000-0000-000000000002",)"
                R"("runmode@OData.Community.Display.V1.FormattedValue":"Unattended","runmode":2,)"
                R"("flowsessionid":"3219b349-858c-557f-8825-517ad49b41b4"})"
                "\n");
  const Snapshot view = snapshot();
  std::string out;
  ASSERT_TRUE(writer({.columns = {"machineid", "runmode"}, .annotations = WriteOptions::Annotations::all})
                  .write_entity(view, *view.get(guid(other_text)), out));
  EXPECT_THAT(out, HasSubstr(R"(\"","_machineid_value":null,"runmode":null,"flowsessionid")"));
}

TEST_F(ODataWriterTest, NamesNoParentThatIsNotInTheStore) {
  import({every_column});
  EXPECT_THAT(entity({.columns = {"parentdesktopflowrunid"}, .annotations = WriteOptions::Annotations::all}),
              Not(HasSubstr("FormattedValue")));
}

TEST_F(ODataWriterTest, TellsContentFromAReference) {
  // 27 bytes whose base64url is a GUID's 36 characters.
  const std::string alike = "3219b349-858c-557f-8825-517ad49b41b4";
  const std::string bytes = decode_base64(alike).value();
  ASSERT_EQ(bytes.size(), 27U);
  std::string row = "{\"flowsessionid\":\"" + std::string(session_text) + "\",\"statuscode\":4,\"inputs\":\"";
  append_base64(row, bytes, Base64::standard_padded);
  import({row + "\"}"});
  const std::string text = entity({.columns = {"inputs"}});
  EXPECT_THAT(text, HasSubstr(R"("inputs":"3219b349+858c+557f+8825+517ad49b41b4")"));
  const Session read = read_row(text);
  EXPECT_FALSE(read.inputs->reference);
  EXPECT_EQ(read.inputs->content.bytes(), bytes);
}

TEST_F(ODataWriterTest, WritesAValue) {
  import({every_column});
  const Snapshot view = snapshot();
  const auto value = [&](Column column, const WriteOptions& options = {}) {
    std::string out;
    const auto written = writer(options).write_value(view, *view.get(guid(session_text)), column, out);
    return written ? out : errc_name(written.error().code) + (": " + written.error().message) + out;
  };
  const std::string start = R"({"@odata.context":"$metadata#flowsessions(3219b349-858c-557f-8825-517ad49b41b4)/)";
  EXPECT_EQ(value(Column::errorcode), start + "errorcode\",\"value\":\"UIElementNotFound\"}\n");
  EXPECT_EQ(value(Column::inputs), start + "inputs\",\"value\":\"-_8\"}\n");
  EXPECT_EQ(value(Column::machineid),
            start + "_machineid_value\",\"value\":\"00000000-0000-0000-0000-000000000002\"}\n");
  EXPECT_EQ(value(Column::statuscode, {.labels = WriteOptions::Labels::beside}),
            start + R"(statuscode","value@OData.Community.Display.V1.FormattedValue":"Failed","value":8})"
                    "\n");
  EXPECT_EQ(value(Column::credentials, {.redaction = WriteOptions::Redaction::secrets}),
            "invalid_argument: credentials is not among the columns that are written");
}

TEST_F(ODataWriterTest, HasNoValueOfANull) {
  import({"{\"flowsessionid\":\"" + std::string(session_text) + "\",\"statuscode\":4,\"inputs_name\":\"n\"}"});
  const Snapshot view = snapshot();
  for (const Column column : {Column::gateway, Column::inputs, Column::triggertype}) {
    std::string out = "before";
    const auto written = writer().write_value(view, *view.get(guid(session_text)), column, out);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, Errc::not_found);
    EXPECT_EQ(written.error().message,
              std::string(name_of(column)) + " of session " + std::string(session_text) + " is null");
    EXPECT_EQ(out, "before");
  }
}

TEST_F(ODataWriterTest, AnswersWhetherATransitionIsValid) {
  import({"{\"flowsessionid\":\"" + std::string(session_text) + "\",\"statuscode\":2}"});
  const Snapshot view = snapshot();
  const auto ask = [&view](const char* state, std::int32_t status, std::string& out) {
    return writer().write_is_valid_state_transition(view, guid(session_text), state, status, out);
  };
  const std::string start =
      R"({"@odata.context":"$metadata#Microsoft.Dynamics.CRM.IsValidStateTransitionResponse","IsValid":)";
  std::string out;
  EXPECT_EQ(ask("Active", 4, out), true);
  EXPECT_EQ(out, start + "true}\n");
  out.clear();
  EXPECT_EQ(ask("Active", 0, out), false);
  EXPECT_EQ(out, start + "false}\n");
  out.clear();
  EXPECT_EQ(ask("Asleep", 4, out).error().code, Errc::invalid_argument);
  EXPECT_EQ(out, "");
}

TEST_F(ODataWriterTest, WritesChangesAndDeletions) {
  import({"{\"flowsessionid\":\"" + std::string(other_text) + "\",\"statuscode\":4}"});
  std::string before;
  {
    const Snapshot view = snapshot();
    ChangeRange range = view.changes();
    for (const auto& change : range) ASSERT_TRUE(change);
    before = range.token();
  }
  const std::vector<Session> more{read_row(every_column)};
  ASSERT_TRUE(store_->import_sessions(more));
  ASSERT_TRUE(store_->erase(guid(other_text)));
  const Snapshot view = snapshot();
  ODataWriter list = writer({.columns = {"name"}});
  std::string out;
  list.begin_delta(out);
  ChangeRange range = view.changes(before);
  for (const auto& change : range) {
    ASSERT_TRUE(change) << change.error().message;
    ASSERT_TRUE(list.write_change(view, *change, out));
  }
  list.end_delta(out, range.token());
  EXPECT_EQ(out, R"({"@odata.context":"$metadata#flowsessions(name)/$delta","value":[)"
                 "\n{" +
                     etag(version()) +
                     R"(,"name":"Rechnung \"№ 1\"\n🧾","flowsessionid":"3219b349-858c-557f-8825-517ad49b41b4"},)"
                     "\n"
                     R"({"@odata.context":"$metadata#flowsessions/$deletedEntity",)"
                     R"("id":"120bc6a7-a78f-5207-8ae0-5a746a9058fe","reason":"deleted"})"
                     "\n]"
                     R"(,"@odata.deltaLink":"flowsessions?$deltatoken=)" +
                     range.token() + "\"}\n");
  const InputRead read = read_all(folder_.write("delta.json", out));
  EXPECT_EQ(read.rows.size(), 1U);
  EXPECT_THAT(read.error, HasSubstr("element 2: a token or a deletion"));
}

}  // namespace
}  // namespace flowkeep::io
