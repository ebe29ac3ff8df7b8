// One try: one connection, one request, and what is answered.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <flowkeep/callbacks/callback_url.hpp>
#include <flowkeep/callbacks/sender.hpp>
#include <flowkeep/result.hpp>

#include "stop_signal.hpp"

namespace flowkeep::callbacks {

/// What is posted; it outlives the tries.
struct Post {
  CallbackUrl url{};
  std::string body{};
  std::string run_id{};
  std::optional<std::string> workflow_id{};
};

struct Answer {
  int status = 0;  ///< 0: there was none
  std::optional<std::chrono::seconds> retry_after{};
  /// Without a status: why, as the end of a sentence that begins with the host.
  std::string problem{};
  /// Without a status: the name led to addresses that no callback goes to, and to no other.
  bool is_refused = false;
  bool is_stopped = false;
};

/// Calls curl_global_init() the first time. Errors: internal.
[[nodiscard]] Result<void> prepare_libcurl();

/// Sends a request over a connection of its own, under the rules that Sender documents. Errors: no_memory, internal (a
/// rule that libcurl does not know: nothing is sent without it).
[[nodiscard]] Result<Answer> try_once(const Post& post, const SenderOptions& options, const StopSignal& stop);

}  // namespace flowkeep::callbacks
