// The deletion of what sessions lead to, and what it does to them.
#include <flowkeep/store.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "retention/parts.hpp"
#include "retention/policy.hpp"
#include "store/store_impl.hpp"

namespace flowkeep {

namespace {

std::string called(EntityType type, const Guid& id) {
  return std::string(name_of(type)) + " " + id.str();
}

bool leads_to(const NavigationInfo& navigation, EntityType type) {
  return std::find(navigation.targets.begin(), navigation.targets.end(), type) != navigation.targets.end();
}

struct Led {
  Guid session{};
  std::int64_t versionnumber = 0;
};

/// The sessions that lead to a row by one lookup, oldest first, some at a time.
class LedSessions {
 public:
  LedSessions(const Store& store, const NavigationInfo& navigation, const Guid& id)
      : store_(store), query_(retention::in_parts(query_by_parent(navigation, id))) {
    query_.order = oldest_first;
  }

  /// At most so many; none at the end.
  Result<std::vector<Led>> next(std::uint64_t most) {
    std::vector<Led> led;
    while (led.empty() && !is_through_) {
      auto more = retention::walk_part(store_, query_, [&](const Snapshot&, const SessionView& session) {
        led.push_back({session.flowsessionid(), session.versionnumber()});
        return led.size() == most ? retention::Then::pause : retention::Then::go_on;
      });
      if (!more) return fail(std::move(more.error()));
      is_through_ = !*more;
    }
    return led;
  }

 private:
  const Store& store_;
  Query query_;
  bool is_through_ = false;
};

class ParentDeleter {
 public:
  ParentDeleter(const Store& store, EntityType type, const Guid& id, const DeleteParentOptions& options)
      : store_(store), type_(type), id_(id), options_(options) {}

  Result<void> run() {
    for (const NavigationInfo& navigation : navigation_properties()) {
      if (!leads_to(navigation, type_) || navigation.on_delete != OnParentDelete::refuse) continue;
      auto owned = LedSessions(store_, navigation, id_).next(1);
      if (!owned) return fail(std::move(owned.error()));
      if (owned->empty()) continue;
      return fail(Errc::in_use,
                  called(type_, id_) + " owns sessions, of which " + owned->front().session.str() +
                      " is one: give them to another owner, or delete them, first",
                  DataverseCode::cannot_delete_due_to_association);
    }
    for (const NavigationInfo& navigation : navigation_properties()) {
      const bool changes_sessions =
          navigation.on_delete == OnParentDelete::cascade || navigation.on_delete == OnParentDelete::set_null;
      if (!leads_to(navigation, type_) || !changes_sessions) continue;
      if (auto ok = free_all(navigation); !ok) return ok;
    }
    return {};
  }

  [[nodiscard]] std::uint64_t sessions() const noexcept { return sessions_; }

 private:
  // Until a look from the first to the last finds none: others write meanwhile.
  Result<void> free_all(const NavigationInfo& navigation) {
    for (bool has_found = true; has_found;) {
      has_found = false;
      LedSessions led(store_, navigation, id_);
      for (;;) {
        auto batch = led.next(options_.batch);
        if (!batch) return fail(std::move(batch.error()));
        if (batch->empty()) break;
        has_found = true;
        if (auto ok = free_batch(navigation, *batch); !ok) return ok;
        if (options_.progress && !options_.progress(sessions_, 0)) {
          return fail(Errc::busy, "the deletion of " + called(type_, id_) + " was stopped after " +
                                      std::to_string(sessions_) + " sessions: run it again to end it");
        }
      }
    }
    return {};
  }

  Result<void> free_batch(const NavigationInfo& navigation, const std::vector<Led>& batch) {
    for (std::size_t at = 0; at < batch.size();) {
      auto transaction = store_.write();
      if (!transaction) return fail(std::move(transaction.error()));
      std::uint64_t done = 0;
      for (; at < batch.size(); ++at) {
        const auto freed = free_one(*transaction, navigation, batch[at]);
        if (freed) {
          ++done;
          continue;
        }
        const Errc code = freed.error().code;
        // It has changed meanwhile: the next look shows whether it still leads here.
        if (code == Errc::not_found || code == Errc::version_mismatch) continue;
        // The transaction takes no more.
        if (code == Errc::invalid_argument && done != 0) break;
        return fail(freed.error());
      }
      if (auto ok = transaction->commit(); !ok) return ok;
      sessions_ += done;
    }
    return {};
  }

  static Result<void> free_one(WriteTransaction& transaction, const NavigationInfo& navigation, const Led& led) {
    const Precondition unchanged = Precondition::if_match(led.versionnumber);
    if (navigation.on_delete == OnParentDelete::cascade) return transaction.erase(led.session, unchanged);
    SessionUpdate update;
    update.clear = {navigation.column};
    const auto version = transaction.update(led.session, update, unchanged);
    if (!version) return fail(version.error());
    return {};
  }

  const Store& store_;
  EntityType type_;
  Guid id_;
  const DeleteParentOptions& options_;
  std::uint64_t sessions_ = 0;
};

}  // namespace

Result<ParentDeletion> Store::delete_parent(EntityType type, const Guid& id, const DeleteParentOptions& options) const {
  if (auto system = impl_->system(); !system) return fail(std::move(system.error()));
  if (name_of(type).empty() || type == EntityType::flowsession) {
    return fail(Errc::invalid_argument,
                "type: " + std::to_string(static_cast<int>(type)) + " is not a table that sessions have as a parent");
  }
  if (auto ok = retention::check_batch(options.batch); !ok) return fail(std::move(ok.error()));
  ParentDeleter deleter(*this, type, id, options);
  if (auto ok = deleter.run(); !ok) return fail(std::move(ok.error()));
  const auto removed = impl_->build([&](store::ChangeBuilder& builder) { return builder.remove_parent(type, id); });
  if (!removed) return fail(removed.error());
  if (!*removed && deleter.sessions() == 0) {
    return fail(Errc::not_found, "no " + called(type, id) + " is known, and no session leads to it",
                DataverseCode::object_does_not_exist);
  }
  return ParentDeletion{deleter.sessions()};
}

}  // namespace flowkeep
