#include <gmock/gmock.h>

#include <random>

#include <flowkeep/io/children.hpp>

#include "samples.hpp"

namespace flowkeep::io {
namespace {

using testing::HasSubstr;

/// An event with a value in every column that it knows.
const std::string full_event =
    R"({"floweventid":"120bc6a7-a78f-5207-8ae0-5a746a9058fe","name":"Schrei \"ä\" 🧾","createdon":"2024-05-01T10:00:00.0000001Z",)"
    R"("_parentobjectid_value":"3219b349-858c-557f-8825-517ad49b41b4","eventtype":"t","eventcode":"c","level":"l",)"
    R"("eventcontent":"line\nline","eventduration":0,"expirydate":"2025-01-01T00:00:00Z",)"
    R"("completedon":"2024-05-01T11:00:00Z","other":{"a":[1,null,"x"]},"statecode":0})";

class ChildJson : public testing::Test {
 protected:
  ChildJson() {
    auto opened = Store::open(folder.path("s.flowkeep"));
    EXPECT_TRUE(opened);
    store.emplace(std::move(*opened));
    Session session;
    session.flowsessionid = guid(session_text);
    EXPECT_TRUE(store->create(session));
  }
  /// The JSON of a child that has gone into a store.
  std::string stored(const Child& child, const ChildWriteOptions& options = {}) {
    const auto id = store->add_child(guid(session_text), child);
    if (!id) return id.error().message;
    const auto snapshot = store->snapshot();
    const auto found = snapshot->child(child.collection, *id);
    if (!found || !*found) return "not found";
    std::string json;
    const auto appended = append_child(json, *snapshot, **found, options);
    return appended ? json : appended.error().message;
  }

  Folder folder{};
  std::optional<Store> store{};
  ChildReader reader{};
};

TEST_F(ChildJson, OfAnEventComesBackAsItWas) {
  const auto child = reader.read(Collection::flowevent, full_event);
  ASSERT_TRUE(child) << child.error().message;
  EXPECT_EQ(child->flowsessionid, guid(session_text));
  EXPECT_EQ(stored(*child), full_event);
}

TEST_F(ChildJson, OfEveryCollectionComesBackAsItWas) {
  for (const CollectionInfo& about : collections()) {
    const std::string json = std::string("{\"") + std::string(about.id_name) + "\":\"" + std::string(other_text) +
                             "\",\"" + std::string(about.name_name) +
                             "\":\"n\",\"createdon\":\"2024-05-01T10:00:00Z\",\"" + std::string(about.lookup_name) +
                             "\":\"" + std::string(session_text) + "\",\"x\":1}";
    const auto child = reader.read(about.collection, json);
    ASSERT_TRUE(child) << child.error().message;
    EXPECT_EQ(stored(*child), json);
  }
}

TEST_F(ChildJson, ContentIsBase64OrAReference) {
  const auto child =
      reader.read(Collection::fileattachment,
                  R"({"filename":"f","mimetype":"text/plain","body":"aGVsbG8","filesizeinbytes":5,"createdon":null})");
  ASSERT_TRUE(child) << child.error().message;
  EXPECT_EQ(*child->file.content.bytes(), "hello");
  EXPECT_THAT(stored(*child), HasSubstr(R"("mimetype":"text/plain","filesizeinbytes":5,"body":"aGVsbG8=")"));
  const std::string none = stored(*child, {.binaries = WriteOptions::Binaries::none});
  EXPECT_THAT(none, HasSubstr(R"("filesizeinbytes":5)"));
  EXPECT_THAT(none, testing::Not(HasSubstr("body")));
  const std::string reference = R"({"data":")" + std::string(machine_text) + R"(","data_name":"shot.png"})";
  const auto referring = reader.read(Collection::workflowbinary, reference);
  ASSERT_TRUE(referring) << referring.error().message;
  EXPECT_EQ(referring->file.reference, guid(machine_text));
  EXPECT_THAT(stored(*referring), HasSubstr(R"("data_name":"shot.png","data":")" + std::string(machine_text) + "\""));
  // A size without content is a column like others.
  const auto sized = reader.read(Collection::fileattachment, R"({"filesizeinbytes":7})");
  ASSERT_TRUE(sized);
  EXPECT_EQ(sized->extra.at("filesizeinbytes"), "7");
}

TEST_F(ChildJson, SaysItsTypeWhereItIsAskedTo) {
  const auto child =
      reader.read(Collection::syncerror, R"({"@odata.type":"#Microsoft.Dynamics.CRM.syncerror","a@b":[]})");
  ASSERT_TRUE(child) << child.error().message;
  EXPECT_TRUE(child->extra.empty());
  EXPECT_THAT(stored(*child, {.type = ChildWriteOptions::Type::beside}),
              testing::StartsWith(R"({"@odata.type":"#Microsoft.Dynamics.CRM.syncerror",)"));
}

TEST_F(ChildJson, AnInputGivesParentsAndChildren) {
  const std::string row = R"({"flowsessionid":")" + std::string(session_text) + R"(","_ownerid_value":")" +
                          std::string(other_text) +
                          R"(","_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname":"team",)"
                          R"("_ownerid_value@OData.Community.Display.V1.FormattedValue":"The \u0054eam",)"
                          R"("flowevent_flowsession":[)" +
                          full_event + R"(,{}],"flowsession_SyncErrors":null})";
  const std::string path = folder.write("in.jsonl", row + "\n");
  auto input = SessionInput::open(path);
  ASSERT_TRUE(input);
  input->read_children();
  auto read = input->next();
  ASSERT_TRUE(read && *read) << read.error().message;
  EXPECT_THAT((*read)->parents, testing::ElementsAre(Parent{EntityType::team, guid(other_text), "The Team"}));
  EXPECT_EQ((*read)->children.size(), 2U);
  EXPECT_TRUE((*read)->session.extra.empty());
  // Where nobody asks for children they are an extra column.
  const InputRead plain = read_all(path);
  ASSERT_EQ(plain.error, "");
  EXPECT_TRUE(plain.rows[0].session.extra.contains("flowevent_flowsession"));
  EXPECT_TRUE(plain.rows[0].children.empty());
}

TEST_F(ChildJson, NoBytesCrashItsReader) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string list = R"({"flowevent_flowsession":[)" + full_event + "," + full_event + "]}";
  for (int round = 0; round < 5000; ++round) {
    std::string json = round % 2 == 0 ? full_event : list;
    for (auto left = 1 + random() % 3; left > 0; --left) {
      const std::size_t place = random() % json.size();
      if (random() % 3 == 0) {
        json.resize(place + 1);
      } else {
        json[place] = random() % 2 == 0 ? static_cast<char>(random()) : "{}[]\",:0"[random() % 8];
      }
    }
    const auto child = reader.read(Collection::flowevent, json);
    if (!child) {
      EXPECT_EQ(child.error().message.find('\n'), std::string::npos) << child.error().message;
    }
    if (round % 50 != 1) continue;
    auto input = SessionInput::open(folder.write("in.jsonl", json));
    ASSERT_TRUE(input);
    input->read_children();
    for (auto row = input->next(); row && *row; row = input->next()) {
    }
  }
}

}  // namespace
}  // namespace flowkeep::io
