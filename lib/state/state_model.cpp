// lib/state owns the state rules: the pair table, the models of moves, and what a write leads to. It is pure: no I/O,
// no store, no clock.
#include <flowkeep/state_model.hpp>

#include "base/text.hpp"

namespace flowkeep {
namespace {

constexpr std::size_t max_name_bytes = 100;
constexpr std::string_view platform_name = "platform";
constexpr std::string_view desktop_flow_name = "desktop-flow";

using Table = StateModel::Table;

constexpr bool is_known(StateCode state) noexcept {
  const auto number = static_cast<std::int32_t>(state);
  return number >= 0 && number < state_count;
}

constexpr bool is_known(StatusCode status) noexcept {
  const auto number = static_cast<std::int32_t>(status);
  return number >= 0 && number < status_count;
}

constexpr std::size_t row_of(StatusCode status) noexcept {
  return static_cast<std::size_t>(status);
}

constexpr std::uint16_t bit(StatusCode status) noexcept {
  return static_cast<std::uint16_t>(1U << row_of(status));
}

template <class... Statuses>
constexpr std::uint16_t bits(Statuses... statuses) noexcept {
  return static_cast<std::uint16_t>((0U | ... | bit(statuses)));
}

constexpr Table platform_table() noexcept {
  constexpr auto all = static_cast<std::uint16_t>((1U << status_count) - 1);
  Table table{};
  for (std::size_t from = 0; from < table.size(); ++from) table[from] = static_cast<std::uint16_t>(all & ~(1U << from));
  return table;
}

constexpr Table desktop_flow_table() noexcept {
  using enum StatusCode;
  Table table{};
  table[row_of(not_specified)] =
      bits(paused, running, waiting, suspended, skipped, ignored, cancelled, failed, timed_out, aborted, terminated);
  table[row_of(waiting)] =
      bits(running, paused, suspended, skipped, ignored, cancelled, failed, faulted, timed_out, aborted, terminated);
  table[row_of(running)] =
      bits(waiting, paused, suspended, succeeded, cancelled, failed, faulted, timed_out, aborted, terminated);
  table[row_of(paused)] = bits(running, waiting, suspended, cancelled, failed, faulted, timed_out, aborted, terminated);
  table[row_of(suspended)] = bits(running, waiting, paused, cancelled, failed, faulted, timed_out, aborted, terminated);
  for (const StatusCode ended :
       {succeeded, skipped, cancelled, failed, faulted, timed_out, aborted, ignored, terminated}) {
    table[row_of(ended)] = bits(deleted);
  }
  return table;
}

std::string describe(StatusCode status) {
  std::string text = std::to_string(static_cast<std::int32_t>(status));
  if (is_known(status)) text.append(" ").append(label(status));
  return text;
}

std::string describe(StateCode state) {
  std::string text = std::to_string(static_cast<std::int32_t>(state));
  if (is_known(state)) text.append(" ").append(label(state));
  return text;
}

std::string describe(const std::vector<StatusCode>& statuses) {
  std::string text;
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    if (i > 0) text += i + 1 == statuses.size() ? " and " : ", ";
    text += describe(statuses[i]);
  }
  return text;
}

std::vector<StatusCode> statuses_of(StateCode state) {
  std::vector<StatusCode> statuses;
  for (int i = 0; i < status_count; ++i) {
    const auto status = static_cast<StatusCode>(i);
    if (state_of(status) == state) statuses.push_back(status);
  }
  return statuses;
}

// " (its statuses are …)"
std::string statuses_note(StateCode state) {
  return is_known(state) ? std::string(" (its statuses are ") + describe(statuses_of(state)) + ")"
                         : std::string(" (the states are 0 and 1)");
}

tl::unexpected<Error> refuse_pair(std::string sentence) {
  return fail(Errc::invalid_transition, std::move(sentence), DataverseCode::invalid_state_code_status_code);
}

Result<StatePair> legal_pair(StateCode state, StatusCode status) {
  if (is_legal_pair(state, status)) return StatePair{state, status};
  return refuse_pair("statuscode " + describe(status) + " does not belong to statecode " + describe(state) +
                     statuses_note(state));
}

Result<StatePair> default_pair(StateCode state) {
  if (const auto status = default_status(state)) return StatePair{state, *status};
  return refuse_pair("statecode " + describe(state) + " has no default status: a statuscode has to be given" +
                     statuses_note(state));
}

Result<StatePair> allowed_move(const StateModel& model, StatePair from, StatePair to) {
  if (model.allows(from.status, to.status)) return to;
  const std::vector<StatusCode> targets = model.targets(from.status);
  return fail(Errc::invalid_transition,
              "statuscode " + describe(from.status) + " to " + describe(to.status) + ": the state model " +
                  model.name() + " does not allow this move; from there " +
                  (targets.empty() ? "it allows none" : "it allows " + describe(targets)),
              DataverseCode::invalid_state_transition);
}

}  // namespace

bool is_legal_pair(StateCode state, StatusCode status) noexcept {
  return is_known(status) && state_of(status) == state;
}

std::optional<StatusCode> default_status(StateCode state) noexcept {
  if (state == StateCode::active) return StatusCode::paused;
  return std::nullopt;
}

const StateModel& StateModel::platform() {
  static const StateModel model(std::string(platform_name), platform_table());
  return model;
}

const StateModel& StateModel::desktop_flow() {
  static const StateModel model(std::string(desktop_flow_name), desktop_flow_table());
  return model;
}

std::optional<StateModel> StateModel::built_in(std::string_view name) {
  if (name == platform_name) return platform();
  if (name == desktop_flow_name) return desktop_flow();
  return std::nullopt;
}

Result<StateModel> StateModel::make(std::string name, std::span<const Move> moves) {
  if (name.empty()) return fail(Errc::invalid_argument, "the name of a state model is empty");
  if (name.size() > max_name_bytes) {
    return fail(Errc::invalid_argument, "the name of a state model has " + std::to_string(name.size()) +
                                            " bytes, at most " + std::to_string(max_name_bytes) + " are allowed");
  }
  Table table{};
  for (const Move& move : moves) {
    if (!is_known(move.from) || !is_known(move.to)) {
      return fail(Errc::invalid_argument, "state model " + name + ": the move from " + describe(move.from) + " to " +
                                              describe(move.to) + " names a status outside 0 to " +
                                              std::to_string(status_count - 1));
    }
    if (move.from != move.to) table[row_of(move.from)] |= bit(move.to);
  }
  const std::optional<StateModel> same_name = built_in(name);
  if (same_name && same_name->table() != table) {
    return fail(Errc::invalid_argument,
                "state model " + name + ": a built-in model with other moves has this name, choose another");
  }
  return StateModel(std::move(name), table);
}

bool StateModel::allows(StatusCode from, StatusCode to) const noexcept {
  if (!is_known(from) || !is_known(to)) return false;
  return from == to || (table_[row_of(from)] & bit(to)) != 0;
}

std::vector<Move> StateModel::moves() const {
  std::vector<Move> moves;
  for (int i = 0; i < status_count; ++i) {
    const auto from = static_cast<StatusCode>(i);
    for (const StatusCode to : targets(from)) moves.push_back({from, to});
  }
  return moves;
}

std::vector<StatusCode> StateModel::targets(StatusCode from) const {
  std::vector<StatusCode> targets;
  for (int i = 0; i < status_count; ++i) {
    const auto to = static_cast<StatusCode>(i);
    if (to != from && allows(from, to)) targets.push_back(to);
  }
  return targets;
}

Result<StatePair> initial_state(std::optional<StateCode> state, std::optional<StatusCode> status) {
  const StateCode start = state.value_or(StateCode::active);
  return status ? legal_pair(start, *status) : default_pair(start);
}

Result<StatePair> next_state(const StateModel& model, StatePair current, std::optional<StateCode> state,
                             std::optional<StatusCode> status) {
  if (!status && (!state || *state == current.state)) return current;
  const Result<StatePair> next = status ? legal_pair(state.value_or(current.state), *status) : default_pair(*state);
  if (!next) return next;
  return allowed_move(model, current, *next);
}

Result<bool> is_valid_state_transition(const StateModel& model, StatePair current, std::string_view new_state,
                                       std::int32_t new_status) {
  constexpr std::int32_t default_of_state = -1;
  for (const StateCode state : {StateCode::active, StateCode::inactive}) {
    if (!base::equals_ascii_case(new_state, label(state))) continue;
    const auto status =
        new_status == default_of_state ? std::nullopt : std::optional(static_cast<StatusCode>(new_status));
    return next_state(model, current, state, status).has_value();
  }
  return fail(Errc::invalid_argument, std::string("\"").append(new_state) + "\" is not a state: Active or Inactive",
              DataverseCode::invalid_state_code_status_code);
}

}  // namespace flowkeep
