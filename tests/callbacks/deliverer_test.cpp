// From the outbox to the receiver: what is noted of each outcome, and when it is tried again.
#include <algorithm>
#include <set>

#include "outbox.hpp"

namespace flowkeep::callbacks {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;
using Figures = DeliveryFigures;
using std::chrono::hours;
using std::chrono::minutes;

using Deliveries = Outbox;

TEST_F(Deliveries, SendWhatIsOwed) {
  const Guid id = owe("/answer/202?sig=secret");
  EXPECT_EQ(deliver(), (Figures{.delivered = 1}));
  const Callback after = callback_of(id);
  EXPECT_EQ(after.state, CallbackState::delivered);
  EXPECT_EQ(after.attempts, 1U);
  EXPECT_EQ(after.last_status, 202);
  EXPECT_TRUE(after.last_attempt);
  EXPECT_EQ(after.last_error, "");
  const Received received = receiver_.take();
  ASSERT_THAT(received.requests, SizeIs(1));
  EXPECT_EQ(received.requests[0].line, "POST /answer/202?sig=secret");
  EXPECT_EQ(received.requests[0].body, callback_body(after));
  EXPECT_THAT(received.requests[0].body, AllOf(HasSubstr("\"statuscode\":4"), HasSubstr(id.str())));
  EXPECT_THAT(received.requests[0].headers, Contains("x-ms-run-id: " + id.str()));
  EXPECT_THAT(received.requests[0].headers, Contains("x-ms-workflow-id: 3219b349-858c-557f-8825-517ad49b41b4"));
  EXPECT_EQ(deliver(), Figures{});
  EXPECT_THAT(receiver_.take().requests, IsEmpty());
  fault::expect_clean(store_);
}

TEST_F(Deliveries, SendAllThatIsDue) {
  for (int i = 0; i < 30; ++i) owe("/answer/200");
  Deliverer deliverer = make_deliverer();
  const auto first = deliverer.deliver_due();
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(*first, (Figures{.delivered = 30}));
  owe("/answer/404");
  const auto second = deliverer.deliver_due();
  ASSERT_TRUE(second);
  EXPECT_EQ(*second, (Figures{.failed = 1}));
  EXPECT_EQ(deliverer.figures(), (Figures{.delivered = 30, .failed = 1}));
}

TEST_F(Deliveries, FailWhereTheReceiverRefuses) {
  const Guid id = owe("/answer/404?sig=secret");
  EXPECT_EQ(deliver(), (Figures{.failed = 1}));
  const Callback after = callback_of(id);
  EXPECT_EQ(after.state, CallbackState::failed);
  EXPECT_EQ(after.last_status, 404);
  EXPECT_EQ(after.last_error, "https://receiver.example/… answered 404");
  EXPECT_EQ(deliver(), Figures{});
}

TEST_F(Deliveries, ArePutOffLongerEachTime) {
  DelivererOptions patient = quick();
  patient.longest_back_off = hours(3);
  const Guid id = owe("/answer/500");
  for (int attempts = 0; attempts < 10; ++attempts) {
    EXPECT_EQ(deliver(patient), (Figures{.later = 1}));
    EXPECT_EQ(deliver(patient), Figures{}) << "it is not due";
    const Callback after = callback_of(id);
    EXPECT_EQ(after.state, CallbackState::waiting);
    EXPECT_EQ(after.last_error, "https://receiver.example/… answered 500");
    const Ticks full = std::min<Ticks>(minutes(1 << attempts), hours(3));
    EXPECT_GE(after.dueon - *after.last_attempt, full * 4 / 5) << attempts;
    EXPECT_LE(after.dueon - *after.last_attempt, full + 1s) << attempts;
    // As if it had been enqueued now, and tried as often.
    ASSERT_TRUE(store_.trigger_callback(id));
    for (int before = 0; before <= attempts; ++before) {
      const auto claimed = store_.claim_callbacks(1, 1h);
      ASSERT_TRUE(claimed);
      ASSERT_TRUE(store_.note_callback(claimed->at(0), {CallbackState::waiting, 500, ""}, 0ms));
    }
  }
}

TEST_F(Deliveries, ArePutOffAsLongAsTheReceiverAsksFor) {
  struct Case {
    const char* path;
    Ticks least, most;
  };
  for (const auto& [path, least, most] :
       {Case{"/retry_after/503/7200", hours(2), hours(2)}, Case{"/retry_after/429/80000", hours(6), hours(6)},
        Case{"/retry_after/429/2", 48s, 60s}}) {
    const Guid id = owe(path);
    EXPECT_EQ(deliver(), (Figures{.later = 1}));
    const Callback after = callback_of(id);
    EXPECT_GE(after.dueon - *after.last_attempt, least) << path;
    EXPECT_LE(after.dueon - *after.last_attempt, most + 1s) << path;
  }
}

TEST_F(Deliveries, AreTriedAgainUntilTheyArrive) {
  DelivererOptions quickly = quick();
  quickly.back_off = 5ms;
  const Guid id = owe("/answer/500/503/408/200?again");
  Deliverer deliverer = make_deliverer(quickly);
  ASSERT_TRUE(deliverer.start());
  EXPECT_TRUE(await(id, CallbackState::delivered));
  EXPECT_EQ(callback_of(id).attempts, 4U);
  deliverer.stop();
  EXPECT_EQ(deliverer.figures(), (Figures{.delivered = 1, .later = 3}));
}

TEST_F(Deliveries, AreEachSentOnceByOneCall) {
  DelivererOptions quickly = quick();
  quickly.back_off = 1ms;
  for (int i = 0; i < 12; ++i) owe("/answer/500");
  EXPECT_EQ(deliver(quickly), (Figures{.later = 12}));
  EXPECT_THAT(receiver_.take().requests, SizeIs(12));
}

TEST_F(Deliveries, AreRefusedByTheirUrl) {
  const std::vector<Guid> ids{owe_to("http://receiver.example/secret"),
                              owe_to("https://somebody:secret@receiver.example/"),
                              owe_to("https://10.0.0.1/secret"),
                              owe_to("https://localhost/secret"),
                              owe_to("secret"),
                              owe_to("https://inside.example/secret?sig=secret")};
  names_.set("inside.example", {{"10.1.2.3"}});
  EXPECT_EQ(deliver(), (Figures{.refused = ids.size()}));
  for (const Guid& id : ids) {
    const Callback after = callback_of(id);
    EXPECT_EQ(after.state, CallbackState::refused) << after.url;
    EXPECT_EQ(after.last_status, 0);
    EXPECT_THAT(after.last_error, AllOf(Not(IsEmpty()), Not(HasSubstr("secret")), Not(HasSubstr("somebody"))));
  }
  EXPECT_EQ(receiver_.take().connections, 0);
}

TEST_F(Deliveries, AreGivenUpInTheEnd) {
  DelivererOptions hasty = quick();
  hasty.back_off = 5ms;
  hasty.longest_back_off = 5ms;
  hasty.give_up_after = 600ms;
  const Guid id = owe("/answer/500?sig=secret");
  Deliverer deliverer = make_deliverer(hasty);
  ASSERT_TRUE(deliverer.start());
  EXPECT_TRUE(await(id, CallbackState::failed));
  const Callback after = callback_of(id);
  EXPECT_GE(*after.last_attempt - after.enqueuedon, 600ms);
  EXPECT_GE(after.attempts, 2U);
  EXPECT_EQ(after.last_status, 500);
  EXPECT_EQ(after.last_error, "https://receiver.example/… answered 500; it is given up, having been owed since " +
                                  format_timestamp(after.enqueuedon));
  deliverer.stop();
  EXPECT_EQ(deliverer.figures(), (Figures{.failed = 1, .later = after.attempts - 1}));
}

TEST_F(Deliveries, WithoutAnAnswerSayWhy) {
  const Guid id = owe("/quit_unanswered?sig=secret");
  EXPECT_EQ(deliver(), (Figures{.later = 1}));
  const Callback after = callback_of(id);
  EXPECT_EQ(after.last_status, 0);
  EXPECT_THAT(after.last_error,
              AllOf(StartsWith("https://receiver.example/… did not answer: "), Not(HasSubstr("secret"))));
}

TEST_F(Deliveries, OfASessionThatIsGoneAreSentToo) {
  const Guid id = owe("/answer/200");
  ASSERT_TRUE(store_.erase(id));
  EXPECT_EQ(deliver(), (Figures{.delivered = 1}));
  const auto snapshot = store_.snapshot();
  ASSERT_TRUE(snapshot);
  const auto left = snapshot->callback(id);
  ASSERT_TRUE(left);
  EXPECT_FALSE(*left);
}

TEST_F(Deliveries, EnqueuedAnewWhileTheyAreSentAreSentAgain) {
  const Guid id = owe("/delay/300/200");
  Deliverer deliverer = make_deliverer();
  ASSERT_TRUE(deliverer.start());
  EXPECT_TRUE(receiver_.await(1));
  ASSERT_TRUE(store_.trigger_callback(id));
  EXPECT_TRUE(receiver_.await(2));
  EXPECT_TRUE(await(id, CallbackState::delivered));
  deliverer.stop();
  EXPECT_EQ(callback_of(id).attempts, 1U);
  EXPECT_EQ(deliverer.figures(), (Figures{.delivered = 1})) << "what was said of the first is not noted";
}

TEST(DelivererOptions, OutOfTheirRangeAreRefused) {
  struct Case {
    DelivererOptions options;
    const char* words;
  };
  const fault::TemporaryDirectory directory;
  const Store store = fault::open_store(directory.file());
  for (const auto& [options, words] : std::vector<Case>{
           {{.threads = 0}, "threads"},
           {{.threads = 65}, "threads"},
           {{.interval = 0ms}, "interval"},
           {{.interval = 1h + 1ms}, "interval"},
           {{.slack = -1ms}, "slack"},
           {{.back_off = 0ms}, "back_off"},
           {{.back_off = 2h, .longest_back_off = 1h}, "back_off"},
           {{.longest_back_off = hours(24 * 7) + 1ms}, "longest_back_off"},
           {{.give_up_after = -1ms}, "give_up_after"},
           {{.give_up_after = hours(24 * 366)}, "give_up_after"},
           {{.sender = {.tries = 0}}, "tries"},
           {{.sender = {.allowed_hosts = {"10.0.0.1"}}}, "allowed host"},
       }) {
    const auto made = Deliverer::make(store, options);
    ASSERT_FALSE(made) << words;
    EXPECT_EQ(made.error().code, Errc::invalid_argument);
    EXPECT_THAT(made.error().message, HasSubstr(words));
  }
  const auto made = Deliverer::make(store, {.sender = {.ca_file = "/nowhere/ca.pem"}});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::not_found);
}

TEST(DelivererOptions, MakeTheLeaseLongerThanASend) {
  const fault::TemporaryDirectory directory;
  const Store store = fault::open_store(directory.file());
  const auto made = Deliverer::make(store);
  ASSERT_TRUE(made);
  EXPECT_GE(made->lease(), 3 * 30s + 2 * 1s + 30s);
  const auto longest = Deliverer::make(
      store, {.sender = {.connect_timeout = 1h, .total_timeout = 1h, .tries = 10, .pause = 1h}, .slack = 1h});
  ASSERT_TRUE(longest);
  EXPECT_GE(longest->lease(), 20h);
}

}  // namespace
}  // namespace flowkeep::callbacks
