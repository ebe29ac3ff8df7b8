#include <memory>

#include "arguments.hpp"
#include "child.hpp"
#include "output.hpp"
#include "progress.hpp"
#include "text.hpp"

namespace flowkeep::tool {

namespace {

Try<Exit> compact_file(const std::string& file) {
  const auto done = [&] {
    ProgressLine progress("rows checked");
    CompactOptions options;
    options.progress = progress.callback();
    return compact(file, options);
  }();
  if (!done) return failed(done.error(), Doing::opening);
  const std::string line =
      fmt::format("{}: {} before, {} after\n", file, human_bytes(done->bytes_before), human_bytes(done->bytes_after));
  if (const auto printed = print(line); !printed) return failed(printed.error());
  return Exit::done;
}

}  // namespace

void add_compact(CLI::App& app, Run& run) {
  const auto file = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("compact", "give the free pages of a store back to the disk");
  add_file(*command, *file);
  command->footer(
      "The store is written anew beside FILE, checked, and put in its place; nobody may have it open meanwhile\n"
      "(exit status 4). It needs room for the copy. After a crash FILE is the old one or the new one, whole; a file\n"
      ".FILE.… beside it may then be removed. Free pages are used again by later writes: a store that will grow\n"
      "again needs no compaction.\n"
      "\n"
      "Example:\n"
      "  flowkeep compact runs.flowkeep");
  command->callback(
      [&run, file] { run = [file] { return in_child(*file, "compaction", [&] { return compact_file(*file); }); }; });
}

}  // namespace flowkeep::tool
