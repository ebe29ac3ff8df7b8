#include "codec/rows.hpp"

#include "binary_generated.h"
#include "codec/flat_rows.hpp"
#include "store_generated.h"

namespace flowkeep::codec {

std::string encode(const FormatRow& row) {
  auto& builder = fresh_builder();
  const fb::Guid id = guid_to(row.store_id);
  return finished(builder,
                  fb::CreateFormat(builder, row.major, row.minor, &id, row.created.time_since_epoch().count()));
}

std::string encode(const CountersRow& row) {
  auto& builder = fresh_builder();
  return finished(builder,
                  fb::CreateCounters(builder, row.arrival, row.version, row.blob, row.catalogue, row.forgotten));
}

std::string encode(const AppliedRow& row) {
  auto& builder = fresh_builder();
  const fb::Guid epoch = guid_to(row.epoch);
  return finished(builder, fb::CreateApplied(builder, &epoch, row.lsn, row.offset, row.chain));
}

std::string encode(const RecoveryRow& row) {
  auto& builder = fresh_builder();
  return finished(builder, fb::CreateRecovery(builder, row.finished.time_since_epoch().count(), row.changes, row.bytes,
                                              row.milliseconds));
}

std::string encode(const PackingRow& row) {
  auto& builder = fresh_builder();
  return finished(builder, fb::CreatePacking(builder, row.records, row.contents, row.arrival, row.next,
                                             row.records_permille, row.contents_permille));
}

std::string encode(const DeletionRow& row) {
  auto& builder = fresh_builder();
  const fb::Guid id = guid_to(row.flowsessionid);
  fb::Guid by;
  if (row.deletedby) by = guid_to(*row.deletedby);
  const fb::Guid owner = guid_to(row.ownerid.value_or(Guid()));
  flatbuffers::Offset<flatbuffers::Vector<const fb::Guid*>> readers;
  if (!row.readers.empty()) {
    std::vector<fb::Guid> guids;
    for (const Guid& reader : row.readers) guids.push_back(guid_to(reader));
    readers = builder.CreateVectorOfStructs(guids);
  }
  return finished(builder, fb::CreateDeletion(builder, &id, row.deletedon.time_since_epoch().count(),
                                              row.deletedby ? &by : nullptr, row.ownerid ? &owner : nullptr, readers));
}

std::string encode(const BlobRow& row) {
  auto& builder = fresh_builder();
  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> content;
  if (row.content) {
    content = builder.CreateVector(reinterpret_cast<const std::uint8_t*>(row.content->data()), row.content->size());
  }
  return finished(builder,
                  fb::CreateBlob(builder, row.size, row.hash, row.references, static_cast<fb::Encoding>(row.encoding),
                                 content, row.chunk_count, row.chunk_bytes));
}

std::string encode(const IndexStates& states) {
  auto& builder = fresh_builder();
  std::vector<flatbuffers::Offset<fb::Index>> rows;
  for (const IndexInfo& index : indexes()) {
    const auto name = builder.CreateString(index.name.data(), index.name.size());
    const IndexState& state = states[static_cast<std::size_t>(index.id)];
    rows.push_back(fb::CreateIndex(builder, static_cast<std::uint8_t>(index.id), name,
                                   static_cast<std::uint8_t>(state.status), state.ticket,
                                   static_cast<std::uint8_t>(state.key_form)));
  }
  return finished(builder, fb::CreateIndexCatalogue(builder, builder.CreateVector(rows)));
}

std::string encode(const StateModel& model) {
  auto& builder = fresh_builder();
  const auto name = builder.CreateString(model.name());
  const auto table = builder.CreateVector(model.table().data(), model.table().size());
  return finished(builder, fb::CreateModel(builder, name, table));
}

std::string encode(const std::vector<std::string>& extra_column_names) {
  auto& builder = fresh_builder();
  return finished(builder, fb::CreateExtraColumnNames(builder, builder.CreateVectorOfStrings(extra_column_names)));
}

namespace {

template <class Number>
std::optional<Number> optional_of(const flatbuffers::Optional<Number>& stored) {
  return stored ? std::optional<Number>(*stored) : std::nullopt;
}

}  // namespace

std::string encode(const RetentionSchedule& schedule) {
  auto& builder = fresh_builder();
  const RetentionPolicy& policy = schedule.policy;
  std::vector<std::uint8_t> statuses;
  for (const StatusCode status : policy.statuscodes) statuses.push_back(static_cast<std::uint8_t>(status));
  const fb::Guid flow = guid_to(policy.regardingobjectid.value_or(Guid()));
  const auto statuscodes = builder.CreateVector(statuses);
  fb::RetentionBuilder row(builder);
  if (policy.max_age) row.add_max_age(policy.max_age->count());
  if (policy.keep) row.add_keep(*policy.keep);
  if (policy.keep_per_flow) row.add_keep_per_flow(*policy.keep_per_flow);
  if (policy.max_bytes) row.add_max_bytes(*policy.max_bytes);
  row.add_statuscodes(statuscodes);
  if (policy.regardingobjectid) row.add_regardingobjectid(&flow);
  row.add_interval(schedule.interval.count());
  if (schedule.last_run) row.add_last_run(schedule.last_run->time_since_epoch().count());
  return finished(builder, row.Finish());
}

Result<RetentionSchedule> decode_retention(std::string_view payload) {
  auto row = verified<fb::Retention>(payload, "retention");
  if (!row) return fail(std::move(row.error()));
  const fb::Retention& stored = **row;
  RetentionSchedule schedule;
  RetentionPolicy& policy = schedule.policy;
  if (stored.max_age()) policy.max_age = std::chrono::milliseconds(*stored.max_age());
  policy.keep = optional_of(stored.keep());
  policy.keep_per_flow = optional_of(stored.keep_per_flow());
  policy.max_bytes = optional_of(stored.max_bytes());
  if (stored.statuscodes() != nullptr) {
    for (const std::uint8_t status : *stored.statuscodes()) {
      policy.statuscodes.push_back(static_cast<StatusCode>(status));
    }
  }
  policy.regardingobjectid = guid_at(stored.regardingobjectid());
  schedule.interval = std::chrono::milliseconds(stored.interval());
  schedule.last_run = time_of(stored.last_run());
  return schedule;
}

Result<FormatRow> decode_format(std::string_view payload) {
  auto row = verified<fb::Format>(payload, "format");
  if (!row) return fail(std::move(row.error()));
  return FormatRow{(*row)->major(), (*row)->minor(), guid_of(*(*row)->store_id()), Timestamp(Ticks((*row)->created()))};
}

Result<CountersRow> decode_counters(std::string_view payload) {
  auto row = verified<fb::Counters>(payload, "counters");
  if (!row) return fail(std::move(row.error()));
  return CountersRow{(*row)->arrival(), (*row)->version(), (*row)->blob(), (*row)->catalogue(), (*row)->forgotten()};
}

Result<AppliedRow> decode_applied(std::string_view payload) {
  auto row = verified<fb::Applied>(payload, "applied");
  if (!row) return fail(std::move(row.error()));
  return AppliedRow{guid_of(*(*row)->epoch()), (*row)->lsn(), (*row)->offset(), (*row)->chain()};
}

Result<RecoveryRow> decode_recovery(std::string_view payload) {
  auto row = verified<fb::Recovery>(payload, "recovery");
  if (!row) return fail(std::move(row.error()));
  return RecoveryRow{Timestamp(Ticks((*row)->finished())), (*row)->changes(), (*row)->bytes(), (*row)->milliseconds()};
}

Result<PackingRow> decode_packing(std::string_view payload) {
  auto row = verified<fb::Packing>(payload, "packing");
  if (!row) return fail(std::move(row.error()));
  return PackingRow{(*row)->records(), (*row)->contents(),         (*row)->arrival(),
                    (*row)->next(),    (*row)->records_permille(), (*row)->contents_permille()};
}

Result<DeletionRow> decode_deletion(std::string_view payload) {
  auto row = verified<fb::Deletion>(payload, "deletion");
  if (!row) return fail(std::move(row.error()));
  DeletionRow deletion{guid_of(*(*row)->flowsessionid()),
                       Timestamp(Ticks((*row)->deletedon())),
                       guid_at((*row)->deletedby()),
                       guid_at((*row)->ownerid()),
                       {}};
  if ((*row)->readers() != nullptr) {
    for (const fb::Guid* reader : *(*row)->readers()) deletion.readers.push_back(guid_of(*reader));
  }
  return deletion;
}

Result<BlobRow> decode_blob(std::string_view payload) {
  auto verified_row = verified<fb::Blob>(payload, "binary");
  if (!verified_row) return fail(std::move(verified_row.error()));
  const fb::Blob& row = **verified_row;
  if (row.encoding() > fb::Encoding::MAX) {
    return fail(Errc::newer_format, "a binary is stored in encoding " +
                                        std::to_string(static_cast<int>(row.encoding())) +
                                        ", which this Flowkeep lacks");
  }
  BlobRow blob{row.size(),   row.hash(),        row.references(), static_cast<Encoding>(row.encoding()),
               std::nullopt, row.chunk_count(), row.chunk_bytes()};
  if (row.content() != nullptr) {
    blob.content = std::string_view(reinterpret_cast<const char*>(row.content()->data()), row.content()->size());
  }
  return blob;
}

Result<IndexStates> decode_indexes(std::string_view payload) {
  auto row = verified<fb::IndexCatalogue>(payload, "index catalogue");
  if (!row) return fail(std::move(row.error()));
  IndexStates states{};
  for (const auto* index : *(*row)->indexes()) {
    if (index->id() >= index_count || index->status() > static_cast<std::uint8_t>(IndexStatus::active) ||
        index->key_form() > static_cast<std::uint8_t>(newest_key_form)) {
      return fail(Errc::newer_format, "the store keeps index " + std::string(text_of(*index->name())) +
                                          ", which this Flowkeep does not know");
    }
    states[index->id()] = {static_cast<IndexStatus>(index->status()), index->ticket(),
                           static_cast<KeyForm>(index->key_form())};
  }
  return states;
}

Result<StateModel> decode_model(std::string_view payload) {
  auto row = verified<fb::Model>(payload, "state model");
  if (!row) return fail(std::move(row.error()));
  std::vector<Move> moves;
  const auto& table = *(*row)->table();
  for (unsigned from = 0; from < table.size(); ++from) {
    for (unsigned to = 0; to < 16; ++to) {
      if ((table.Get(from) >> to) & 1U) moves.push_back({static_cast<StatusCode>(from), static_cast<StatusCode>(to)});
    }
  }
  auto model = StateModel::make(std::string(text_of(*(*row)->name())), moves);
  if (!model) return fail(Errc::corrupt, "the state model row is damaged: " + model.error().message);
  return model;
}

Result<std::vector<std::string>> decode_extras(std::string_view payload) {
  auto row = verified<fb::ExtraColumnNames>(payload, "extra columns");
  if (!row) return fail(std::move(row.error()));
  std::vector<std::string> names;
  for (const auto* name : *(*row)->names()) names.emplace_back(text_of(*name));
  return names;
}

}  // namespace flowkeep::codec
