// What a sender is made with, and what it is to say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include <flowkeep/callbacks/sender.hpp>

namespace flowkeep::callbacks {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(CallbackBody, HasTheColumnsInTheirOrder) {
  Callback callback;
  callback.flowsessionid = *Guid::parse("d9687093-d0c0-ec11-983e-0022480b428a");
  callback.statuscode = StatusCode::succeeded;
  callback.startedon = parse_timestamp("2022-06-16T12:54:40Z");
  callback.completedon = parse_timestamp("2022-06-16T12:55:01.25Z");
  EXPECT_EQ(callback_body(callback),
            R"({"statuscode":4,"statecode":0,"startedon":"2022-06-16T12:54:40Z",)"
            R"("completedon":"2022-06-16T12:55:01.25Z","flowsessionid":"d9687093-d0c0-ec11-983e-0022480b428a"})");
}

TEST(CallbackBody, HasNullForAbsentDates) {
  Callback callback;
  callback.statuscode = StatusCode::terminated;
  EXPECT_EQ(callback_body(callback), R"({"statuscode":14,"statecode":1,"startedon":null,"completedon":null,)"
                                     R"("flowsessionid":"00000000-0000-0000-0000-000000000000"})");
}

TEST(SenderOptions, OutOfTheirRangeAreRefused) {
  struct Case {
    SenderOptions options;
    const char* words;
  };
  for (const auto& [options, words] : std::vector<Case>{
           {{.tries = 0}, "tries"},
           {{.tries = 11}, "tries"},
           {{.connect_timeout = 0ms}, "connect_timeout"},
           {{.connect_timeout = 1h + 1ms}, "connect_timeout"},
           {{.total_timeout = 0ms}, "total_timeout"},
           {{.total_timeout = -1ms}, "total_timeout"},
           {{.pause = -1ms}, "pause"},
           {{.pause = 1h + 1ms}, "pause"},
           {{.allowed_hosts = {"good.example", ""}}, "no host"},
           {{.allowed_hosts = {"127.0.0.1"}}, "IP address"},
           {{.allowed_hosts = {"*.example"}}, "no DNS name"},
           {{.allowed_hosts = {"good.example:443"}}, "no DNS name"},
       }) {
    const auto made = Sender::make(options);
    ASSERT_FALSE(made) << words;
    EXPECT_EQ(made.error().code, Errc::invalid_argument);
    EXPECT_THAT(made.error().message, HasSubstr(words));
  }
}

TEST(SenderOptions, AtTheEndsOfTheirRangeAreTaken) {
  EXPECT_TRUE(Sender::make({.connect_timeout = 1ms, .total_timeout = 1ms, .tries = 1, .pause = 0ms}));
  EXPECT_TRUE(Sender::make({.connect_timeout = 1h, .total_timeout = 1h, .tries = 10, .pause = 1h}));
}

TEST(SenderOptions, NeedAuthoritiesThatCanBeRead) {
  const auto made = Sender::make({.ca_file = "/nowhere/ca.pem"});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::not_found);
  EXPECT_THAT(made.error().message, HasSubstr("/nowhere/ca.pem"));
  const auto folder = Sender::make({.ca_file = "/"});
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, Errc::io);
}

TEST(Sender, RefusesABadUrlWithoutATry) {
  auto sender = Sender::make();
  ASSERT_TRUE(sender) << sender.error().message;
  for (const char* url : {"", "http://receiver.example/secret", "https://127.0.0.1/secret", "https://localhost/secret",
                          "https://receiver.example:8443/secret"}) {
    Callback callback;
    callback.url = url;
    const auto outcome = sender->send(callback);
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(outcome->kind, Outcome::Kind::refused) << url;
    EXPECT_EQ(outcome->tries, 0);
    EXPECT_EQ(outcome->http_status, 0);
    EXPECT_THAT(outcome->reason, testing::AllOf(HasSubstr("callbackurl"), testing::Not(HasSubstr("secret"))));
  }
}

}  // namespace
}  // namespace flowkeep::callbacks
