// What a store holds, in a form that two processes can compare: a fingerprint of every row.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <flowkeep/flowkeep.hpp>

namespace flowkeep::torture {

/// What a recording says about the program that is recorded.
enum class Note : std::uint8_t {
  opened,        ///< the store is open; bytes: the sum of its content
  submitted,     ///< a change is about to be handed over, in the order of the journal; bytes: a ChangeNote
  acknowledged,  ///< bytes: the key of the change
  closed,
  index_added,     ///< bytes: which
  index_dropping,  ///< bytes: which
};

/// A change: rows and their fingerprints afterwards, 0 for those that went.
struct ChangeNote {
  std::uint64_t key = 0;
  bool is_power_safe = true;
  std::vector<std::pair<Guid, std::uint64_t>> rows{};

  [[nodiscard]] std::string encode() const;
  [[nodiscard]] static ChangeNote decode(std::string_view bytes);
};

template <class Number>
[[nodiscard]] std::string_view bytes_of(const Number& number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}
[[nodiscard]] std::uint64_t number_in(std::string_view bytes);

/// The row that stands for the state model.
[[nodiscard]] Guid model_row();

[[nodiscard]] std::uint64_t fingerprint(const Session& session);
[[nodiscard]] std::uint64_t fingerprint(std::string_view text);

/// Rows by id. The sum does not depend on the order in which they came.
class Rows {
 public:
  /// 0: the row goes. Returns what was there.
  std::uint64_t put(const Guid& id, std::uint64_t row);
  [[nodiscard]] std::uint64_t sum() const { return sum_; }
  [[nodiscard]] const std::map<Guid, std::uint64_t>& rows() const { return rows_; }

 private:
  std::map<Guid, std::uint64_t> rows_{};
  std::uint64_t sum_ = 0;
};

// What stands beside a session follows from its id and status, so that half of a transaction shows.
/// Shares a session that was just created, if its id says so.
[[nodiscard]] Result<void> share_new(WriteTransaction& transaction, const Guid& id);
/// Whether it is asked to end when it runs, and whether somebody is told when it has ended.
[[nodiscard]] bool is_cancelled(const Guid& id);
[[nodiscard]] bool is_called_back(const Guid& id);

/// A session with something else beside it than it should have is another one.
[[nodiscard]] Result<Rows> read_rows(const Store& store);
/// In words, up to three rows that differ.
[[nodiscard]] std::string difference(const Rows& found, const Rows& expected);

}  // namespace flowkeep::torture
