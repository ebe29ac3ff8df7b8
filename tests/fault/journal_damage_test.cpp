// Bits of a dead process's journal change: what opens holds the changes up to one of them and is sound, or it is called
// corrupt. Nothing else, and never a crash.
//   FLOWKEEP_FAULT_FLIPS=50000 says how often; FLOWKEEP_FAULT_SEED=<seed> FLOWKEEP_FAULT_FLIPS=1 repeats one.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "fixture.hpp"
#include "stride.hpp"

namespace flowkeep::fault {
namespace {

constexpr int rows = 16;
constexpr int changes = 240;

Guid id_of(int row) {
  Guid id;
  id.bytes[0] = 0xD0;
  id.bytes[15] = static_cast<std::uint8_t>(row);
  return id;
}

OpenOptions small_journal() {
  OpenOptions options;
  options.journal_bytes = 64U << 10;
  return options;
}

/// Change `number` of a series: the first ones make the rows, each later one gives a row the number as its name.
Result<void> change(const Store& store, int number) {
  if (number < rows) {
    Session session = named(std::to_string(number));
    session.flowsessionid = id_of(number);
    const auto made = store.create(session);
    return made ? Result<void>() : fail(made.error());
  }
  SessionUpdate update;
  update.set.name = std::to_string(number);
  update.set.rundetails = std::string(static_cast<std::size_t>(number % 7 * 50), 'x');
  const auto done = store.update(id_of(number % rows), update);
  return done ? Result<void>() : fail(done.error());
}

/// How many changes the store holds; -1: not the first so many, or it is not sound.
int changes_in(const Store& store) {
  const auto snapshot = store.snapshot();
  if (!snapshot) return -1;
  int last = -1;
  std::vector<int> names(rows, -1);
  for (const auto& row : snapshot->select({})) {
    if (!row || !row->name()) return -1;
    const int number = std::atoi(std::string(*row->name()).c_str());
    if (row->flowsessionid() != id_of(number % rows)) return -1;
    names[static_cast<std::size_t>(number % rows)] = number;
    last = std::max(last, number);
  }
  for (int row = 0; row < rows; ++row) {
    int expected = last - (last - row) % rows;
    if (row > last) expected = -1;
    if (names[static_cast<std::size_t>(row)] != expected) return -1;
  }
  return what_check_finds(store).empty() ? last + 1 : -1;
}

/// Flips bits of the journal, chosen by the seed: of a header, of the records, or of anything.
std::string flipped(std::string bytes, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const std::uint64_t where = random() % 4;
  const std::size_t begin = where < 2 ? 8192 : 0;
  const std::size_t end = where == 3 ? 8192 : bytes.size();
  for (std::uint64_t flips = 1 + random() % (random() % 2 == 0 ? 1 : 12); flips > 0; --flips) {
    const std::size_t at = begin + random() % (end - begin);
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
  }
  return bytes;
}

std::uint64_t number_from(const char* variable, std::uint64_t usual) {
  const char* text = std::getenv(variable);
  return text == nullptr ? usual : std::strtoull(text, nullptr, 10);
}

struct Tally {
  std::uint64_t seed;  // of the flips at hand
  std::uint64_t whole;
  std::uint64_t prefix;
  std::uint64_t corrupt;
};

TEST(JournalDamage, OfRandomBitsIsFoundOrLeavesAPrefix) {
  const TemporaryDirectory directory;
  const std::string path = directory.file();
  ASSERT_EQ(in_child([&]() -> int {
              const Store store = open_store(path, small_journal());
              for (int number = 0; number < changes; ++number) {
                if (!change(store, number)) ::_exit(1);
              }
              ::_exit(0);
            }),
            0);
  const std::string file = bytes_of(path);
  const std::string journal = bytes_of(path + "-wal");

  const std::uint64_t first = number_from("FLOWKEEP_FAULT_SEED", std::random_device{}());
  const std::uint64_t count = number_from("FLOWKEEP_FAULT_FLIPS", usual_stride > 3 ? 30 : 400);
  void* shared = ::mmap(nullptr, sizeof(Tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  auto& tally = *static_cast<Tally*>(shared);
  const int answer = in_child([&] {
    for (tally.seed = first; tally.seed < first + count; ++tally.seed) {
      put_bytes(path, file);
      put_bytes(path + "-wal", flipped(journal, tally.seed));
      const auto store = Store::open(path, small_journal());
      if (!store) {
        if (store.error().code != Errc::corrupt && store.error().code != Errc::newer_format) return 1;
        ++tally.corrupt;
        continue;
      }
      const int held = changes_in(*store);
      if (held < 0 || held > changes) return 2;
      ++(held == changes ? tally.whole : tally.prefix);
      // It goes on from there.
      if (held >= rows && !change(*store, held)) return 3;
    }
    return 0;
  });
  EXPECT_EQ(answer, 0) << "seed " << tally.seed << " (1: refused otherwise, 2: wrong content, 3: not writable)";
  EXPECT_EQ(tally.whole + tally.prefix + tally.corrupt, count);
  std::cout << count << " journals with flipped bits: " << tally.whole << " lost nothing, " << tally.prefix
            << " hold a prefix, " << tally.corrupt << " are called corrupt\n";
  ::munmap(shared, sizeof(Tally));
}

}  // namespace
}  // namespace flowkeep::fault
