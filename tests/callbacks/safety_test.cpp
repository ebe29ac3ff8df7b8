// Where no callback goes, whatever its name leads to; and what sending does to the process around it.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <future>
#include <iterator>
#include <latch>
#include <thread>
#include <vector>

#include "sending.hpp"

namespace flowkeep::callbacks {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Kind = Outcome::Kind;

/// The receiver stands at port 443 of every address, and its host is allowed no more than others are.
class Refusal : public Sending {
 protected:
  void SetUp() override {
    Sending::SetUp();
    names_.stand_for_internet(receiver_.port());
  }
  [[nodiscard]] SenderOptions nobody_allowed() const {
    SenderOptions strict = options();
    strict.allowed_hosts.clear();
    return strict;
  }
  static constexpr const char* url = "https://receiver.example/answer/200?secret";
};

TEST_F(Refusal, OfANameThatLeadsToThisMachine) {
  const Outcome outcome = send_to(url, nobody_allowed());
  EXPECT_EQ(outcome.kind, Kind::refused) << outcome.reason;
  EXPECT_EQ(outcome.http_status, 0);
  EXPECT_EQ(outcome.tries, 1);
  EXPECT_EQ(outcome.reason,
            "https://receiver.example/… leads to an address that is not public, which only an allowed host may");
  EXPECT_EQ(receiver_.take().connections, 0);
  // It is the rule that kept it away.
  EXPECT_EQ(send_to(url, options()).kind, Kind::delivered);
  EXPECT_EQ(receiver_.take().connections, 1);
}

TEST_F(Refusal, OfANameThatLeadsToOtherNetworksOfOnesOwn) {
  names_.set("receiver.example", {{"10.0.0.1", "192.168.1.1", "169.254.169.254", "127.0.0.1"}});
  EXPECT_EQ(send_to(url, nobody_allowed()).kind, Kind::refused);
  EXPECT_EQ(receiver_.take().connections, 0);
}

TEST_F(Refusal, IsNotThatOfTheInternet) {
  names_.set("receiver.example", {{"8.8.8.8"}});
  EXPECT_EQ(send_to(url, nobody_allowed()).kind, Kind::delivered);
  names_.set("receiver.example", {{"10.0.0.1", "8.8.8.8"}});
  EXPECT_EQ(send_to(url, nobody_allowed()).kind, Kind::delivered);
  EXPECT_EQ(receiver_.take().connections, 2);
}

TEST_F(Refusal, IsNotThatOfAReceiverThatIsDown) {
  names_.set("receiver.example", {{"10.0.0.1", "8.8.8.8"}});
  names_.stand_for_internet(1);  // nothing listens there
  const Outcome outcome = send_to(url, nobody_allowed());
  EXPECT_EQ(outcome.kind, Kind::later) << outcome.reason;
  EXPECT_THAT(outcome.reason, HasSubstr("did not answer: "));
}

TEST_F(Refusal, IsDecidedAtEachConnection) {
  names_.set("receiver.example", {{"8.8.8.8"}, {"127.0.0.1"}});
  const Outcome outcome = send_to("https://receiver.example/answer/500?rebound", nobody_allowed());
  EXPECT_EQ(outcome.kind, Kind::refused) << outcome.reason;
  EXPECT_EQ(outcome.http_status, 500);
  EXPECT_EQ(outcome.tries, 2);
  EXPECT_EQ(receiver_.take().connections, 1);
}

/// A port that takes connections and says nothing.
class SilentPort {
 public:
  SilentPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(::listen(socket_, 4), 0);
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length), 0);
    port_ = ntohs(address.sin_port);
  }
  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;
  ~SilentPort() { ::close(socket_); }
  [[nodiscard]] std::string url() const { return "https://receiver.example:" + std::to_string(port_) + "/secret"; }

 private:
  int socket_;
  int port_ = 0;
};

using Embedding = Sending;

TEST_F(Embedding, ConnectTimeoutIsThatOfTls) {
  const SilentPort silent;
  SenderOptions hasty = options();
  hasty.connect_timeout = 100ms;
  const auto took = time_of([&] {
    const Outcome outcome = send_to(silent.url(), hasty);
    EXPECT_EQ(outcome.kind, Kind::later) << outcome.reason;
    EXPECT_EQ(outcome.tries, 1);
  });
  EXPECT_LT(took, hasty.total_timeout / 2);
}

TEST_F(Embedding, StopEndsATransferThatHangs) {
  auto sender = Sender::make(options());
  ASSERT_TRUE(sender);
  auto sent = std::async(std::launch::async, [&] { return sender->send(callback(receiver_.url("/hang"))); });
  EXPECT_TRUE(receiver_.await(1));
  const auto took = time_of([&] {
    sender->stop();
    const auto outcome = sent.get();
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->kind, Kind::stopped);
    EXPECT_EQ(outcome->tries, 1);
    EXPECT_THAT(outcome->reason, HasSubstr("stopped"));
  });
  EXPECT_LT(took, 1s);
}

TEST_F(Embedding, StopEndsALookupThatHangs) {
  auto sender = Sender::make(options());
  ASSERT_TRUE(sender);
  names_.hang();
  auto sent = std::async(std::launch::async, [&] { return sender->send(callback(receiver_.url("/answer/200"))); });
  names_.await_lookup();
  const auto took = time_of([&] {
    sender->stop();
    const auto outcome = sent.get();
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->kind, Kind::stopped);
  });
  EXPECT_LT(took, 1s);
}

TEST_F(Embedding, ALookupThatHangsTimesOut) {
  SenderOptions hasty = options();
  hasty.connect_timeout = 100ms;
  names_.hang();
  const auto took = time_of([&] { EXPECT_EQ(send("/answer/200", hasty).kind, Kind::later); });
  EXPECT_LT(took, hasty.total_timeout / 2);
}

TEST_F(Embedding, StopEndsAPause) {
  SenderOptions slow = options();
  slow.pause = 1h;
  auto sender = Sender::make(slow);
  ASSERT_TRUE(sender);
  auto sent = std::async(std::launch::async, [&] { return sender->send(callback(receiver_.url("/answer/500"))); });
  EXPECT_TRUE(receiver_.await(1));
  const auto took = time_of([&] {
    sender->stop();
    const auto outcome = sent.get();
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->kind, Kind::stopped);
    EXPECT_EQ(outcome->tries, 1);
  });
  EXPECT_LT(took, 1s);
}

TEST_F(Embedding, AfterStopNothingIsSent) {
  auto sender = Sender::make(options());
  ASSERT_TRUE(sender);
  sender->stop();
  sender->stop();
  const auto outcome = sender->send(callback(receiver_.url("/answer/200")));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->kind, Kind::stopped);
  EXPECT_EQ(outcome->tries, 0);
  EXPECT_EQ(receiver_.take().connections, 0);
}

TEST_F(Embedding, ThreadsSendAtOnce) {
  constexpr int count = 8;
  const auto sender = Sender::make(options());
  ASSERT_TRUE(sender);
  std::latch start(count);
  std::vector<std::future<Result<Outcome>>> sent;
  for (int i = 0; i < count; ++i) {
    sent.push_back(std::async(std::launch::async, [&, i] {
      start.arrive_and_wait();
      return sender->send(callback(receiver_.url("/answer/503/200?" + std::to_string(i))));
    }));
  }
  for (auto& outcome : sent) {
    const auto got = outcome.get();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->kind, Kind::delivered) << got->reason;
    EXPECT_EQ(got->tries, 2);
  }
  EXPECT_THAT(receiver_.take().requests, SizeIs(2 * count));
}

TEST_F(Embedding, ABrokenConnectionEndsNothing) {
  struct sigaction before {};
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  ::sigaction(SIGPIPE, &standard, &before);
  {
    const BrokenConnections broken;
    EXPECT_EQ(send("/answer/200").kind, Kind::later);
    EXPECT_GT(BrokenConnections::met(), 0);
  }
  sigset_t signals{};
  ::sigpending(&signals);
  EXPECT_EQ(::sigismember(&signals, SIGPIPE), 0);
  ::pthread_sigmask(SIG_BLOCK, nullptr, &signals);
  EXPECT_EQ(::sigismember(&signals, SIGPIPE), 0);
  ::sigaction(SIGPIPE, &before, nullptr);
}

std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}

TEST_F(Embedding, LeavesNoDescriptorsOpen) {
  EXPECT_EQ(send("/answer/200").kind, Kind::delivered);  // what a library keeps for good is open now
  const std::ptrdiff_t before = open_descriptors();
  SenderOptions hasty = options();
  hasty.total_timeout = 100ms;
  SenderOptions distrustful = options();
  distrustful.ca_file.clear();
  SenderOptions strict = options();
  strict.allowed_hosts.clear();
  EXPECT_EQ(send("/answer/500/500/200?descriptors").kind, Kind::delivered);
  EXPECT_EQ(send("/hang", hasty).kind, Kind::later);
  EXPECT_EQ(send("/endless_body/200").kind, Kind::delivered);
  EXPECT_EQ(send("/answer/200", distrustful).kind, Kind::later);
  EXPECT_EQ(send_to("https://receiver.example/", strict).kind, Kind::refused);
  EXPECT_EQ(send_to("https://unknown.example/", strict).kind, Kind::later);
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(Embedding, AChildOfForkIsToldAndCannotStopItsParent) {
  SenderOptions slow = options();
  slow.pause = 300ms;
  auto sender = Sender::make(slow);
  ASSERT_TRUE(sender);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    sender->stop();
    const auto outcome = sender->send({});
    ::_exit(!outcome && outcome.error().code == Errc::forked ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  const std::clock_t before = std::clock();
  const auto outcome = sender->send(callback(receiver_.url("/answer/500/200?forked")));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->kind, Kind::delivered) << outcome->reason;
  EXPECT_LT(std::clock() - before, CLOCKS_PER_SEC / 5) << "the pause of 0.3 s is spent in a loop";
}

}  // namespace
}  // namespace flowkeep::callbacks
