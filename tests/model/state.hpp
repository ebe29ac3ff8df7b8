// What a store should hold: sessions as plain values, and the rules of writes written down a second time, from the
// facts of the entity and not from the library's sources.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <flowkeep/store.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace flowkeep::model {

/// The File columns, and the place of each in Row::contents.
inline constexpr std::array binary_columns{Column::inputs, Column::outputs, Column::additionalcontext};
inline constexpr std::array binary_members{&Session::inputs, &Session::outputs, &Session::additionalcontext};
using Contents = std::array<std::shared_ptr<const std::string>, binary_columns.size()>;

/// A stored session. Its Binary members hold name and reference, the bytes are in `contents`.
struct Row {
  Session session{};
  Contents contents{};
  std::uint64_t arrival = 0;
};

/// What a write is given, with the bytes behind its Content. `broken`: some column breaks a rule.
struct Given {
  Session session{};
  Contents contents{};
  bool broken = false;
};
struct GivenUpdate {
  SessionUpdate update{};
  Contents contents{};
  bool broken = false;
};

/// Why an operation has to be refused: one of these is to be the answer; none: it has to succeed.
using Refusals = std::set<Errc>;

enum class Moves : std::uint8_t { platform, desktop_flow };

/// Whether the model lets a session go from one status to another.
bool allows(Moves moves, StatusCode from, StatusCode to);

/// What a store holds. Copies share their rows.
struct State {
  std::map<Guid, std::shared_ptr<const Row>> rows{};
  std::int64_t version = 0;
  std::uint64_t arrival = 0;
  std::uint64_t deletions = 0;
  std::set<std::string> extra_columns{};
  Moves moves = Moves::desktop_flow;
  Caller caller{};

  [[nodiscard]] const Row* find(const Guid& id) const;

  // Each operation changes the state where it answers no refusal, and leaves it where it does. `time` is the store's
  // time of the operation.
  Refusals create(const Guid& id, const Given& given, Timestamp time);
  Refusals update(const Guid& id, const GivenUpdate& given, Precondition precondition, Timestamp time);
  Refusals upsert(const Guid& id, const GivenUpdate& given, Precondition precondition, Timestamp time);
  Refusals transition(const Guid& id, StatusCode status, std::optional<StateCode> state, Precondition precondition,
                      Timestamp time);
  Refusals erase(const Guid& id, Precondition precondition);
  /// One session of an import; counts in `result`.
  Refusals import(const Guid& id, const Given& given, OnConflict on_conflict, Timestamp time, ImportResult& result);

 private:
  [[nodiscard]] Refusals check(const Guid& id, Precondition precondition) const;
  void put(Row row);
};

/// A form of `text` that all its spellings in another case share.
std::string_view folded(std::string_view text);

/// Where a row stands in a query's order.
struct Place {
  std::int64_t rank = 0;  ///< ticks of the query's time, or the versionnumber
  Timestamp createdon{};
  std::uint64_t arrival = 0;
  Guid id{};
  friend auto operator<=>(const Place&, const Place&) = default;
};

/// The answer to a query, its token replaced by the place it stands for, its limit left aside.
std::vector<Place> select(const State& state, const Query& query, const std::optional<Place>& after);

}  // namespace flowkeep::model
