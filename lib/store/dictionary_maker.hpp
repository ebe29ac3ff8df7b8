// Makes the dictionaries that a store's rows are packed with, from the rows it has.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <thread>

#include <flowkeep/result.hpp>
#include <flowkeep/session.hpp>

#include "store/catalogue.hpp"
#include "store/change_builder.hpp"

namespace flowkeep::store {

class Engine;

/// Once a store has had a thousand sessions, and whenever they have become sixteen times as many, a thread learns what
/// the newest of them have in common. Rows that are written from then on are packed with that; those that are there
/// stay as they are. Where that does not make rows noticeably smaller, everything stays as it is. Any thread.
class DictionaryMaker {
 public:
  explicit DictionaryMaker(Engine& engine) noexcept : engine_(engine) {}
  DictionaryMaker(const DictionaryMaker&) = delete;
  DictionaryMaker& operator=(const DictionaryMaker&) = delete;
  ~DictionaryMaker() { stop(); }

  /// Tells how many sessions the store has had, after a write that saw `catalogue`.
  void note(std::uint64_t arrivals, const Catalogue& catalogue) {
    if (arrivals >= due_.load(std::memory_order_relaxed)) start(arrivals, catalogue);
  }
  /// The same at once, from a large batch of sessions that are about to be stored, where they are the first or unlike
  /// those before, so that they are packed well already.
  /// Errors: busy, io.
  [[nodiscard]] Result<void> learn(std::span<const Session> sessions);
  /// Waits for the thread, which ends soon.
  void stop() noexcept;

 private:
  void start(std::uint64_t arrivals, const Catalogue& catalogue);
  [[nodiscard]] Result<void> make(std::uint64_t arrivals);
  /// What rows are packed with before.
  struct Present {
    codec::PackingRow packing;
    Forms forms;
  };
  [[nodiscard]] Result<Present> present_state();
  struct Learned {
    std::string records;
    std::string contents;
    // Where there are no bytes: of a dictionary that is there, or 0.
    std::uint16_t records_number;
    std::uint16_t contents_number;
    std::uint16_t records_permille;
    std::uint16_t contents_permille;
  };
  [[nodiscard]] Result<void> store(const Present& present, const Learned& learned, std::uint64_t arrivals);

  static constexpr std::uint64_t first_due = 1024;
  Engine& engine_;
  std::atomic<std::uint64_t> due_{first_due};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_{};  // guards the rest
  bool is_running_ = false;
  std::thread thread_{};
};

/// DictionaryMaker::learn() where the store can be written to. That it fails is no failure of the write that follows.
void learn_before(Engine& engine, std::span<const Session> sessions);

}  // namespace flowkeep::store
