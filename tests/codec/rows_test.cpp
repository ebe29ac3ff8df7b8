#include "codec/rows.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "store_fixture.hpp"

namespace flowkeep::codec {
namespace {

using test::guid;
using test::value_of;

IndexStates some_states() {
  IndexStates states{};
  states[0].status = IndexStatus::active;
  states[7] = {IndexStatus::building, 42};
  return states;
}

TEST(StoreRows, ComeBackAsTheyWentIn) {
  const FormatRow format = value_of(decode_format(encode(FormatRow{1, 2, guid(3), test::at("2022-01-02")})));
  EXPECT_EQ(format.major, 1U);
  EXPECT_EQ(format.minor, 2U);
  EXPECT_EQ(format.store_id, guid(3));
  EXPECT_EQ(format.created, test::at("2022-01-02"));

  const CountersRow counters = value_of(decode_counters(encode(CountersRow{1, INT64_MAX, UINT64_MAX, 4})));
  EXPECT_EQ(counters.arrival, 1U);
  EXPECT_EQ(counters.version, INT64_MAX);
  EXPECT_EQ(counters.blob, UINT64_MAX);
  EXPECT_EQ(counters.catalogue, 4U);

  for (const std::optional<Guid>& by : {std::optional<Guid>(), std::optional(Guid{}), std::optional(guid(9))}) {
    const DeletionRow deletion = value_of(decode_deletion(encode(DeletionRow{guid(1), max_timestamp, by})));
    EXPECT_EQ(deletion.flowsessionid, guid(1));
    EXPECT_EQ(deletion.deletedon, max_timestamp);
    EXPECT_EQ(deletion.deletedby, by);
  }

  const IndexStates states = value_of(decode_indexes(encode(some_states())));
  for (std::size_t i = 0; i < states.size(); ++i) {
    EXPECT_EQ(states[i].status, some_states()[i].status);
    EXPECT_EQ(states[i].ticket, some_states()[i].ticket);
  }

  for (const StateModel& model : {StateModel::platform(), StateModel::desktop_flow()}) {
    EXPECT_EQ(value_of(decode_model(encode(model))), model);
  }
  const std::vector<std::string> names{"", "fk_a", "東"};
  EXPECT_EQ(value_of(decode_extras(encode(names))), names);
}

TEST(StoreRows, KeepTheContentOfABlob) {
  const std::string content("\0\xff bytes", 8);
  const std::string inlined = encode(BlobRow{8, 99, 3, Encoding::zstd, content, 0, 0});
  const BlobRow row = value_of(decode_blob(inlined));
  EXPECT_EQ(row.size, 8U);
  EXPECT_EQ(row.hash, 99U);
  EXPECT_EQ(row.references, 3U);
  EXPECT_EQ(row.encoding, Encoding::zstd);
  EXPECT_EQ(row.content, content);

  const std::string empty = encode(BlobRow{0, 1, 1, Encoding::raw, std::string_view(""), 0, 0});
  EXPECT_EQ(value_of(decode_blob(empty)).content, "");
  const std::string pieces = encode(BlobRow{700'000, 1, 1, Encoding::raw, std::nullopt, 3, 262'144});
  const BlobRow large = value_of(decode_blob(pieces));
  EXPECT_FALSE(large.content);
  EXPECT_EQ(large.chunk_count, 3U);
  EXPECT_EQ(large.chunk_bytes, 262'144U);
}

TEST(StoreRows, EndWithAnAnswerForEveryDamage) {
  const std::string rows[] = {encode(FormatRow{1, 0, guid(1), {}}),
                              encode(CountersRow{1, 2, 3, 4}),
                              encode(DeletionRow{guid(1), {}, guid(2)}),
                              encode(BlobRow{8, 9, 1, Encoding::raw, std::string_view("contents"), 0, 0}),
                              encode(some_states()),
                              encode(StateModel::desktop_flow()),
                              encode(std::vector<std::string>{"fk_a", "fk_b"})};
  const std::vector<std::function<void(std::string_view)>> decoders{
      [](std::string_view payload) { static_cast<void>(decode_format(payload)); },
      [](std::string_view payload) { static_cast<void>(decode_counters(payload)); },
      [](std::string_view payload) { static_cast<void>(decode_deletion(payload)); },
      [](std::string_view payload) { static_cast<void>(decode_blob(payload)); },
      [](std::string_view payload) { static_cast<void>(decode_indexes(payload)); },
      [](std::string_view payload) { static_cast<void>(decode_model(payload)); },
      [](std::string_view payload) { static_cast<void>(decode_extras(payload)); }};
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    std::mt19937_64 random(seed);
    std::string row = rows[random() % std::size(rows)];
    if (random() % 3 == 0) row.resize(random() % row.size());
    for (std::uint64_t flips = 1 + random() % 3; flips > 0 && !row.empty(); --flips) {
      row[random() % row.size()] = static_cast<char>(random());
    }
    for (const auto& decode : decoders) decode(row);
  }
}

}  // namespace
}  // namespace flowkeep::codec
