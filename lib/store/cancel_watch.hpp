// Tells those who run sessions that one is asked to end.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include <flowkeep/cancel.hpp>

namespace flowkeep {

struct CancelToken::State {
  explicit State(const Guid& session) : id(session) {}
  const Guid id;
  std::atomic<bool> is_requested{false};
  std::mutex mutex{};
  std::condition_variable changed{};
  bool is_closed = false;
};

}  // namespace flowkeep

namespace flowkeep::store {

class Engine;

/// Tokens, OpenOptions::on_cancel, and a thread that looks for requests of other processes while anybody wants to know.
/// Those of this process are told of by note().
class CancelWatch {
 public:
  explicit CancelWatch(Engine& engine) noexcept : engine_(engine) {}
  CancelWatch(const CancelWatch&) = delete;
  CancelWatch& operator=(const CancelWatch&) = delete;
  ~CancelWatch() { stop(); }

  /// Starts the thread, if it does not run. Errors: no_memory.
  [[nodiscard]] Result<void> start();
  void stop() noexcept;
  /// Errors: as start().
  [[nodiscard]] Result<std::shared_ptr<CancelToken::State>> watch(const Guid& id);
  /// A request that was accepted, or seen. Any thread.
  void note(const CancelRequest& request);

 private:
  void run();
  /// Looks at the tables, where they have changed.
  void look();
  enum class Source : std::uint8_t { tables, transaction };
  /// false: whose session it is could not be found out.
  [[nodiscard]] bool tell(const CancelRequest& request, Source source);
  [[nodiscard]] std::shared_ptr<CancelToken::State> find_token(const Guid& id);

  Engine& engine_;
  std::mutex mutex_{};
  std::condition_variable changed_{};
  bool is_stopping_ = false;
  std::thread thread_{};
  std::unordered_map<Guid, std::weak_ptr<CancelToken::State>> tokens_{};
  std::size_t tokens_swept_at_ = 64;    // as many as there may be before those that nobody has any more are dropped
  std::vector<CancelRequest> fresh_{};  // of this process, to be told
  // Of the thread.
  std::uint64_t looked_at_ = 0;  // the commit of the last look
  struct Told {
    Timestamp requestedon;
    bool is_in_tables;
  };
  std::map<Guid, Told> told_{};
};

}  // namespace flowkeep::store
