// The secondary indexes of a store: which there are, and whether a store keeps them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include <flowkeep/export.hpp>

namespace flowkeep {

/// Every index Flowkeep knows. The numbers are stored. An index holds the rows whose key column is not null.
enum class IndexId : std::uint8_t {
  statecode = 0,      ///< statecode with statuscode
  machine = 1,        ///< machineid
  correlation = 2,    ///< correlationid
  flow = 3,           ///< regardingobjectid
  completedon = 4,    ///<
  versionnumber = 5,  ///< unique
  machinegroup = 6,   ///< machinegroupid; optional from here on
  startedon = 7,
  errorcode = 8,
  clienttracking = 9,  ///< clienttrackingid
  owner = 10,          ///< ownerid
  parentrun = 11,      ///< parentdesktopflowrunid
  /// The short columns of all rows, packed in their order, for Snapshot::summaries() and counts. Kept by every store
  /// since format 1.3; one that is older can have it added.
  summary = 12,
};

inline constexpr int index_count = 13;

/// What is fixed of an index.
struct IndexInfo {
  IndexId id;
  std::string_view name;     ///< as the tool and IndexId spell it, e.g. "machinegroup"
  std::string_view columns;  ///< e.g. "statecode, statuscode"
  bool by_default;           ///< kept by every store, and cannot be dropped (but the summary can)
  bool unique;
};

[[nodiscard]] FLOWKEEP_API std::span<const IndexInfo> indexes() noexcept;
[[nodiscard]] FLOWKEEP_API std::optional<IndexId> find_index(std::string_view name) noexcept;

/// How an index of a store stands.
enum class IndexStatus : std::uint8_t {
  absent = 0,
  building = 1,  ///< being added, or its adding was cut short: add it again
  active = 2,
};

/// Told now and then how far a long piece of work is; returns whether to go on. Called without locks held, on
/// the caller's thread.
using Progress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

}  // namespace flowkeep
