// Reading one session as it is now.
#pragma once

#include <type_traits>
#include <utility>

#include "store/engine.hpp"
#include "store/reading.hpp"

namespace flowkeep::store {

/// Answers use(session, transaction) of one session, which may be ahead of the tables; the view dies with the call.
/// Errors: not_found, and those of `use`.
template <class Use>
auto read_session(Engine& engine, const Guid& id, Use&& use)
    -> std::invoke_result_t<Use, SessionView&, storage::ReadTransaction&> {
  auto reading = engine.begin_read(id);
  if (!reading) return fail(std::move(reading.error()));
  auto& [pending, transaction] = *reading;
  if (!pending) {
    auto row = find_row(transaction, engine.tables(), id);
    if (!row) return fail(std::move(row.error()));
    if (!*row) return no_such_session(id);
    return use((*row)->session, transaction);
  }
  if (!pending->key) return no_such_session(id);
  auto row = show_row(transaction, engine.tables(), *pending->key, pending->value);
  if (!row) return fail(std::move(row.error()));
  return use(row->session, transaction);
}

}  // namespace flowkeep::store
