// Deliverers of several processes. (ThreadSanitizer takes no new threads in a child of fork(): these run without it.)
#include <set>

#include "outbox.hpp"

namespace flowkeep::callbacks {
namespace {

using testing::SizeIs;
using Figures = DeliveryFigures;

class DelivererProcesses : public Outbox {
 protected:
  fault::Watchdog watchdog_{60s};
};

TEST_F(DelivererProcesses, OfTwoProcessesSendEachOnce) {
  constexpr std::size_t count = 60;
  std::multiset<std::string> owed;
  for (std::size_t i = 0; i < count; ++i) owed.insert(owe("/answer/200").str());
  fault::Child child([&] {
    const auto store = Store::open(path_);
    if (!store) return 1;
    auto deliverer = Deliverer::make(*store, quick());
    if (!deliverer) return 2;
    const auto figures = deliverer->deliver_due();
    return figures && figures->delivered > 0 ? 0 : 3;
  });
  EXPECT_EQ(child.wait(), 0);
  deliver();
  EXPECT_EQ(told(), owed);
}

TEST_F(DelivererProcesses, FindWhatAnotherProcessEnqueues) {
  Deliverer deliverer = make_deliverer();
  ASSERT_TRUE(deliverer.start());
  fault::Child child([&] {
    const auto store = Store::open(path_);
    if (!store) return 1;
    owe_to(*store, receiver_.url("/answer/200"));
    return 0;
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_TRUE(receiver_.await(1));
}

TEST_F(DelivererProcesses, ThatDieLeaveTheirCallbacksToOthers) {
  const Guid id = owe("/hang_first/200?died");
  fault::Child child([&] {
    const auto store = Store::open(path_);
    if (!store) return 1;
    auto deliverer = Deliverer::make(*store, with_short_leases());
    return deliverer && deliverer->deliver_due() ? 0 : 2;
  });
  EXPECT_TRUE(receiver_.await(1));
  child.kill();
  EXPECT_EQ(deliver(), Figures{}) << "it is the dead one's still";
  Deliverer deliverer = make_deliverer();
  ASSERT_TRUE(deliverer.start());
  EXPECT_TRUE(await(id, CallbackState::delivered));
  EXPECT_EQ(callback_of(id).attempts, 1U);
  EXPECT_THAT(told(), SizeIs(2));
}

}  // namespace
}  // namespace flowkeep::callbacks
