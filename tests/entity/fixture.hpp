// What tests of the rules share.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "entity/rules.hpp"

namespace flowkeep::entity {

inline const Guid some_guid = *Guid::parse("d9687093-d0c0-ec11-983e-0022480b428a");

/// The refusal of a session, or "" where it is accepted.
inline std::string refusal(const Session& session, WriteKind kind = WriteKind::create) {
  const auto result = check_columns(session, kind);
  if (result) return "";
  EXPECT_EQ(result.error().code, Errc::invalid_argument);
  return result.error().message;
}

}  // namespace flowkeep::entity
