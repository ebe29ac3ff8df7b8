// Changes across crashes: the store's writer and the one who follows it are killed at any moment, again and again, and
// the copy that the follower keeps is the store in the end, each version taken in once.
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "fixture.hpp"

namespace flowkeep::fault {
namespace {

constexpr int kills_wanted = 200;
constexpr std::uint64_t taken_at_once = 16;

/// A copy of a store, and the token of where it stands, kept in one file that changes as a whole.
struct Copy {
  std::string token{};
  std::map<Guid, std::int64_t> sessions{};
  std::set<std::int64_t> seen{};
  bool is_right = true;  ///< no version came twice

  [[nodiscard]] static Copy load(const std::string& path) {
    Copy copy;
    const std::string bytes = bytes_of(path);
    if (bytes.empty()) return copy;
    std::size_t at = 0;
    const auto number = [&] {
      std::int64_t value = 0;
      std::memcpy(&value, bytes.data() + at, sizeof value);
      at += sizeof value;
      return value;
    };
    copy.is_right = number() == 1;
    copy.token.resize(static_cast<std::size_t>(number()));
    std::memcpy(copy.token.data(), bytes.data() + at, copy.token.size());
    at += copy.token.size();
    for (std::int64_t left = number(); left > 0; --left) {
      Guid id;
      std::memcpy(id.bytes.data(), bytes.data() + at, id.bytes.size());
      at += id.bytes.size();
      copy.sessions[id] = number();
    }
    for (std::int64_t left = number(); left > 0; --left) copy.seen.insert(number());
    return copy;
  }

  void save(const std::string& path) const {
    std::string bytes;
    const auto number = [&](std::int64_t value) { bytes.append(reinterpret_cast<const char*>(&value), sizeof value); };
    number(is_right ? 1 : 0);
    number(static_cast<std::int64_t>(token.size()));
    bytes += token;
    number(static_cast<std::int64_t>(sessions.size()));
    for (const auto& [id, version] : sessions) {
      bytes.append(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
      number(version);
    }
    number(static_cast<std::int64_t>(seen.size()));
    for (const std::int64_t version : seen) number(version);
    put_bytes(path + "-new", bytes);
    std::rename((path + "-new").c_str(), path.c_str());
  }

  /// Takes in some changes; whether there were more, std::nullopt where that failed.
  std::optional<bool> take(const Store& store) {
    const auto snapshot = store.snapshot();
    if (!snapshot) return std::nullopt;
    ChangeRange range = snapshot->changes(token);
    std::uint64_t taken = 0;
    for (const Result<SessionChange>& change : range) {
      if (!change) return std::nullopt;
      if (taken++ == taken_at_once) return true;
      is_right = seen.insert(change->versionnumber).second && is_right;
      if (change->session) {
        sessions[change->flowsessionid] = change->versionnumber;
      } else {
        sessions.erase(change->flowsessionid);
      }
      token = range.token();
    }
    token = range.token();
    return false;
  }
};

int follow(const std::string& path, const std::string& copy_path) {
  for (;;) {
    const auto store = Store::open(path, {.mode = OpenMode::read_only});
    if (!store) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // it has to be recovered first
      continue;
    }
    Copy copy = Copy::load(copy_path);
    for (;;) {
      const auto more = copy.take(*store);
      if (!more) break;
      copy.save(copy_path);
      if (!*more && !store->await_changes(copy.token, std::chrono::seconds(1))) break;
    }
  }
}

int write(const std::string& path, std::uint64_t seed) {
  const auto store = Store::open(path);
  if (!store) return 1;
  std::mt19937_64 random(seed);
  std::vector<Guid> ids;
  {
    const auto snapshot = store->snapshot();
    if (!snapshot) return 2;
    auto range = snapshot->select({});
    for (const auto& row : range) {
      if (!row) return 3;
      ids.push_back(row->flowsessionid());
    }
  }
  for (int step = 0;; ++step) {
    const std::uint64_t dice = random() % 4;
    if (ids.size() < 20 || (dice == 0 && ids.size() < 200)) {
      const auto id = store->create(named("created"));
      if (!id) return 4;
      ids.push_back(*id);
      continue;
    }
    const std::size_t place = random() % ids.size();
    if (dice == 1) {
      if (!store->erase(ids[place])) return 5;
      ids[place] = ids.back();
      ids.pop_back();
      continue;
    }
    SessionUpdate update;
    update.set.name = std::to_string(step);
    if (!store->update(ids[place], update)) return 6;
  }
}

TEST(ChangesAndKills, MissNothingAndRepeatNothing) {
  const Watchdog watchdog;
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const TemporaryDirectory directory;
  const std::string path = directory.file();
  const std::string copy_path = directory.file("copy");
  { const Store store = open_store(path); }
  std::optional<Child> writer;
  std::optional<Child> follower;
  for (int kills = 0; kills < kills_wanted; ++kills) {
    if (!writer) writer.emplace([&path, round = random()] { return write(path, round); });
    if (!follower) follower.emplace([&] { return follow(path, copy_path); });
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 20'000));
    std::optional<Child>& killed = random() % 2 == 0 ? writer : follower;
    killed->kill();
    killed.reset();
  }
  writer.reset();
  follower.reset();

  const Store store = open_store(path);
  Copy copy = Copy::load(copy_path);
  const std::size_t seen_by_children = copy.seen.size();
  for (std::optional<bool> more = true; more && *more;) more = copy.take(store);
  EXPECT_TRUE(copy.is_right) << "a version came twice";
  std::map<Guid, std::int64_t> stored;
  const auto snapshot = store.snapshot();
  ASSERT_TRUE(snapshot);
  for (const auto& row : snapshot->select({})) {
    ASSERT_TRUE(row);
    stored[row->flowsessionid()] = row->versionnumber();
  }
  EXPECT_GT(stored.size(), 0U);
  // They got on between the kills.
  EXPECT_GT(copy.seen.size(), 2U * kills_wanted);
  EXPECT_GT(seen_by_children, copy.seen.size() / 4);
  EXPECT_EQ(copy.sessions, stored);
  expect_clean(store);
}

}  // namespace
}  // namespace flowkeep::fault
