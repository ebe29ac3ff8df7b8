// torture_kill: SIGKILLs writers of one store at random moments; nothing acknowledged may be lost, nothing half done.
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "kill_rig.hpp"

namespace flowkeep::torture {
namespace {

constexpr const char* usage =
    "torture_kill [--kills N] [--processes P] [--seed S] [--directory D] [--time-limit SECONDS]\n"
    "\n"
    "Kills writers of a store at random moments and looks at what they leave.\n"
    "  --kills N       how many are killed (500)\n"
    "  --processes P   how many write at once, 1 to 8; 0: one for half of the kills, then four (0)\n"
    "  --seed S        for the random moments and changes; 0: any (0)\n"
    "  --directory D   where the stores are made (in /dev/shm or $TMPDIR); kept where something is bad\n"
    "  --time-limit T  seconds after which nobody else is killed, and the run counts as failed (600)\n"
    "Exit status: 0 nothing bad; 1 something was lost, half done or wrong, or the time ran out; 2 usage.\n";

struct Arguments {
  std::uint64_t kills = 500;
  std::uint64_t processes = 0;
  std::uint64_t seed = 0;
  std::uint64_t time_limit = 600;
  std::string directory{};
};

bool parse_number(std::string_view text, std::uint64_t& number) {
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stopped == end;
}

bool parse(int count, char** words, Arguments& arguments) {
  for (int i = 1; i < count; i += 2) {
    const std::string_view name = words[i];
    if (i + 1 == count) return false;
    const std::string_view given = words[i + 1];
    std::uint64_t* number = name == "--kills"        ? &arguments.kills
                            : name == "--processes"  ? &arguments.processes
                            : name == "--seed"       ? &arguments.seed
                            : name == "--time-limit" ? &arguments.time_limit
                                                     : nullptr;
    if (number != nullptr ? !parse_number(given, *number) : name != "--directory") return false;
    if (number == nullptr) arguments.directory = given;
  }
  return arguments.processes <= most_processes;
}

void print(unsigned processes, const KillFigures& figures) {
  const auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf(
      "%u process%s: %llu kills (%llu of all writers at once, %llu while opening or recovering, %llu with changes "
      "under "
      "way), %llu takeovers, %llu recoveries, %llu verifications, %llu acknowledged changes\n",
      processes, processes == 1 ? "" : "es", number(figures.kills), number(figures.at_once),
      number(figures.while_opening), number(figures.under_way), number(figures.takeovers), number(figures.recoveries),
      number(figures.verifications), number(figures.changes));
  std::fflush(stdout);
}

int run(Arguments arguments) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(arguments.time_limit);
  const std::uint64_t seed = arguments.seed != 0 ? arguments.seed : std::random_device{}() | 1U;
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  std::string pattern = arguments.directory;
  if (pattern.empty()) pattern = std::filesystem::exists("/dev/shm") ? "/dev/shm" : "/tmp";
  if (const char* wanted = std::getenv("TMPDIR"); arguments.directory.empty() && wanted != nullptr) pattern = wanted;
  pattern += "/torture-kill-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) {
    std::fprintf(stderr, "torture_kill: cannot make %s: %s\n", pattern.c_str(), std::strerror(errno));
    return 2;
  }

  Oracle& oracle = Oracle::make();
  std::vector<std::pair<unsigned, std::uint64_t>> parts{{static_cast<unsigned>(arguments.processes), arguments.kills}};
  if (arguments.processes == 0) parts = {{1, arguments.kills / 2}, {4, arguments.kills - arguments.kills / 2}};
  std::uint64_t kills = 0;
  for (const auto& [processes, share] : parts) {
    KillRig rig(oracle, {share, processes, seed, pattern, deadline});
    const KillFigures figures = rig.run();
    print(processes, figures);
    kills += figures.kills;
    if (oracle.bad != 0) break;
  }
  std::printf("seen by other processes: %s\n", oracle.delays.summary().c_str());
  if (kills < arguments.kills && oracle.bad == 0) {
    oracle.complain("only " + std::to_string(kills) + " kills within the time limit");
  }
  const bool is_good = oracle.bad == 0;
  if (!is_good) std::printf("the files are kept in %s\n", pattern.c_str());
  std::printf("%llu kills, %llu acknowledged rows, %llu bad\n", static_cast<unsigned long long>(kills),
              static_cast<unsigned long long>(oracle.rows_acknowledged.load()),
              static_cast<unsigned long long>(oracle.bad.load()));
  if (is_good) std::filesystem::remove_all(pattern);
  return is_good ? 0 : 1;
}

}  // namespace
}  // namespace flowkeep::torture

int main(int count, char** words) {
  flowkeep::torture::Arguments arguments;
  if (!flowkeep::torture::parse(count, words, arguments)) {
    std::fputs(flowkeep::torture::usage, stderr);
    return 2;
  }
  return flowkeep::torture::run(std::move(arguments));
}
