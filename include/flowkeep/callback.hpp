// What is told to those who wait for the end of a run.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <flowkeep/choices.hpp>
#include <flowkeep/guid.hpp>
#include <flowkeep/timestamp.hpp>

namespace flowkeep {

/// What has become of a callback. The numbers are stored.
enum class CallbackState : std::uint8_t {
  waiting = 0,    ///< to be delivered, or tried again
  delivered = 1,  ///< the receiver has answered 2xx
  failed = 2,     ///< the receiver refuses it (another answer than 2xx, 408 or 5xx), or it was tried for too long
  refused = 3,    ///< its URL is one that nothing is sent to
};
inline constexpr int callback_state_count = 4;

/// The callback of a session that has a callbackurl and entered a terminal status: it stands in the store from the same
/// transaction on, until the session is deleted (one that is waiting stays even then). A session has one; the next end
/// of the run, or trigger_callback(), takes its place.
struct Callback {
  Guid flowsessionid{};
  /// May hold a secret: never log it whole.
  std::string url{};
  // The session as it was when it ended.
  StatusCode statuscode{};
  std::optional<Timestamp> startedon{};
  std::optional<Timestamp> completedon{};
  std::optional<Guid> regardingobjectid{};  ///< the flow

  Timestamp enqueuedon{};
  Timestamp dueon{};  ///< when it is to be tried next, where it is waiting
  CallbackState state = CallbackState::waiting;
  std::uint32_t attempts = 0;
  // Of the last attempt.
  std::uint16_t last_status = 0;  ///< of HTTP; 0: no answer
  std::optional<Timestamp> last_attempt{};
  std::string last_error{};  ///< a sentence, "" where nothing was wrong; never the URL
};

/// How an attempt to deliver went.
struct CallbackAttempt {
  CallbackState state = CallbackState::waiting;  ///< waiting: to be tried again
  std::uint16_t status = 0;
  std::string error{};
  /// How many it was; 0: none, the callback is given back, and nothing changes but when it is due.
  std::uint32_t attempts = 1;
};

}  // namespace flowkeep
