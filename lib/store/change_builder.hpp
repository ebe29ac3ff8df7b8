// Validation: operations in, a Change out.
#pragma once

#include <array>
#include <cstddef>
#include <memory_resource>
#include <optional>
#include <set>
#include <unordered_map>

#include <flowkeep/write_transaction.hpp>

#include "codec/record.hpp"
#include "store/catalogue.hpp"
#include "store/change.hpp"
#include "store/overlay.hpp"
#include "store/write_rules.hpp"

namespace flowkeep::store {

/// How rows are written.
struct Forms {
  codec::RecordForm record{};
  /// For what stands beside packed records; nullptr: there is none yet.
  const base::PackingDictionary* contents = nullptr;
};

/// Validates the parts of one operation against the rows as they are and against its own earlier parts, and gathers
/// what they do. Writes nothing: after a refusal it is thrown away, and nothing has happened.
class ChangeBuilder {
 public:
  ChangeBuilder(const Basis& basis, const Catalogue& catalogue, const Forms& forms, const codec::CountersRow& counters,
                const Caller& caller);

  [[nodiscard]] Result<Guid> create(const Session& session);
  [[nodiscard]] Result<std::int64_t> update(const Guid& id, const SessionUpdate& update, Precondition precondition);
  [[nodiscard]] Result<UpsertResult> upsert(const Guid& id, const SessionUpdate& update, Precondition precondition);
  [[nodiscard]] Result<void> erase(const Guid& id, Precondition precondition);
  [[nodiscard]] Result<Outcome> import(const Session& session, OnConflict on_conflict);

  /// Whether an earlier part was about this session.
  [[nodiscard]] bool has(const Guid& id) const { return positions_.count(id) != 0; }
  /// The change; the builder is done.
  [[nodiscard]] Result<Change> finish();

 private:
  [[nodiscard]] WriteContext context() const noexcept { return {caller_, catalogue_.model, time_}; }
  // These are about session_.
  /// Puts it where `before` stood (or anew): versionnumber, binaries, extra columns, record.
  [[nodiscard]] Result<std::int64_t> put(const std::optional<StoredRow>& before);
  /// Gives every content of its File columns a place, and takes it from those of `before`.
  [[nodiscard]] Result<void> place_binaries(RowChange& row, const std::optional<StoredRow>& before);
  /// Puts content beside the record.
  class SmallContents;
  [[nodiscard]] Result<void> write_contents(RowChange& row, SmallContents& contents);
  /// Errors: invalid_argument (the store has met too many names).
  [[nodiscard]] Result<void> note_extra_columns();
  /// Writes its record into `row`. Errors: invalid_argument (it is too large).
  [[nodiscard]] Result<void> encode(RowChange& row);
  /// A binary that has this content, of this change or of before.
  [[nodiscard]] Result<std::optional<std::uint64_t>> find_content(const blob::PreparedView& content) const;
  [[nodiscard]] Result<void> place_content(Binary& binary, Column column, const RowChange& row, SmallContents& small);
  [[nodiscard]] Result<std::uint64_t> place_blob(const std::shared_ptr<const blob::Prepared>& content);
  void refer(std::uint64_t blob_id, std::int64_t difference);
  /// Answers whether small contents go with it.
  [[nodiscard]] Result<bool> release_binaries(const SessionView& session);
  [[nodiscard]] Result<void> count_references();
  [[nodiscard]] Result<void> expire_deletions();

  const Basis& basis_;
  const Catalogue& catalogue_;
  const Caller& caller_;
  Timestamp time_;
  Forms forms_;
  std::string value_{};
  Session session_{};  // the one that is being put; its memory serves them all
  Change change_{};
  std::array<std::byte, 256> first_memory_;
  std::pmr::monotonic_buffer_resource memory_{first_memory_.data(), first_memory_.size()};
  std::pmr::unordered_map<Guid, std::size_t> positions_{&memory_};  // of rows in change_.rows
  std::uint64_t first_blob_;                                        // those of change_.blobs follow each other
  std::unordered_multimap<std::uint64_t, std::size_t> by_hash_{};   // of shared content -> position in change_.blobs
  std::map<std::uint64_t, std::int64_t> references_{};  // of binaries that are there: by how much they change
  std::set<std::string> new_extra_columns_{};
  std::size_t erased_ = 0;
};

}  // namespace flowkeep::store
