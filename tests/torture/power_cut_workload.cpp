#include "power_cut_workload.hpp"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "power_cut_content.hpp"

namespace flowkeep::torture {

namespace {

using Random = std::mt19937_64;

[[noreturn]] void give_up(const char* what, const Error& error) {
  std::fprintf(stderr, "the recorded program failed: %s: %s\n", what, error.message.c_str());
  ::_exit(3);
}

template <class T>
T must(const char* what, Result<T> result) {
  if (!result) give_up(what, result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  bool chance(double p) { return std::bernoulli_distribution(p)(random_); }
  std::uint64_t between(std::uint64_t least, std::uint64_t most) {
    return std::uniform_int_distribution<std::uint64_t>(least, most)(random_);
  }
  std::string noise(std::size_t size) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random_());
    return bytes;
  }
  template <class Choices>
  const auto& one_of(const Choices& choices) {
    return choices[between(0, std::size(choices) - 1)];
  }
  std::uint64_t any() { return random_(); }

 private:
  Random random_;
};

// One thread's part: it writes only its own sessions.
class Writer {
 public:
  Writer(const Store& store, const Plan& plan, unsigned phase, unsigned thread)
      : store_(store),
        plan_(plan),
        thread_(thread),
        is_first_(phase == 0 && thread == 0),
        next_key_((std::uint64_t{phase} << 48) | (std::uint64_t{thread} << 32)),
        dice_(plan.seed * 1000 + phase * 10 + thread) {
    const Snapshot snapshot = must("snapshot", store.snapshot());
    for (const Result<SessionView>& row : snapshot.select({})) {
      if (!row) give_up("a row", row.error());
      const Guid id = row->flowsessionid();
      if (id.bytes[0] == thread) live_.push_back({id, row->statuscode()});
    }
  }

  void run() {
    if (plan_.learns && is_first_) learn();
    for (unsigned i = 0; i < plan_.changes; ++i) {
      if (dice_.chance(plan_.reading)) static_cast<void>(must("size", must("snapshot", store_.snapshot()).size()));
      if (plan_.threads == 1 && dice_.chance(plan_.maintenance)) {
        maintain();
      } else {
        change();
      }
    }
  }
  void change();
  void learn();
  void wait_for_all() {
    while (!pending_.empty()) wait_for_one();
  }
  /// Hands over changes that nobody waits for.
  void leave_some() {
    for (std::uint64_t i = dice_.between(0, 3); i > 0; --i) change();
  }

 private:
  struct Row {
    Guid id;
    StatusCode status;
  };

  /// Notes what the transaction does, and hands it over.
  void commit(WriteTransaction transaction);

  Guid new_id() {
    Guid id = Guid::make();
    for (std::uint8_t& byte : id.bytes) byte = static_cast<std::uint8_t>(dice_.any());
    id.bytes[0] = static_cast<std::uint8_t>(thread_);
    return id;
  }

  Binary content() {
    const bool big = dice_.chance(0.3);
    const std::size_t size = dice_.between(0, big ? 12'000 : 900);
    const std::string bytes = dice_.chance(0.3) ? std::string(size, 'x') : dice_.noise(size);
    return Binary{"content.bin", Content(bytes), {}, {}};
  }

  // Text that packs to little less, so that records take pages, and give them up.
  std::string text(std::size_t size) {
    std::string letters = dice_.noise(size);
    for (char& letter : letters) letter = static_cast<char>('0' + (letter & 63));
    return letters;
  }

  Session new_session() {
    Session session;
    session.flowsessionid = new_id();
    session.name = "session " + std::to_string(dice_.between(0, 99));
    session.statuscode = StatusCode::waiting;
    if (is_called_back(*session.flowsessionid)) session.callbackurl = "https://example.com/";
    session.correlationid = "request " + std::to_string(dice_.between(0, 20));
    if (dice_.chance(0.6)) session.inputs = content();
    if (dice_.chance(0.1)) session.outputs = content();
    if (dice_.chance(0.5)) session.errormessage = text(dice_.between(0, 2500));
    return session;
  }

  void create(WriteTransaction& transaction) {
    const Session session = new_session();
    touched_.insert(must("create", transaction.create(session)));
    share(transaction, *session.flowsessionid);
    live_.push_back({*session.flowsessionid, StatusCode::waiting});
  }

  void create_batch(WriteTransaction& transaction, std::uint64_t count) {
    std::vector<Session> sessions;
    for (std::uint64_t i = 0; i < count; ++i) sessions.push_back(new_session());
    for (const Guid& id : must("create_multiple", transaction.create_multiple(sessions))) {
      touched_.insert(id);
      share(transaction, id);
      live_.push_back({id, StatusCode::waiting});
    }
  }

  static void share(WriteTransaction& transaction, const Guid& id) { must("grant_access", share_new(transaction, id)); }

  void move_on(WriteTransaction& transaction) {
    Row& row = live_[dice_.between(0, live_.size() - 1)];
    const StatusCode next = row.status == StatusCode::waiting   ? StatusCode::running
                            : row.status == StatusCode::running ? StatusCode::succeeded
                                                                : row.status;
    must("transition", transaction.transition(row.id, next));
    const bool starts = next == StatusCode::running && row.status != next;
    if (starts && is_cancelled(row.id)) must("cancel", transaction.cancel(row.id));
    row.status = next;
    touched_.insert(row.id);
  }

  void update(WriteTransaction& transaction) {
    SessionUpdate update;
    if (dice_.chance(0.5)) update.set.name = "renamed " + std::to_string(dice_.any());
    if (dice_.chance(0.5)) update.set.inputs = content();
    if (dice_.chance(0.2)) update.clear.insert(Column::outputs);
    update.set.errormessage = text(dice_.between(0, 2000));
    const Guid id = dice_.one_of(live_).id;
    must("update", transaction.update(id, update));
    touched_.insert(id);
  }

  void erase(WriteTransaction& transaction, std::uint64_t count) {
    std::vector<Guid> ids;
    for (; count > 0 && !live_.empty(); --count) {
      const std::size_t which = dice_.between(0, live_.size() - 1);
      ids.push_back(live_[which].id);
      touched_.insert(live_[which].id);
      live_.erase(live_.begin() + static_cast<std::ptrdiff_t>(which));
    }
    must("erase_multiple", transaction.erase_multiple(ids));
  }

  void operate(WriteTransaction& transaction) {
    const bool is_crowded = live_.size() > (plan_.learns ? 900U : 220U) / plan_.threads;
    const std::uint64_t roll = dice_.between(0, 99);
    if (live_.size() < 4 || (roll < 35 && !is_crowded)) {
      create(transaction);
    } else if (roll < 40 && !is_crowded) {
      create_batch(transaction, dice_.between(2, 25));
    } else if (roll < 65) {
      move_on(transaction);
    } else if (roll < 82) {
      update(transaction);
    } else {
      erase(transaction, is_crowded ? dice_.between(5, 60) : dice_.between(1, 4));
    }
  }

  void wait_for_one() {
    must("wait", pending_.front().second.wait());
    note(static_cast<std::uint64_t>(Note::acknowledged), bytes_of(pending_.front().first));
    pending_.pop_front();
  }

  void maintain() {
    if (dice_.chance(0.5)) {
      wait_for_all();
      const StateModel model = custom_model();
      const ChangeNote what{next_key_++, true, {{model_row(), fingerprint(model.name())}}};
      note(static_cast<std::uint64_t>(Note::submitted), what.encode());
      must("set_state_model", store_.set_state_model(model));
      note(static_cast<std::uint64_t>(Note::acknowledged), bytes_of(what.key));
      return;
    }
    constexpr std::array optional_indexes{IndexId::errorcode, IndexId::startedon, IndexId::owner};
    const IndexId index = dice_.one_of(optional_indexes);
    const std::uint64_t number = static_cast<std::uint64_t>(index);
    const auto status = must("index_status", must("snapshot", store_.snapshot()).index_status());
    if (status[number] == IndexStatus::active) {
      note(static_cast<std::uint64_t>(Note::index_dropping), bytes_of(number));
      must("drop_index", store_.drop_index(index));
    } else {
      must("add_index", store_.add_index(index));
      note(static_cast<std::uint64_t>(Note::index_added), bytes_of(number));
    }
  }

  // Another name each time, and the moves this writer makes.
  StateModel custom_model() {
    std::vector<Move> moves;
    for (const Move& move : StateModel::desktop_flow().moves()) moves.push_back(move);
    return must("model", StateModel::make("model " + std::to_string(dice_.any()), moves));
  }

  const Store& store_;
  const Plan& plan_;
  unsigned thread_;
  bool is_first_;
  std::uint64_t next_key_;
  Dice dice_;
  std::vector<Row> live_{};
  std::set<Guid> touched_{};
  std::deque<std::pair<std::uint64_t, Pending>> pending_{};
};

void Writer::change() {
  // Undone whole, so that it is as if it had never been.
  if (dice_.chance(0.04)) {
    WriteTransaction undone = must("begin", store_.write());
    must("create", undone.create(new_session()));
  }
  touched_.clear();
  WriteTransaction transaction = must("begin", store_.write());
  if (dice_.chance(plan_.large)) {
    Session session = new_session();
    session.inputs =
        Binary{"large.bin", Content(dice_.noise(plan_.journal_bytes / 3 + dice_.between(0, 40'000))), {}, {}};
    touched_.insert(must("create", transaction.create(session)));
    share(transaction, *session.flowsessionid);
    live_.push_back({*session.flowsessionid, StatusCode::waiting});
  }
  for (std::uint64_t count = dice_.chance(0.2) ? dice_.between(2, 5) : 1; count > 0; --count) operate(transaction);

  commit(std::move(transaction));
}

// So many sessions that the store makes its dictionaries, beside what follows.
void Writer::learn() {
  constexpr std::uint64_t enough = 1100;
  constexpr std::uint64_t kept = 800;
  touched_.clear();
  WriteTransaction many = must("begin", store_.write());
  for (std::uint64_t i = 0; i < enough; ++i) {
    Session session;
    session.flowsessionid = new_id();
    session.statuscode = StatusCode::waiting;
    session.context = R"({"hostName":"robot.example.org","attendedMode":"Unattended","run":)" + std::to_string(i) + "}";
    session.inputs =
        Binary{"inputs.json", Content(R"({"invoice":)" + std::to_string(i) + R"(,"currency":"EUR"})"), {}, {}};
    if (is_called_back(*session.flowsessionid)) session.callbackurl = "https://example.com/";
    touched_.insert(must("create", many.create(session)));
    share(many, *session.flowsessionid);
    live_.push_back({*session.flowsessionid, StatusCode::waiting});
  }
  commit(std::move(many));
  touched_.clear();
  WriteTransaction fewer = must("begin", store_.write());
  erase(fewer, enough - kept);
  commit(std::move(fewer));
}

void Writer::commit(WriteTransaction transaction) {
  ChangeNote what;
  what.key = next_key_++;
  what.is_power_safe = !dice_.chance(plan_.process_safe);
  for (const Guid& id : touched_) {
    const auto row = must("find", transaction.find(id));
    what.rows.emplace_back(id, row ? fingerprint(*row) : 0);
  }
  note(static_cast<std::uint64_t>(Note::submitted), what.encode());
  const Durability durability = what.is_power_safe ? Durability::power_safe : Durability::process_safe;
  if (dice_.chance(plan_.pipelined)) {
    pending_.emplace_back(what.key, must("submit", transaction.submit(durability)));
    if (pending_.size() > 4) wait_for_one();
  } else {
    must("commit", transaction.commit(durability));
    note(static_cast<std::uint64_t>(Note::acknowledged), bytes_of(what.key));
  }
}

}  // namespace

Plan Plan::draw(std::uint64_t seed) {
  Dice dice(seed);
  Plan plan;
  plan.seed = seed;
  plan.threads = dice.chance(0.45) ? 1 : dice.chance(0.5) ? 2 : 4;
  plan.phases = static_cast<unsigned>(dice.between(1, 3));
  plan.changes = static_cast<unsigned>(dice.between(25, 90)) / plan.threads + 5;
  constexpr std::array<std::uint64_t, 4> journals{64U << 10, 64U << 10, 96U << 10, 512U << 10};
  plan.journal_bytes = dice.one_of(journals);
  plan.process_safe = dice.chance(0.3) ? 0.6 : 0;
  plan.pipelined = dice.chance(0.4) ? 0.5 : 0;
  plan.large = dice.chance(0.5) ? 0.03 : 0;
  plan.maintenance = dice.chance(0.5) ? 0.06 : 0;
  plan.reading = dice.chance(0.5) ? 0.5 : 0;
  plan.dies = dice.chance(0.5);
  if (dice.chance(0.25)) {
    plan.processes = 2;
    plan.maintenance = 0;
  }
  constexpr std::array<std::uint32_t, 4> journal_syncs{0, 50, 400, 4'000};
  constexpr std::array<std::uint32_t, 4> data_syncs{0, 500, 3'000, 8'000};
  plan.manners.journal_sync_us = dice.one_of(journal_syncs);
  plan.manners.data_sync_us = dice.one_of(data_syncs);
  plan.learns = dice.chance(0.25);
  return plan;
}

void Plan::slow_down() {
  threads = 3;
  processes = 1;
  changes = 60;
  reading = 0.8;
  journal_bytes = 64U << 10;
  manners.journal_sync_us = 12'000;
  manners.data_sync_us = 16'000;
}

OpenOptions options_of(const Plan& plan, OpenMode mode) {
  OpenOptions options;
  options.mode = mode;
  options.journal_bytes = plan.journal_bytes;
  options.map_bytes = 1ULL << 30;
  options.sync_interval = std::chrono::milliseconds(10);
  return options;
}

void run_phase(const Plan& plan, unsigned phase, Recording& recording, const std::string& directory,
               const Meeting& meeting) {
  start_recording(recording, directory, plan.manners);
  {
    const Store store =
        must("open", Store::open(directory + "/s.flowkeep", options_of(plan, OpenMode::open_or_create)));
    const std::uint64_t sum = must("content", read_rows(store)).sum();
    note(static_cast<std::uint64_t>(Note::opened), bytes_of(sum));
    std::deque<Writer> writers;
    for (unsigned i = 0; i < plan.threads; ++i) writers.emplace_back(store, plan, phase, i);
    ::close(meeting.second_is_gone[1]);
    if (::write(meeting.first_is_open[1], ".", 1) != 1) ::_exit(3);
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < plan.threads; ++i) {
      threads.emplace_back([&writers, i] {
        writers[i].run();
        writers[i].wait_for_all();
      });
    }
    writers[0].run();
    if (plan.processes == 2) {
      char nothing = 0;
      static_cast<void>(::read(meeting.second_is_gone[0], &nothing, 1));
      // What the other one left, is taken over now at the latest.
      writers[0].change();
    }
    // Whatever the others are at.
    const bool is_last = phase + 1 == plan.phases;
    if (plan.dies && !(is_last && plan.seed % 2 == 0)) {
      writers[0].leave_some();
      die_recording(died_as_planned);
    }
    writers[0].wait_for_all();
    for (std::thread& thread : threads) thread.join();
  }
  note(static_cast<std::uint64_t>(Note::closed));
  stop_recording();
  ::_exit(0);
}

void run_second(const Plan& plan, unsigned phase, Recording& recording, const std::string& directory,
                const Meeting& meeting) {
  char nothing = 0;
  ::close(meeting.first_is_open[1]);
  if (::read(meeting.first_is_open[0], &nothing, 1) != 1) ::_exit(3);
  start_recording(recording, directory, plan.manners);
  {
    const Store store = must("open", Store::open(directory + "/s.flowkeep", options_of(plan, OpenMode::existing)));
    Writer writer(store, plan, phase, Plan::second_thread);
    writer.run();
    if ((plan.seed + phase) % 3 != 0) {
      writer.leave_some();
      die_recording(died_as_planned);
    }
    writer.wait_for_all();
  }
  stop_recording();
  ::_exit(0);
}

}  // namespace flowkeep::torture
