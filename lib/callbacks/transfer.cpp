#include "transfer.hpp"

#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>

#include <flowkeep/callbacks/address.hpp>

#include "broken_pipe.hpp"

namespace flowkeep::callbacks {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Of the answer, headers and body; and after its headers.
constexpr std::size_t most_bytes = 64 * 1024;
constexpr milliseconds body_time{1'000};
constexpr std::chrono::hours longest_retry_after{24};
// libcurl asks to be called in time, but not always: not where an address could not be connected to at once.
constexpr milliseconds look_again{100};

template <class Handle, auto Free>
struct Freed {
  void operator()(Handle* handle) const noexcept { Free(handle); }
};
using Easy = std::unique_ptr<CURL, Freed<CURL, curl_easy_cleanup>>;
using Multi = std::unique_ptr<CURLM, Freed<CURLM, curl_multi_cleanup>>;
using Headers = std::unique_ptr<curl_slist, Freed<curl_slist, curl_slist_free_all>>;

/// Whether a socket address is an IPv4 or IPv6 one that anybody's callback may go to.
bool is_public(const curl_sockaddr& address) noexcept {
  std::array<std::uint8_t, sizeof(sockaddr_in6)> bytes{};
  if (address.family == AF_INET && address.addrlen >= sizeof(sockaddr_in)) {
    std::memcpy(bytes.data(), &address.addr, sizeof(sockaddr_in));
    return is_public_address(std::span(bytes).subspan(offsetof(sockaddr_in, sin_addr), 4));
  }
  if (address.family == AF_INET6 && address.addrlen >= sizeof(sockaddr_in6)) {
    std::memcpy(bytes.data(), &address.addr, sizeof(sockaddr_in6));
    return is_public_address(std::span(bytes).subspan(offsetof(sockaddr_in6, sin6_addr), 16));
  }
  return false;
}

/// Has handles of its own, so that it shares neither connections nor looked up names with another try.
class Transfer {
 public:
  Transfer(const Post& post, const SenderOptions& options, const StopSignal& stop) noexcept
      : post_(post), options_(options), stop_(stop) {}
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() {
    if (multi_ && easy_) curl_multi_remove_handle(multi_.get(), easy_.get());
  }

  [[nodiscard]] Result<Answer> run() {
    if (!prepare()) return fail(Errc::no_memory, "no memory for a callback");
    set_request();
    set_bounds();
    if (code_ == CURLE_OUT_OF_MEMORY) return fail(Errc::no_memory, "no memory for a callback");
    if (code_ != CURLE_OK)
      return fail(Errc::internal,
                  "libcurl refuses an option that callbacks need: " + std::string(curl_easy_strerror(code_)));
    if (curl_multi_add_handle(multi_.get(), easy_.get()) != CURLM_OK)
      return fail(Errc::no_memory, "no memory for a callback");
    return perform();
  }

 private:
  template <class Value>
  void set(CURLoption option, Value value) noexcept {
    if (code_ == CURLE_OK) code_ = curl_easy_setopt(easy_.get(), option, value);
  }

  [[nodiscard]] bool add_header(const std::string& line) {
    curl_slist* const longer = curl_slist_append(headers_.get(), line.c_str());
    if (longer == nullptr) return false;
    static_cast<void>(headers_.release());
    headers_.reset(longer);
    return true;
  }

  [[nodiscard]] bool prepare() {
    multi_.reset(curl_multi_init());
    easy_.reset(curl_easy_init());
    return multi_ && easy_ && add_header("Content-Type: application/json; charset=utf-8") &&
           add_header("x-ms-run-id: " + post_.run_id) &&
           (!post_.workflow_id || add_header("x-ms-workflow-id: " + *post_.workflow_id)) && add_header("Expect:");
  }

  void set_request() {
    set(CURLOPT_URL, post_.url.str().c_str());  // copied
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDS, post_.body.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(post_.body.size()));
    set(CURLOPT_HTTPHEADER, headers_.get());
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_ERRORBUFFER, details_.data());
    set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(CURLOPT_WRITEDATA, this);
  }

  void set_bounds() {
    set(CURLOPT_PROTOCOLS_STR, "https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    if (!options_.ca_file.empty()) {
      set(CURLOPT_CAINFO, options_.ca_file.c_str());
      set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
    // The environment and the home directory have no say.
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    // The name is looked up and connected to by each transfer anew, and the address is looked at.
    set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_socket);
    set(CURLOPT_OPENSOCKETDATA, this);
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(options_.total_timeout.count()));
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L);  // a thread that looks a name up is not waited for
  }

  [[nodiscard]] Result<Answer> perform() {
    for (int running = 1;;) {
      const int refused_before = refused_sockets_;
      if (curl_multi_perform(multi_.get(), &running) != CURLM_OK) return fail(Errc::internal, "libcurl failed");
      const bool is_stopped = stop_.is_set();
      if (running == 0 || (is_answered_ && (is_stopped || Clock::now() >= body_deadline_))) return answer();
      if (is_stopped) {
        Answer answer;
        answer.is_stopped = true;
        return answer;
      }
      if (refused_sockets_ != refused_before) continue;  // libcurl would wait before it tries the next address
      curl_waitfd stopping{stop_.descriptor(), CURL_WAIT_POLLIN, 0};
      if (curl_multi_poll(multi_.get(), &stopping, 1, static_cast<int>(look_again.count()), nullptr) != CURLM_OK)
        return fail(Errc::internal, "libcurl failed");
    }
  }

  /// What came of it, once nothing is running or waited for any more.
  [[nodiscard]] Answer answer() {
    Answer answer;
    if (is_answered_) {
      long status = 0;
      curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
      answer.status = static_cast<int>(status);
      curl_off_t seconds = 0;
      curl_easy_getinfo(easy_.get(), CURLINFO_RETRY_AFTER, &seconds);
      if (seconds > 0 && (status == 429 || status == 503))
        answer.retry_after =
            std::chrono::seconds(std::min<curl_off_t>(seconds, std::chrono::seconds(longest_retry_after).count()));
      return answer;
    }
    answer.is_refused = refused_sockets_ > 0 && opened_sockets_ == 0;
    if (has_too_much_) {
      answer.problem = "did not come to the end of its headers in 64 KiB";
      return answer;
    }
    int left = 0;
    const CURLMsg* const message = curl_multi_info_read(multi_.get(), &left);
    answer.problem = "did not answer: " + words_for(message == nullptr ? CURLE_OK : message->data.result);
    return answer;
  }

  /// libcurl's own words, where they are known to hold nothing of the URL but its host.
  [[nodiscard]] std::string words_for(CURLcode code) const {
    switch (code) {
      case CURLE_OK:
      case CURLE_GOT_NOTHING:
        return "the connection ended";
      case CURLE_COULDNT_RESOLVE_HOST:
      case CURLE_COULDNT_CONNECT:
      case CURLE_OPERATION_TIMEDOUT:
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_SSL_CONNECT_ERROR:
        if (details_.front() != '\0') return details_.data();
        [[fallthrough]];
      default:
        return curl_easy_strerror(code);
    }
  }

  // Called by libcurl: nothing in them throws.

  static curl_socket_t on_socket(void* self, curlsocktype, curl_sockaddr* address) noexcept {
    auto& transfer = *static_cast<Transfer*>(self);
    if (!transfer.post_.url.is_allowed_host && !is_public(*address)) {
      ++transfer.refused_sockets_;
      return CURL_SOCKET_BAD;
    }
    ++transfer.opened_sockets_;
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  }

  /// False, which ends the transfer, where more has come than anybody needs.
  [[nodiscard]] bool count(std::size_t bytes) noexcept {
    bytes_ += bytes;
    has_too_much_ = bytes_ > most_bytes;
    return !has_too_much_;
  }

  static std::size_t on_header(char* line, std::size_t, std::size_t size, void* self) noexcept {
    auto& transfer = *static_cast<Transfer*>(self);
    if (!transfer.count(size)) return 0;
    const std::string_view text(line, size);
    if (!transfer.is_answered_ && (text == "\r\n" || text == "\n")) {
      long status = 0;
      curl_easy_getinfo(transfer.easy_.get(), CURLINFO_RESPONSE_CODE, &status);
      transfer.is_answered_ = status >= 200;  // others are followed by the answer
      transfer.body_deadline_ = Clock::now() + body_time;
    }
    return size;
  }

  static std::size_t on_body(char*, std::size_t, std::size_t size, void* self) noexcept {
    return static_cast<Transfer*>(self)->count(size) ? size : 0;
  }

  const Post& post_;
  const SenderOptions& options_;
  const StopSignal& stop_;
  CURLcode code_ = CURLE_OK;
  std::array<char, CURL_ERROR_SIZE> details_{};
  int refused_sockets_ = 0;
  int opened_sockets_ = 0;
  std::size_t bytes_ = 0;
  bool has_too_much_ = false;
  bool is_answered_ = false;  // the headers are all there
  Clock::time_point body_deadline_{};
  // Last, so that what libcurl points to outlives it.
  Headers headers_{};
  Multi multi_{};
  Easy easy_{};
};

}  // namespace

Result<void> prepare_libcurl() {
  static std::once_flag once;
  static CURLcode code = CURLE_FAILED_INIT;
  std::call_once(once, [] { code = curl_global_init(CURL_GLOBAL_DEFAULT); });
  if (code != CURLE_OK) return fail(Errc::internal, std::string("libcurl does not work: ") + curl_easy_strerror(code));
  if ((curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_SSL) == 0)
    return fail(Errc::internal, "libcurl was built without TLS");
  return {};
}

Result<Answer> try_once(const Post& post, const SenderOptions& options, const StopSignal& stop) {
  const BrokenPipeBlocked blocked;
  return Transfer(post, options, stop).run();
}

}  // namespace flowkeep::callbacks
