// A fixed series of writes of every kind, and what a store holds after each of them.
#pragma once

#include <map>
#include <utility>

#include "fixture.hpp"

namespace flowkeep::fault {

/// A store's content as far as the workload changes it: id -> (name, statuscode, XXH3 of inputs).
struct Facts {
  std::optional<std::string> name{};
  StatusCode statuscode{};
  std::uint64_t inputs = 0;
  friend bool operator==(const Facts&, const Facts&) noexcept = default;
};
using StoreContent = std::map<Guid, Facts>;

[[nodiscard]] StoreContent content_of(const Store& store);

inline constexpr int workload_steps = 16;
/// A journal so small that the steps make it grow, and pass it by.
[[nodiscard]] OpenOptions workload_options();
/// Does step `step` (from 0). The ids are fixed, so that every run of it leads to the same content.
[[nodiscard]] Result<void> do_step(const Store& store, int step);
/// Makes a store, does the first `steps` steps and dies without closing it; how many were acknowledged.
int leave_unclean(const std::string& path, int steps);
/// What a store that was empty holds after the first `steps` steps; [0] is empty.
[[nodiscard]] const std::vector<StoreContent>& contents_after_steps();

}  // namespace flowkeep::fault
