// Who may do what with which sessions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <flowkeep/export.hpp>
#include <flowkeep/guid.hpp>
#include <flowkeep/reference.hpp>
#include <flowkeep/result.hpp>
#include <flowkeep/timestamp.hpp>

namespace flowkeep {

/// One right. The numbers are those of Dataverse's AccessRights, and are stored.
enum class AccessRight : std::uint32_t {
  read = 1,
  write = 2,
  append = 4,
  append_to = 16,
  create = 32,
  erase = 65'536,  ///< DeleteAccess
  share = 262'144,
  assign = 524'288,
};

/// A set of rights.
class AccessRights {
 public:
  constexpr AccessRights() noexcept = default;
  constexpr AccessRights(AccessRight right) noexcept : bits_(static_cast<std::uint32_t>(right)) {}  // NOLINT: implicit
  [[nodiscard]] static constexpr AccessRights all() noexcept { return AccessRights(0xD0037U); }
  /// The rights of these bits; bits that stand for none are dropped.
  [[nodiscard]] static constexpr AccessRights from_bits(std::uint32_t bits) noexcept {
    return AccessRights(bits) & all();
  }

  [[nodiscard]] constexpr std::uint32_t bits() const noexcept { return bits_; }
  [[nodiscard]] constexpr bool has(AccessRights rights) const noexcept {
    return (bits_ & rights.bits_) == rights.bits_;
  }
  [[nodiscard]] constexpr bool is_empty() const noexcept { return bits_ == 0; }
  friend constexpr AccessRights operator|(AccessRights a, AccessRights b) noexcept {
    return AccessRights(a.bits_ | b.bits_);
  }
  friend constexpr AccessRights operator&(AccessRights a, AccessRights b) noexcept {
    return AccessRights(a.bits_ & b.bits_);
  }
  friend constexpr bool operator==(AccessRights, AccessRights) noexcept = default;

  /// As the Web API writes it: "ReadAccess, WriteAccess"; "None" for none.
  [[nodiscard]] FLOWKEEP_API std::string str() const;
  /// Reads that, blanks and the case of letters aside; "Read" will do for "ReadAccess", and "All" for all.
  [[nodiscard]] static FLOWKEEP_API std::optional<AccessRights> parse(std::string_view text);

 private:
  constexpr explicit AccessRights(std::uint32_t bits) noexcept : bits_(bits) {}
  std::uint32_t bits_ = 0;
};
[[nodiscard]] constexpr AccessRights operator|(AccessRight a, AccessRight b) noexcept {
  return AccessRights(a) | AccessRights(b);
}

/// A user who uses a store, the teams he is in, and what his roles let him do with this table at all. The store knows
/// no users: who opens it says what is true.
/// His rights on a session: all, where he or one of his teams owns it, and those that it is shared with him or one of
/// them by; cut to `privileges`. Creating takes the privilege alone, and, where he gives it to somebody else, that to
/// assign. What he may not read is, to him, not there; what he may read, but not do, is refused with access_denied
/// (PrivilegeDenied).
struct Principal {
  Guid user{};
  std::vector<Guid> teams{};
  AccessRights privileges = AccessRights::all();
};

/// Whom a session is shared with; users and teams share one set of ids. The owner is none of them.
struct SharedPrincipal {
  Reference principal{};  ///< a systemuser or a team
  AccessRights rights{};
  Timestamp sharedon{};            ///< when the rights became what they are
  std::optional<Guid> sharedby{};  ///< the user, where one was given
};

}  // namespace flowkeep
