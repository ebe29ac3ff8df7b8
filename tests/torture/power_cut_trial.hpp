// After the power cut: an image is put on a disk and opened.
#pragma once

#include <cstdint>
#include <string>

#include "disk_image.hpp"
#include "power_cut_history.hpp"
#include "power_cut_workload.hpp"

namespace flowkeep::torture {

/// The directory of one recorded run, in which images of it are laid out afterwards: the store's file keeps its inode,
/// as it does on a disk that loses its power.
class Site {
 public:
  Site();
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;
  ~Site();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string store_path() const { return path_ + "/s.flowkeep"; }
  /// Takes everything away.
  void clear();
  /// Remembers the store's file and what stands beside it that no power cut keeps whole.
  void settle();
  enum class Inode : std::uint8_t { same, another };
  /// Puts an image there. Of the lock file and the shared page, nothing or something old is left.
  void lay_out(const Image& image, Inode inode, Disk::Random& random);
  /// What stands there now, lock file and shared page left out.
  [[nodiscard]] Image content() const;

 private:
  void put_aside();
  std::string path_{};
  std::string aside_{};
  Image stale_{};
  bool is_aside_ = false;
};

/// What was found in an image; `wrong` is empty where all is well.
struct Outcome {
  std::string wrong{};
  bool was_no_store = false;  ///< cut before the store was created, and nothing was found
  Rows rows{};                ///< what the opening brought back
};

/// Opens what is laid out and holds it against what was acknowledged; then writes, closes, and opens it again. Says so
/// in notes, as the recorded program did. `number`: of the image.
[[nodiscard]] Outcome open_and_examine(const Site& site, const Plan& plan, const History& history,
                                       std::uint64_t number);

}  // namespace flowkeep::torture
