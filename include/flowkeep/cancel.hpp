// CancelDesktopFlowRun: asking a run to end.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include <flowkeep/export.hpp>
#include <flowkeep/guid.hpp>
#include <flowkeep/result.hpp>
#include <flowkeep/timestamp.hpp>

namespace flowkeep {

/// What CancelDesktopFlowRun did.
enum class CancelOutcome : std::uint8_t {
  cancelled,          ///< the run had not started: the session is Cancelled now
  requested,          ///< its agent is asked to end it
  already_requested,  ///< it had been asked before
};

/// That a run is to end. It stands beside its session until that enters a terminal status or is deleted.
struct CancelRequest {
  Guid flowsessionid{};
  Timestamp requestedon{};
  std::optional<Guid> requestedby{};  ///< the user, where one was given
};

/// Tells whether a session is asked to end. Made by Store::cancel_token(). Threads: any, several at once; copies are
/// about the same session. It may outlive the Store, and learns nothing more then.
class FLOWKEEP_API CancelToken {
 public:
  struct State;
  CancelToken(const CancelToken&) noexcept;
  CancelToken(CancelToken&&) noexcept;
  CancelToken& operator=(const CancelToken&) noexcept;
  CancelToken& operator=(CancelToken&&) noexcept;
  ~CancelToken();

  [[nodiscard]] const Guid& flowsessionid() const noexcept;
  /// Whether the request has become known: at once where this process made it, within 100 ms where another did. A look
  /// at a number, no more.
  [[nodiscard]] bool is_requested() const noexcept;
  /// Waits for it; false: the time was up, or the Store is closed.
  [[nodiscard]] bool wait_for(std::chrono::milliseconds timeout) const;

  explicit CancelToken(std::shared_ptr<State> state) noexcept;  // internal: State is not published

 private:
  std::shared_ptr<State> state_;
};

}  // namespace flowkeep
