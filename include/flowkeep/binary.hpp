// The File columns (inputs, outputs, additionalcontext): content, name and reference.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <flowkeep/export.hpp>
#include <flowkeep/guid.hpp>
#include <flowkeep/result.hpp>

namespace flowkeep {

/// The most bytes one File column holds: 32 768 KiB.
inline constexpr std::uint64_t max_binary_bytes = 32'768ULL * 1024;

namespace blob {
struct Prepared;
}

/// The bytes of a File column, hashed and compressed once, when it is made; copies share them.
/// Immutable, so any thread may use it.
class FLOWKEEP_API Content {
 public:
  /// Nothing at all.
  Content() noexcept;
  /// Takes a copy of `bytes` in its stored form (zstd where that is smaller). More than max_binary_bytes are
  /// refused when the content is written to a store, not here.
  explicit Content(std::string_view bytes);
  Content(const Content&) noexcept;
  Content(Content&&) noexcept;
  Content& operator=(const Content&) noexcept;
  Content& operator=(Content&&) noexcept;
  ~Content();

  [[nodiscard]] bool has_value() const noexcept { return prepared_ != nullptr; }
  /// Uncompressed size in bytes; 0 without content.
  [[nodiscard]] std::uint64_t size() const noexcept;
  /// XXH3 (64 bits, seed 0) of the uncompressed bytes; 0 without content.
  [[nodiscard]] std::uint64_t hash() const noexcept;
  /// The uncompressed bytes, copied. Errors: corrupt (never for content that this process made).
  [[nodiscard]] Result<std::string> bytes() const;

  [[nodiscard]] const std::shared_ptr<const blob::Prepared>& prepared() const noexcept { return prepared_; }

 private:
  friend class ContentWriter;
  explicit Content(std::shared_ptr<const blob::Prepared> prepared) noexcept;
  std::shared_ptr<const blob::Prepared> prepared_;
};

/// Makes a Content piece by piece: memory grows with the compressed bytes only. Used by one thread at a time.
class FLOWKEEP_API ContentWriter {
 public:
  ContentWriter();
  ContentWriter(ContentWriter&&) noexcept;
  ContentWriter& operator=(ContentWriter&&) noexcept;
  ~ContentWriter();

  /// Adds bytes. Errors: invalid_argument (more than max_binary_bytes in all; nothing is added).
  [[nodiscard]] Result<void> append(std::string_view bytes);
  /// Ends the content; the writer is empty again afterwards.
  [[nodiscard]] Content finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Where a store keeps the bytes of a File column.
struct StoredContent {
  std::uint64_t size = 0;     ///< uncompressed bytes
  std::uint64_t hash = 0;     ///< XXH3 (64 bits, seed 0) of them
  std::uint64_t blob_id = 0;  ///< internal to the store

  friend bool operator==(const StoredContent&, const StoredContent&) noexcept = default;
};

/// A File column, owned: a file name, and content, or a file reference (the GUID that the Web API shows in place
/// of the bytes: kept as such, never followed), or a name alone.
struct Binary {
  std::optional<std::string> name{};
  /// Given to writes. Reads leave it empty and fill `stored`; Snapshot::read() and stream() fetch the bytes.
  Content content{};
  std::optional<Guid> reference{};
  /// Filled by reads. A write accepts it only where the session's column has this very content already.
  std::optional<StoredContent> stored{};

  [[nodiscard]] bool is_null() const noexcept { return !name && !content.has_value() && !reference && !stored; }
};

/// A File column as a SessionView shows it. Borrows `name`: it lives as long as the view's snapshot.
struct BinaryView {
  std::optional<std::string_view> name{};
  std::optional<Guid> reference{};
  std::optional<StoredContent> stored{};

  [[nodiscard]] bool is_null() const noexcept { return !name && !reference && !stored; }
};

}  // namespace flowkeep
