// Space is reserved before a change is acknowledged: where the disk has none, changes are refused, nothing is lost, and
// deletions still work.
#include "failing_disk.hpp"
#include "workload.hpp"

namespace flowkeep::fault {
namespace {

class Space : public testing::Test {
 protected:
  /// Creates sessions of 64 KiB until one is refused.
  std::optional<Error> fill(const Store& store) {
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
      const auto id = store.create(bulky(64U << 10, ++seed_));
      if (!id) return id.error();
      ids_.push_back(*id);
    }
    return std::nullopt;
  }
  void expect_all_there(const Store& store) {
    EXPECT_EQ(size_of(store), ids_.size());
    for (const Guid& id : ids_) EXPECT_TRUE(store.get(id)) << id.str();
    expect_clean(store);
  }

  static void refuse_reservations() {
    arm_disk({.fault = DiskFault::disk_full, .for_good = true, .kind = CallKind::allocate, .file = FileKind::data});
  }

  TemporaryDirectory directory{};
  std::string path = directory.file();
  std::vector<Guid> ids_{};
  std::uint64_t seed_ = 0;
};

TEST_F(Space, ThatCannotBeReservedRefusesTheChange) {
  const Store store = open_store(path);
  ASSERT_TRUE(do_step(store, 0));
  refuse_reservations();
  const auto refused = fill(store);
  ASSERT_TRUE(disarm_disk());
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, Errc::full) << refused->message;
  EXPECT_TRUE(is_one_sentence_about(refused->message, path));
  EXPECT_EQ(size_of(store), ids_.size() + 1);
  expect_clean(store);
  EXPECT_TRUE(store.create(bulky(64U << 10))) << "there is space again";
}

TEST_F(Space, ThatIsShortLetsDeletionsThroughAndNothingIsLost) {
  {
    const Store store = open_store(path);
    for (int i = 0; i < 40; ++i) ids_.push_back(store.create(bulky(64U << 10, ++seed_)).value());
    refuse_reservations();
    const auto refused = fill(store);
    ASSERT_TRUE(refused);
    ASSERT_EQ(refused->code, Errc::full);
    expect_all_there(store);
    for (int i = 0; i < 30; ++i) {
      const auto erased = store.erase(ids_.back());
      ASSERT_TRUE(erased) << i << ": " << erased.error().message;
      ids_.pop_back();
    }
    EXPECT_EQ(size_of(store), ids_.size());
    ASSERT_TRUE(disarm_disk());
  }
  expect_all_there(open_store(path));
}

TEST_F(Space, ThatIsShortWhenTheProcessDiesLosesNothing) {
  Pipe acknowledged;
  Child child([&]() -> int {
    const Store store = open_store(path);
    for (int i = 0; i < 40; ++i) acknowledged.write(store.create(bulky(64U << 10, ++seed_)).value().str());
    refuse_reservations();
    for (;;) {
      const auto id = store.create(bulky(64U << 10, ++seed_));
      if (!id) ::_exit(id.error().code == Errc::full ? 0 : 1);
      acknowledged.write(id->str());
    }
  });
  acknowledged.close_writing();
  const std::string all = acknowledged.read_all();
  EXPECT_EQ(child.wait(), 0);
  for (std::size_t at = 0; at < all.size(); at += 36) ids_.push_back(*Guid::parse(all.substr(at, 36)));
  ASSERT_GE(ids_.size(), 40U);
  // The recovery itself has no more room than was reserved.
  refuse_reservations();
  {
    const auto store = Store::open(path);
    ASSERT_TRUE(store) << store.error().message;
    expect_all_there(*store);
  }
  static_cast<void>(disarm_disk());
  const Store store = open_store(path);
  expect_all_there(store);
  EXPECT_TRUE(store.create(named("again")));
}

}  // namespace
}  // namespace flowkeep::fault
