#include "codec/record.hpp"

#include <xxhash.h>

#include <array>
#include <vector>

#include <flowkeep/state_model.hpp>

#include "base/guid_key.hpp"
#include "codec/fields.hpp"
#include "codec/record_head.hpp"
#include "codec/value.hpp"
#include "entity/members.hpp"

namespace flowkeep::codec {

namespace {

using flatbuffers::FlatBufferBuilder;
using Offset = flatbuffers::uoffset_t;

Offset child_of(FlatBufferBuilder& builder, const std::string& text) {
  return builder.CreateString(text.data(), text.size()).o;
}

Offset child_of(FlatBufferBuilder& builder, const Binary& binary) {
  flatbuffers::Offset<flatbuffers::String> name;
  if (binary.name) name = builder.CreateString(binary.name->data(), binary.name->size());
  fb::BinaryColumnBuilder column(builder);
  if (binary.name) column.add_name(name);
  if (binary.stored) {
    column.add_size(binary.stored->size);
    column.add_hash(binary.stored->hash);
    if (is_small(*binary.stored)) {
      column.add_small(true);
    } else {
      column.add_blob(binary.stored->blob_id);
    }
  }
  if (binary.reference) {
    const fb::Guid reference = guid_to(*binary.reference);
    column.add_reference(&reference);
  }
  return column.Finish().o;
}

template <Column column, class T>
void add_inline(FlatBufferBuilder& builder, const T& value) {
  if constexpr (std::is_same_v<T, Guid>) {
    const fb::Guid guid = guid_to(value);
    builder.AddStruct(field<column>, &guid);
  } else if constexpr (std::is_same_v<T, Reference>) {
    const fb::Reference reference(guid_to(value.id), static_cast<std::uint8_t>(value.type));
    builder.AddStruct(field<column>, &reference);
  } else if constexpr (std::is_same_v<T, Timestamp>) {
    builder.AddElement<std::int64_t>(field<column>, value.time_since_epoch().count());
  } else if constexpr (std::is_enum_v<T>) {
    builder.AddElement<std::int16_t>(field<column>, static_cast<std::int16_t>(value));
  } else {
    builder.AddElement<T>(field<column>, value);
  }
}

template <class T>
constexpr bool is_child = std::is_same_v<T, std::string> || std::is_same_v<T, Binary>;

flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<fb::ExtraColumn>>> extra_columns(
    FlatBufferBuilder& builder, const ExtraColumns& extra) {
  std::vector<flatbuffers::Offset<fb::ExtraColumn>> columns;
  columns.reserve(extra.size());
  for (const auto& [name, json] : extra) {
    const auto name_at = builder.CreateString(name.data(), name.size());
    const auto json_at = builder.CreateString(json.data(), json.size());
    columns.push_back(fb::CreateExtraColumn(builder, name_at, json_at));
  }
  return builder.CreateVector(columns);
}

// Asked for once a record: finding what belongs to a thread costs as much as writing a column.
FlatBufferBuilder& thread_builder() {
  thread_local FlatBufferBuilder builder(8192);
  return builder;
}

// Flattened: the compiler leaves the verifier's sixty small functions as calls otherwise.
[[gnu::flatten]] bool is_well_formed(flatbuffers::Verifier& verifier) {
  return verifier.VerifyBuffer<fb::Session>(nullptr);
}

// Fewer bytes are not worth a search without a dictionary.
constexpr std::size_t least_packed_alone = 2048;

// Which columns a FlatBuffer gets.
enum class Columns : std::uint8_t { all, not_in_head };

std::string_view encode_columns(const Session& session, Columns which, bool with_correlationid) {
  FlatBufferBuilder& builder = thread_builder();
  builder.Clear();
  const auto is_left_out = [&](Column column) {
    if (column == Column::correlationid) return !with_correlationid;
    return which == Columns::not_in_head && is_in_head(column);
  };

  std::array<Offset, column_count> children{};
  entity::for_each_member([&]<Column column, class T>(std::optional<T> Session::*member) {
    if constexpr (is_child<T>) {
      if (!(session.*member) || is_left_out(column)) return;
      children[static_cast<std::size_t>(column)] = child_of(builder, *(session.*member));
    }
  });
  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<fb::ExtraColumn>>> extra;
  if (!session.extra.empty()) extra = extra_columns(builder, session.extra);

  const Offset start = builder.StartTable();
  entity::for_each_member([&]<Column column, class T>(std::optional<T> Session::*member) {
    if (!(session.*member) || is_left_out(column)) return;
    if constexpr (is_child<T>) {
      builder.AddOffset(field<column>, flatbuffers::Offset<void>(children[static_cast<std::size_t>(column)]));
    } else {
      add_inline<column>(builder, *(session.*member));
    }
  });
  builder.AddOffset(fb::Session::VT_EXTRA, extra);
  builder.Finish(flatbuffers::Offset<fb::Session>(builder.EndTable(start)));
  return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

/// What a head is made from.
class HeadWriter {
 public:
  explicit HeadWriter(const Session& session) : session_(session) {}

  [[nodiscard]] fb::RecordHead write(const std::optional<Guid>& correlation, std::size_t columns_bytes,
                                     std::uint16_t dictionary, std::uint32_t process) {
    const fb::Guid machine = reference(session_.machineid, HeadBit::machineid);
    const fb::Guid regarding = reference(session_.regardingobjectid, HeadBit::regardingobjectid);
    const fb::Guid correlated = guid_to(correlation.value_or(Guid()));
    if (correlation) note(HeadBit::correlationid);
    const std::int64_t modified = ticks(session_.modifiedon, HeadBit::modifiedon);
    const std::int64_t started = ticks(session_.startedon, HeadBit::startedon);
    const std::int64_t completed = ticks(session_.completedon, HeadBit::completedon);
    if (session_.runduration) note(HeadBit::runduration);
    if (session_.runmode) note(HeadBit::runmode);
    const std::uint8_t owner = session_.ownerid ? owner_tag(session_.ownerid->id) : std::uint8_t{0};
    return fb::RecordHead(guid_to(*session_.flowsessionid), machine, regarding, correlated,
                          session_.createdon->time_since_epoch().count(), modified, started, completed,
                          session_.runduration.value_or(0), static_cast<std::uint32_t>(columns_bytes), present_,
                          dictionary, byte(*session_.statecode), byte(*session_.statuscode),
                          session_.runmode ? byte(*session_.runmode) : std::uint8_t{0}, type(session_.machineid),
                          type(session_.regardingobjectid), owner, static_cast<std::uint16_t>(process));
  }

 private:
  void note(HeadBit bit) noexcept { present_ = static_cast<std::uint16_t>(present_ | static_cast<std::uint16_t>(bit)); }
  template <class Code>
  static std::uint8_t byte(Code code) noexcept {
    return static_cast<std::uint8_t>(code);
  }
  static std::uint8_t type(const std::optional<Reference>& to) noexcept {
    return to ? byte(to->type) : std::uint8_t{0};
  }
  fb::Guid reference(const std::optional<Reference>& to, HeadBit bit) noexcept {
    if (!to) return fb::Guid();
    note(bit);
    return guid_to(to->id);
  }
  std::int64_t ticks(const std::optional<Timestamp>& time, HeadBit bit) noexcept {
    if (!time) return 0;
    note(bit);
    return time->time_since_epoch().count();
  }

  const Session& session_;
  std::uint16_t present_ = 0;
};

bool is_packed_value(std::string_view value) noexcept {
  return peek_kind(value) == ValueKind::packed_record;
}

const fb::RecordHead& head_in(std::string_view value) noexcept {
  return *reinterpret_cast<const fb::RecordHead*>(value.data() + header_bytes);
}

}  // namespace

std::size_t encode_record(std::string& out, const Session& session, std::string_view key, const RecordForm& form,
                          std::uint32_t process) {
  const auto version = static_cast<std::uint64_t>(session.versionnumber.value_or(0));
  if (!form.is_packed) {
    const std::string_view record = encode_columns(session, Columns::all, true);
    encode_value(out, ValueKind::record, version, key, record);
    return record.size();
  }
  std::optional<Guid> correlation;
  if (session.correlationid) correlation = base::canonical_guid(*session.correlationid);
  const std::string_view columns = encode_columns(session, Columns::not_in_head, !correlation);
  out.assign(header_bytes + head_bytes, '\0');
  const std::size_t most = columns.size() - columns.size() / 8;
  const bool is_worth_it = form.dictionary != nullptr || columns.size() >= least_packed_alone;
  const bool is_packed = is_worth_it && base::Packing::pack(out, columns, most, form.dictionary);
  if (!is_packed) out += columns;
  const std::uint16_t dictionary = is_packed && form.dictionary != nullptr ? form.dictionary->id() : 0;
  const fb::RecordHead head = HeadWriter(session).write(correlation, columns.size(), dictionary, process);
  std::memcpy(out.data() + header_bytes, &head, head_bytes);
  seal_value(out, ValueKind::packed_record, version, key);
  return columns.size();
}

Result<std::uint16_t> RecordView::verify(std::string_view key, std::string_view value) {
  const bool is_packed = is_packed_value(value);
  auto decoded = decode_value(is_packed ? ValueKind::packed_record : ValueKind::record, key, value);
  if (!decoded) return fail(std::move(decoded.error()));
  return dictionary_of(value);
}

std::uint16_t RecordView::dictionary_of(std::string_view value) noexcept {
  if (!is_packed_value(value) || value.size() < header_bytes + head_bytes) return 0;
  return head_in(value).dictionary();
}

std::uint8_t owner_tag(const Guid& owner) noexcept {
  return static_cast<std::uint8_t>(1 + XXH3_64bits(owner.bytes.data(), owner.bytes.size()) % 255);
}

std::uint32_t RecordView::process_of(const SessionView& session) noexcept {
  return session.is_packed_ ? reinterpret_cast<const fb::RecordHead*>(session.value_ + header_bytes)->process() : 0;
}

std::uint8_t RecordView::owner_tag_of(const SessionView& session) noexcept {
  if (!session.is_packed_) return 0;
  return reinterpret_cast<const fb::RecordHead*>(session.value_ + header_bytes)->owner_tag();
}

Result<SessionView> RecordView::open(std::string_view value, const base::PackingDictionary* dictionary,
                                     std::uint64_t arrival) {
  if (value.size() < header_bytes) return damaged(ValueKind::record, "it is shorter than its header");
  const std::string_view payload = payload_of(value);
  SessionView view;
  view.value_ = value.data();
  view.arrival_ = arrival;
  view.bytes_ = static_cast<std::uint32_t>(payload.size());
  view.is_packed_ = is_packed_value(value);
  if (view.is_packed_) {
    if (payload.size() < head_bytes) return damaged(ValueKind::record, "it is shorter than its head");
    const fb::RecordHead& head = head_in(value);
    const std::size_t stored = payload.size() - head_bytes;
    if (stored > head.columns_bytes() || head.columns_bytes() > max_record_bytes) {
      return damaged(ValueKind::record, "the sizes of its columns contradict each other");
    }
    if ((head.present() & ~all_head_bits) != 0)
      return damaged(ValueKind::record, "its head has columns that there are not");
    if (head.statecode() >= state_count || head.statuscode() >= status_count) {
      return damaged(ValueKind::record, "its statecode or statuscode is outside the option set");
    }
    view.dictionary_ = dictionary;
    return view;
  }
  const fb::Session* const session = verify_columns(payload);
  if (session == nullptr) return damaged(ValueKind::record, "its FlatBuffer is not well-formed");
  const auto state = session->statecode();
  const auto status = session->statuscode();
  if (session->flowsessionid() == nullptr || !session->createdon() || !session->versionnumber() || !state || !status) {
    return damaged(ValueKind::record, "it lacks flowsessionid, createdon, versionnumber, statecode or statuscode");
  }
  if (*state < 0 || *state >= state_count || *status < 0 || *status >= status_count) {
    return damaged(ValueKind::record, "its statecode or statuscode is outside the option set");
  }
  if (*session->versionnumber() != view.versionnumber()) return damaged(ValueKind::record, "it has two versionnumbers");
  view.table_ = session;
  return view;
}

std::optional<Guid> RecordView::correlation_guid(const SessionView& session) noexcept {
  if (!session.is_packed_) return std::nullopt;
  const auto& head = *reinterpret_cast<const fb::RecordHead*>(session.value_ + header_bytes);
  if (!has(head, HeadBit::correlationid)) return std::nullopt;
  return guid_of(head.correlationid());
}

const fb::Session* RecordView::verify_columns(std::string_view buffer) noexcept {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(buffer.data());
  flatbuffers::Verifier verifier(bytes, buffer.size(), 8, 1'000'000);
  return is_well_formed(verifier) ? flatbuffers::GetRoot<fb::Session>(bytes) : nullptr;
}

}  // namespace flowkeep::codec
