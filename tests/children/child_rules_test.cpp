#include "children_fixture.hpp"

namespace flowkeep::test {
namespace {

using testing::HasSubstr;

class ChildRules : public testing::Test {
 protected:
  void refuse(const Child& child, std::string_view words) {
    const Error error = refusal(store->add_child(session, child));
    EXPECT_EQ(error.code, Errc::invalid_argument);
    EXPECT_THAT(error.message, HasSubstr(std::string(words)));
    EXPECT_EQ(error.message.find('\n'), std::string::npos);
  }
  void accept(const Child& child) { value_of(store->add_child(session, child)); }

  TestStore store{};
  const Guid session = value_of(store->create(named("run")));
};

TEST_F(ChildRules, EveryTextHasItsLimitInUtf16Units) {
  for (const CollectionInfo& collection : collections()) {
    Child child = of(collection.collection);
    child.name = repeated("\U0001F9FE", collection.max_name_units / 2) +
                 std::string(collection.max_name_units % 2, 'x');  // two units each
    accept(child);
    *child.name += "x";
    refuse(child, std::string(collection.name_name) + ": " + std::to_string(collection.max_name_units + 1));
  }
  const std::pair<std::optional<std::string> FlowEvent::*, std::size_t> texts[] = {{&FlowEvent::eventtype, 500},
                                                                                   {&FlowEvent::eventcode, 200},
                                                                                   {&FlowEvent::level, 30},
                                                                                   {&FlowEvent::eventcontent, 100'000}};
  for (const auto& [member, most] : texts) {
    Child child = event("e");
    child.event.*member = std::string(most, 'x');
    accept(child);
    child.event.*member = std::string(most + 1, 'x');
    refuse(child, "at most " + std::to_string(most));
  }
  Child binary = of(Collection::workflowbinary);
  binary.mimetype = std::string(4000, 'x');
  accept(binary);
  binary.mimetype = std::string(4001, 'x');
  refuse(binary, "mimetype: 4001");
  Child file = attachment("f", "content");
  file.mimetype = std::string(257, 'x');
  refuse(file, "mimetype: 257");
}

TEST_F(ChildRules, TextIsUtf8) {
  refuse(event("\xFF"), "name: the text is not valid UTF-8");
  Child child = event("e");
  child.event.level = "\xC0\x80";
  refuse(child, "level: the text is not valid UTF-8");
}

TEST_F(ChildRules, NumbersAndTimesAreInTheirRange) {
  Child child = event("e");
  child.event.eventduration = -1;
  refuse(child, "eventduration: -1");
  child.event.eventduration = 0;
  accept(child);
  child.createdon = max_timestamp + Ticks(1);
  refuse(child, "createdon: ");
  child.createdon = max_timestamp;
  accept(child);
  child.createdon = min_timestamp;
  accept(child);
  child.event.expirydate = min_timestamp - Ticks(1);
  refuse(child, "expirydate: ");
}

TEST_F(ChildRules, WhatOneCollectionHasAnotherHasNot) {
  Child child = of(Collection::syncerror);
  child.event.level = "Warning";
  refuse(child, "a syncerror has none; only flowevent has");
  child = event("e");
  child.file.content = Content("bytes");
  refuse(child, "content: a flowevent has none");
  child = event("e");
  child.mimetype = "text/plain";
  refuse(child, "mimetype: ");
  child = attachment("f", "x");
  child.file.name = "g";
  refuse(child, "filename: is the name of the file");
}

TEST_F(ChildRules, ThereIsNoOtherCollection) {
  for (const int number : {0, 9, 255}) {
    refuse(of(static_cast<Collection>(number)), "collection: " + std::to_string(number));
    EXPECT_EQ(refusal(store->remove_child(static_cast<Collection>(number), guid(1))).code, Errc::invalid_argument);
  }
}

TEST_F(ChildRules, ContentIsGivenOrAReferenceToIt) {
  Child child = attachment("f", std::string(max_binary_bytes + 1, 'x'));
  refuse(child, "body: 33554433 bytes");
  child = attachment("f", "x");
  child.file.reference = guid(1);
  refuse(child, "only one of them is allowed");
  child.file.content = Content();
  accept(child);
  child.file.reference.reset();
  child.file.stored = StoredContent{1, 2, 3};
  refuse(child, "give the content itself");
}

TEST_F(ChildRules, OtherColumnsAreMinifiedJsonUnderNamesOfTheirOwn) {
  Child child = event("e");
  child.extra = {{"custom", "{\"a\": 1}"}};
  refuse(child, "custom: the value is not minified JSON");
  child.extra = {{"eventtype", "\"x\""}};
  refuse(child, "eventtype: a column of flowevent");
  child.extra = {{"_parentobjectid_value", "\"x\""}};
  refuse(child, "a column of flowevent");
  child.extra = {{"a@b", "1"}};
  refuse(child, "an annotation's");
  child.extra = {{"", "1"}};
  refuse(child, "the name is empty");
  child.extra = {{"data", "1"}, {"null_or_not", "null"}};
  accept(child);
  child.extra = {{"long", "\"" + std::string(max_child_bytes, 'x') + "\""}};
  refuse(child, "without its content, at most 1048576 are allowed");
}

TEST(Collections, AreFoundByEachOfTheirNames) {
  EXPECT_EQ(collections().size(), static_cast<std::size_t>(collection_count));
  for (const CollectionInfo& collection : collections()) {
    EXPECT_EQ(find_collection(collection.name), collection.collection);
    EXPECT_EQ(find_collection(collection.set_name), collection.collection);
    EXPECT_EQ(find_collection(collection.navigation_name), collection.collection);
    EXPECT_EQ(info(collection.collection).name, collection.name);
  }
  EXPECT_EQ(find_collection("flowsession"), std::nullopt);
  EXPECT_EQ(find_collection(""), std::nullopt);
}

TEST(Collections, SayWhatTheReferencePageSays) {
  EXPECT_EQ(info(Collection::workflowbinary).partner_name, "FlowSessionId");
  EXPECT_EQ(info(Collection::flowevent).partner_name, "parentobjectid_flowsession");
  for (const CollectionInfo& collection : collections()) {
    const bool is_shared = collection.name == "flowevent" || collection.name == "workflowbinary";
    EXPECT_EQ(collection.shares_cascade, is_shared) << collection.name;
    EXPECT_EQ(collection.on_delete == OnSessionDelete::keep, collection.name == "asyncoperation") << collection.name;
  }
}

}  // namespace
}  // namespace flowkeep::test
