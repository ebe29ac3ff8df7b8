// The meta pages of one commit, to be put back after a crash.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include <flowkeep/result.hpp>

#include "storage/page_file.hpp"

namespace flowkeep::storage {

/// The first sector of both meta pages, opaque but for what identifies the commit, and a fingerprint of the pages its
/// two trees begin with.
struct MetaImage {
  std::array<MetaSector, 2> sectors{};
  std::uint64_t roots_hash = 0;

  /// The newer of the two.
  [[nodiscard]] MetaPage newest() const noexcept;
};

/// Reads the image of the last commit while nobody commits. Errors: corrupt, io.
[[nodiscard]] Result<MetaImage> read_meta_image(int descriptor, const std::string& name);
/// Whether the pages that the image leads to are those it was made of. Errors: io.
[[nodiscard]] Result<bool> matches(const MetaImage& image, int descriptor, const std::string& name);
/// Puts the meta pages back. Not synced. Errors: io.
[[nodiscard]] Result<void> restore(const MetaImage& image, int descriptor, const std::string& name);

}  // namespace flowkeep::storage
