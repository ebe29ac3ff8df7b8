// Deliverers beside each other, that are stopped, and that meet a store in trouble.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <set>
#include <thread>

#include "outbox.hpp"

namespace flowkeep::callbacks {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using Figures = DeliveryFigures;

class Deliverers : public Outbox {
 protected:
  fault::Watchdog watchdog_{60s};
};

TEST_F(Deliverers, BesideEachOtherSendEachOnce) {
  constexpr std::size_t count = 60;
  std::multiset<std::string> owed;
  for (std::size_t i = 0; i < count; ++i) owed.insert(owe("/answer/200").str());
  Deliverer one = make_deliverer();
  Deliverer other = make_deliverer();
  auto others = std::async(std::launch::async, [&] { return other.deliver_due(); });
  const auto ones = one.deliver_due();
  ASSERT_TRUE(ones);
  ASSERT_TRUE(others.get());
  EXPECT_EQ(one.figures().delivered + other.figures().delivered, count);
  EXPECT_EQ(told(), owed);
}

TEST_F(Deliverers, AreNotHeldUpByASlowReceiver) {
  names_.set("other.receiver.example", {{"127.0.0.1"}});
  DelivererOptions options = quick();
  options.sender.allowed_hosts = {"receiver.example", "other.receiver.example"};
  std::vector<Guid> slow;
  for (int i = 0; i < 8; ++i) slow.push_back(owe("/hang"));
  const Guid other = owe_to("https://other.receiver.example:" + std::to_string(receiver_.port()) + "/answer/200");
  Deliverer deliverer = make_deliverer(options);
  ASSERT_TRUE(deliverer.start());
  EXPECT_LT(time_of([&] { EXPECT_TRUE(await(other, CallbackState::delivered)); }), options.sender.total_timeout / 2);
  EXPECT_LT(time_of([&] { deliverer.stop(); }), 2s);
  // Three threads have waited; what the fourth passed over was no attempt.
  EXPECT_EQ(deliverer.figures(), (Figures{.delivered = 1, .later = 5}));
  for (const Guid& id : slow) EXPECT_EQ(callback_of(id).attempts, 0U);
}

TEST_F(Deliverers, ThatAreStoppedGiveBackWhatTheySend) {
  const Guid id = owe("/hang_first/200?stopped");
  {
    Deliverer deliverer = make_deliverer();
    ASSERT_TRUE(deliverer.start());
    EXPECT_TRUE(receiver_.await(1));
    EXPECT_LT(time_of([&] { deliverer.stop(); }), 1s);
    EXPECT_EQ(deliverer.figures(), Figures{});
    deliverer.stop();
    const auto after = deliverer.deliver_due();
    ASSERT_TRUE(after);
    EXPECT_EQ(*after, Figures{});
    EXPECT_EQ(fault::code_of(deliverer.start()), Errc::invalid_argument);
  }
  { const Store closed = std::move(store_); }
  store_ = fault::open_store(path_);
  EXPECT_EQ(callback_of(id).state, CallbackState::waiting);
  EXPECT_EQ(callback_of(id).attempts, 0U);
  EXPECT_LE(callback_of(id).dueon, now());
  EXPECT_EQ(deliver(), (Figures{.delivered = 1}));
  fault::expect_clean(store_);
}

TEST_F(Deliverers, EndADeliveryThatHangsInAnotherThread) {
  for (int i = 0; i < 6; ++i) owe("/hang");
  Deliverer deliverer = make_deliverer();
  auto due = std::async(std::launch::async, [&] { return deliverer.deliver_due(); });
  EXPECT_TRUE(receiver_.await(3));
  EXPECT_LT(time_of([&] {
              deliverer.stop();
              const auto figures = due.get();
              ASSERT_TRUE(figures) << figures.error().message;
              EXPECT_EQ(figures->delivered, 0U);
            }),
            2s);
}

TEST_F(Deliverers, EndWithTheirDestructor) {
  owe("/hang");
  EXPECT_LT(time_of([&] {
              Deliverer deliverer = make_deliverer();
              ASSERT_TRUE(deliverer.start());
              EXPECT_EQ(fault::code_of(deliverer.start()), Errc::invalid_argument);
              EXPECT_TRUE(receiver_.await(1));
            }),
            5s);
}

TEST_F(Deliverers, ThatCannotNoteSendAgain) {
  { const Store closed = std::move(store_); }
  store_ = fault::open_store(path_, {.busy_timeout = 100ms});
  const Guid id = owe("/delay/500/200");
  {
    Deliverer deliverer = make_deliverer(with_short_leases());
    auto due = std::async(std::launch::async, [&] { return deliverer.deliver_due(); });
    EXPECT_TRUE(receiver_.await(1));
    auto writer = store_.write();
    ASSERT_TRUE(writer);
    EXPECT_EQ(fault::code_of(due.get()), Errc::busy);
    EXPECT_EQ(deliverer.figures(), Figures{});
  }
  EXPECT_EQ(callback_of(id).state, CallbackState::waiting);
  Deliverer deliverer = make_deliverer();
  ASSERT_TRUE(deliverer.start());
  EXPECT_TRUE(await(id, CallbackState::delivered));
  EXPECT_EQ(told().count(id.str()), 2U);
}

TEST_F(Deliverers, TellOfAStoreTheyCannotWriteTo) {
  { const Store closed = std::move(store_); }
  store_ = fault::open_store(path_, {.mode = OpenMode::read_only});
  EXPECT_EQ(fault::code_of(make_deliverer().deliver_due()), Errc::access_denied);
  DelivererOptions options = quick();
  std::atomic<int> told = 0;
  std::promise<Errc> first;
  options.on_error = [&](const Error& error) {
    if (++told == 1) first.set_value(error.code);
  };
  Deliverer deliverer = make_deliverer(options);
  ASSERT_TRUE(deliverer.start());
  EXPECT_EQ(first.get_future().get(), Errc::access_denied);
  deliverer.stop();
  EXPECT_GE(told, 1);
}

TEST_F(Deliverers, AreTheirProcessAlone) {
  owe("/hang");
  Deliverer deliverer = make_deliverer();
  ASSERT_TRUE(deliverer.start());
  EXPECT_TRUE(receiver_.await(1));
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    {
      Deliverer mine = std::move(deliverer);
      const auto due = mine.deliver_due();
      const auto started = mine.start();
      mine.stop();
      if (due || due.error().code != Errc::forked || started || started.error().code != Errc::forked) ::_exit(1);
    }
    ::_exit(0);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_LT(time_of([&] { deliverer.stop(); }), 1s);
}

}  // namespace
}  // namespace flowkeep::callbacks
