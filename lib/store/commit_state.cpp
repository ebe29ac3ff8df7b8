#include "store/commit_state.hpp"

#include "store/catalogue.hpp"

namespace flowkeep::store {

Result<std::optional<journal::Position>> read_applied(const storage::Transaction& transaction, storage::Table meta,
                                                      const Guid& epoch) {
  auto payload = read_meta(transaction, meta, codec::MetaRow::applied);
  if (!payload) return fail(std::move(payload.error()));
  if (!*payload) return std::nullopt;
  auto row = codec::decode_applied(**payload);
  if (!row) return fail(std::move(row.error()));
  if (row->epoch != epoch) return std::nullopt;
  return journal::Position{row->lsn, row->offset, row->chain};
}

Result<void> write_applied(storage::WriteTransaction& transaction, storage::Table meta, const Guid& epoch,
                           const journal::Position& applied) {
  return write_meta(transaction, meta, codec::MetaRow::applied,
                    codec::encode(codec::AppliedRow{epoch, applied.lsn, applied.offset, applied.chain}));
}

}  // namespace flowkeep::store
