// A store against its model.
#pragma once

#include <flowkeep/store.hpp>
#include <stdexcept>
#include <string>

#include "state.hpp"
#include "values.hpp"

namespace flowkeep::model {

/// The store and the model differ; ends the seed.
struct Mismatch : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Throws Mismatch unless `holds`.
inline void require(bool holds, const std::string& what) {
  if (!holds) throw Mismatch(what);
}

/// The value of a Result, or a Mismatch.
template <class T>
T take(Result<T> result, const char* what) {
  if (!result) throw Mismatch(std::string(what) + ": " + result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

enum class Bytes : std::uint8_t { sizes, content };

/// Every column of one session.
void compare_row(const Snapshot& snapshot, const Row& row, Bytes bytes);

/// A query's rows, their order, its limit, its count, and its end resumed from a token.
void compare_query(const Snapshot& snapshot, const State& state, Query query, Generator& random);

/// changed_since(), from `version` on, in the order of the versions.
void compare_changes(const Snapshot& snapshot, const State& state, std::int64_t version);

/// A query of any shape.
Query any_query(const State& state, Generator& random);

/// Everything: each row, each key of each index in both orders, counts, changes, statistics.
void compare_all(const Store& store, const State& state, Generator& random);

}  // namespace flowkeep::model
