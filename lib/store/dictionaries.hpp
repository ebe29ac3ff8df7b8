// The packing dictionaries of a store, ready for use.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>

#include "base/packing.hpp"
#include "storage/transaction.hpp"

namespace flowkeep::store {

/// The refusal of what needs a table that was not there when the file was opened.
[[nodiscard]] Error opened_before_upgrade();

/// A store has few dictionaries, and one that is there never changes or goes: each is read once. Any thread.
class Dictionaries {
 public:
  /// The greatest number of a dictionary; then no more are made.
  static constexpr std::uint16_t most = 255;

  /// The dictionary of a number; nullptr for 0. `table`: `dictionaries`. Errors: corrupt (there is none).
  [[nodiscard]] Result<const base::PackingDictionary*> get(const storage::Transaction& transaction,
                                                           storage::Table table, std::uint16_t id) {
    if (id == 0) return nullptr;
    if (id <= most) {
      if (const auto* known = known_[id].load(std::memory_order_acquire)) return known;
    }
    return read(transaction, table, id);
  }
  /// Writes a new one.
  [[nodiscard]] static Result<void> put(storage::WriteTransaction& transaction, storage::Table table, std::uint16_t id,
                                        std::string_view bytes);

 private:
  [[nodiscard]] Result<const base::PackingDictionary*> read(const storage::Transaction& transaction,
                                                            storage::Table table, std::uint16_t id);
  std::array<std::atomic<const base::PackingDictionary*>, most + 1> known_{};
  std::mutex mutex_{};
  std::array<std::unique_ptr<const base::PackingDictionary>, most + 1> owned_{};
};

}  // namespace flowkeep::store
