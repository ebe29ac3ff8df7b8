#include <filesystem>
#include <memory>

#include <flowkeep/io/children.hpp>

#include "arguments.hpp"
#include "assignment.hpp"
#include "output.hpp"

namespace flowkeep::tool {

namespace {

constexpr std::uint64_t listed_at_once = 1000;

struct ChildrenArguments {
  StoreFile file{};
  Guid id{};
  std::optional<Collection> collection{};
  std::optional<std::string> add{};
  std::optional<std::string> content_file{};
  std::optional<Guid> remove{};
  std::optional<Guid> content{};
  std::uint64_t limit = Limit{}.rows;
  std::string after{};
  Order order = oldest_first;
  bool no_binaries = false;
  std::string output{};
};

constexpr Argument<Collection> collection_argument{
    [](std::string_view text) { return find_collection(text); }, "COLLECTION",
    "a collection: flowevent, asyncoperation, bulkdeletefailure, fileattachment, mailboxtrackingfolder, "
    "principalobjectattributeaccess, syncerror or workflowbinary"};

/// JSON as it stands there, @FILE, or - for standard input.
Try<std::string> json_of(const std::string& text) {
  if (text == "-") return read_text_file("/dev/stdin");
  if (text.empty() || text.front() != '@') return text;
  if (text.size() == 1) return failed(Exit::usage, "--add: the name of a file is missing behind @");
  return read_text_file(text.substr(1));
}

Try<Child> child_of(const ChildrenArguments& arguments) {
  auto json = json_of(*arguments.add);
  if (!json) return failed(json.error());
  auto child = io::ChildReader().read(*arguments.collection, *json);
  if (!child) return failed(Exit::bad_input, "--add: " + child.error().message);
  if (child->flowsessionid != Guid() && child->flowsessionid != arguments.id) {
    return failed(Exit::bad_input,
                  fmt::format("--add: {} leads to {}, not to session {}", info(*arguments.collection).lookup_name,
                              child->flowsessionid.str(), arguments.id.str()));
  }
  if (!arguments.content_file) return std::move(*child);
  if (info(*arguments.collection).content_name.empty()) {
    return failed(Exit::usage, "--file goes with fileattachment and workflowbinary alone");
  }
  if (child->file.content.has_value() || child->file.reference) {
    return failed(Exit::usage, "the content is given twice, by --add and by --file");
  }
  auto content = read_content(*arguments.content_file);
  if (!content) return failed(content.error());
  child->file.content = std::move(*content);
  auto& name = child->collection == Collection::fileattachment ? child->name : child->file.name;
  if (!name && *arguments.content_file != "-")
    name = std::filesystem::path(*arguments.content_file).filename().string();
  return std::move(*child);
}

Try<Exit> add(const ChildrenArguments& arguments) {
  auto child = child_of(arguments);
  if (!child) return failed(child.error());
  const auto store = open_store(arguments.file, OpenMode::existing);
  if (!store) return failed(store.error());
  const auto added = store->add_child(arguments.id, *child);
  if (!added) return failed(added.error(), Doing::one_row);
  if (const auto printed = print(added->str() + '\n'); !printed) return failed(printed.error());
  return Exit::done;
}

/// The child of that id, which has to be the session's.
Try<Child> find(const ChildrenArguments& arguments, const Snapshot& snapshot, const Guid& id) {
  auto child = snapshot.child(*arguments.collection, id);
  if (!child) return failed(child.error(), Doing::opening);
  if (*child && (*child)->flowsessionid == arguments.id) return std::move(**child);
  return failed(Failure{
      Exit::no, fmt::format("session {} has no {} {}", arguments.id.str(), info(*arguments.collection).name, id.str()),
      Errc::not_found, DataverseCode::object_does_not_exist});
}

Try<Exit> remove(const ChildrenArguments& arguments) {
  const auto store = open_store(arguments.file, OpenMode::existing);
  if (!store) return failed(store.error());
  {
    const auto snapshot = take_snapshot(*store);
    if (!snapshot) return failed(snapshot.error());
    if (const auto found = find(arguments, *snapshot, *arguments.remove); !found) return failed(found.error());
  }
  const auto removed = store->remove_child(*arguments.collection, *arguments.remove);
  if (!removed) return failed(removed.error(), Doing::one_row);
  return Exit::done;
}

Try<Exit> write_content(const ChildrenArguments& arguments) {
  const auto store = open_store(arguments.file, OpenMode::read_only);
  if (!store) return failed(store.error());
  const auto snapshot = take_snapshot(*store);
  if (!snapshot) return failed(snapshot.error());
  const auto child = find(arguments, *snapshot, *arguments.content);
  if (!child) return failed(child.error());
  if (!child->file.stored) {
    return failed(Exit::no,
                  fmt::format("{} {} has no content here", info(*arguments.collection).name, arguments.content->str()));
  }
  auto reader = snapshot->stream(*child->file.stored);
  if (!reader) return failed(reader.error(), Doing::opening);
  auto output = Output::open(arguments.output, arguments.file.path);
  if (!output) return failed(output.error());
  for (;;) {
    const auto piece = reader->next();
    if (!piece) return failed(piece.error(), Doing::opening);
    if (piece->empty()) break;
    if (const auto written = output->write(*piece); !written) return failed(written.error());
  }
  if (const auto finished = output->finish(); !finished) return failed(finished.error());
  return Exit::done;
}

/// Writes one collection; a token behind it where there are more than asked for.
Try<std::uint64_t> list(const ChildrenArguments& arguments, const Snapshot& snapshot, Collection collection,
                        Output& output) {
  const io::ChildWriteOptions options{
      .binaries = arguments.no_binaries ? io::WriteOptions::Binaries::none : io::WriteOptions::Binaries::content,
      .type = io::ChildWriteOptions::Type::beside};
  std::string token = arguments.after;
  std::uint64_t rows = 0;
  do {
    const std::uint64_t wanted = std::min(listed_at_once, arguments.limit - rows);
    const auto page = snapshot.children(arguments.id, collection, arguments.order, limit(wanted), token);
    if (!page) return failed(page.error(), Doing::selecting);
    std::string text;
    for (const Child& child : page->children) {
      if (const auto appended = io::append_child(text, snapshot, child, options); !appended) {
        return failed(appended.error(), Doing::opening);
      }
      text += '\n';
      if (text.size() < (1U << 20)) continue;
      if (const auto written = output.write(text); !written) return failed(written.error());
      text.clear();
    }
    rows += page->children.size();
    token = page->token;
    if (rows == arguments.limit && !token.empty()) text += fmt::format("{{\"@flowkeep.token\":\"{}\"}}\n", token);
    if (const auto written = output.write(text); !written) return failed(written.error());
  } while (!token.empty() && rows < arguments.limit);
  return rows;
}

Try<Exit> list_all(const ChildrenArguments& arguments) {
  const auto store = open_store(arguments.file, OpenMode::read_only);
  if (!store) return failed(store.error());
  const auto snapshot = take_snapshot(*store);
  if (!snapshot) return failed(snapshot.error());
  const auto has_children = snapshot->has_children(arguments.id);
  if (!has_children) return failed(has_children.error(), Doing::opening);
  if (!*has_children) {
    // A session that is gone may have left some; one that was never there has none.
    if (const auto session = snapshot->get(arguments.id); !session) return failed(session.error(), Doing::one_row);
  }
  auto output = Output::open(arguments.output, arguments.file.path);
  if (!output) return failed(output.error());
  for (const CollectionInfo& about : collections()) {
    if (arguments.collection && *arguments.collection != about.collection) continue;
    if (const auto listed = list(arguments, *snapshot, about.collection, *output); !listed) {
      return failed(listed.error());
    }
  }
  if (const auto finished = output->finish(); !finished) return failed(finished.error());
  return Exit::done;
}

Try<Exit> run_children(const ChildrenArguments& arguments) {
  const bool is_listing = !arguments.add && !arguments.remove && !arguments.content;
  const bool is_part = arguments.limit != Limit{}.rows || !arguments.after.empty();
  if (!arguments.collection && (!is_listing || is_part)) {
    return failed(Exit::usage, "a COLLECTION is missing; --add, --remove, --content, --limit and --after need one");
  }
  if (arguments.content_file && !arguments.add) return failed(Exit::usage, "--file goes with --add");
  if (arguments.content_file == "-" && arguments.add == "-") {
    return failed(Exit::usage, "--add and --file cannot both read standard input");
  }
  if (arguments.add) return add(arguments);
  if (arguments.remove) return remove(arguments);
  if (arguments.content) return write_content(arguments);
  return list_all(arguments);
}

}  // namespace

void add_children(CLI::App& app, Run& run) {
  const auto arguments = std::make_shared<ChildrenArguments>();
  CLI::App* command = app.add_subcommand("children", "list, add or remove what hangs on a session: events, files, …");
  add_file(*command, arguments->file);
  add_argument(*command, "ID", arguments->id, guid_argument, "the session")->required();
  add_argument(*command, "COLLECTION", arguments->collection, collection_argument,
               "flowevent, asyncoperation, bulkdeletefailure, fileattachment, mailboxtrackingfolder,\n"
               "principalobjectattributeaccess, syncerror or workflowbinary (default: all)");
  CLI::Option* add_option =
      command
          ->add_option("--add", arguments->add,
                       "add one: a JSON object of its columns, @FILE, or - for standard input; prints its id")
          ->type_name("JSON|@FILE|-");
  command->add_option("--file", arguments->content_file, "with --add: its content, from this file")->type_name("PATH");
  CLI::Option* remove_option =
      add_argument(*command, "--remove", arguments->remove, guid_argument, "remove this child")->excludes(add_option);
  add_argument(*command, "--content", arguments->content, guid_argument, "write the content of this child")
      ->excludes(add_option)
      ->excludes(remove_option);
  add_argument(*command, "--limit", arguments->limit, positive_argument,
               "at most so many; where there are more, a token behind them");
  command->add_option("--after", arguments->after, "go on behind such a token")->type_name("TOKEN");
  add_word(*command, "--order", arguments->order, {{"newest", newest_first}, {"oldest", oldest_first}},
           "which come first, by createdon (default: oldest)");
  command->add_flag("--no-binaries", arguments->no_binaries, "leave out the content of files");
  command->add_option("-o,--output", arguments->output, "write this file (replaced when it is whole; mode 0600)")
      ->type_name("OUT");
  command->footer(
      "One JSON object a line. Children go with their session, but for asyncoperation, which stays and is still found\n"
      "by the id of the session.\n"
      "\n"
      "Example:\n"
      "  flowkeep children runs.flowkeep d9687093-d0c0-ec11-983e-0022480b428a flowevent --add "
      "'{\"name\":\"started\"}'\n"
      "  flowkeep children runs.flowkeep d9687093-d0c0-ec11-983e-0022480b428a fileattachment --add '{}' --file "
      "log.txt");
  command->callback([&run, arguments] { run = [arguments] { return run_children(*arguments); }; });
}

}  // namespace flowkeep::tool
