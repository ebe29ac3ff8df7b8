// torture_power_cut: cuts the power of recorded runs at chosen moments, and opens what is left.
// Exit status: 0 no image was bad, 1 some were, 2 usage.
#include <sys/mman.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "power_cut_run.hpp"
#include "power_cut_wrong.hpp"

namespace {

using namespace flowkeep::torture;

constexpr const char* usage =
    "usage: torture_power_cut [--images N] [--seed S] [--keep-bad DIR] [--jobs N] [--images-per-run N] [--most-bad N]\n"
    "         [--lie none|journal-syncs|data-syncs|names-syncs] [--wrong-order N] [--slow-disk]\n"
    "         [--expect-bad]\n"
    "Records runs of a store, cuts their power, and opens what a disk may then hold. Each image is told by its seed.\n"
    "--slow-disk makes checkpoints long; --lie and --wrong-order are to show that the rig bites; --expect-bad turns "
    "the exit status round.\n";

struct Request {
  RunOptions options{};
  bool expects_bad = false;
};

bool read_lie(const std::string& text, Lie& lie) {
  for (const auto& [name, value] :
       {std::pair("none", Lie::none), std::pair("journal-syncs", Lie::journal_syncs),
        std::pair("data-syncs", Lie::data_syncs), std::pair("names-syncs", Lie::names_syncs)}) {
    if (text == name) {
      lie = value;
      return true;
    }
  }
  return false;
}

bool read_arguments(int count, char** arguments, Request& request) {
  for (int i = 1; i < count; ++i) {
    const std::string option = arguments[i];
    if (option == "--expect-bad") {
      request.expects_bad = true;
      continue;
    }
    if (option == "--slow-disk") {
      request.options.has_slow_disk = true;
      continue;
    }
    if (i + 1 == count) return false;
    const std::string value = arguments[++i];
    const auto number = [&] { return std::strtoull(value.c_str(), nullptr, 10); };
    if (option == "--images") {
      request.options.images = number();
    } else if (option == "--seed") {
      request.options.seed = number();
    } else if (option == "--keep-bad") {
      request.options.keep_bad = value;
    } else if (option == "--jobs") {
      request.options.jobs = static_cast<unsigned>(number());
    } else if (option == "--images-per-run") {
      request.options.images_per_run = number();
    } else if (option == "--most-bad") {
      request.options.most_bad = number();
    } else if (option == "--wrong-order") {
      request.options.wrong_order = static_cast<int>(number());
    } else if (option != "--lie" || !read_lie(value, request.options.lie)) {
      return false;
    }
  }
  const RunOptions& options = request.options;
  return options.images > 0 && options.images_per_run > 0 && options.jobs > 0 &&
         (options.wrong_order == 0 || can_be_wrong());
}

void print(const Figures& figures, const RunOptions& options, double seconds) {
  std::printf(
      "power cuts, seed %llu: %llu runs, %llu changes, %llu writes, syncs and notes;\n"
      "%llu kills and recoveries, %llu takeovers, %llu header slots and %llu laps of the journal, which grew %llu "
      "times\n",
      static_cast<unsigned long long>(options.seed), static_cast<unsigned long long>(figures.runs),
      static_cast<unsigned long long>(figures.changes), static_cast<unsigned long long>(figures.events),
      static_cast<unsigned long long>(figures.kills), static_cast<unsigned long long>(figures.takeovers),
      static_cast<unsigned long long>(figures.header_slots), static_cast<unsigned long long>(figures.laps),
      static_cast<unsigned long long>(figures.growths));
  std::printf("%-20s %10s %10s\n", "left by the cut", "images", "bad");
  for (int i = 0; i < strategy_count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    std::printf("%-20s %10llu %10llu\n", name_of(static_cast<Strategy>(i)),
                static_cast<unsigned long long>(figures.by_strategy[at]),
                static_cast<unsigned long long>(figures.bad_by_strategy[at]));
  }
  std::printf(
      "%llu images (%llu with a journal, %llu from before the store was created), %llu cut again, %llu bad; %.0f s\n",
      static_cast<unsigned long long>(figures.images), static_cast<unsigned long long>(figures.recovered),
      static_cast<unsigned long long>(figures.before_creation), static_cast<unsigned long long>(figures.second_cuts),
      static_cast<unsigned long long>(figures.bad), seconds);
}

}  // namespace

int main(int count, char** arguments) {
  Request request;
  if (!read_arguments(count, arguments, request)) {
    std::fputs(usage, stderr);
    return 2;
  }
  void* memory = ::mmap(nullptr, sizeof(Figures), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 2;
  Figures& figures = *new (memory) Figures;
  const auto began = std::chrono::steady_clock::now();
  run_power_cuts(request.options, figures);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  print(figures, request.options, took.count());
  return (figures.bad != 0) == request.expects_bad ? 0 : 1;
}
