#include <string>
#include <utility>

#include <flowkeep/io/json.hpp>

#include "session_parser.hpp"

namespace flowkeep::io {

struct JsonReader::Impl {
  SessionParser parser{};
  std::string padded{};

  std::string_view pad(std::string_view json) {
    padded.assign(json);
    padded.append(json_padding, '\0');
    return std::string_view(padded).substr(0, json.size());
  }
};

JsonReader::JsonReader() : impl_(std::make_unique<Impl>()) {}
JsonReader::JsonReader(JsonReader&&) noexcept = default;
JsonReader& JsonReader::operator=(JsonReader&&) noexcept = default;
JsonReader::~JsonReader() = default;

Result<Session> JsonReader::read(std::string_view json) {
  Result<Session> session{};
  if (auto parsed = impl_->parser.parse(impl_->pad(json), *session); !parsed) return fail(std::move(parsed.error()));
  return session;
}

Result<SessionUpdate> JsonReader::read_update(std::string_view json) {
  Result<SessionUpdate> update{};
  if (auto parsed = impl_->parser.parse_update(impl_->pad(json), *update); !parsed)
    return fail(std::move(parsed.error()));
  return update;
}

}  // namespace flowkeep::io
