#include <memory>

#include "arguments.hpp"
#include "child.hpp"
#include "output.hpp"
#include "progress.hpp"
#include "text.hpp"

namespace flowkeep::tool {

namespace {

struct BackupArguments {
  StoreFile file{};
  std::string destination{};
  bool compact = false;
  bool verify = false;
};

/// A backup writes nothing to the store, unless its writer died: then the store is put right first.
Try<Store> open_for_backup(const StoreFile& file) {
  OpenOptions options;
  options.mode = OpenMode::read_only;
  auto store = Store::open(file.path, options);
  if (!store && store.error().code == Errc::needs_recovery) {
    print_note(file.path + " was not closed by the process that wrote it: recovering it first");
    options.mode = OpenMode::existing;
    store = Store::open(file.path, options);
  }
  return as_user(std::move(store), file);
}

Try<Exit> backup(const BackupArguments& arguments) {
  const auto store = open_for_backup(arguments.file);
  if (!store) return failed(store.error());
  const auto made = [&] {
    ProgressLine progress("pages or rows done");
    BackupOptions options;
    if (arguments.compact) options.pages = BackupOptions::Pages::used;
    if (arguments.verify) options.verify = BackupOptions::Verify::yes;
    options.progress = progress.callback();
    return store->backup(arguments.destination, options);
  }();
  if (!made) return failed(made.error(), Doing::writing);
  std::string line = fmt::format("{}: {}", arguments.destination, human_bytes(made->bytes));
  if (arguments.verify) line += fmt::format(", verified: clean, {}", counted(made->sessions, "session"));
  if (const auto printed = print(line + '\n'); !printed) return failed(printed.error());
  return Exit::done;
}

}  // namespace

void add_backup(CLI::App& app, Run& run) {
  const auto arguments = std::make_shared<BackupArguments>();
  CLI::App* command = app.add_subcommand("backup", "copy a store to one file while others read and write it");
  add_file(*command, arguments->file);
  command->add_option("DEST", arguments->destination, "the copy; a file that is there is refused")
      ->type_name("")
      ->required();
  command->add_flag("--compact", arguments->compact, "leave out free pages: a smaller file, for more work");
  command->add_flag("--verify", arguments->verify, "check everything in the copy before it appears");
  command->footer(
      "Everything that any process was told is stored before the backup began is in it. DEST appears when it is\n"
      "whole and on the disk; a backup that is killed leaves a file .DEST.… behind, which may be removed. The copy\n"
      "is a store like any other, with the same store id; to restore it, move FILE, FILE-wal, FILE-shm and FILE-lock\n"
      "away while nobody has it open, and put the copy in the place of FILE. While pages are copied, the store grows\n"
      "by what writes free meanwhile.\n"
      "\n"
      "Example:\n"
      "  flowkeep backup runs.flowkeep /backup/runs-2025-03-14.flowkeep --verify");
  command->callback([&run, arguments] {
    run = [arguments] { return in_child(arguments->file.path, "backup", [&] { return backup(*arguments); }); };
  });
}

}  // namespace flowkeep::tool
