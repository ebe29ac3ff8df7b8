// Which receivers are being waited for, so that a slow one does not keep callbacks from the others.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

namespace flowkeep::callbacks {

/// Any thread may call any member.
class Receivers {
 public:
  /// How long a thread waits for those that send to the same host before the host counts as slow.
  static constexpr std::chrono::milliseconds patience{2'000};

  /// Of so many threads one is kept from each host, where there are others.
  explicit Receivers(int threads) noexcept : most_(threads > 1 ? threads - 1 : 1) {}
  Receivers(const Receivers&) = delete;
  Receivers& operator=(const Receivers&) = delete;

  /// A thread's leave to send to a host, which ends with it.
  class Visit {
   public:
    Visit(Receivers& receivers, std::string host);
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;
    ~Visit();
    /// False: the host is slow to answer others, and gets no more for now.
    [[nodiscard]] bool is_granted() const noexcept { return is_granted_; }

   private:
    Receivers& receivers_;
    std::string host_;
    bool is_granted_ = false;
  };

  /// Nobody waits any more.
  void stop() noexcept;

 private:
  struct Receiver {
    int sending = 0;
    int waiting = 0;
    bool is_slow = false;  // for as long as anybody sends to it
  };
  [[nodiscard]] bool has_room(const Receiver& receiver) const noexcept {
    return receiver.sending < (receiver.is_slow ? 1 : most_);
  }
  [[nodiscard]] bool enter(const std::string& host);
  void leave(const std::string& host) noexcept;

  const int most_;
  std::mutex mutex_{};
  std::condition_variable changed_{};
  std::map<std::string, Receiver> receivers_{};  // those that threads send to or wait for
  bool is_stopped_ = false;
};

}  // namespace flowkeep::callbacks
