#include <memory>

#include "arguments.hpp"
#include "text.hpp"

namespace flowkeep::tool {

namespace {

struct DeleteArguments {
  StoreFile file{};
  std::vector<Guid> ids{};
};

Try<Exit> erase(const DeleteArguments& arguments) {
  const auto store = open_store(arguments.file, OpenMode::existing);
  if (!store) return failed(store.error());
  const auto deleted = store->erase_multiple(arguments.ids);
  if (!deleted) return failed(deleted.error(), Doing::one_row);
  print_note(counted(*deleted, "session") + " deleted");
  return Exit::done;
}

}  // namespace

void add_delete(CLI::App& app, Run& run) {
  const auto arguments = std::make_shared<DeleteArguments>();
  CLI::App* command = app.add_subcommand("delete", "delete sessions: all that are named, or none");
  add_file(*command, arguments->file);
  add_arguments(*command, "ID", arguments->ids, guid_argument, "the sessions; where one is missing none is deleted")
      ->required();
  command->footer("Example:\n  flowkeep delete runs.flowkeep d9687093-d0c0-ec11-983e-0022480b428a");
  command->callback([&run, arguments] { run = [arguments] { return erase(*arguments); }; });
}

}  // namespace flowkeep::tool
