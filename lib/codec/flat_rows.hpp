// What encoders and decoders of FlatBuffer rows share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <flatbuffers/flatbuffers.h>

#include <flowkeep/result.hpp>

#include "codec/fields.hpp"

namespace flowkeep::codec {

/// The thread's, empty.
inline flatbuffers::FlatBufferBuilder& fresh_builder() {
  thread_local flatbuffers::FlatBufferBuilder builder(1024);
  builder.Clear();
  return builder;
}

template <class T>
std::string finished(flatbuffers::FlatBufferBuilder& builder, flatbuffers::Offset<T> root) {
  builder.Finish(root);
  return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

/// Errors: corrupt; it calls the row by `what`.
template <class T>
Result<const T*> verified(std::string_view payload, const char* what) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(payload.data());
  flatbuffers::Verifier verifier(bytes, payload.size(), 8, 1'000'000);
  if (!verifier.VerifyBuffer<T>(nullptr)) {
    return fail(Errc::corrupt, std::string("the ") + what + " row is damaged: its FlatBuffer is not well-formed");
  }
  return flatbuffers::GetRoot<T>(bytes);
}

inline flatbuffers::Optional<std::int64_t> ticks_of(const std::optional<Timestamp>& time) {
  if (!time) return flatbuffers::nullopt;
  return time->time_since_epoch().count();
}
inline std::optional<Timestamp> time_of(const flatbuffers::Optional<std::int64_t>& ticks) {
  if (!ticks) return std::nullopt;
  return Timestamp(Ticks(*ticks));
}
inline std::optional<Guid> guid_at(const fb::Guid* stored) {
  if (stored == nullptr) return std::nullopt;
  return guid_of(*stored);
}

}  // namespace flowkeep::codec
