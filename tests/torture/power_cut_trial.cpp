#include "power_cut_trial.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace flowkeep::torture {

namespace {

bool is_beside(const std::string& name) {
  return name.ends_with("-lock") || name.ends_with("-shm");
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Blocks of zeros are left as holes.
void write_file(const std::string& path, const std::string& content) {
  constexpr std::size_t block = 4096;
  static const std::string zeros(block, '\0');
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT, 0600);
  if (descriptor < 0 || ::ftruncate(descriptor, 0) != 0) std::abort();
  for (std::size_t at = 0; at < content.size();) {
    std::size_t end = at;
    while (end < content.size() && content.compare(end, block, zeros, 0, std::min(block, content.size() - end)) != 0) {
      end = std::min(end + block, content.size());
    }
    if (end > at &&
        ::pwrite(descriptor, content.data() + at, end - at, static_cast<off_t>(at)) != static_cast<ssize_t>(end - at)) {
      std::abort();
    }
    at = std::min(std::max(end, at) + (end == at ? block : 0), content.size());
  }
  if (::ftruncate(descriptor, static_cast<off_t>(content.size())) != 0) std::abort();
  ::close(descriptor);
}

std::string temporary_directory() {
  const char* wanted = std::getenv("TMPDIR");
  std::string path = wanted != nullptr                 ? wanted
                     : ::access("/dev/shm", W_OK) == 0 ? "/dev/shm"
                                                       : std::filesystem::temp_directory_path().string();
  path = std::filesystem::canonical(path).string() + "/flowkeep-cut-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) std::abort();
  return path;
}

Guid fresh_id(std::uint64_t number) {
  Guid id = Guid::make();
  id.bytes[0] = 0xEE;
  for (int i = 0; i < 8; ++i) id.bytes[8 + i] = static_cast<std::uint8_t>(number >> (8 * i));
  return id;
}

std::string what_check_finds(const Store& store) {
  const auto report = store.check();
  if (!report) return "check: " + report.error().message;
  if (report->clean()) return {};
  return "check: " + report->findings.front().where + ": " + report->findings.front().what;
}

template <class Value>
void say(Note what, const Value& value) {
  note(static_cast<std::uint64_t>(what), value);
}

std::string create_one(const Store& store, std::uint64_t number, Rows& rows) {
  Session session;
  session.flowsessionid = fresh_id(number);
  session.name = "after the cut";
  session.statuscode = StatusCode::waiting;
  auto transaction = store.write();
  if (!transaction) return "write: " + transaction.error().message;
  if (auto created = transaction->create(session); !created) return "create: " + created.error().message;
  if (auto shared = share_new(*transaction, *session.flowsessionid); !shared) return "share: " + shared.error().message;
  const auto row = transaction->get(*session.flowsessionid);
  if (!row) return "get: " + row.error().message;
  const ChangeNote what{number, true, {{*session.flowsessionid, fingerprint(*row)}}};
  say(Note::submitted, what.encode());
  if (auto done = transaction->commit(); !done) return "commit: " + done.error().message;
  say(Note::acknowledged, bytes_of(what.key));
  rows.put(what.rows.front().first, what.rows.front().second);
  return {};
}

// A store that holds `rows` takes a change, is closed and opened again.
std::string write_and_reopen(Store store, const Site& site, const Plan& plan, Rows rows, std::uint64_t number) {
  if (auto wrong = create_one(store, number, rows); !wrong.empty()) return wrong;
  { const Store closed = std::move(store); }
  say(Note::closed, std::string_view());
  if (::access((site.store_path() + "-wal").c_str(), F_OK) == 0) return "close: the journal is still there";
  auto again = Store::open(site.store_path(), options_of(plan, OpenMode::existing));
  if (!again) return "open after a close: " + again.error().message;
  const auto found = read_rows(*again);
  if (!found) return "after a close: " + found.error().message;
  if (found->sum() != rows.sum()) return "after a close: " + difference(*found, rows);
  if (number % 4 == 0) {
    if (auto wrong = what_check_finds(*again); !wrong.empty()) return "after a close: " + wrong;
  }
  return {};
}

std::string missing_index(const Store& store, const History& history) {
  const auto snapshot = store.snapshot();
  if (!snapshot) return snapshot.error().message;
  const auto status = snapshot->index_status();
  if (!status) return status.error().message;
  for (std::size_t i = 0; i < status->size(); ++i) {
    if (history.indexes()[i] && (*status)[i] != IndexStatus::active) return "an index that was added is not there";
  }
  return {};
}

}  // namespace

Site::Site() : path_(temporary_directory()), aside_(temporary_directory()) {}

Site::~Site() {
  std::filesystem::remove_all(path_);
  std::filesystem::remove_all(aside_);
}

void Site::clear() {
  for (const std::string& directory : {path_, aside_}) {
    for (const auto& entry : std::filesystem::directory_iterator(directory)) std::filesystem::remove_all(entry);
  }
  stale_.clear();
  is_aside_ = false;
}

void Site::settle() {
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    const std::string name = entry.path().filename().string();
    if (is_beside(name)) stale_[name] = read_file(entry.path().string());
  }
  // Of a store that was closed there is nothing left that could be old.
  for (const char* end : {"-lock", "-shm"}) stale_.emplace(std::string("s.flowkeep") + end, std::string(8192, '\x5A'));
}

void Site::put_aside() {
  if (is_aside_) return;
  std::filesystem::rename(store_path(), aside_ + "/s.flowkeep");
  is_aside_ = true;
}

void Site::lay_out(const Image& image, Inode inode, Disk::Random& random) {
  const std::string store_name = "s.flowkeep";
  const bool wants_home = image.count(store_name) != 0 && inode == Inode::same;
  if (!wants_home) put_aside();
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    if (is_aside_ || entry.path().filename() != store_name) std::filesystem::remove(entry.path());
  }
  if (wants_home && is_aside_) {
    std::filesystem::rename(aside_ + "/" + store_name, store_path());
    is_aside_ = false;
  }
  for (const auto& [name, content] : image) write_file(path_ + "/" + name, content);
  for (const auto& [name, content] : stale_) {
    if (random() % 2 == 0) write_file(path_ + "/" + name, content);
  }
}

Image Site::content() const {
  Image image;
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    const std::string name = entry.path().filename().string();
    if (!is_beside(name)) image[name] = read_file(entry.path().string());
  }
  return image;
}

Outcome open_and_examine(const Site& site, const Plan& plan, const History& history, std::uint64_t number) {
  Outcome outcome;
  const OpenMode mode = history.is_created() ? OpenMode::existing : OpenMode::open_or_create;
  auto store = Store::open(site.store_path(), options_of(plan, mode));
  if (!store) {
    const Errc code = store.error().code;
    outcome.was_no_store = !history.is_created() && (code == Errc::not_a_store || code == Errc::corrupt);
    if (!outcome.was_no_store) outcome.wrong = "open: " + store.error().message;
    return outcome;
  }
  auto rows = read_rows(*store);
  if (!rows) {
    outcome.wrong = "read: " + rows.error().message;
    return outcome;
  }
  outcome.rows = std::move(*rows);
  say(Note::opened, bytes_of(outcome.rows.sum()));
  if (outcome.wrong = what_check_finds(*store); !outcome.wrong.empty()) return outcome;
  if (!history.is_created()) {
    if (outcome.rows.rows().size() != 1) outcome.wrong = "a store that was not yet created holds something";
  } else if (!history.find(outcome.rows.sum())) {
    outcome.wrong =
        "content: of changes " + std::to_string(history.least()) + " to " + std::to_string(history.most()) +
        " none ends so; against the first: " + difference(outcome.rows, history.content_after(history.least())) +
        "; against the last: " + difference(outcome.rows, history.content_after(history.most()));
  } else {
    outcome.wrong = missing_index(*store, history);
  }
  if (outcome.wrong.empty()) outcome.wrong = write_and_reopen(std::move(*store), site, plan, outcome.rows, number);
  return outcome;
}

}  // namespace flowkeep::torture
