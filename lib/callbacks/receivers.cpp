#include "receivers.hpp"

#include <utility>

namespace flowkeep::callbacks {

Receivers::Visit::Visit(Receivers& receivers, std::string host)
    : receivers_(receivers), host_(std::move(host)), is_granted_(receivers_.enter(host_)) {}

Receivers::Visit::~Visit() {
  if (is_granted_) receivers_.leave(host_);
}

bool Receivers::enter(const std::string& host) {
  std::unique_lock lock(mutex_);
  Receiver& receiver = receivers_[host];
  if (!receiver.is_slow) {
    ++receiver.waiting;
    changed_.wait_for(lock, patience, [&] { return is_stopped_ || has_room(receiver); });
    --receiver.waiting;
  }
  // Where nobody waits any more, whoever sends is told so.
  if (!has_room(receiver) && !is_stopped_) {
    receiver.is_slow = true;
    return false;
  }
  ++receiver.sending;
  return true;
}

void Receivers::leave(const std::string& host) noexcept {
  {
    const std::lock_guard lock(mutex_);
    const auto found = receivers_.find(host);
    Receiver& receiver = found->second;
    if (--receiver.sending == 0) {
      receiver.is_slow = false;
      if (receiver.waiting == 0) receivers_.erase(found);
    }
  }
  changed_.notify_all();
}

void Receivers::stop() noexcept {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
  }
  changed_.notify_all();
}

}  // namespace flowkeep::callbacks
