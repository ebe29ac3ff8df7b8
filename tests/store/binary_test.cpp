#include <gmock/gmock.h>

#include <random>

#include "store_fixture.hpp"

namespace flowkeep::test {
namespace {

using testing::HasSubstr;

Session with_inputs(std::string_view bytes) {
  Session session;
  session.inputs.emplace().content = Content(bytes);
  return session;
}

std::string noise(std::size_t size) {
  std::mt19937_64 random(size);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

StoredContent inputs_of(const Snapshot& snapshot, const Guid& id) {
  const SessionView session = value_of(snapshot.get(id));
  return *session.inputs().stored;
}

std::string read_inputs(const TestStore& store, const Guid& id) {
  const Snapshot snapshot = value_of(store->snapshot());
  return value_of(snapshot.read(inputs_of(snapshot, id)));
}

std::string stream_inputs(const TestStore& store, const Guid& id) {
  const Snapshot snapshot = value_of(store->snapshot());
  BinaryReader reader = value_of(snapshot.stream(inputs_of(snapshot, id)));
  std::string bytes;
  for (;;) {
    const std::string_view piece = value_of(reader.next());
    if (piece.empty()) return bytes;
    EXPECT_LE(piece.size(), 256U * 1024);
    bytes += piece;
  }
}

TEST(BinaryColumn, ComesBackAsItWentInWhateverItsSize) {
  const TestStore store;
  constexpr std::size_t piece = 256 * 1024;
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{47}, std::size_t{48}, std::size_t{1855}, std::size_t{1856},
        std::size_t{1857}, std::size_t{4096}, piece - 1, piece, piece + 1, 3 * piece, 3 * piece + 17}) {
    for (const std::string& bytes : {noise(size), std::string(size, 'z')}) {
      const Guid id = value_of(store->create(with_inputs(bytes)));
      EXPECT_TRUE(read_inputs(store, id) == bytes) << size;
      EXPECT_TRUE(stream_inputs(store, id) == bytes) << size;
    }
  }
  EXPECT_TRUE(value_of(store->check()).clean());
}

TEST(BinaryColumn, HoldsExactly32MiB) {
  const TestStore store;
  const std::string bytes = repeated(noise(64 * 1024), 512);
  ASSERT_EQ(bytes.size(), max_binary_bytes);
  const Guid id = value_of(store->create(with_inputs(bytes)));
  EXPECT_TRUE(stream_inputs(store, id) == bytes);
}

TEST(BinaryColumn, RefusesOneByteMore) {
  const TestStore store;
  const std::string bytes(max_binary_bytes + 1, 'x');
  const Error error = refusal(store->create(with_inputs(bytes)));
  EXPECT_EQ(error.code, Errc::invalid_argument);
  EXPECT_EQ(error.message, "inputs: 33554433 bytes, at most 33554432 are allowed");
  EXPECT_FALSE(store->import_sessions(std::vector<Session>{with_inputs(bytes)}));
  const Guid id = value_of(store->create(named("one")));
  SessionUpdate update;
  update.set.additionalcontext.emplace().content = Content(bytes);
  EXPECT_THAT(refusal(store->update(id, update)).message, HasSubstr("additionalcontext: 33554433 bytes"));
  EXPECT_EQ(store.entries("blobs"), 0U);
}

TEST(ContentWriter, MakesTheContentThatThePiecesAre) {
  const std::string bytes = noise(700'000) + std::string(300'000, 'a');
  ContentWriter writer;
  for (std::size_t at = 0; at < bytes.size(); at += 33'333) {
    value_of(writer.append(std::string_view(bytes).substr(at, 33'333)));
  }
  const Content content = writer.finish();
  EXPECT_EQ(content.size(), bytes.size());
  EXPECT_EQ(content.hash(), Content(bytes).hash());
  EXPECT_TRUE(value_of(content.bytes()) == bytes);
  const TestStore store;
  value_of(store->create(with_inputs(bytes)));
  Session streamed;
  streamed.inputs.emplace().content = content;
  value_of(store->create(streamed));
  EXPECT_EQ(store.entries("blobs"), 1U);
}

TEST(ContentWriter, IsEmptyAgainAfterwards) {
  ContentWriter writer;
  value_of(writer.append("one"));
  EXPECT_EQ(value_of(writer.finish().bytes()), "one");
  const Content nothing = writer.finish();
  EXPECT_TRUE(nothing.has_value());
  EXPECT_EQ(nothing.size(), 0U);
}

TEST(ContentWriter, RefusesMoreThan32MiBAndAddsNothingOfIt) {
  ContentWriter writer;
  const std::string half(max_binary_bytes / 2, 'x');
  value_of(writer.append(half));
  value_of(writer.append(half));
  EXPECT_EQ(refusal(writer.append("y")).code, Errc::invalid_argument);
  EXPECT_EQ(writer.finish().size(), max_binary_bytes);
}

TEST(BinaryColumn, IsStoredCompressedWhereThatIsSmaller) {
  const TestStore store;
  value_of(store->create(with_inputs(repeated("{\"action\":\"click\"},", 100'000))));
  const StoreStats stats = value_of(store->stats());
  EXPECT_LT(stats.live_bytes, 1'000'000U);
}

TEST(BinaryColumn, IsStoredOnceWhereItIsEqual) {
  const TestStore store;
  const std::string bytes = noise(300'000);
  Session session = with_inputs(bytes);
  session.outputs.emplace().content = Content(bytes);
  session.outputs->name = "copy.bin";
  const std::vector<Session> batch{session, session, with_inputs(noise(300'001))};
  const auto ids = value_of(store->create_multiple(batch));
  value_of(store->create(session));
  EXPECT_EQ(store.entries("blobs"), 2U);
  EXPECT_EQ(store.entries("blob_hashes"), 2U);
  EXPECT_EQ(store.entries("chunks"), 4U);
  EXPECT_TRUE(read_inputs(store, ids[1]) == bytes);
  EXPECT_TRUE(value_of(store->check()).clean());
}

TEST(BinaryColumn, GoesWithTheLastColumnThatHasIt) {
  const TestStore store;
  const std::string bytes = noise(300'000);
  Session session = with_inputs(bytes);
  session.outputs.emplace().content = Content(bytes);
  const Guid first = value_of(store->create(session));
  const Guid second = value_of(store->create(with_inputs(bytes)));
  value_of(store->erase(first));
  EXPECT_EQ(store.entries("blobs"), 1U);
  EXPECT_TRUE(read_inputs(store, second) == bytes);
  SessionUpdate update;
  update.clear.insert(Column::inputs);
  value_of(store->update(second, update));
  EXPECT_EQ(store.entries("blobs"), 0U);
  EXPECT_EQ(store.entries("chunks"), 0U);
  EXPECT_EQ(store.entries("blob_hashes"), 0U);
  EXPECT_TRUE(value_of(store->check()).clean());
}

TEST(BinaryColumn, GoesWhereItIsReplaced) {
  const TestStore store;
  const Guid id = value_of(store->create(with_inputs("old")));
  SessionUpdate update;
  update.set.inputs.emplace().content = Content("new");
  value_of(store->update(id, update));
  EXPECT_EQ(read_inputs(store, id), "new");
  EXPECT_EQ(store.entries("contents"), 1U);
  value_of(store->update(id, update));  // by itself
  EXPECT_EQ(store.entries("contents"), 1U);
  EXPECT_TRUE(value_of(store->check()).clean());
}

TEST(BinaryColumn, MayChangeItsColumn) {
  const TestStore store;
  const Guid id = value_of(store->create(with_inputs("content")));
  SessionUpdate update;
  update.clear.insert(Column::inputs);
  update.set.outputs.emplace().content = Content("content");
  value_of(store->update(id, update));
  EXPECT_EQ(store.entries("contents"), 1U);
  EXPECT_TRUE(value_of(store->check()).clean());
}

TEST(BinaryColumn, OfNothingIsTheSameAsNull) {
  const TestStore store;
  const Guid id = value_of(store->create(with_inputs("content")));
  SessionUpdate update;
  update.set.inputs.emplace();
  value_of(store->update(id, update));
  EXPECT_FALSE(value_of(store->get(id)).inputs);
  EXPECT_EQ(store.entries("contents"), 0U);
}

TEST(StoredContent, IsAcceptedWhereTheColumnHasIt) {
  const TestStore store;
  Session session = with_inputs("content");
  session.inputs->name = "old.json";
  const Guid id = value_of(store->create(session));
  const Session stored = value_of(store->get(id));
  EXPECT_FALSE(stored.inputs->content.has_value());
  SessionUpdate update;
  update.set.inputs = stored.inputs;
  update.set.inputs->name = "new.json";
  value_of(store->update(id, update));
  EXPECT_EQ(value_of(store->get(id)).inputs->name, "new.json");
  EXPECT_EQ(read_inputs(store, id), "content");
  EXPECT_TRUE(value_of(store->check()).clean());
}

TEST(StoredContent, IsRefusedEverywhereElse) {
  const TestStore store;
  const Guid id = value_of(store->create(with_inputs("content")));
  const Guid other = value_of(store->create(with_inputs("other content")));
  const Session stored = value_of(store->get(id));

  Session session;
  session.inputs = stored.inputs;
  EXPECT_THAT(refusal(store->create(session)).message, HasSubstr("inputs: refers to content"));
  EXPECT_FALSE(store->import_sessions(std::vector<Session>{session}));
  SessionUpdate another_row;
  another_row.set.inputs = stored.inputs;
  EXPECT_EQ(refusal(store->update(other, another_row)).code, Errc::invalid_argument);
  SessionUpdate another_column;
  another_column.set.outputs = stored.inputs;
  EXPECT_THAT(refusal(store->update(id, another_column)).message, HasSubstr("outputs: refers to content"));
  SessionUpdate forged;
  forged.set.inputs = stored.inputs;
  ++forged.set.inputs->stored->size;
  EXPECT_EQ(refusal(store->update(id, forged)).code, Errc::invalid_argument);
  EXPECT_TRUE(value_of(store->check()).clean());
}

TEST(BinaryColumn, RefusesContentAndAReferenceTogether) {
  const TestStore store;
  Session session = with_inputs("content");
  session.inputs->reference = guid(1);
  EXPECT_THAT(refusal(store->create(session)).message, HasSubstr("inputs: content and a file reference are given"));
}

TEST(BinaryColumn, RefusesStoredContentAndAReferenceTogether) {
  const TestStore store;
  const Guid id = value_of(store->create(with_inputs("content")));
  SessionUpdate update;
  update.set.inputs = value_of(store->get(id)).inputs;
  update.set.inputs->reference = guid(1);
  EXPECT_EQ(refusal(store->update(id, update)).code, Errc::invalid_argument);
}

TEST(BinaryColumn, RefusesANameAloneInCreateAndUpdate) {
  const TestStore store;
  Session session;
  session.inputs.emplace().name = "name.json";
  EXPECT_THAT(refusal(store->create(session)).message, HasSubstr("inputs_name: read-only"));
  const Guid id = value_of(store->create(with_inputs("content")));
  SessionUpdate update;
  update.set.inputs.emplace().name = "name.json";
  EXPECT_THAT(refusal(store->update(id, update)).message, HasSubstr("inputs_name: read-only"));
}

TEST(BinaryColumn, HoldsItsNameToItsLength) {
  const TestStore store;
  Session session = with_inputs("content");
  session.inputs->name = repeated("é", 200);
  EXPECT_TRUE(store->create(session));
  session.inputs->name = repeated("é", 201);
  EXPECT_THAT(refusal(store->create(session)).message, HasSubstr("inputs_name: 201 characters"));
}

TEST(BinaryReader, ReadsOnWhileTheColumnIsWritten) {
  const TestStore store;
  const std::string bytes = noise(1'000'000);
  const Guid id = value_of(store->create(with_inputs(bytes)));
  const Snapshot snapshot = value_of(store->snapshot());
  BinaryReader reader = value_of(snapshot.stream(inputs_of(snapshot, id)));
  std::string read(value_of(reader.next()));
  value_of(store->erase(id));
  value_of(store->create(with_inputs(noise(900'000))));
  for (std::string_view piece = value_of(reader.next()); !piece.empty(); piece = value_of(reader.next())) read += piece;
  EXPECT_TRUE(read == bytes);
}

}  // namespace
}  // namespace flowkeep::test
