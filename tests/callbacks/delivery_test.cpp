// What is sent, and what each kind of answer makes of it.
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "sending.hpp"

namespace flowkeep::callbacks {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;
using testing::UnorderedElementsAre;
using Kind = Outcome::Kind;

auto is(Kind kind, int status, int tries) {
  return AllOf(Field("kind", &Outcome::kind, kind), Field("http_status", &Outcome::http_status, status),
               Field("tries", &Outcome::tries, tries));
}

using Delivery = Sending;

TEST_F(Delivery, PostsBodyAndHeadersAsDocumented) {
  const Outcome outcome = send("/answer/200?sig=secret&a=%2F#fragment");
  EXPECT_THAT(outcome, is(Kind::delivered, 200, 1));
  EXPECT_EQ(outcome.reason, "https://receiver.example/… answered 200");
  const Received received = receiver_.take();
  EXPECT_EQ(received.connections, 1);
  ASSERT_THAT(received.requests, SizeIs(1));
  const Request& request = received.requests.front();
  EXPECT_EQ(request.line, "POST /answer/200?sig=secret&a=%2F");
  EXPECT_EQ(request.body, callback_body(callback({})));
  EXPECT_THAT(request.headers, UnorderedElementsAre("Host: receiver.example:" + std::to_string(receiver_.port()),
                                                    "Accept: */*", "Content-Type: application/json; charset=utf-8",
                                                    "x-ms-run-id: d9687093-d0c0-ec11-983e-0022480b428a",
                                                    "x-ms-workflow-id: 3219b349-858c-557f-8825-517ad49b41b4",
                                                    "Content-Length: " + std::to_string(request.body.size())));
}

TEST_F(Delivery, LeavesThePathAsItIs) {
  constexpr const char* path = "/answer/200/a/../b/./%2e%2E/{}[]\"<>^`|;,'$!*()?=//?{}[]\"<>^`|&%20%zz+";
  EXPECT_THAT(send(path), is(Kind::delivered, 200, 1));
  EXPECT_THAT(receiver_.take().requests, ElementsAre(Field(&Request::line, std::string("POST ") + path)));
}

TEST_F(Delivery, OfASessionWithoutAFlowHasNoSuchHeader) {
  const auto sender = Sender::make(options());
  ASSERT_TRUE(sender) << sender.error().message;
  Callback orphan = callback(receiver_.url("/answer/204"));
  orphan.regardingobjectid.reset();
  const auto outcome = sender->send(orphan);
  ASSERT_TRUE(outcome);
  EXPECT_THAT(*outcome, is(Kind::delivered, 204, 1));
  const Received received = receiver_.take();
  ASSERT_THAT(received.requests, SizeIs(1));
  EXPECT_THAT(received.requests.front().headers, Not(testing::Contains(StartsWith("x-ms-workflow-id"))));
}

TEST_F(Delivery, GoesToTheLocalHostWhereThatIsAllowed) {
  SenderOptions local = options();
  local.allowed_hosts = {"localhost"};
  const std::string port = std::to_string(receiver_.port());
  EXPECT_THAT(send_to("https://localhost:" + port + "/answer/200", local), is(Kind::delivered, 200, 1));
}

TEST_F(Delivery, IsTriedAgainAfterServerErrorsAnd408) {
  EXPECT_THAT(send("/answer/500/500/200"), is(Kind::delivered, 200, 3));
  EXPECT_THAT(send("/answer/408/201"), is(Kind::delivered, 201, 2));
  EXPECT_THAT(send("/answer/503/408/404"), is(Kind::failed, 404, 3));
  const Received received = receiver_.take();
  EXPECT_EQ(received.connections, 8);
  ASSERT_THAT(received.requests, SizeIs(8));
  for (const Request& request : received.requests) EXPECT_EQ(request.body, received.requests.front().body);
}

TEST_F(Delivery, IsPutOffAfterTheLastTry) {
  const Outcome outcome = send("/answer/500");
  EXPECT_THAT(outcome, is(Kind::later, 500, 3));
  EXPECT_EQ(outcome.reason, "https://receiver.example/… answered 500 to try 3");
  EXPECT_THAT(send("/answer/408"), is(Kind::later, 408, 3));
  SenderOptions once = options();
  once.tries = 1;
  EXPECT_THAT(send("/answer/599", once), is(Kind::later, 599, 1));
  EXPECT_THAT(receiver_.take().requests, SizeIs(7));
}

TEST_F(Delivery, PausesBetweenTries) {
  SenderOptions slow = options();
  slow.pause = 60ms;
  EXPECT_GE(time_of([&] { EXPECT_THAT(send("/answer/501/502/200", slow), is(Kind::delivered, 200, 3)); }), 120ms);
}

TEST_F(Delivery, FailsForGoodWhereTheReceiverRefuses) {
  for (const int status : {400, 401, 404, 407, 410, 499})
    EXPECT_THAT(send("/answer/" + std::to_string(status)), is(Kind::failed, status, 1));
}

TEST_F(Delivery, FollowsNoRedirect) {
  const Outcome outcome = send("/redirect");
  EXPECT_THAT(outcome, is(Kind::failed, 302, 1));
  EXPECT_THAT(outcome.reason, HasSubstr("redirects are not followed"));
  EXPECT_THAT(receiver_.take().requests, ElementsAre(Field(&Request::line, "POST /redirect")));
  EXPECT_THAT(send("/answer/304"), is(Kind::failed, 304, 1));
}

TEST_F(Delivery, IsPutOffAtOnceByTooManyRequests) {
  const Outcome outcome = send("/retry_after/429/120");
  EXPECT_THAT(outcome, is(Kind::later, 429, 1));
  EXPECT_EQ(outcome.retry_after, 120s);
  EXPECT_EQ(send("/answer/429").retry_after, std::nullopt);
}

TEST_F(Delivery, TellsRetryAfterWithinADay) {
  SenderOptions once = options();
  once.tries = 1;
  EXPECT_EQ(send("/retry_after/503/7", once).retry_after, 7s);
  EXPECT_EQ(send("/retry_after/503/999999999", once).retry_after, 24h);
  EXPECT_EQ(send("/retry_after/503/-5", once).retry_after, std::nullopt);
  EXPECT_EQ(send("/retry_after/200/7", once).retry_after, std::nullopt);
}

TEST_F(Delivery, TimesOutWhereNothingIsAnswered) {
  SenderOptions hasty = options();
  hasty.total_timeout = 200ms;
  const Outcome outcome = send("/hang", hasty);
  EXPECT_THAT(outcome, is(Kind::later, 0, 1));
  EXPECT_THAT(outcome.reason, AllOf(StartsWith("https://receiver.example/… did not answer: "), HasSubstr("timed out")));
}

TEST_F(Delivery, IsPutOffWhereTheConnectionEnds) {
  for (const char* path : {"/quit_unanswered", "/break_off"}) {
    const Outcome outcome = send(path);
    EXPECT_THAT(outcome, is(Kind::later, 0, 1)) << path;
    EXPECT_THAT(outcome.reason, AllOf(HasSubstr("did not answer"), Not(HasSubstr(path))));
  }
}

TEST_F(Delivery, ReadsNoMoreThanItNeeds) {
  const auto took = time_of([&] {
    EXPECT_THAT(send("/endless_body/200"), is(Kind::delivered, 200, 1));
    EXPECT_THAT(send("/endless_body/404"), is(Kind::failed, 404, 1));
    EXPECT_THAT(send("/stalled_body/200"), is(Kind::delivered, 200, 1));
    for (const char* path : {"/endless_headers", "/endless_informations"}) {
      const Outcome outcome = send(path);
      EXPECT_THAT(outcome, is(Kind::later, 0, 1)) << path;
      EXPECT_THAT(outcome.reason, HasSubstr("64 KiB"));
    }
  });
  EXPECT_LT(took, options().total_timeout / 2);
}

TEST_F(Delivery, DoesNotTrustAnUnknownAuthority) {
  SenderOptions trusting = options();
  trusting.ca_file.clear();
  const Outcome outcome = send("/answer/200", trusting);
  EXPECT_THAT(outcome, is(Kind::later, 0, 1));
  EXPECT_THAT(outcome.reason, HasSubstr("certificate"));
  EXPECT_THAT(receiver_.take().requests, IsEmpty());
}

TEST_F(Delivery, DoesNotTrustTheCertificateOfAnotherHost) {
  names_.set("stranger.example", {{"127.0.0.1"}});
  SenderOptions trusting = options();
  trusting.allowed_hosts = {"stranger.example"};
  const std::string port = std::to_string(receiver_.port());
  const Outcome outcome = send_to("https://stranger.example:" + port + "/answer/200", trusting);
  EXPECT_THAT(outcome, is(Kind::later, 0, 1));
  EXPECT_THAT(outcome.reason, HasSubstr("stranger.example"));
  EXPECT_THAT(receiver_.take().requests, IsEmpty());
}

TEST_F(Delivery, IsPutOffWhereTheNameIsNotFound) {
  SenderOptions wide = options();
  wide.allowed_hosts = {"unknown.example"};
  EXPECT_THAT(send_to("https://unknown.example/secret", wide), is(Kind::later, 0, 1));
}

/// Variables of the environment while it lives.
class Environment {
 public:
  explicit Environment(std::vector<std::pair<const char*, std::string>> variables) {
    for (const auto& [name, value] : variables) {
      const char* const before = ::getenv(name);
      before_.emplace_back(name, before == nullptr ? std::nullopt : std::optional<std::string>(before));
      ::setenv(name, value.c_str(), 1);
    }
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() {
    for (const auto& [name, value] : before_) {
      if (value) {
        ::setenv(name, value->c_str(), 1);
      } else {
        ::unsetenv(name);
      }
    }
  }

 private:
  std::vector<std::pair<const char*, std::optional<std::string>>> before_{};
};

TEST_F(Delivery, TakesNothingFromTheEnvironment) {
  std::ofstream(receiver_.folder() / ".netrc") << "machine receiver.example login user password secret\n";
  // Nothing listens there.
  const std::string proxy = "http://proxy.example:1";
  const Environment environment({{"https_proxy", proxy},
                                 {"HTTPS_PROXY", proxy},
                                 {"all_proxy", proxy},
                                 {"ALL_PROXY", proxy},
                                 {"no_proxy", ""},
                                 {"HOME", receiver_.folder().string()}});
  EXPECT_THAT(send("/answer/200"), is(Kind::delivered, 200, 1));
  const Received received = receiver_.take();
  ASSERT_THAT(received.requests, SizeIs(1));
  EXPECT_THAT(received.requests.front().headers, Not(testing::Contains(StartsWith("Authorization"))));
}

}  // namespace
}  // namespace flowkeep::callbacks
