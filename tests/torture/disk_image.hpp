// A disk, as far as a recorded trace has come: what is safely on it, and what a power cut may still leave out.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "trace.hpp"

namespace flowkeep::torture {

inline constexpr std::uint64_t sector_bytes = 512;

/// What stands in a directory: names and content.
using Image = std::map<std::string, std::string>;

/// Which of the writes that were not synced a power cut leaves.
enum class Strategy : std::uint8_t {
  none,             ///< nothing of them
  all,              ///< everything
  any,              ///< each sector by chance
  newest,           ///< what was written last, not what was written before
  all_but_one,      ///< one sector is missing
  until_torn,       ///< in order, up to a sector in the middle of a write
  journal_only,     ///< nothing of the data file
  data_only,        ///< nothing of the journal
  journal_headers,  ///< the journal's header slots torn, the rest all or nothing
  journal_tail,     ///< the last records torn, the rest all or nothing
  journal_holes,    ///< later records without earlier ones
  data_metas,       ///< the data file's meta pages and stamp by chance, its trees all or nothing
  data_trees,       ///< the other way round
};
inline constexpr int strategy_count = 13;
[[nodiscard]] const char* name_of(Strategy strategy);

class Disk {
 public:
  using Random = std::mt19937_64;
  /// `before`: what stood in the directory when the recording began. Events and recording have to outlive it.
  Disk(const Recording& recording, const std::vector<Event>& events, const Image& before);

  /// Goes on to just before event number `end`.
  void run_until(std::size_t end);
  /// What a power cut now leaves.
  [[nodiscard]] Image cut(Strategy strategy, Random& random) const;
  /// What programs see now.
  [[nodiscard]] Image cached() const;
  /// Whether a cut could leave out something that this strategy is about.
  [[nodiscard]] bool concerns(Strategy strategy) const;

  /// A write or new size that is not synced.
  struct Pending {
    std::size_t event = 0;
    std::uint32_t file = 0;
    Role role{};
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };

 private:
  struct File {
    std::string synced{};
    std::vector<std::size_t> pending{};              // events
    std::map<std::uint64_t, std::size_t> through{};  // sector: the event up to which it is on the disk
  };
  struct NameChange {
    std::size_t event = 0;
    std::string name{};
    std::uint32_t file = 0;
    bool is_there = false;
  };
  static constexpr std::uint32_t nobody = ~std::uint32_t{0};

  void step(std::size_t number);
  void change_name(std::size_t number, const std::string& name, std::uint32_t file, bool is_there);
  [[nodiscard]] std::vector<Pending> pending() const;
  template <class Keep>
  [[nodiscard]] std::string content(const File& file, Keep keep) const;

  const Recording& recording_;
  const std::vector<Event>& events_;
  std::size_t at_ = 0;
  std::map<std::uint32_t, File> files_{};
  std::map<std::string, std::uint32_t> names_{};         // synced
  std::map<std::string, std::uint32_t> cached_names_{};  // as programs see them
  std::vector<NameChange> name_changes_{};               // not synced
};

}  // namespace flowkeep::torture
