// Sends completion callbacks: one HTTPS POST to the address that a session carries in callbackurl.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <flowkeep/callback.hpp>
#include <flowkeep/export.hpp>
#include <flowkeep/result.hpp>

namespace flowkeep::callbacks {

/// The body: {"statuscode":4,"statecode":0,"startedon":"…Z","completedon":"…Z","flowsessionid":"…"}, statecode as
/// state_of() has it, dates as format_timestamp() writes them, null where there is none.
[[nodiscard]] FLOWKEEP_API std::string callback_body(const Callback& callback);

struct SenderOptions {
  /// DNS names of receivers of one's own: they may have addresses that are not public (is_public_address()) and any
  /// port, and one of them may be "localhost". Everything else holds for them, too.
  std::vector<std::string> allowed_hosts{};
  /// A PEM file with the authorities to trust in place of the system's; empty: the system's. To trust both, put both
  /// into the file. It is read at each try.
  std::string ca_file{};
  // 1 ms to 1 hour.
  std::chrono::milliseconds connect_timeout{10'000};  ///< of a try: name, connection and TLS
  std::chrono::milliseconds total_timeout{30'000};    ///< of a try, in all
  int tries = 3;                                      ///< 1 to 10
  std::chrono::milliseconds pause{1'000};             ///< between two tries, up to 1 hour
};

/// What became of a callback.
struct Outcome {
  enum class Kind : std::uint8_t {
    delivered,  ///< answered with 200 to 299
    /// By the rules for URLs, or because each address that the name led to is not public: never to be sent again as it
    /// is. That try connected to nobody.
    refused,
    failed,   ///< answered with 300 to 499 other than 408 and 429: sending it again is useless
    later,    ///< to be sent again some time: no answer, or 408, 429, 500 and above
    stopped,  ///< by stop(): as later, but the receiver is not to blame; it may have got the callback
  } kind = Kind::later;
  int http_status = 0;  ///< of the last answer; 0 where there was none
  int tries = 0;        ///< that were begun; 0 where the URL itself was refused
  /// How long the receiver asks not to be called (Retry-After), with 429 and 503; at most a day.
  std::optional<std::chrono::seconds> retry_after{};
  /// One sentence without a full stop: what happened. Of the URL it has what redacted() shows.
  std::string reason{};
};

/// Sends callbacks, one at a time for each thread that calls send(). Any number of threads may.
///
/// What is done for safety, because whoever writes a session chooses the URL:
/// - the URL is held to check_callback_url(); the address that is connected to, for each connection anew, to
///   is_public_address() (a name that leads elsewhere the second time gains nothing by it);
/// - HTTPS only, TLS 1.2 or later, certificate and host name verified; redirects are not followed;
/// - no proxy, .netrc, cookies or credentials, whatever the environment says (SSLKEYLOGFILE, by which libcurl writes
///   down the keys of TLS for debugging, is heeded by libcurl itself);
/// - what is answered is thrown away, 64 KiB and a second after its headers at most;
/// - the URL is in no error and no reason, and libcurl is not asked to log.
///
/// The first sender of a process calls curl_global_init() for it (once, and never curl_global_cleanup(): others may
/// use libcurl). Signals are neither used nor caught; SIGPIPE is blocked in the thread while it sends. A sender holds
/// one descriptor; a send() some more, and one thread while a name is looked up, which may outlive the send that gave
/// up waiting for it.
class FLOWKEEP_API Sender {
 public:
  /// Errors: invalid_argument (an option out of its range, a host that is no DNS name), not_found, access_denied or
  /// io (ca_file cannot be read, or no descriptor is left), internal (libcurl does not work, or has no TLS), no_memory.
  [[nodiscard]] static Result<Sender> make(SenderOptions options = {});
  Sender(Sender&&) noexcept;
  Sender& operator=(Sender&&) noexcept;
  /// No send() may be running.
  ~Sender();

  /// Sends a callback and waits for what becomes of it. Besides the body there are the headers x-ms-run-id, the
  /// session, and x-ms-workflow-id, the flow, where there is one. Answers 408 and 500 and above are followed by another
  /// try, up to SenderOptions::tries. Everything else ends it at once: the time that a dead receiver takes is one
  /// total_timeout, and 429 asks for fewer calls. A certificate that does not hold is `later`: nothing was sent, and
  /// it may be mended. Retry-After does not change the pause between tries.
  /// A callback can arrive twice (its answer may get lost): receivers must be idempotent.
  /// Errors: forked (after fork() make a new one), no_memory.
  [[nodiscard]] Result<Outcome> send(const Callback& callback) const;

  /// Ends running sends promptly, and all later ones at once, as `stopped`. For good. Any thread may call it while
  /// others send, also a signal handler.
  void stop() noexcept;

 private:
  struct Impl;
  explicit Sender(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace flowkeep::callbacks
