#include "blob/blob_store.hpp"

#include <gtest/gtest.h>

#include "damage.hpp"

namespace flowkeep::blob {
namespace {

using test::RawStore;
using test::TestStore;
using test::value_of;

// The tables of an empty store, open for the blob layer alone.
class Blobs {
 public:
  Blobs() {
    store_.close();
    environment_ = value_of(
        storage::Environment::open(store_.path(), {.map_bytes = 1ULL << 30, .max_readers = 16, .max_tables = 64}));
    store::Tables tables;
    for (const store::TableInfo& info : store::table_infos(tables)) {
      *info.table = value_of(environment_->open_table(info.name, info.kind));
    }
    tables_ = tables.blobs;
    transaction_.emplace(value_of(environment_->begin_write()));
  }
  ~Blobs() { transaction_.reset(); }
  Blobs(const Blobs&) = delete;
  Blobs& operator=(const Blobs&) = delete;

  void insert(std::uint64_t id, const Prepared& content, std::uint64_t references = 1) {
    value_of(blob::insert(*transaction_, tables_, id, content, references));
  }
  std::optional<std::uint64_t> find(const Prepared& content) {
    return value_of(find_equal(*transaction_, tables_, content));
  }
  Result<void> refer(std::uint64_t id, std::uint64_t references) {
    return set_references(*transaction_, tables_, id, references);
  }
  std::string read(std::uint64_t id, const Prepared& content) {
    return value_of(try_read({content.size, content.hash, id}));
  }
  Result<std::string> try_read(const StoredContent& stored) { return read_all(*transaction_, tables_, stored); }
  Result<codec::BlobRow> row(std::uint64_t id) { return get_row(*transaction_, tables_, id); }
  std::uint64_t entries(storage::Table Tables::*table) { return value_of(transaction_->stat(tables_.*table)).entries; }

 private:
  TestStore store_{};
  std::unique_ptr<storage::Environment> environment_{};
  Tables tables_{};
  std::optional<storage::WriteTransaction> transaction_{};
};

// Content under a hash that is not its own: two contents of one hash cannot be found in reasonable time.
Prepared forged(const std::string& bytes, std::uint64_t hash) {
  const Content content(bytes);
  Prepared prepared = *content.prepared();
  prepared.hash = hash;
  return prepared;
}

std::string noise(std::size_t size, unsigned seed) {
  std::string bytes(size, '\0');
  std::uint64_t state = seed;
  for (char& byte : bytes) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    byte = static_cast<char>(state >> 56);
  }
  return bytes;
}

struct Collision {
  std::string left;
  std::string right;
};

TEST(HashCollision, KeepsBothContents) {
  const std::string large = noise(600'000, 1);
  std::string late = large;
  late.back() = static_cast<char>(late.back() ^ 1);
  const Collision collisions[] = {{std::string(1024, 'c'), std::string(1023, 'c') + 'd'},
                                  {std::string(1024, 'c'), std::string(1025, 'c')},
                                  {noise(3'000, 1), noise(3'000, 2)},
                                  {large, late},
                                  {std::string(100'000, 'a'), std::string(100'000, 'b')}};
  for (const auto& [left, right] : collisions) {
    Blobs blobs;
    const Prepared one = forged(left, 77);
    const Prepared two = forged(right, 77);
    blobs.insert(1, one);
    EXPECT_EQ(blobs.find(one), 1U);
    EXPECT_EQ(blobs.find(two), std::nullopt);
    EXPECT_FALSE(equal(one, two));
    blobs.insert(2, two);
    EXPECT_EQ(blobs.find(one), 1U);
    EXPECT_EQ(blobs.find(two), 2U);
    EXPECT_TRUE(blobs.read(1, one) == left);
    EXPECT_TRUE(blobs.read(2, two) == right);
    value_of(blobs.refer(1, 0));
    EXPECT_EQ(blobs.find(one), std::nullopt);
    EXPECT_EQ(blobs.find(two), 2U);
    EXPECT_EQ(blobs.entries(&Tables::blob_hashes), 1U);
  }
}

TEST(BlobSharing, IsForContentThatIsWorthAnEntry) {
  Blobs blobs;
  const Prepared small = forged(noise(codec::shared_from_bytes - 1, 3), 5);
  const Prepared large = forged(noise(codec::shared_from_bytes, 3), 6);
  blobs.insert(1, small);
  blobs.insert(2, large);
  EXPECT_EQ(blobs.find(small), std::nullopt);
  EXPECT_EQ(blobs.find(large), 2U);
  EXPECT_EQ(blobs.entries(&Tables::blob_hashes), 1U);
  value_of(blobs.refer(1, 0));
  value_of(blobs.refer(2, 0));
  EXPECT_EQ(blobs.entries(&Tables::blobs), 0U);
  EXPECT_EQ(blobs.entries(&Tables::blob_hashes), 0U);
}

TEST(BlobReferences, KeepTheContentUntilTheLastIsGone) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{10}, std::size_t{1856}, std::size_t{1857}, std::size_t{600'000}}) {
    Blobs blobs;
    const Prepared content = forged(noise(size, 3), 5);
    blobs.insert(9, content, 2);
    value_of(blobs.refer(9, 5));
    EXPECT_EQ(value_of(blobs.row(9)).references, 5U);
    value_of(blobs.refer(9, 1));
    EXPECT_EQ(value_of(blobs.row(9)).references, 1U);
    EXPECT_EQ(blobs.read(9, content).size(), size);
    value_of(blobs.refer(9, 0));
    EXPECT_EQ(test::refusal(blobs.row(9)).code, Errc::corrupt);
    EXPECT_EQ(blobs.entries(&Tables::blobs), 0U);
    EXPECT_EQ(blobs.entries(&Tables::chunks), 0U);
    EXPECT_EQ(blobs.entries(&Tables::blob_hashes), 0U);
  }
}

TEST(BlobReferences, OfContentThatIsNotThereAreDamage) {
  Blobs blobs;
  EXPECT_EQ(test::refusal(blobs.refer(1, 2)).code, Errc::corrupt);
}

TEST(Blob, StandsInItsRowUpToTheLimit) {
  struct Case {
    std::size_t size;
    std::uint64_t chunks;
  };
  for (const Case& one : {Case{0, 0}, Case{inline_bytes, 0}, Case{inline_bytes + 1, 1}, Case{chunk_bytes, 1},
                          Case{chunk_bytes + 1, 2}, Case{3 * chunk_bytes, 3}}) {
    Blobs blobs;
    blobs.insert(1, forged(noise(one.size, 1), 1));
    EXPECT_EQ(blobs.entries(&Tables::chunks), one.chunks) << one.size;
    EXPECT_EQ(value_of(blobs.row(1)).content.has_value(), one.chunks == 0);
  }
}

TEST(Blob, IsNotReadAsContentOfAnotherSizeOrHash) {
  Blobs blobs;
  const Prepared content = forged("content", 5);
  blobs.insert(1, content);
  EXPECT_EQ(test::refusal(blobs.try_read({content.size, 6, 1})).code, Errc::corrupt);
  EXPECT_EQ(test::refusal(blobs.try_read({content.size + 1, 5, 1})).code, Errc::corrupt);
  EXPECT_EQ(test::refusal(blobs.try_read({content.size, 5, 2})).code, Errc::corrupt);
}

TEST(Pieces, CoverTheContent) {
  EXPECT_EQ(piece_bytes(0, 0), 0U);
  EXPECT_EQ(piece_bytes(chunk_bytes, 0), chunk_bytes);
  EXPECT_EQ(piece_bytes(chunk_bytes, 1), 0U);
  EXPECT_EQ(piece_bytes(chunk_bytes + 1, 1), 1U);
  EXPECT_EQ(piece_bytes(max_binary_bytes, 127), chunk_bytes);
}

TEST(Pieces, ThatDoNotDecompressAreDamage) {
  const Content content(std::string(2000, 'z'));
  const std::string& frame = content.prepared()->first;
  ASSERT_LT(frame.size(), 2000U);
  std::string buffer;
  EXPECT_EQ(value_of(unpack(frame, 2000, buffer)), std::string(2000, 'z'));
  EXPECT_EQ(test::refusal(unpack(frame, 1999, buffer)).code, Errc::corrupt);
  EXPECT_EQ(test::refusal(unpack(frame, 2001, buffer)).code, Errc::corrupt);
  EXPECT_EQ(test::refusal(unpack(std::string_view(frame).substr(1), 2000, buffer)).code, Errc::corrupt);
  EXPECT_EQ(test::refusal(unpack("", 2000, buffer)).code, Errc::corrupt);
}

TEST(ChunkKey, IsBlobIdAndNumberBigEndian) {
  EXPECT_EQ(chunk_key(0x0102, 3), std::string("\0\0\0\0\0\0\1\2\0\0\0\0\0\0\0\3", 16));
}

}  // namespace
}  // namespace flowkeep::blob
