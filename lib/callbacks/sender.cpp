#include <flowkeep/callbacks/sender.hpp>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <new>
#include <string_view>
#include <system_error>
#include <utility>

#include <flowkeep/callbacks/callback_url.hpp>

#include "dns_name.hpp"
#include "stop_signal.hpp"
#include "transfer.hpp"

namespace flowkeep::callbacks {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest_time = std::chrono::hours(1);
constexpr int most_tries = 10;

Result<void> check_time(std::string_view name, milliseconds time, milliseconds least) {
  if (time >= least && time <= longest_time) return {};
  return fail(Errc::invalid_argument, std::string(name) + " of callbacks is " + std::to_string(time.count()) + " ms, " +
                                          std::to_string(least.count()) + " to " +
                                          std::to_string(longest_time.count()) + " are allowed");
}

Result<void> check_readable(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  char first = 0;
  const bool is_readable = descriptor >= 0 && ::read(descriptor, &first, 1) >= 0;  // a folder can be opened, too
  const int cause = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (is_readable) return {};
  const Errc code = cause == ENOENT ? Errc::not_found : cause == EACCES ? Errc::access_denied : Errc::io;
  return fail(code, "the authorities of callbacks, " + path + ": " + std::generic_category().message(cause),
              DataverseCode::none, cause);
}

Result<void> check(const SenderOptions& options) {
  for (const std::string& host : options.allowed_hosts) {
    if (const auto name = read_host(host); !name)
      return fail(Errc::invalid_argument, "the allowed host '" + host + "' of callbacks " + std::string(name.error()));
  }
  if (options.tries < 1 || options.tries > most_tries)
    return fail(Errc::invalid_argument, "tries of callbacks is " + std::to_string(options.tries) + ", 1 to " +
                                            std::to_string(most_tries) + " are allowed");
  if (auto checked = check_time("connect_timeout", options.connect_timeout, milliseconds(1)); !checked) return checked;
  if (auto checked = check_time("total_timeout", options.total_timeout, milliseconds(1)); !checked) return checked;
  if (auto checked = check_time("pause", options.pause, milliseconds(0)); !checked) return checked;
  return options.ca_file.empty() ? Result<void>() : check_readable(options.ca_file);
}

Post make_post(const Callback& callback, CallbackUrl url) {
  Post post{std::move(url), callback_body(callback), callback.flowsessionid.str(), {}};
  if (callback.regardingobjectid) post.workflow_id = callback.regardingobjectid->str();
  return post;
}

/// What a status says, whether or not there are tries left.
Outcome::Kind judge(int status) noexcept {
  if (status >= 200 && status < 300) return Outcome::Kind::delivered;
  return status >= 500 || status == 408 || status == 429 ? Outcome::Kind::later : Outcome::Kind::failed;
}

bool deserves_another_try(int status) noexcept {
  return status >= 500 || status == 408;
}

std::string words_for(int status, int tries) {
  std::string words = "answered " + std::to_string(status);
  if (status >= 300 && status < 400) words += ", redirects are not followed";
  if (tries > 1) words += " to try " + std::to_string(tries);
  return words;
}

/// Puts down what an answer means; the reason is how the sentence about the host ends.
void take(Outcome& outcome, Answer answer) {
  outcome.retry_after = answer.retry_after;
  if (answer.is_stopped) {
    outcome.kind = Outcome::Kind::stopped;
    outcome.reason = "was not waited for, the sender was stopped";
  } else if (answer.status != 0) {
    outcome.http_status = answer.status;
    outcome.kind = judge(answer.status);
    outcome.reason = words_for(answer.status, outcome.tries);
  } else if (answer.is_refused) {
    outcome.kind = Outcome::Kind::refused;
    outcome.reason = "leads to an address that is not public, which only an allowed host may";
  } else {
    outcome.kind = Outcome::Kind::later;
    outcome.reason = std::move(answer.problem);
  }
}

Result<Outcome> send_post(const Post& post, const SenderOptions& options, const StopSignal& stop) {
  Outcome outcome;
  while (true) {
    if (stop.is_set()) {
      take(outcome, {.is_stopped = true});
      return outcome;
    }
    ++outcome.tries;
    auto answer = try_once(post, options, stop);
    if (!answer) return fail(std::move(answer.error()));
    const int status = answer->status;
    take(outcome, *std::move(answer));
    if (!deserves_another_try(status) || outcome.tries == options.tries) return outcome;
    static_cast<void>(stop.wait_for(options.pause));
  }
}

}  // namespace

struct Sender::Impl {
  explicit Impl(SenderOptions given) noexcept : options(std::move(given)) {}

  SenderOptions options;
  StopSignal stop{};
  pid_t process = ::getpid();
};

Sender::Sender(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Sender::Sender(Sender&&) noexcept = default;
Sender& Sender::operator=(Sender&&) noexcept = default;
Sender::~Sender() = default;

Result<Sender> Sender::make(SenderOptions options) try {
  if (auto checked = check(options); !checked) return fail(std::move(checked.error()));
  if (auto prepared = prepare_libcurl(); !prepared) return fail(std::move(prepared.error()));
  auto impl = std::make_unique<Impl>(std::move(options));
  if (auto opened = impl->stop.open(); !opened) return fail(std::move(opened.error()));
  return Sender(std::move(impl));
} catch (const std::bad_alloc&) {
  return fail(Errc::no_memory, "no memory");
}

Result<Outcome> Sender::send(const Callback& callback) const try {
  if (impl_->process != ::getpid())
    return fail(Errc::forked, "the sender of callbacks was made before fork(), make a new one in the child");
  auto url = check_callback_url(callback.url, impl_->options.allowed_hosts);
  if (!url) {
    Outcome refused;
    refused.kind = Outcome::Kind::refused;
    refused.reason = std::move(url.error().message);
    return refused;
  }
  auto outcome = send_post(make_post(callback, *std::move(url)), impl_->options, impl_->stop);
  if (outcome) outcome->reason = redacted(callback.url) + ' ' + outcome->reason;
  return outcome;
} catch (const std::bad_alloc&) {
  return fail(Errc::no_memory, "no memory");
}

void Sender::stop() noexcept {
  // A child of fork() shares the descriptor: it would stop its parent.
  if (impl_->process == ::getpid()) impl_->stop.set();
}

}  // namespace flowkeep::callbacks
