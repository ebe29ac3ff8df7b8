#include <memory>

#include "arguments.hpp"
#include "child.hpp"
#include "output.hpp"
#include "progress.hpp"
#include "text.hpp"

namespace flowkeep::tool {

namespace {

struct CheckArguments {
  StoreFile file{};
  bool json = false;
};

std::string check_lines(const CheckReport& report) {
  std::string text;
  for (const Finding& finding : report.findings) text += fmt::format("{}: {}\n", finding.where, finding.what);
  if (report.findings_total > report.findings.size()) {
    text += fmt::format("... and {} more\n", report.findings_total - report.findings.size());
  }
  const std::string verdict = report.clean() ? "clean" : counted(report.findings_total, "finding");
  text +=
      fmt::format("{}: {}, {}, {} of {}, {}\n", verdict, counted(report.sessions, "session"),
                  report.index_entries == 1 ? "1 index entry" : fmt::format("{} index entries", report.index_entries),
                  report.binaries == 1 ? "1 binary" : fmt::format("{} binaries", report.binaries),
                  human_bytes(report.binary_bytes), counted(report.pages, "page"));
  return text;
}

std::string check_json(const CheckReport& report) {
  std::string findings;
  for (const Finding& finding : report.findings) {
    findings += fmt::format("{}{{\"where\":{},\"what\":{}}}", findings.empty() ? "" : ",", json_string(finding.where),
                            json_string(finding.what));
  }
  return fmt::format(
      "{{\"clean\":{},\"sessions\":{},\"index_entries\":{},\"binaries\":{},\"binary_bytes\":{},\"pages\":{},"
      "\"findings_total\":{},\"findings\":[{}]}}\n",
      report.clean(), report.sessions, report.index_entries, report.binaries, report.binary_bytes, report.pages,
      report.findings_total, findings);
}

Try<Exit> check(const CheckArguments& arguments) {
  const auto store = open_store(arguments.file, OpenMode::read_only);
  if (!store) return failed(store.error());
  auto report = [&] {
    ProgressLine progress("rows checked");
    return store->check(progress.callback());
  }();
  if (!report) return failed(report.error(), Doing::opening);
  if (const auto printed = print(arguments.json ? check_json(*report) : check_lines(*report)); !printed) {
    return failed(printed.error());
  }
  return report->clean() ? Exit::done : Exit::unreadable;
}

}  // namespace

void add_check(CLI::App& app, Run& run) {
  const auto arguments = std::make_shared<CheckArguments>();
  CLI::App* command = app.add_subcommand("check", "verify everything in a store, and print what is wrong and where");
  add_file(*command, arguments->file);
  command->add_flag("--json", arguments->json, "as one JSON object");
  command->footer(
      "Every checksum, every record, every index both ways, the counts of shared binaries, and every page. Exit\n"
      "status 0: clean; 3: damaged.\n"
      "\n"
      "Example:\n"
      "  flowkeep check runs.flowkeep");
  command->callback([&run, arguments] {
    run = [arguments] { return in_child(arguments->file.path, "check", [&] { return check(*arguments); }); };
  });
}

}  // namespace flowkeep::tool
