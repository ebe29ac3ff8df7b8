// The rules of File columns and extra columns, and normalise().
#include <gtest/gtest.h>

#include "entity/rules.hpp"
#include "fixture.hpp"

namespace flowkeep::entity {
namespace {

using enum WriteKind;

Session with_inputs(Binary binary) {
  Session session;
  session.inputs = std::move(binary);
  return session;
}

Session with_extra(std::string name, std::string json) {
  Session session;
  session.extra.emplace(std::move(name), std::move(json));
  return session;
}

TEST(CheckBinary, AcceptsContentAndReferenceAlone) {
  for (const WriteKind kind : {create, update, import}) {
    EXPECT_EQ(refusal(with_inputs({.name = "in.json", .content = Content("{}")}), kind), "");
    EXPECT_EQ(refusal(with_inputs({.name = "in.json", .reference = some_guid}), kind), "");
    EXPECT_EQ(refusal(with_inputs({.name = "in.json", .stored = StoredContent{2, 3, 4}}), kind), "");
    EXPECT_EQ(refusal(with_inputs({.content = Content("")}), kind), "");
    EXPECT_EQ(refusal(with_inputs({}), kind), "");
  }
}

TEST(CheckBinary, RefusesContentWithAReference) {
  EXPECT_EQ(refusal(with_inputs({.content = Content("SECRET"), .reference = some_guid}), import),
            "inputs: content and a file reference are given, only one of them is allowed");
}

TEST(CheckBinary, HoldsContentToItsSize) {
  std::string bytes(max_binary_bytes, 'x');
  EXPECT_EQ(refusal(with_inputs({.content = Content(bytes)})), "");
  bytes.push_back('x');
  EXPECT_EQ(refusal(with_inputs({.content = Content(bytes)})), "inputs: 33554433 bytes, at most 33554432 are allowed");
}

TEST(CheckBinary, TakesANameAloneFromAnImportOnly) {
  Session session;
  session.additionalcontext.emplace().name = "log.json";
  EXPECT_EQ(refusal(session, create), "additionalcontext_name: read-only, set with the content of additionalcontext");
  EXPECT_EQ(refusal(session, update), "additionalcontext_name: read-only, set with the content of additionalcontext");
  EXPECT_EQ(refusal(session, import), "");
}

TEST(CheckBinary, HoldsNamesToTheirLength) {
  Binary binary{.name = std::string(200, 'n'), .content = Content("{}")};
  EXPECT_EQ(refusal(with_inputs(binary)), "");
  binary.name->push_back('n');
  EXPECT_EQ(refusal(with_inputs(binary)), "inputs_name: 201 characters (UTF-16 units), at most 200 are allowed");
  binary.name = "\xFF";
  EXPECT_EQ(refusal(with_inputs(binary), import), "inputs_name: the text is not valid UTF-8");
}

TEST(CheckExtra, AcceptsColumnsThatTheEntityLacks) {
  for (const WriteKind kind : {create, update, import}) {
    EXPECT_EQ(refusal(with_extra("new_column", "{\"a\":[1,null]}"), kind), "");
    EXPECT_EQ(refusal(with_extra(std::string(max_extra_name_bytes, 'n'), "1"), kind), "");
  }
}

TEST(CheckExtra, RefusesBadNamesAndValues) {
  const struct {
    const char* name;
    const char* json;
    const char* refusal;
  } cases[] = {
      {"", "1", "extra column: the name is empty"},
      {"\xFF", "1", "extra column: the name is not valid UTF-8"},
      {"statuscode", "1", "statuscode: a column of the entity, not an extra column"},
      {"_machineid_value", "1", "_machineid_value: a column of the entity, not an extra column"},
      {"x", "", "x: the value is not minified JSON text in UTF-8"},
      {"x", "\"\xFF\"", "x: the value is not minified JSON text in UTF-8"},
      {"x", "not json\n", "x: the value is not minified JSON text in UTF-8"},
      {"x", "1,\"credentials\":\"zz\"", "x: the value is not minified JSON text in UTF-8"},
      {"name@x", "1", "name@x: a name with @ is an annotation's, not a column's"},
  };
  for (const auto& c : cases) EXPECT_EQ(refusal(with_extra(c.name, c.json), import), c.refusal);
  EXPECT_EQ(refusal(with_extra(std::string(501, 'n'), "1")),
            "extra column: the name has 501 bytes, at most 500 are allowed");
}

TEST(CheckExtra, HoldsThemAllToOneMebibyte) {
  Session session = with_extra("a", std::string(max_extra_bytes / 2 - 1, '1'));
  session.extra.emplace("b", std::string(max_extra_bytes / 2 - 1, '1'));
  EXPECT_EQ(refusal(session), "");
  session.extra["b"].push_back('1');
  EXPECT_EQ(refusal(session), "extra columns: 1048577 bytes in all, at most 1048576 are allowed");
}

TEST(Normalise, GivesLookupsTheKindOfTheirColumn) {
  Session session;
  session.machineid = some_guid;
  session.ownerid = some_guid;
  session.createdby = some_guid;
  normalise(session, import);
  EXPECT_EQ(session.machineid, Reference(some_guid, EntityType::flowmachine));
  EXPECT_EQ(session.ownerid, Reference(some_guid, EntityType::systemuser));
  EXPECT_EQ(session.createdby, Reference(some_guid, EntityType::systemuser));
}

TEST(Normalise, KeepsAKindThatIsGiven) {
  Session session;
  session.ownerid = Reference(some_guid, EntityType::team);
  normalise(session, create);
  EXPECT_EQ(session.ownerid->type, EntityType::team);
}

TEST(Normalise, RoundsPercentagesExceptInAnImport) {
  const struct {
    double given;
    double kept;
  } cases[] = {{0, 0}, {100, 100}, {12.344, 12.34}, {12.346, 12.35}, {99.999, 100}, {0.004, 0}, {33.33, 33.33}};
  for (const auto& [given, kept] : cases) {
    for (const WriteKind kind : {create, update, import}) {
      Session session;
      session.machinepercentcpuusage = given;
      session.machinepercentramusage = given;
      normalise(session, kind);
      EXPECT_EQ(session.machinepercentcpuusage, kind == import ? given : kept);
      EXPECT_EQ(session.machinepercentramusage, kind == import ? given : kept);
    }
  }
}

TEST(Normalise, LeavesTheRestAlone) {
  Session session;
  session.name = "Invoices";
  session.statuscode = StatusCode::waiting;
  normalise(session, create);
  EXPECT_EQ(session.name, "Invoices");
  EXPECT_EQ(session.statuscode, StatusCode::waiting);
  EXPECT_FALSE(session.machineid);
  EXPECT_FALSE(session.machinepercentcpuusage);
}

}  // namespace
}  // namespace flowkeep::entity
