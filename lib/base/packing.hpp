// Packing of bytes with zstd: borrowed contexts, and dictionaries for what is too small to be packed by itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include <flowkeep/result.hpp>

// zstd's own, so that nobody else needs its header.
extern "C" {
struct ZSTD_CDict_s;
struct ZSTD_DDict_s;
}

namespace flowkeep::base {

/// What many small pieces have in common, in the form zstd uses. Immutable; any thread may use it.
class PackingDictionary {
 public:
  /// Errors: no_memory, corrupt (zstd does not take the bytes).
  [[nodiscard]] static Result<std::unique_ptr<const PackingDictionary>> make(std::uint16_t id, std::string_view bytes);
  PackingDictionary(const PackingDictionary&) = delete;
  PackingDictionary& operator=(const PackingDictionary&) = delete;
  ~PackingDictionary();

  /// How what was packed with it names it; never 0.
  [[nodiscard]] std::uint16_t id() const noexcept { return id_; }

 private:
  friend class Packing;
  PackingDictionary(std::uint16_t id, std::string_view bytes) : id_(id), bytes_(bytes) {}
  /// nullptr: there is no memory.
  [[nodiscard]] const ZSTD_CDict_s* packing() const noexcept;

  const std::uint16_t id_;
  const std::string bytes_;
  ZSTD_DDict_s* unpacking_ = nullptr;
  // Made when it is first packed with: of a store's dictionaries only the last one is.
  mutable std::once_flag once_{};
  mutable ZSTD_CDict_s* packing_ = nullptr;
};

/// Packs and unpacks. Contexts come from a pool, so that they are as many as threads pack at the same time, and not as
/// there are threads. Any thread.
class Packing {
 public:
  /// Appends one zstd frame of `bytes` to `out` where that is at most `most` bytes long; otherwise appends nothing and
  /// answers false. `dictionary` may be nullptr; with one, `level` is the dictionary's own.
  [[nodiscard]] static bool pack(std::string& out, std::string_view bytes, std::size_t most,
                                 const PackingDictionary* dictionary, int level = 1);
  /// Writes what a frame holds to `to`, which has room for exactly that; false: it holds something else, or is none.
  [[nodiscard]] static bool unpack(std::span<char> to, std::string_view frame,
                                   const PackingDictionary* dictionary) noexcept;
  /// A dictionary for pieces like these, which lie one behind the other in `samples`; "" where they have too little in
  /// common, or are too few.
  [[nodiscard]] static std::string train(std::string_view samples, std::span<const std::size_t> sizes,
                                         std::size_t most_bytes);
};

}  // namespace flowkeep::base
