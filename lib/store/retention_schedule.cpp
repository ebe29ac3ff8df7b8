#include "store/retention_schedule.hpp"

#include "store/catalogue_edit.hpp"
#include "store/reading.hpp"

namespace flowkeep::store {

namespace {

using codec::MetaRow;

Result<std::optional<RetentionSchedule>> read(const storage::Transaction& transaction, const Tables& tables) {
  auto payload = read_meta(transaction, tables.meta, MetaRow::retention);
  if (!payload) return fail(std::move(payload.error()));
  if (!*payload) return std::nullopt;
  return codec::decode_retention(**payload);
}

bool is_due(const RetentionSchedule& schedule, Timestamp time) {
  // One of the future is of a clock that was put right since.
  return !schedule.last_run || *schedule.last_run > time || time - *schedule.last_run >= schedule.interval;
}

}  // namespace

Result<std::optional<RetentionSchedule>> retention_schedule(Engine& engine) {
  auto transaction = engine.begin_read();
  if (!transaction) return fail(std::move(transaction.error()));
  return read(*transaction, engine.tables());
}

Result<void> set_retention_schedule(Engine& engine, const std::optional<RetentionSchedule>& schedule) {
  auto edit = CatalogueEdit::begin(engine);
  if (!edit) return fail(std::move(edit.error()));
  if (!engine.has_side_rows()) return no_place_yet();
  auto present = read(edit->transaction(), engine.tables());
  if (!present) return fail(std::move(present.error()));
  if (!schedule) {
    if (!*present) return {};
    if (auto ok = remove_meta(edit->transaction(), engine.tables().meta, MetaRow::retention); !ok) return ok;
    return edit->commit_rows();
  }
  RetentionSchedule row = *schedule;
  row.last_run = *present ? (*present)->last_run : std::nullopt;
  if (auto ok = edit->write(MetaRow::retention, codec::encode(row)); !ok) return ok;
  return edit->commit_rows();
}

Result<std::optional<RetentionPolicy>> claim_retention_run(Engine& engine) {
  {
    // Mostly there is nothing to do, and no need to write.
    auto transaction = engine.environment().begin_read();
    if (!transaction) return fail(std::move(transaction.error()));
    auto schedule = read(*transaction, engine.tables());
    if (!schedule) return fail(std::move(schedule.error()));
    if (!*schedule || !is_due(**schedule, now())) return std::nullopt;
  }
  auto edit = CatalogueEdit::begin(engine);
  if (!edit) return fail(std::move(edit.error()));
  auto schedule = read(edit->transaction(), engine.tables());
  if (!schedule) return fail(std::move(schedule.error()));
  const Timestamp time = now();
  if (!*schedule || !is_due(**schedule, time)) return std::nullopt;
  (*schedule)->last_run = time;
  if (auto ok = edit->write(MetaRow::retention, codec::encode(**schedule)); !ok) return fail(std::move(ok.error()));
  if (auto ok = edit->commit_rows(); !ok) return fail(std::move(ok.error()));
  return std::move((*schedule)->policy);
}

}  // namespace flowkeep::store
