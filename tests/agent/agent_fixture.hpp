// Agents and their sessions.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "fixture.hpp"

namespace flowkeep::agent {

inline Store open_as_agent(const std::string& path, OpenOptions options = {}) {
  options.role = Role::agent;
  return fault::open_store(path, std::move(options));
}

/// The value of a Result that has to have one.
template <class T>
T value_of(Result<T> result) {
  if (result) return std::move(*result);
  ADD_FAILURE() << result.error().message;
  std::abort();
}
inline void succeed(const Result<void>& result) {
  if (!result) ADD_FAILURE() << result.error().message;
}

inline Session waiting(std::string name = "a run") {
  Session session;
  session.name = std::move(name);
  session.statuscode = StatusCode::waiting;
  return session;
}

/// A session that this process has moved to Running.
inline Guid start_run(const Store& store, const Session& session = waiting()) {
  const Guid id = value_of(store.create(session));
  value_of(store.transition(id, StatusCode::running));
  return id;
}

}  // namespace flowkeep::agent
