// One seed: a store and its model through random operations.
#pragma once

#include <cstdint>
#include <deque>
#include <flowkeep/store.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "comparison.hpp"
#include "state.hpp"
#include "values.hpp"

namespace flowkeep::model {

/// Copies the files of a store that is open, as they would be left if its process were killed at this moment; answers
/// the path of the copy.
using Freeze = std::function<std::string(const std::string& path)>;

class Run {
 public:
  /// With `freeze`, the store also has to come back from crashes.
  Run(std::string path, std::uint64_t seed, Freeze freeze = {});

  /// Throws Mismatch where store and model part.
  void operate(std::uint64_t operations);
  /// Which operation ran last.
  [[nodiscard]] std::uint64_t operation() const { return operation_; }

 private:
  /// A query and the row that it stood at; its token stays good while rows come and go.
  struct Bookmark {
    Query query{};
    Place place{};
  };
  /// A snapshot, and what it has to show whatever is written.
  struct Memory {
    Snapshot snapshot;
    State state;
  };
  /// A transaction that was handed over, and what the store holds after it.
  struct HandedOver {
    Pending pending;
    State state;
  };

  void open(OpenOptions options);
  void reopen();
  void crash();
  void transaction();
  void commit(WriteTransaction& writer);
  void wait();
  void change_index();
  void change_model();
  void compare();
  void use_bookmarks(const Snapshot& snapshot);

  template <class Writer>
  void write(Writer& writer);
  template <class Writer>
  void create(Writer& writer);
  template <class Writer>
  void create_multiple(Writer& writer);
  template <class Writer>
  void update(Writer& writer);
  template <class Writer>
  void rename_content(Writer& writer);
  template <class Writer>
  void update_multiple(Writer& writer);
  template <class Writer>
  void upsert(Writer& writer);
  template <class Writer>
  void upsert_multiple(Writer& writer);
  template <class Writer>
  void transition(Writer& writer);
  template <class Writer>
  void erase(Writer& writer);
  template <class Writer>
  void erase_multiple(Writer& writer);
  template <class Writer>
  void import(Writer& writer);

  [[nodiscard]] Guid stored_id();
  [[nodiscard]] Guid any_id() { return random_.one_in(8) || state_.rows.empty() ? fresh_id() : stored_id(); }
  [[nodiscard]] Guid fresh_id();
  [[nodiscard]] Precondition any_precondition(const Guid& id);
  /// The time of the operation that just wrote `id`, between its begin and now.
  template <class Writer>
  [[nodiscard]] Timestamp written_at(Writer& writer, const Guid& id) const;

  std::string path_;
  Freeze freeze_;
  Generator random_;
  OpenOptions options_{};
  std::optional<Store> store_{};
  State state_{};
  State acknowledged_{};  ///< what the store has to hold, whatever becomes of handed_over_
  std::deque<HandedOver> handed_over_{};
  std::array<IndexStatus, index_count> indexes_{};
  std::vector<Guid> touched_{};
  std::vector<Guid> erased_{};
  std::deque<Bookmark> bookmarks_{};
  std::optional<Memory> memory_{};
  Timestamp begun_{};
  std::uint64_t operation_ = 0;
  std::uint64_t most_rows_ = 0;
};

}  // namespace flowkeep::model
