#include "figures.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>

namespace flowkeep::bench {

namespace {

constexpr const char* rate_counter = "items_per_second";
constexpr const char* own_engine = "flowkeep";

using Runs = std::vector<double>;

double median(Runs runs) {
  if (runs.empty()) return std::nan("");
  std::sort(runs.begin(), runs.end());
  const std::size_t middle = runs.size() / 2;
  return runs.size() % 2 == 1 ? runs[middle] : (runs[middle - 1] + runs[middle]) / 2;
}

/// What was measured of one benchmark, a value a round.
struct Figures {
  Runs values{};  ///< operations a second; milliseconds where it counts none
  bool is_rate = false;
  bool is_value = false;                   ///< of value_counter
  std::map<std::string, Runs> counters{};  ///< what else it tells
};

/// Keeps what comes instead of printing it.
class Collector : public benchmark::BenchmarkReporter {
 public:
  explicit Collector(Figures& figures) : figures_(figures) {}
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.error_occurred) {
        std::fprintf(stderr, "%s: %s\n", run.benchmark_name().c_str(), run.error_message.c_str());
        continue;
      }
      const auto rate = run.counters.find(rate_counter);
      figures_.is_rate = rate != run.counters.end();
      const double seconds = run.real_accumulated_time / static_cast<double>(std::max<std::int64_t>(1, run.iterations));
      const auto value = run.counters.find(value_counter);
      figures_.is_value = value != run.counters.end();
      figures_.values.push_back(figures_.is_value  ? static_cast<double>(value->second)
                                : figures_.is_rate ? static_cast<double>(rate->second)
                                                   : seconds * 1e3);
      for (const auto& [name, counter] : run.counters) {
        if (name != rate_counter && name != value_counter) figures_.counters[name].push_back(counter);
      }
    }
  }

 private:
  Figures& figures_;
};

std::string grouped(double value) {
  if (std::isnan(value)) return "-";
  if (value < 100) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3g", value);
    return text;
  }
  std::string digits = std::to_string(std::llround(value));
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, " ");
  return digits;
}

std::string workload_of(const std::string& name) {
  return name.substr(0, name.rfind('/'));
}
std::string engine_of(const std::string& name) {
  return name.substr(name.rfind('/') + 1);
}

// Of the rounds one by one: what slows a whole round down changes no ratio.
std::string ratio(const Figures& own, const Figures& peer) {
  if (own.values.size() != peer.values.size() || own.is_rate != peer.is_rate) return "";
  Runs ratios;
  for (std::size_t i = 0; i < own.values.size(); ++i) {
    ratios.push_back(own.is_rate ? own.values[i] / peer.values[i] : peer.values[i] / own.values[i]);
  }
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", median(ratios));
  return text;
}

const char* unit_of(const Figures& figures) {
  if (figures.is_value) return "B";
  return figures.is_rate ? "/s" : "ms";
}

void print_table(const Names& names, const std::map<std::string, Figures>& all) {
  std::printf("%-24s %-14s %14s %25s %10s\n", "workload", "engine", "median", "range", "flowkeep x");
  std::string workload;
  for (const std::string& name : names) {
    const Figures& figures = all.at(name);
    const bool is_first = workload_of(name) != workload;
    workload = workload_of(name);
    const auto own = all.find(workload + "/" + own_engine);
    const bool is_peer = own != all.end() && engine_of(name) != own_engine;
    const auto [least, most] = std::minmax_element(figures.values.begin(), figures.values.end());
    const std::string range = figures.values.empty() ? "failed" : grouped(*least) + " to " + grouped(*most);
    std::printf("%-24s %-14s %11s %s %25s %10s", is_first ? workload.c_str() : "", engine_of(name).c_str(),
                grouped(median(figures.values)).c_str(), unit_of(figures), range.c_str(),
                is_peer ? ratio(own->second, figures).c_str() : "");
    for (const auto& [counter, runs] : figures.counters) {
      std::printf("  %s=%s", counter.c_str(), grouped(median(runs)).c_str());
    }
    std::printf("\n");
  }
}

// As tools/bench --json promises it.
bool write_json(const std::string& path, const Names& names, const std::map<std::string, Figures>& all) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::fopen(path.c_str(), "w"), std::fclose);
  if (!out) return false;
  const char* separator = "[\n";
  for (const std::string& name : names) {
    const Figures& figures = all.at(name);
    if (figures.values.empty()) continue;
    const char* unit = figures.is_value ? "bytes/session" : figures.is_rate ? "1/s" : "ms";
    std::fprintf(out.get(), R"(%s{"workload":"%s","engine":"%s","value":%.6g,"unit":"%s","runs":[)", separator,
                 workload_of(name).c_str(), engine_of(name).c_str(), median(figures.values), unit);
    for (std::size_t i = 0; i < figures.values.size(); ++i) {
      std::fprintf(out.get(), "%s%.6g", i == 0 ? "" : ",", figures.values[i]);
    }
    std::fprintf(out.get(), "]}");
    separator = ",\n";
  }
  std::fprintf(out.get(), "%s]\n", *separator == '[' ? "[" : "\n");
  return std::fflush(out.get()) == 0;
}

}  // namespace

bool run_in_rounds(const Names& names, int rounds, const std::string& json,
                   const std::function<void(const std::string&)>& between) {
  std::map<std::string, Figures> all;
  for (auto first = names.begin(); first != names.end();) {
    const std::string workload = workload_of(*first);
    const auto last = std::find_if(first, names.end(), [&](const auto& name) { return workload_of(name) != workload; });
    std::fprintf(stderr, "%s\n", workload.c_str());
    for (int round = 0; round < rounds; ++round) {
      for (auto name = first; name != last; ++name) {
        between(workload);
        Collector collector(all[*name]);
        benchmark::RunSpecifiedBenchmarks(&collector, "^" + *name + "(/(manual_time|real_time|[a-z]+:[0-9]+))*$");
      }
    }
    first = last;
  }
  print_table(names, all);
  return json.empty() || write_json(json, names, all);
}

}  // namespace flowkeep::bench
