#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <flowkeep/guid.hpp>
#include <thread>
#include <unordered_set>
#include <vector>

namespace flowkeep {
namespace {

constexpr std::string_view example = "d9687093-d0c0-ec11-983e-0022480b428a";

TEST(GuidParse, ReadsEveryForm) {
  const Guid guid{{0xd9, 0x68, 0x70, 0x93, 0xd0, 0xc0, 0xec, 0x11, 0x98, 0x3e, 0x00, 0x22, 0x48, 0x0b, 0x42, 0x8a}};
  for (const char* text : {"d9687093-d0c0-ec11-983e-0022480b428a", "D9687093-D0C0-EC11-983E-0022480B428A",
                           "d9687093-D0c0-eC11-983E-0022480b428A", "{d9687093-d0c0-ec11-983e-0022480b428a}"}) {
    EXPECT_EQ(Guid::parse(text), guid) << text;
  }
}

TEST(GuidParse, RefusesWhatIsNotAGuid) {
  for (const char* text : {"", "{}", "d9687093", "d9687093-d0c0-ec11-983e-0022480b428",
                           "d9687093-d0c0-ec11-983e-0022480b428a0", "{d9687093-d0c0-ec11-983e-0022480b428a",
                           "d9687093-d0c0-ec11-983e-0022480b428a}", "(d9687093-d0c0-ec11-983e-0022480b428a)",
                           "{{d9687093-d0c0-ec11-983e-0022480b428a}}", " d9687093-d0c0-ec11-983e-0022480b428a",
                           "d9687093-d0c0-ec11-983e-0022480b428a ", "d9687093d0c0ec11983e0022480b428a",
                           "g9687093-d0c0-ec11-983e-0022480b428a", "d9687093-d0c0-ec11-983e-0022480b428-",
                           "d968709-3d0c0-ec11-983e-0022480b428a", "d9687093_d0c0_ec11_983e_0022480b428a",
                           "+9687093-d0c0-ec11-983e-0022480b428a", "0xd96870-d0c0-ec11-983e-0022480b428a"}) {
    EXPECT_EQ(Guid::parse(text), std::nullopt) << text;
  }
  EXPECT_EQ(Guid::parse(std::string_view("d9687093-d0c0-ec11-983e-0022480b42\0a", 36)), std::nullopt);
}

TEST(GuidStr, WritesLowerCaseWithoutBraces) {
  EXPECT_EQ(Guid::parse("{D9687093-D0C0-EC11-983E-0022480B428A}")->str(), example);
  EXPECT_EQ(Guid{}.str(), "00000000-0000-0000-0000-000000000000");
}

TEST(GuidWrite, WritesThirtySixCharactersAndNoMore) {
  char out[37];
  std::fill(std::begin(out), std::end(out), '#');
  Guid::parse(example)->write(out);
  EXPECT_EQ(std::string_view(out, 37), std::string(example) + "#");
}

TEST(GuidOrder, IsThatOfTheText) {
  EXPECT_LT(*Guid::parse("00ffffff-ffff-ffff-ffff-ffffffffffff"), *Guid::parse("01000000-0000-0000-0000-000000000000"));
  EXPECT_TRUE(Guid{}.is_nil());
  EXPECT_FALSE(Guid::parse("00000000-0000-0000-0000-000000000001")->is_nil());
}

TEST(GuidMake, MakesVersion7OfThePresentTime) {
  using namespace std::chrono;
  const auto milliseconds_now = [] {
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  };
  const std::int64_t before = milliseconds_now();
  const Guid guid = Guid::make();
  const std::int64_t after = milliseconds_now();
  EXPECT_EQ(guid.bytes[6] >> 4, 7);
  EXPECT_EQ(guid.bytes[8] >> 6, 0b10);
  std::int64_t time = 0;
  for (std::size_t i = 0; i < 6; ++i) time = time << 8 | guid.bytes[i];
  EXPECT_GE(time, before);
  EXPECT_LE(time, after + 1000);  // stamps run ahead of the clock when ids are made faster than they tick
}

TEST(GuidMake, IsMonotonicAndUniqueInManyThreads) {
  constexpr std::size_t thread_count = 4;
  constexpr std::size_t per_thread = 20'000;
  std::vector<std::vector<Guid>> made(thread_count);
  std::vector<std::thread> threads;
  for (auto& guids : made) {
    threads.emplace_back([&guids] {
      for (std::size_t i = 0; i < per_thread; ++i) guids.push_back(Guid::make());
    });
  }
  for (auto& thread : threads) thread.join();
  std::unordered_set<Guid> all;
  for (const auto& guids : made) {
    EXPECT_EQ(std::adjacent_find(guids.begin(), guids.end(), std::greater_equal<>()), guids.end());
    all.insert(guids.begin(), guids.end());
  }
  EXPECT_EQ(all.size(), thread_count * per_thread);
}

TEST(GuidMake, DiffersInItsRandomPart) {
  std::unordered_set<std::string> random_parts;
  for (int i = 0; i < 1000; ++i) random_parts.insert(Guid::make().str().substr(19));
  EXPECT_EQ(random_parts.size(), 1000U);
}

}  // namespace
}  // namespace flowkeep
