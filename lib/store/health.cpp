#include "store/health.hpp"

namespace flowkeep::store {

void Health::note(const Error& error) {
  const std::lock_guard lock(mutex_);
  page_.state().poisoned = 1;
  if (!first_) first_ = error;
  failed_ = true;
}

Result<void> Health::check() const {
  if (is_good()) return {};
  const std::lock_guard lock(mutex_);
  std::string what = path_ + ": an earlier write failed";
  what += first_ ? " (" + first_->message + ")" : " in another process";
  return fail(Errc::io, what + "; close the store in every process and open it again", DataverseCode::none,
              first_ ? first_->cause : 0);
}

}  // namespace flowkeep::store
