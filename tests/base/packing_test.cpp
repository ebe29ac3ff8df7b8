#include "base/packing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>
#include <vector>

namespace flowkeep::base {
namespace {

std::string piece(std::uint64_t number) {
  return R"({"hostName":"robot-)" + std::to_string(number % 13) + R"(.example.org","run":)" +
         std::to_string(number * 7919) + R"(,"attendedMode":"Unattended","agentVersion":"2.45.404.24142"})";
}

std::string trained() {
  std::string samples;
  std::vector<std::size_t> sizes;
  for (std::uint64_t number = 0; number < 400; ++number) {
    samples += piece(number);
    sizes.push_back(piece(number).size());
  }
  return Packing::train(samples, sizes, 8192);
}

const PackingDictionary& dictionary() {
  static const auto made = PackingDictionary::make(9, trained()).value();
  return *made;
}

std::string unpacked(std::string_view frame, std::size_t bytes, const PackingDictionary* with) {
  std::string to(bytes, '\0');
  return Packing::unpack(to, frame, with) ? to : "(none)";
}

TEST(Packing, GivesBackWhatItPacked) {
  for (std::uint64_t number : {0U, 1U, 4711U, 99999U}) {
    std::string packed = "in front";
    ASSERT_TRUE(Packing::pack(packed, piece(number), piece(number).size(), &dictionary()));
    EXPECT_EQ(packed.substr(0, 8), "in front");
    EXPECT_LT(packed.size() - 8, piece(number).size() / 2);
    EXPECT_EQ(unpacked(std::string_view(packed).substr(8), piece(number).size(), &dictionary()), piece(number));
  }
  const std::string much(100'000, 'x');
  std::string packed;
  ASSERT_TRUE(Packing::pack(packed, much, 1000, nullptr, 3));
  EXPECT_EQ(unpacked(packed, much.size(), nullptr), much);
}

TEST(Packing, AppendsNothingWhereItIsNotWorthIt) {
  std::mt19937_64 random(3);
  std::string noise(500, '\0');
  std::generate(noise.begin(), noise.end(), [&] { return static_cast<char>(random()); });
  std::string packed = "in front";
  EXPECT_FALSE(Packing::pack(packed, noise, noise.size() - 1, nullptr));
  EXPECT_FALSE(Packing::pack(packed, noise, noise.size() - 1, &dictionary()));
  EXPECT_FALSE(Packing::pack(packed, piece(1), 3, &dictionary()));
  EXPECT_EQ(packed, "in front");
}

TEST(Packing, RefusesWhatIsNotTheFrame) {
  std::string packed;
  ASSERT_TRUE(Packing::pack(packed, piece(5), piece(5).size(), &dictionary()));
  const std::size_t size = piece(5).size();
  EXPECT_EQ(unpacked(packed, size - 1, &dictionary()), "(none)");
  EXPECT_EQ(unpacked(packed, size + 1, &dictionary()), "(none)");
  EXPECT_EQ(unpacked(std::string_view(packed).substr(1), size, &dictionary()), "(none)");
  EXPECT_EQ(unpacked("", size, &dictionary()), "(none)");
  EXPECT_NE(unpacked(packed, size, nullptr), piece(5));
}

TEST(Packing, LearnsNothingFromTooLittle) {
  EXPECT_EQ(Packing::train("", {}, 8192), "");
  const std::vector<std::size_t> sizes{1, 2};
  EXPECT_EQ(Packing::train("abc", sizes, 8192), "");
}

TEST(PackingDictionary, HasANumberAndBytes) {
  EXPECT_FALSE(PackingDictionary::make(0, trained()));
  EXPECT_FALSE(PackingDictionary::make(1, ""));
  EXPECT_EQ(dictionary().id(), 9);
}

TEST(PackingDictionary, IsUsedByManyThreads) {
  const auto fresh = PackingDictionary::make(2, trained()).value();
  std::vector<std::thread> threads;
  for (std::uint64_t thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::uint64_t number = thread * 1000; number < thread * 1000 + 200; ++number) {
        std::string packed;
        if (!Packing::pack(packed, piece(number), piece(number).size(), fresh.get())) ADD_FAILURE() << number;
        EXPECT_EQ(unpacked(packed, piece(number).size(), fresh.get()), piece(number));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace flowkeep::base
