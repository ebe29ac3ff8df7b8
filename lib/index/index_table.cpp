#include "index/index_table.hpp"

#include <xxhash.h>

#include <cstring>

#include "base/bytes.hpp"
#include "base/guid_key.hpp"
#include "base/text.hpp"
#include "codec/record.hpp"

namespace flowkeep {

namespace index {

namespace {

// Folded text up to this length is its own key; of longer text as many bytes, then 16 of its XXH3-128.
constexpr std::size_t longest_plain_text = 400;
constexpr char plain_text = 's';
constexpr char hashed_text = 'h';
constexpr char short_guid = 'g';

std::uint64_t ticks_of(Timestamp time) noexcept {
  return base::ordered(time.time_since_epoch().count());
}

template <auto accessor>
std::optional<Key> lookup_key(const SessionView& session, KeyForm) {
  const auto reference = (session.*accessor)();
  if (!reference) return std::nullopt;
  return guid_key(reference->id);
}

std::optional<Key> key_of_text(const std::optional<std::string_view>& text, KeyForm form) {
  if (!text) return std::nullopt;
  return string_key(*text, form);
}
std::optional<Key> errorcode_of(const SessionView& session, KeyForm form) {
  return key_of_text(session.errorcode(), form);
}
std::optional<Key> clienttracking_of(const SessionView& session, KeyForm form) {
  return key_of_text(session.clienttrackingid(), form);
}

std::optional<Key> correlation_of(const SessionView& session, KeyForm form) {
  const auto guid = codec::RecordView::correlation_guid(session);
  if (!guid) return key_of_text(session.correlationid(), form);
  return form == KeyForm::short_guids ? short_key(*guid) : string_key(guid->str(), form);
}

template <auto accessor>
std::optional<Key> timestamp_key(const SessionView& session, KeyForm) {
  const auto time = (session.*accessor)();
  if (!time) return std::nullopt;
  return time_key(*time);
}

std::optional<Key> status_of(const SessionView& session, KeyForm) {
  return state_key(session.statecode(), session.statuscode());
}
std::optional<Key> version_of(const SessionView& session, KeyForm) {
  return version_key(session.versionnumber());
}

using View = SessionView;

constexpr std::array<Definition, keyed_index_count> table{{
    {{IndexId::statecode, "statecode", "statecode, statuscode", true, false}, "ix.statecode", status_of},
    {{IndexId::machine, "machine", "machineid", true, false}, "ix.machine", lookup_key<&View::machineid>},
    {{IndexId::correlation, "correlation", "correlationid", true, false}, "ix.correlation", correlation_of},
    {{IndexId::flow, "flow", "regardingobjectid", true, false}, "ix.flow", lookup_key<&View::regardingobjectid>},
    {{IndexId::completedon, "completedon", "completedon", true, false},
     "ix.completedon",
     timestamp_key<&View::completedon>},
    {{IndexId::versionnumber, "versionnumber", "versionnumber", true, true}, "ix.versionnumber", version_of},
    {{IndexId::machinegroup, "machinegroup", "machinegroupid", false, false},
     "ix.machinegroup",
     lookup_key<&View::machinegroupid>,
     true},
    {{IndexId::startedon, "startedon", "startedon", false, false}, "ix.startedon", timestamp_key<&View::startedon>},
    {{IndexId::errorcode, "errorcode", "errorcode", false, false}, "ix.errorcode", errorcode_of, true},
    {{IndexId::clienttracking, "clienttracking", "clienttrackingid", false, false},
     "ix.clienttracking",
     clienttracking_of,
     true},
    {{IndexId::owner, "owner", "ownerid", false, false}, "ix.owner", lookup_key<&View::ownerid>, true},
    {{IndexId::parentrun, "parentrun", "parentdesktopflowrunid", false, false},
     "ix.parentrun",
     lookup_key<&View::parentdesktopflowrunid>,
     true},
}};

constexpr IndexInfo summary_info{
    IndexId::summary, "summary",
    "createdon, startedon, completedon, runduration, statuscode, runmode, machineid, regardingobjectid", true, false};

}  // namespace

RowKey::RowKey(Timestamp createdon, std::uint64_t arrival) noexcept {
  base::put_be64(bytes_.data(), ticks_of(createdon));
  base::put_be64(bytes_.data() + 8, arrival);
}

std::optional<RowKey> RowKey::from(std::string_view bytes) noexcept {
  if (bytes.size() != size) return std::nullopt;
  RowKey key;
  bytes.copy(key.bytes_.data(), size);
  return key;
}

Timestamp RowKey::createdon() const noexcept {
  return Timestamp(Ticks(base::from_ordered(base::get_be64(bytes_.data()))));
}

std::uint64_t RowKey::arrival() const noexcept {
  return base::get_be64(bytes_.data() + 8);
}

RowKey first_row_at(Timestamp createdon) noexcept {
  return RowKey(createdon, 0);
}

RowKey last_row_key() noexcept {
  return *RowKey::from(std::string(RowKey::size, '\xff'));
}

bool is_hashed(std::string_view string_key) noexcept {
  return !string_key.empty() && string_key.front() == hashed_text;
}

Key guid_key(const Guid& guid) {
  const auto bytes = base::guid_key(guid);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Key short_key(const Guid& guid) {
  const auto bytes = base::guid_key(guid);
  Key key(1 + bytes.size(), short_guid);
  std::memcpy(key.data() + 1, bytes.data(), bytes.size());
  return key;
}

Key string_key(std::string_view text, KeyForm form) {
  const std::string folded = base::fold_case(text);
  if (form == KeyForm::short_guids) {
    if (const auto guid = base::canonical_guid(folded)) return short_key(*guid);
  }
  Key key;
  if (folded.size() <= longest_plain_text) {
    key += plain_text;
    key += folded;
    return key;
  }
  XXH128_canonical_t hash;
  XXH128_canonicalFromHash(&hash, XXH3_128bits(folded.data(), folded.size()));
  key += hashed_text;
  key.append(folded, 0, longest_plain_text);
  key.append(reinterpret_cast<const char*>(hash.digest), sizeof hash.digest);
  return key;
}

Key time_key(Timestamp time) {
  Key key;
  base::append_be64(key, ticks_of(time));
  return key;
}

Key state_key(StateCode state, StatusCode status) {
  Key key(8, '\0');
  base::put_be32(key.data(), base::ordered(static_cast<std::int32_t>(state)));
  base::put_be32(key.data() + 4, base::ordered(static_cast<std::int32_t>(status)));
  return key;
}

Key version_key(std::int64_t version) {
  Key key;
  base::append_be64(key, base::ordered(version));
  return key;
}

const std::array<Definition, keyed_index_count>& definitions() noexcept {
  return table;
}
const Definition& definition(IndexId id) noexcept {
  return table[static_cast<std::size_t>(id)];
}

Result<std::optional<Key>> key_of(const Definition& definition, const SessionView& session, KeyForm form) {
  const bool needs_columns = definition.info.id == IndexId::correlation ? !codec::RecordView::correlation_guid(session)
                                                                        : definition.needs_columns;
  if (needs_columns) {
    if (auto ok = session.unpack(); !ok) return fail(std::move(ok.error()));
  }
  return definition.key(session, form);
}

}  // namespace index

std::span<const IndexInfo> indexes() noexcept {
  static const auto infos = [] {
    std::array<IndexInfo, index_count> list{};
    for (const index::Definition& definition : index::definitions()) {
      list[static_cast<std::size_t>(definition.info.id)] = definition.info;
    }
    list[static_cast<std::size_t>(IndexId::summary)] = index::summary_info;
    return list;
  }();
  return infos;
}

std::optional<IndexId> find_index(std::string_view name) noexcept {
  for (const IndexInfo& index : indexes()) {
    if (index.name == name) return index.id;
  }
  return std::nullopt;
}

}  // namespace flowkeep
