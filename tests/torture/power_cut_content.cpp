#include "power_cut_content.hpp"

#include <xxhash.h>

#include <cstring>

namespace flowkeep::torture {

namespace {

// Lengths and presence are hashed with the text, so that nothing can stand for something else.
class Hasher {
 public:
  void add(std::string_view bytes) {
    const std::uint64_t size = bytes.size();
    sum_ = XXH3_64bits_withSeed(bytes.data(), bytes.size(), sum_ ^ (size << 32));
  }
  void add(std::uint64_t number) { sum_ = XXH3_64bits_withSeed(&number, sizeof number, sum_); }
  template <class Value>
  void add_optional(const std::optional<Value>& value) {
    add(std::uint64_t{value.has_value()});
    if (value) add(*value);
  }
  void add_time(const std::optional<Timestamp>& time) {
    add(std::uint64_t{time.has_value()});
    if (time) add(to_text(*time));
  }
  void add_binary(const std::optional<Binary>& binary) {
    add(std::uint64_t{binary.has_value()});
    if (!binary) return;
    add_optional(binary->name);
    add(binary->stored ? binary->stored->hash : binary->content.hash());
    add(binary->stored ? binary->stored->size : binary->content.size());
  }
  [[nodiscard]] std::uint64_t sum() const { return sum_ == 0 ? 1 : sum_; }

 private:
  static std::string to_text(const Timestamp& time) { return format_timestamp(time); }
  std::uint64_t sum_ = 0;
};

std::uint64_t with_id(const Guid& id, std::uint64_t row) {
  return XXH3_64bits_withSeed(id.bytes.data(), id.bytes.size(), row);
}

}  // namespace

std::string ChangeNote::encode() const {
  std::string bytes(bytes_of(key));
  bytes.push_back(is_power_safe ? 1 : 0);
  for (const auto& [id, row] : rows) {
    bytes.append(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
    bytes.append(bytes_of(row));
  }
  return bytes;
}

ChangeNote ChangeNote::decode(std::string_view bytes) {
  constexpr std::size_t row_bytes = 24;
  ChangeNote note;
  note.key = number_in(bytes);
  note.is_power_safe = bytes[8] != 0;
  for (bytes.remove_prefix(9); bytes.size() >= row_bytes; bytes.remove_prefix(row_bytes)) {
    Guid id;
    std::memcpy(id.bytes.data(), bytes.data(), id.bytes.size());
    note.rows.emplace_back(id, number_in(bytes.substr(16)));
  }
  return note;
}

std::uint64_t number_in(std::string_view bytes) {
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

Guid model_row() {
  Guid id;
  id.bytes.fill(0xFF);
  return id;
}

std::uint64_t fingerprint(std::string_view text) {
  Hasher hasher;
  hasher.add(text);
  return hasher.sum();
}

std::uint64_t fingerprint(const Session& session) {
  Hasher hasher;
  hasher.add(static_cast<std::uint64_t>(session.versionnumber.value_or(0)));
  hasher.add(static_cast<std::uint64_t>(session.statuscode.value()));
  hasher.add_optional(session.name);
  hasher.add_optional(session.correlationid);
  hasher.add_optional(session.errormessage);
  hasher.add_time(session.createdon);
  hasher.add_time(session.modifiedon);
  hasher.add_time(session.completedon);
  hasher.add_binary(session.inputs);
  hasher.add_binary(session.outputs);
  for (const auto& [name, value] : session.extra) {
    hasher.add(name);
    hasher.add(value);
  }
  return hasher.sum();
}

std::uint64_t Rows::put(const Guid& id, std::uint64_t row) {
  std::uint64_t before = 0;
  if (const auto found = rows_.find(id); found != rows_.end()) {
    before = found->second;
    sum_ -= with_id(id, before);
    rows_.erase(found);
  }
  if (row != 0) {
    rows_[id] = row;
    sum_ += with_id(id, row);
  }
  return before;
}

namespace {

bool is_shared(const Guid& id) {
  return id.bytes[15] % 4 == 0;
}

}  // namespace

Result<void> share_new(WriteTransaction& transaction, const Guid& id) {
  if (!is_shared(id)) return {};
  Guid user;
  user.bytes.fill(0xFE);
  const auto shared = transaction.grant_access(id, user, AccessRight::read);
  return shared ? Result<void>() : fail(shared.error());
}

bool is_cancelled(const Guid& id) {
  return id.bytes[14] % 4 == 0;
}

bool is_called_back(const Guid& id) {
  return id.bytes[13] % 4 == 0;
}

namespace {

Result<bool> has_its_side_rows(const Snapshot& snapshot, const SessionView& session) {
  const Guid id = session.flowsessionid();
  const auto shares = snapshot.shares(id);
  if (!shares) return fail(shares.error());
  const auto request = snapshot.cancel_request(id);
  if (!request) return fail(request.error());
  const auto callback = snapshot.callback(id);
  if (!callback) return fail(callback.error());
  const StatusCode status = session.statuscode();
  return shares->size() == (is_shared(id) ? 1U : 0U) &&
         request->has_value() == (is_cancelled(id) && status == StatusCode::running) &&
         callback->has_value() == (is_called_back(id) && status == StatusCode::succeeded);
}

}  // namespace

Result<Rows> read_rows(const Store& store) {
  auto snapshot = store.snapshot();
  if (!snapshot) return fail(std::move(snapshot.error()));
  Rows content;
  for (const Result<SessionView>& row : snapshot->select({})) {
    if (!row) return fail(row.error());
    const auto is_whole = has_its_side_rows(*snapshot, *row);
    if (!is_whole) return fail(is_whole.error());
    const std::uint64_t sum = fingerprint(row->copy().value());
    content.put(row->flowsessionid(), *is_whole ? sum : ~sum);
  }
  auto model = snapshot->state_model();
  if (!model) return fail(std::move(model.error()));
  content.put(model_row(), fingerprint(model->name()));
  return content;
}

std::string difference(const Rows& found, const Rows& expected) {
  std::string words;
  int count = 0;
  const auto add = [&](const Guid& id, const char* what) {
    if (++count <= 3) words += (words.empty() ? "" : ", ") + id.str() + what;
  };
  for (const auto& [id, row] : expected.rows()) {
    const auto other = found.rows().find(id);
    if (other == found.rows().end()) {
      add(id, " is missing");
    } else if (other->second != row) {
      add(id, " is another");
    }
  }
  for (const auto& [id, row] : found.rows()) {
    if (expected.rows().count(id) == 0) add(id, " should not be there");
  }
  return words + " (" + std::to_string(count) + " differences)";
}

}  // namespace flowkeep::torture
