#include <memory>

#include <flowkeep/io/json.hpp>

#include "arguments.hpp"
#include "output.hpp"

namespace flowkeep::tool {

namespace {

enum class ModelFormat { table, dot, xml };

struct StatesArguments {
  StoreFile file{};
  ModelFormat format = ModelFormat::table;
  std::string set{};
};

std::string model_table(const StateModel& model) {
  std::string text = fmt::format("state model {}: from the status of the row to that of the column\n", model.name());
  text += fmt::format("{:<20}", "");
  for (const Choice& to : statuscode_choices()) text += fmt::format("{:>3}", to.value);
  text += '\n';
  for (const Choice& from : statuscode_choices()) {
    text += fmt::format("{:>2} {:<17}", from.value, from.label);
    for (const Choice& to : statuscode_choices()) {
      const bool allowed = model.allows(static_cast<StatusCode>(from.value), static_cast<StatusCode>(to.value));
      text += fmt::format("{:>3}", from.value == to.value ? "=" : allowed ? "x" : ".");
    }
    text += '\n';
  }
  return text + "x: allowed, .: refused, =: no move, always allowed\n";
}

std::string model_dot(const StateModel& model) {
  std::string text = "digraph states {\n  rankdir=LR;\n";
  for (const Choice& status : statuscode_choices()) {
    text += fmt::format("  {} [shape={}];\n", status.label,
                        is_terminal(static_cast<StatusCode>(status.value)) ? "doublecircle" : "circle");
  }
  for (const Move& move : model.moves()) text += fmt::format("  {} -> {};\n", label(move.from), label(move.to));
  return text + "}\n";
}

std::string model_text(const StateModel& model, ModelFormat format) {
  switch (format) {
    case ModelFormat::table:
      return model_table(model);
    case ModelFormat::dot:
      return model_dot(model);
    case ModelFormat::xml:
      return io::write_state_model_xml(model);
  }
  return {};
}

Try<StateModel> model_of(const StoreFile& file) {
  if (file.path.empty()) return StateModel::desktop_flow();
  const auto store = open_store(file, OpenMode::read_only);
  if (!store) return failed(store.error());
  const auto snapshot = take_snapshot(*store);
  if (!snapshot) return failed(snapshot.error());
  auto model = snapshot->state_model();
  if (!model) return failed(model.error(), Doing::opening);
  return std::move(*model);
}

Try<Exit> set_model(const StatesArguments& arguments) {
  const auto model = load_state_model(arguments.set);
  if (!model) return failed(model.error());
  const auto store = open_store(arguments.file, OpenMode::existing);
  if (!store) return failed(store.error());
  if (const auto set = store->set_state_model(*model); !set) return failed(set.error(), Doing::one_row);
  print_note("writes obey the state model " + model->name() + " from now on");
  return Exit::done;
}

Try<Exit> states(const StatesArguments& arguments) {
  if (!arguments.set.empty()) return set_model(arguments);
  const auto model = model_of(arguments.file);
  if (!model) return failed(model.error());
  if (const auto printed = print(model_text(*model, arguments.format)); !printed) return failed(printed.error());
  return Exit::done;
}

}  // namespace

void add_states(CLI::App& app, Run& run) {
  const auto arguments = std::make_shared<StatesArguments>();
  CLI::App* command = app.add_subcommand("states", "show or set which moves between statuses writes may make");
  CLI::Option* file =
      command->add_option("FILE", arguments->file.path, "the store; without one, the model desktop-flow is shown")
          ->type_name("");
  add_user(*command, arguments->file);
  CLI::Option* format = add_word(*command, "--format", arguments->format,
                                 {{"table", ModelFormat::table}, {"dot", ModelFormat::dot}, {"xml", ModelFormat::xml}},
                                 "how it is shown (default: table); xml is the form that --set @XML reads");
  command->add_option("--set", arguments->set, "the model that writes to the store obey from now on")
      ->type_name(state_model_type)
      ->needs(file)
      ->excludes(format);
  command->footer(
      "Example:\n"
      "  flowkeep states runs.flowkeep --format xml > own.xml\n"
      "  flowkeep states runs.flowkeep --set @own.xml");
  command->callback([&run, arguments] { run = [arguments] { return states(*arguments); }; });
}

}  // namespace flowkeep::tool
