#include <flowkeep/snapshot.hpp>

#include <set>

#include "store/reading.hpp"
#include "store/snapshot_impl.hpp"

namespace flowkeep {

struct BinaryReader::Impl {
  const storage::Transaction& transaction;
  const blob::Tables& tables;
  StoredContent stored;
  codec::BlobRow row;
  std::optional<std::string> small{};  ///< all there is, of small content
  std::uint64_t next_piece = 0;
  std::string buffer{};
};

BinaryReader::BinaryReader(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
BinaryReader::BinaryReader(BinaryReader&&) noexcept = default;
BinaryReader& BinaryReader::operator=(BinaryReader&&) noexcept = default;
BinaryReader::~BinaryReader() = default;

Result<std::string_view> BinaryReader::next() {
  Impl& impl = *impl_;
  if (auto ok = impl.transaction.environment().check_process(); !ok) return fail(std::move(ok.error()));
  if (impl.small) return impl.next_piece++ == 0 ? std::string_view(*impl.small) : std::string_view();
  const std::uint64_t pieces = impl.row.content ? 1 : impl.row.chunk_count;
  if (impl.next_piece >= pieces) return std::string_view();
  return blob::read_piece(impl.transaction, impl.tables, impl.stored.blob_id, impl.row, impl.next_piece++, impl.buffer);
}

Snapshot::Snapshot(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Snapshot::Snapshot(Snapshot&&) noexcept = default;
Snapshot& Snapshot::operator=(Snapshot&&) noexcept = default;
Snapshot::~Snapshot() = default;

Result<std::optional<SessionView>> Snapshot::find(const Guid& id) const& {
  if (auto ok = impl_->check_process(); !ok) return fail(std::move(ok.error()));
  auto row = store::find_row(impl_->transaction(), impl_->tables(), id);
  if (!row) return fail(std::move(row.error()));
  if (!*row) return std::nullopt;
  auto may_read = impl_->may_read((*row)->session);
  if (!may_read) return fail(std::move(may_read.error()));
  if (!*may_read) return std::nullopt;
  return std::move((*row)->session);
}

Result<SessionView> Snapshot::get(const Guid& id) const& {
  auto found = find(id);
  if (!found) return fail(std::move(found.error()));
  if (!*found) return store::no_such_session(id);
  return std::move(**found);
}

Result<std::uint64_t> Snapshot::size() const {
  if (auto ok = impl_->check_process(); !ok) return fail(std::move(ok.error()));
  if (impl_->viewer() != nullptr) return count(Query{});
  auto stat = impl_->transaction().stat(impl_->tables().sessions);
  if (!stat) return fail(std::move(stat.error()));
  return stat->entries;
}

Result<std::string> Snapshot::read(const BinaryView& binary) const {
  if (!binary.stored) return std::string();
  return read(*binary.stored);
}

Result<std::string> Snapshot::read(const StoredContent& stored) const {
  if (auto ok = impl_->check_process(); !ok) return fail(std::move(ok.error()));
  if (!codec::is_small(stored)) return blob::read_all(impl_->transaction(), impl_->tables().blobs, stored);
  std::string buffer;
  auto bytes = store::read_small(impl_->transaction(), impl_->tables(), stored, buffer);
  if (!bytes) return fail(std::move(bytes.error()));
  return std::string(*bytes);
}

Result<BinaryReader> Snapshot::stream(const StoredContent& stored) const& {
  if (auto ok = impl_->check_process(); !ok) return fail(std::move(ok.error()));
  const auto& tables = impl_->tables().blobs;
  if (codec::is_small(stored)) {
    auto small = read(stored);
    if (!small) return fail(std::move(small.error()));
    return BinaryReader(std::unique_ptr<BinaryReader::Impl>(
        new BinaryReader::Impl{impl_->transaction(), tables, stored, {}, std::move(*small)}));
  }
  auto row = blob::get_row(impl_->transaction(), tables, stored.blob_id);
  if (!row) return fail(std::move(row.error()));
  if (auto ok = blob::check_same(*row, stored); !ok) return fail(std::move(ok.error()));
  return BinaryReader(
      std::unique_ptr<BinaryReader::Impl>(new BinaryReader::Impl{impl_->transaction(), tables, stored, *row}));
}

Result<bool> Snapshot::is_valid_state_transition(const Guid& id, std::string_view new_state,
                                                 std::int32_t new_status) const {
  auto session = get(id);
  if (!session) return fail(std::move(session.error()));
  auto catalogue = impl_->catalogue();
  if (!catalogue) return fail(std::move(catalogue.error()));
  return flowkeep::is_valid_state_transition((*catalogue)->model, {session->statecode(), session->statuscode()},
                                             new_state, new_status);
}

Result<StateModel> Snapshot::state_model() const {
  if (auto ok = impl_->check_process(); !ok) return fail(std::move(ok.error()));
  auto catalogue = impl_->catalogue();
  if (!catalogue) return fail(std::move(catalogue.error()));
  return (*catalogue)->model;
}

Result<std::array<IndexStatus, index_count>> Snapshot::index_status() const {
  if (auto ok = impl_->check_process(); !ok) return fail(std::move(ok.error()));
  auto catalogue = impl_->catalogue();
  if (!catalogue) return fail(std::move(catalogue.error()));
  std::array<IndexStatus, index_count> status{};
  for (std::size_t i = 0; i < status.size(); ++i) status[i] = (*catalogue)->indexes[i].status;
  return status;
}

Result<std::vector<std::string>> Snapshot::extra_columns() const {
  if (auto ok = impl_->check_process(); !ok) return fail(std::move(ok.error()));
  auto catalogue = impl_->catalogue();
  if (!catalogue) return fail(std::move(catalogue.error()));
  if (impl_->viewer() == nullptr || (*catalogue)->extra_columns.empty()) return (*catalogue)->extra_columns;
  // Those of other people's sessions are none of his business.
  std::set<std::string> names;
  SessionRange sessions = select(Query{});
  for (const Result<SessionView>& session : sessions) {
    if (!session) return fail(session.error());
    auto copy = session->copy();
    if (!copy) return fail(std::move(copy.error()));
    for (const auto& [name, json] : copy->extra) names.insert(name);
  }
  return std::vector<std::string>(names.begin(), names.end());
}

Result<void> Snapshot::renew() {
  return impl_->renew();
}

}  // namespace flowkeep
