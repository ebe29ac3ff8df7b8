#include <memory>

#include "arguments.hpp"

namespace flowkeep::tool {

namespace {

struct CreateOptions {
  std::string file{};
  std::vector<IndexId> indexes{};
  std::string model = "desktop-flow";
};

Try<Exit> create(const CreateOptions& options) {
  auto model = load_state_model(options.model);
  if (!model) return failed(model.error());
  OpenOptions how;
  how.mode = OpenMode::create_new;
  how.model = std::move(*model);
  how.indexes = options.indexes;
  if (const auto store = Store::open(options.file, std::move(how)); !store) {
    return failed(store.error(), Doing::opening);
  }
  return Exit::done;
}

}  // namespace

void add_create(CLI::App& app, Run& run) {
  const auto options = std::make_shared<CreateOptions>();
  CLI::App* command = app.add_subcommand("create", "make an empty store; one that is there is refused");
  add_file(*command, options->file);
  add_arguments(*command, "--index", options->indexes, index_argument,
                "an index to keep besides the default ones; may be given again");
  command->add_option("--model", options->model, "the moves between statuses that writes obey (default: desktop-flow)")
      ->type_name(state_model_type);
  command->footer("Example:\n  flowkeep create runs.flowkeep --index errorcode --index startedon");
  command->callback([&run, options] { run = [options] { return create(*options); }; });
}

}  // namespace flowkeep::tool
