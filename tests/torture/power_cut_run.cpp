#include "power_cut_run.hpp"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <new>
#include <vector>

#include "power_cut_trial.hpp"
#include "power_cut_wrong.hpp"

namespace flowkeep::torture {

namespace {

constexpr std::size_t recording_bytes = std::size_t{1} << 30;
constexpr std::size_t second_recording_bytes = std::size_t{256} << 20;
constexpr std::uint64_t second_cut_every = 4;
constexpr std::uint64_t slots_bytes = 8192;  // of the journal's header slots, and of the data file's meta pages
// Long after anything that works has ended, on a busy machine and under sanitizers too.
constexpr unsigned longest_phase_s = 300;
constexpr unsigned longest_image_s = 120;

pid_t start_process(const std::function<void()>& body) {
  std::fflush(stdout);
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // nothing of this goes on by itself
  body();
  ::_exit(0);
}

// Exit status, or minus the signal.
int end_of(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

template <class Shared>
Shared& make_shared_memory() {
  void* mapped = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) std::abort();
  return *new (mapped) Shared{};
}

struct Cut {
  std::size_t event = 0;
  std::uint64_t seed = 0;
};

// Moments worth a cut: each kind gets its share, however rare it is.
std::vector<std::vector<std::size_t>> interesting_moments(const Recording& recording,
                                                          const std::vector<Event>& events) {
  enum Kind : std::uint8_t { header, meta, in_sync, acknowledged, names, kinds };
  std::vector<std::vector<std::size_t>> moments(kinds);
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Event& event = events[i];
    if (event.act == Act::write) {
      const bool is_journal = recording.role_of(event.file) == Role::journal;
      if (event.offset < slots_bytes) moments[is_journal ? header : meta].push_back(i + 1);
    } else if (event.act == Act::sync_begin) {
      moments[in_sync].push_back(i + 1);
    } else if (event.act == Act::note && event.offset == static_cast<std::uint64_t>(Note::acknowledged)) {
      moments[acknowledged].push_back(i + 1);
    } else if (event.act == Act::create || event.act == Act::remove || event.act == Act::names_begin) {
      moments[names].push_back(i + 1);
    }
  }
  moments.erase(std::remove_if(moments.begin(), moments.end(), [](const auto& kind) { return kind.empty(); }),
                moments.end());
  return moments;
}

std::vector<Cut> draw_cuts(const Recording& recording, const std::vector<Event>& events, std::uint64_t count,
                           Disk::Random& random) {
  const auto below = [&](std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random); };
  const auto moments = interesting_moments(recording, events);
  std::vector<Cut> cuts(count);
  for (Cut& cut : cuts) {
    cut.seed = random();
    if (moments.empty() || random() % 2 == 0) {
      cut.event = below(events.size() + 1);
    } else {
      const auto& kind = moments[below(moments.size())];
      cut.event = std::min(kind[below(kind.size())] + (random() % 4 == 0 ? below(4) : 0), events.size());
    }
  }
  std::sort(cuts.begin(), cuts.end(), [](const Cut& a, const Cut& b) { return a.event < b.event; });
  return cuts;
}

Strategy draw_strategy(const Disk& disk, Disk::Random& random) {
  for (;;) {
    const auto strategy = static_cast<Strategy>(random() % strategy_count);
    if (disk.concerns(strategy)) return strategy;
  }
}

// One recorded run and its images.
class Run {
 public:
  Run(const RunOptions& options, Figures& figures, std::uint64_t number, std::uint64_t images)
      : options_(options),
        figures_(figures),
        number_(number),
        images_(images),
        plan_(Plan::draw(options.seed * 1'000'003 + number)),
        now_(make_shared_memory<Now>()) {
    if (options.has_slow_disk) plan_.slow_down();
    plan_.manners.lie = options.lie;
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() { ::munmap(&now_, sizeof now_); }

  void operator()() {
    if (!record()) return;
    for (now_.image = 0; now_.image < images_ && !is_enough();) {
      const int status = end_of(start_process([this] { examine_images(); }));
      if (status == 0) break;
      tell_bad("the process that opened it ended with " +
               (status < 0 ? "signal " + std::to_string(-status) : "status " + std::to_string(status)));
      ++now_.image;
    }
  }

 private:
  // What the process that opens images is at; outlives it.
  struct Now {
    std::atomic<std::uint64_t> image{0};
    std::atomic<bool> is_second{false};
    std::atomic<std::size_t> event{0};
    std::atomic<Strategy> strategy{};
  };

  [[nodiscard]] bool is_enough() const { return options_.most_bad != 0 && figures_.bad >= options_.most_bad; }

  int run(unsigned phase) {
    Meeting meeting{};
    if (::pipe(meeting.first_is_open) != 0 || ::pipe(meeting.second_is_gone) != 0) std::abort();
    const auto begin = [&](auto* body) {
      return start_process([&] {
        ::alarm(longest_phase_s);
        set_wrong_order(options_.wrong_order);
        body(plan_, phase, recording_, site_.path(), meeting);
      });
    };
    const pid_t first = begin(&run_phase);
    const pid_t second = plan_.processes == 2 ? begin(&run_second) : 0;
    for (const int* ends : {meeting.first_is_open, meeting.second_is_gone}) {
      ::close(ends[0]);
      ::close(ends[1]);
    }
    const int status_of_second = second != 0 ? end_of(second) : 0;
    const int status = end_of(first);
    if (status_of_second == died_as_planned) ++figures_.takeovers;
    return status_of_second != 0 && status_of_second != died_as_planned ? status_of_second : status;
  }

  bool record() {
    for (unsigned phase = 0; phase < plan_.phases; ++phase) {
      const int status = run(phase);
      recording_.resume();
      if (status != 0 && status != died_as_planned) {
        tell_bad("the recorded program ended with " + std::to_string(status) + " in phase " + std::to_string(phase));
        return false;
      }
      if (status == died_as_planned && phase + 1 < plan_.phases) ++figures_.kills;
    }
    events_ = recording_.events();
    if (recording_.is_full()) {
      tell_bad("the recording is too long");
      return false;
    }
    ++figures_.runs;
    figures_.events += events_.size();
    count_journal();
    site_.settle();
    return is_complete();
  }

  // What the journal went through: an image of one that never wrapped proves little.
  void count_journal() {
    struct Journal {
      std::uint64_t tail = 0;
      std::uint64_t bytes = 0;
      bool is_made = false;
    };
    std::map<std::uint32_t, Journal> journals;
    for (const Event& event : events_) {
      if (event.act != Act::write || recording_.role_of(event.file) != Role::journal) continue;
      Journal& journal = journals[event.file];
      const std::uint64_t end = event.offset + event.bytes.size();
      if (journal.is_made && end > journal.bytes) {
        ++figures_.growths;
      } else if (journal.is_made && event.offset < slots_bytes) {
        ++figures_.header_slots;
      } else if (journal.is_made) {
        if (event.offset < journal.tail) ++figures_.laps;
        journal.tail = event.offset;
      } else if (end == slots_bytes || end == slots_bytes / 2) {
        journal.is_made = true;  // its first header, behind the zeros
      }
      journal.bytes = std::max(journal.bytes, end);
    }
  }

  // The recording replayed has to give the files that are there: no call was missed.
  bool is_complete() {
    Disk disk(recording_, events_, {});
    disk.run_until(events_.size());
    History history(events_);
    history.run_until(events_.size());
    figures_.changes += history.most();
    if (disk.cached() != site_.content()) {
      tell_bad("the recording does not lead to the files that are there");
      return false;
    }
    if (!history.fault().empty()) {
      tell_bad(history.fault());
      return false;
    }
    return true;
  }

  void examine_images() {
    Disk::Random random(plan_.seed ^ 0x5DEECE66DULL);
    const std::vector<Cut> cuts = draw_cuts(recording_, events_, images_, random);
    Disk disk(recording_, events_, {});
    History history(events_);
    for (; now_.image < images_ && !is_enough(); ++now_.image) {
      const Cut& cut = cuts[now_.image];
      ::alarm(longest_image_s);
      disk.run_until(cut.event);
      history.run_until(cut.event);
      examine(disk, history, cut);
    }
  }

  // What it leaves is in image_.
  void cut_power(const Disk& disk, const Cut& cut, Disk::Random& random) {
    const Strategy strategy = draw_strategy(disk, random);
    image_ = disk.cut(strategy, random);
    now_.event = cut.event;
    now_.strategy = strategy;
  }

  void examine(const Disk& disk, const History& history, const Cut& cut) {
    Disk::Random random(cut.seed);
    cut_power(disk, cut, random);
    now_.is_second = false;
    ++figures_.images;
    ++figures_.by_strategy[static_cast<std::size_t>(now_.strategy.load())];
    if (image_.count("s.flowkeep-wal") != 0) ++figures_.recovered;

    const auto inode = random() % 16 == 0 ? Site::Inode::another : Site::Inode::same;
    site_.lay_out(image_, inode, random);
    const bool cuts_again = now_.image % second_cut_every == 0;
    if (cuts_again) {
      second_.clear();
      start_recording(second_, site_.path(), {});
    }
    const Outcome outcome = open_and_examine(site_, plan_, history, now_.image);
    stop_recording();
    if (!outcome.wrong.empty()) return tell_bad(outcome.wrong);
    if (!history.is_created()) ++figures_.before_creation;
    if (cuts_again && !outcome.was_no_store) cut_again(history, outcome.rows, inode, random);
  }

  void cut_again(const History& before, const Rows& recovered, Site::Inode inode, Disk::Random& random) {
    const std::vector<Event> events = second_.events();
    const Cut cut = draw_cuts(second_, events, 1, random).front();
    Disk disk(second_, events, image_);
    History history = before.is_created() ? History(events, recovered, before.indexes()) : History(events);
    disk.run_until(cut.event);
    history.run_until(cut.event);
    cut_power(disk, cut, random);
    now_.is_second = true;
    ++figures_.second_cuts;
    site_.lay_out(image_, inode, random);
    const Outcome outcome = open_and_examine(site_, plan_, history, now_.image + 1'000'000);
    if (!outcome.wrong.empty()) tell_bad(outcome.wrong);
  }

  void tell_bad(const std::string& what) {
    ++figures_.bad;
    const Strategy strategy = now_.strategy;
    ++figures_.bad_by_strategy[static_cast<std::size_t>(strategy)];
    const std::string where = "seed " + std::to_string(options_.seed) + ", run " + std::to_string(number_) +
                              ", image " + std::to_string(now_.image.load()) +
                              (now_.is_second ? " (of its recovery)" : "") + ", cut before event " +
                              std::to_string(now_.event.load()) + ", " + name_of(strategy);
    const std::string plan = "threads " + std::to_string(plan_.threads) + ", processes " +
                             std::to_string(plan_.processes) + ", phases " + std::to_string(plan_.phases) +
                             ", journal " + std::to_string(plan_.journal_bytes) + (plan_.dies ? ", dies" : "") +
                             (plan_.process_safe > 0 ? ", process-safe" : "");
    std::printf("BAD %s (%s): %s\n", where.c_str(), plan.c_str(), what.c_str());
    std::fflush(stdout);
    keep(where + " (" + plan + "): " + what + "\n");
  }

  // The process that opened the image may have died with it: it is made again.
  void keep(const std::string& words) {
    if (options_.keep_bad.empty()) return;
    const std::string directory = options_.keep_bad + "/" + std::to_string(options_.seed) + "-" +
                                  std::to_string(number_) + "-" + std::to_string(now_.image.load());
    std::filesystem::create_directories(directory);
    std::ofstream(directory + "/why.txt") << words;
    if (image_.empty() && !events_.empty() && !now_.is_second) {
      Disk::Random random(plan_.seed ^ 0x5DEECE66DULL);
      const Cut cut = draw_cuts(recording_, events_, images_, random)[now_.image];
      Disk disk(recording_, events_, {});
      disk.run_until(cut.event);
      Disk::Random of_cut(cut.seed);
      const Strategy strategy = draw_strategy(disk, of_cut);
      image_ = disk.cut(strategy, of_cut);
    }
    for (const auto& [name, content] : image_) std::ofstream(directory + "/" + name, std::ios::binary) << content;
  }

  const RunOptions& options_;
  Figures& figures_;
  std::uint64_t number_;
  std::uint64_t images_;
  Plan plan_;
  Now& now_;
  Site site_{};
  Recording recording_{recording_bytes};
  Recording second_{second_recording_bytes};
  std::vector<Event> events_{};
  Image image_{};
};

}  // namespace

void run_power_cuts(const RunOptions& options, Figures& figures) {
  const std::uint64_t runs = (options.images + options.images_per_run - 1) / options.images_per_run;
  std::vector<pid_t> workers;
  for (unsigned worker = 0; worker < options.jobs; ++worker) {
    workers.push_back(start_process([&, worker] {
      for (std::uint64_t run = worker; run < runs; run += options.jobs) {
        if (options.most_bad != 0 && figures.bad >= options.most_bad) break;
        const std::uint64_t left = options.images - run * options.images_per_run;
        Run(options, figures, run, std::min(left, options.images_per_run))();
      }
    }));
  }
  for (const pid_t pid : workers) {
    if (const int status = end_of(pid); status != 0) {
      std::printf("BAD a worker of the rig itself ended with %d\n", status);
      ++figures.bad;
    }
  }
}

}  // namespace flowkeep::torture
