#include "codec/contents.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

#include "codec/value.hpp"
#include "store_fixture.hpp"

namespace flowkeep::codec {
namespace {

constexpr std::string_view contents_key = "arrival.";

std::string action(std::uint64_t number) {
  return R"({"name":"Click","functionName":"UIAutomation.PressButton","status":"Succeeded","index":)" +
         std::to_string(number) + "}";
}

const base::PackingDictionary& contents_dictionary() {
  static const auto made = [] {
    std::string samples;
    std::vector<std::size_t> sizes;
    for (std::uint64_t i = 0; i < 500; ++i) {
      samples += action(i);
      sizes.push_back(action(i).size());
    }
    return test::value_of(base::PackingDictionary::make(3, base::Packing::train(samples, sizes, 8192)));
  }();
  return *made;
}

std::string with_payload(std::string_view payload) {
  std::string value(header_bytes, '\0');
  value += payload;
  seal_value(value, ValueKind::contents, 0, contents_key);
  return value;
}

TEST(Contents, GiveBackEachSlot) {
  const std::array actions{action(1), action(2), action(3)};
  for (const base::PackingDictionary* with :
       {static_cast<const base::PackingDictionary*>(nullptr), &contents_dictionary()}) {
    for (const Slots& slots :
         {Slots{"a", "bc", "def"}, Slots{"", actions[0], ""}, Slots{actions[0], actions[1], actions[2]},
          Slots{"", "", ""}, Slots{std::string_view("\0\1\2", 3), "", "x"}}) {
      std::string value;
      encode_contents(value, contents_key, slots, with);
      EXPECT_EQ(value.size() % 8, 0U);
      EXPECT_EQ(test::value_of(verify_contents(contents_key, value)), contents_dictionary_of(value));
      std::string buffer;
      EXPECT_EQ(test::value_of(open_contents(value, with, buffer)), slots);
    }
  }
}

TEST(Contents, ArePackedWithTheDictionary) {
  std::string packed;
  encode_contents(packed, contents_key, {action(4711), "", ""}, &contents_dictionary());
  EXPECT_EQ(contents_dictionary_of(packed), contents_dictionary().id());
  EXPECT_LT(packed.size(), header_bytes + action(4711).size() / 2);
}

TEST(Contents, StayAsTheyAreWhereNothingIsGained) {
  std::mt19937_64 random(1);
  std::string noise(900, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  std::string value;
  encode_contents(value, contents_key, {noise, "", ""}, &contents_dictionary());
  EXPECT_EQ(contents_dictionary_of(value), 0);
  std::string buffer;
  EXPECT_EQ(test::value_of(open_contents(value, nullptr, buffer))[0], noise);
}

TEST(Contents, AreFoundUnderTheirKeyOnly) {
  std::string value;
  encode_contents(value, contents_key, {"a", "b", "c"}, nullptr);
  EXPECT_EQ(test::refusal(verify_contents("another.", value)).code, Errc::corrupt);
}

TEST(Contents, RefuseSizesThatDoNotAddUp) {
  std::string value;
  encode_contents(value, contents_key, {"a", "b", "c"}, nullptr);
  const std::string payload(payload_of(value));
  std::string buffer;
  for (std::size_t size = 0; size < payload.size(); ++size) {
    EXPECT_EQ(test::refusal(open_contents(with_payload(payload.substr(0, size)), nullptr, buffer)).code, Errc::corrupt);
  }
  EXPECT_EQ(test::refusal(open_contents(with_payload(payload + "x"), nullptr, buffer)).code, Errc::corrupt);
}

TEST(Contents, EndWithAnAnswerForEveryDamage) {
  std::string value;
  encode_contents(value, contents_key, {action(1), action(2), action(3)}, &contents_dictionary());
  std::size_t refused = 0;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    std::mt19937_64 random(seed);
    std::string payload(payload_of(value));
    for (std::uint64_t flips = 1 + random() % 3; flips > 0; --flips) {
      payload[random() % payload.size()] = static_cast<char>(random());
    }
    std::string buffer;
    const auto slots = open_contents(with_payload(payload), &contents_dictionary(), buffer);
    if (slots) continue;
    EXPECT_EQ(slots.error().code, Errc::corrupt);
    ++refused;
  }
  EXPECT_GT(refused, 100U);
}

TEST(SmallContent, IsNamedByArrivalAndSlot) {
  for (const std::uint64_t arrival : {std::uint64_t{0}, std::uint64_t{1}, (std::uint64_t{1} << 61) - 1}) {
    for (std::uint64_t slot = 0; slot < slot_count; ++slot) {
      const StoredContent content{5, 6, small_id(arrival, slot)};
      EXPECT_TRUE(is_small(content));
      EXPECT_EQ(arrival_of(content), arrival);
      EXPECT_EQ(slot_of(content), slot);
    }
  }
  EXPECT_FALSE(is_small(StoredContent{5, 6, 7}));
  EXPECT_EQ(slot_of(Column::inputs), 0U);
  EXPECT_EQ(slot_of(Column::outputs), 1U);
  EXPECT_EQ(slot_of(Column::additionalcontext), 2U);
}

}  // namespace
}  // namespace flowkeep::codec
