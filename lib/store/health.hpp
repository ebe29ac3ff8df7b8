// Whether what is written can still be believed.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>

#include <flowkeep/result.hpp>

#include "journal/shared_page.hpp"

namespace flowkeep::store {

/// Whether a failure that changed nothing may be gone at the next try.
[[nodiscard]] constexpr bool is_passing(Errc code) noexcept {
  return code == Errc::busy || code == Errc::no_memory;
}

/// Remembers the first failed write or sync, for this process and, by the shared page, for the others: from then on
/// nobody writes until all have closed the store. Any thread.
class Health {
 public:
  Health(std::string path, journal::SharedPage& page) : path_(std::move(path)), page_(page) {}

  /// Notes a failure. The first one counts.
  void note(const Error& error);
  /// Errors: io (with the first failure's sentence, where it was this process's).
  [[nodiscard]] Result<void> check() const;
  [[nodiscard]] bool is_good() const noexcept { return !failed_ && page_.state().poisoned == 0; }

 private:
  std::string path_;
  journal::SharedPage& page_;
  std::atomic<bool> failed_{false};
  mutable std::mutex mutex_{};
  std::optional<Error> first_{};
};

}  // namespace flowkeep::store
