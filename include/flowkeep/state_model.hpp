// Which (statecode, statuscode) pairs are legal, and which moves between statuses a store allows.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <flowkeep/choices.hpp>
#include <flowkeep/export.hpp>
#include <flowkeep/result.hpp>

namespace flowkeep {

/// One allowed move.
struct Move {
  StatusCode from;
  StatusCode to;
  friend bool operator==(const Move&, const Move&) noexcept = default;
};

/// Whether `status` belongs to `state`. The pair table is the entity's own and the same in every model.
[[nodiscard]] FLOWKEEP_API bool is_legal_pair(StateCode state, StatusCode status) noexcept;

/// The status a state takes where none is named: 1 (Paused) for Active. Inactive has none: its documented
/// default, 2, belongs to Active.
[[nodiscard]] FLOWKEEP_API std::optional<StatusCode> default_status(StateCode state) noexcept;

/// A named table of allowed moves: a value, pure, without I/O. A move to the same status is always allowed and
/// is not part of the table. The entity ships with no table, so every model is a policy:
///   platform       any status may follow any other (Dataverse with enforcement off);
///   desktop-flow   the life cycle of a desktop flow run; terminal statuses lead only to Deleted.
class FLOWKEEP_API StateModel {
 public:
  [[nodiscard]] static const StateModel& platform();
  [[nodiscard]] static const StateModel& desktop_flow();
  /// The built-in model of that name.
  [[nodiscard]] static std::optional<StateModel> built_in(std::string_view name);
  /// Makes a model from its moves; those from a status to itself are dropped, repetitions count once.
  /// Errors: invalid_argument (the name is empty, over 100 bytes, or that of a built-in model with another
  /// table; a status outside the option set).
  [[nodiscard]] static Result<StateModel> make(std::string name, std::span<const Move> moves);

  [[nodiscard]] const std::string& name() const& noexcept { return name_; }
  const std::string& name() const&& = delete;
  /// Whether a session may go from one status to another (to itself: always).
  [[nodiscard]] bool allows(StatusCode from, StatusCode to) const noexcept;
  /// All moves of the table, by source, then target.
  [[nodiscard]] std::vector<Move> moves() const;
  /// The statuses that may follow `from`, itself left out, in rising order.
  [[nodiscard]] std::vector<StatusCode> targets(StatusCode from) const;

  /// One bit per target status, one number per source status: the form that is stored.
  using Table = std::array<std::uint16_t, status_count>;
  [[nodiscard]] const Table& table() const& noexcept { return table_; }

  friend bool operator==(const StateModel&, const StateModel&) noexcept = default;

 private:
  StateModel(std::string name, const Table& table) : name_(std::move(name)), table_(table) {}
  std::string name_;
  Table table_{};
};

/// The (statecode, statuscode) of one session.
struct StatePair {
  StateCode state;
  StatusCode status;
  friend bool operator==(const StatePair&, const StatePair&) noexcept = default;
};

/// What a create with these codes (either may be absent) starts with: neither gives (Active, Paused), a
/// statuscode alone is taken with Active, a statecode alone with its default status.
/// Errors: invalid_transition (InvalidStateCodeStatusCode: the pair is illegal).
[[nodiscard]] FLOWKEEP_API Result<StatePair> initial_state(std::optional<StateCode> state,
                                                           std::optional<StatusCode> status);

/// What an update with these codes (either may be absent) leads to from `current`: a statuscode alone keeps the
/// state; a statecode alone that equals the current one changes nothing, another takes its default status.
/// Errors: invalid_transition (InvalidStateCodeStatusCode: the pair is illegal, the sentence names the statuses
/// of that state; InvalidStateTransition: `model` does not allow the move, the sentence names those it does).
[[nodiscard]] FLOWKEEP_API Result<StatePair> next_state(const StateModel& model, StatePair current,
                                                        std::optional<StateCode> state,
                                                        std::optional<StatusCode> status);

/// IsValidStateTransition without its row: whether a session at `current` may become (new_state, new_status);
/// a new_status of -1 means the state's default. False for an illegal pair, a number outside the option set, or
/// a move the model does not allow. `new_state` is "Active" or "Inactive", in any ASCII case.
/// Errors: invalid_argument (unknown state name).
[[nodiscard]] FLOWKEEP_API Result<bool> is_valid_state_transition(const StateModel& model, StatePair current,
                                                                  std::string_view new_state, std::int32_t new_status);

}  // namespace flowkeep
