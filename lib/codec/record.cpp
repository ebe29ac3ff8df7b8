#include "codec/record.hpp"

#include <array>
#include <vector>

#include <flowkeep/state_model.hpp>

#include "codec/fields.hpp"
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
    column.add_blob(binary.stored->blob_id);
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

tl::unexpected<Error> damaged(const char* what) {
  return fail(Errc::corrupt, std::string("a record is damaged: ") + what);
}

}  // namespace

std::string_view encode_record(const Session& session) {
  FlatBufferBuilder& builder = thread_builder();
  builder.Clear();

  std::array<Offset, column_count> children{};
  entity::for_each_member([&]<Column column, class T>(std::optional<T> Session::*member) {
    if constexpr (is_child<T>) {
      if (session.*member) children[static_cast<std::size_t>(column)] = child_of(builder, *(session.*member));
    }
  });
  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<fb::ExtraColumn>>> extra;
  if (!session.extra.empty()) extra = extra_columns(builder, session.extra);

  const Offset start = builder.StartTable();
  entity::for_each_member([&]<Column column, class T>(std::optional<T> Session::*member) {
    if (!(session.*member)) return;
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

Result<SessionView> RecordView::verify(std::string_view payload) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(payload.data());
  flatbuffers::Verifier verifier(bytes, payload.size(), 8, 1'000'000);
  if (!is_well_formed(verifier)) return damaged("its FlatBuffer is not well-formed");
  const auto* session = flatbuffers::GetRoot<fb::Session>(bytes);
  const auto state = session->statecode();
  const auto status = session->statuscode();
  if (session->flowsessionid() == nullptr || !session->createdon() || !session->versionnumber() || !state || !status) {
    return damaged("it lacks flowsessionid, createdon, versionnumber, statecode or statuscode");
  }
  if (*state < 0 || *state >= state_count || *status < 0 || *status >= status_count) {
    return damaged("its statecode or statuscode is outside the option set");
  }
  return SessionView(session);
}

}  // namespace flowkeep::codec
