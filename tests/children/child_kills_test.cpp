// What was acknowledged of children survives a kill at any moment, and nothing half.
#include <array>
#include <atomic>
#include <chrono>
#include <thread>

#include "children_fixture.hpp"
#include "fixture.hpp"

namespace flowkeep::test {
namespace {

using fault::Shared;

constexpr int kills_wanted = 40;
constexpr std::size_t most_children = 100'000;

struct Acknowledged {
  std::atomic<std::size_t> added;
  std::atomic<std::size_t> removed;  // the first so many
};

Guid child_id(std::size_t number) {
  Guid id = guid(static_cast<unsigned>(number));
  id.bytes[13] = static_cast<std::uint8_t>(number >> 16U);
  return id;
}

TEST(ChildKills, LoseNothingThatWasAcknowledged) {
  fault::Watchdog watchdog(std::chrono::seconds(200));
  const fault::TemporaryDirectory directory;
  const std::string path = directory.file();
  const Guid session = guid(1);
  {
    const Store store = fault::open_store(path);
    Session run = named("run");
    run.flowsessionid = session;
    value_of(store.create(run));
  }
  Shared<Acknowledged> acknowledged;
  const std::string content = repeated("content of each ", 100);
  for (int kills = 0; kills < kills_wanted; ++kills) {
    const std::size_t before = acknowledged->added;
    fault::Child writer([&] {
      const auto store = Store::open(path);
      if (!store) return 1;
      for (;;) {
        const std::size_t number = acknowledged->added;
        if (number >= most_children) return 2;
        const Child one = attachment("f", content + std::to_string(number % 7), child_id(number));
        const auto added = store->add_child(session, one);
        if (!added && added.error().code != Errc::already_exists) return 3;  // added, and not acknowledged
        ++acknowledged->added;
        if (number % 3 != 0) continue;
        const std::size_t oldest = acknowledged->removed;
        const auto removed = store->remove_child(Collection::fileattachment, child_id(oldest));
        if (!removed && removed.error().code != Errc::not_found) return 4;
        ++acknowledged->removed;
      }
    });
    while (acknowledged->added == before) std::this_thread::sleep_for(std::chrono::microseconds(100));
    std::this_thread::sleep_for(std::chrono::microseconds(kills * 200));
    writer.kill();
    const Store store = fault::open_store(path);
    const Snapshot snapshot = value_of(store.snapshot());
    const std::size_t added = acknowledged->added;
    const std::size_t removed = acknowledged->removed;
    for (std::size_t number = removed < 50 ? 0 : removed - 50; number < added + 2; ++number) {
      const auto child = value_of(snapshot.child(Collection::fileattachment, child_id(number)));
      if (number == removed || number >= added) continue;  // on its way
      ASSERT_EQ(child.has_value(), number > removed) << number;
      if (!child) continue;
      EXPECT_EQ(value_of(snapshot.read(child->file.stored.value())), content + std::to_string(number % 7));
    }
    fault::expect_clean(store);
    ASSERT_FALSE(testing::Test::HasFailure()) << "after " << kills << " kills";
  }
  EXPECT_GT(acknowledged->added.load(), static_cast<std::size_t>(kills_wanted));
}

}  // namespace
}  // namespace flowkeep::test
