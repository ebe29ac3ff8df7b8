// What a principal may do: the one place that decides it.
#pragma once

#include <bitset>
#include <optional>
#include <string_view>
#include <vector>

#include <flowkeep/access.hpp>
#include <flowkeep/session_view.hpp>

#include "codec/rows.hpp"
#include "codec/side_rows.hpp"
#include "index/index_table.hpp"

namespace flowkeep::store {

/// A principal who uses a store. Never changes; any thread. Where there is none (nullptr), the system does, who may do
/// everything.
class Viewer {
 public:
  explicit Viewer(Principal principal);

  [[nodiscard]] const Principal& principal() const noexcept { return principal_; }
  /// He and his teams, in key order, each once.
  [[nodiscard]] const std::vector<index::Key>& keys() const noexcept { return keys_; }
  /// Whether this is he, or one of his teams.
  [[nodiscard]] bool is(const Guid& id) const;

  /// His rights on a session. `find_share(key)` answers with the payload of a row of table `shares`, or none.
  /// Errors: corrupt.
  template <class FindShare>
  [[nodiscard]] Result<AccessRights> rights(const SessionView& session, FindShare&& find_share) const {
    auto owned = owns(session);
    if (!owned) return fail(std::move(owned.error()));
    if (*owned) return principal_.privileges;
    AccessRights rights;
    index::Key key = index::guid_key(session.flowsessionid());
    const std::size_t front = key.size();
    for (const index::Key& one : keys_) {
      key.resize(front);
      key += one;
      Result<std::optional<std::string_view>> share = find_share(key);
      if (!share) return fail(std::move(share.error()));
      if (!*share) continue;
      auto row = codec::decode_share(**share);
      if (!row) return fail(std::move(row.error()));
      rights = rights | AccessRights::from_bits(row->rights);
    }
    return rights & principal_.privileges;
  }
  /// Whether he or a team of his owns a session. Errors: corrupt.
  [[nodiscard]] Result<bool> owns(const SessionView& session) const;
  /// Whether an index is right that says so, as far as can be told without unpacking; std::nullopt: it cannot.
  [[nodiscard]] std::optional<bool> bears_out(const SessionView& session) const noexcept;
  /// Whether he could read a session that is gone.
  [[nodiscard]] bool could_read(const codec::DeletionRow& deletion) const;

 private:
  Principal principal_;
  std::vector<index::Key> keys_;
  std::bitset<256> tags_{};  // of owners that are he
};

/// The refusal of what somebody may read, but not do, for want of these rights.
[[nodiscard]] tl::unexpected<Error> may_not(const Guid& id, AccessRights missing);

}  // namespace flowkeep::store
