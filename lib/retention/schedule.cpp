#include "store/retention_schedule.hpp"

#include "retention/policy.hpp"
#include "store/store_impl.hpp"

namespace flowkeep {

namespace {

constexpr std::chrono::milliseconds shortest_interval = std::chrono::minutes(1);
constexpr std::chrono::milliseconds longest_interval = std::chrono::hours(24 * 365);

}  // namespace

Result<std::optional<RetentionSchedule>> Store::retention_schedule() const {
  auto engine = impl_->system();
  if (!engine) return fail(std::move(engine.error()));
  return store::retention_schedule(**engine);
}

Result<void> Store::set_retention_schedule(const std::optional<RetentionSchedule>& schedule) const {
  auto engine = impl_->system();
  if (!engine) return fail(std::move(engine.error()));
  if (schedule) {
    if (auto ok = retention::check_policy(schedule->policy); !ok) return ok;
    if (schedule->interval < shortest_interval || schedule->interval > longest_interval) {
      return fail(Errc::invalid_argument, "interval: " + std::to_string(schedule->interval.count()) +
                                              " ms is not between 60000 (a minute) and 31536000000 (a year)");
    }
  }
  return store::set_retention_schedule(**engine, schedule);
}

}  // namespace flowkeep
