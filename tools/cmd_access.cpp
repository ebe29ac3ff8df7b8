#include <memory>
#include <string>

#include "arguments.hpp"
#include "output.hpp"

namespace flowkeep::tool {

namespace {

struct AccessArguments {
  StoreFile file{};
  Guid id{};
  Reference principal{};
  AccessRights rights{};
  // Of the principal who is asked about.
  std::vector<Guid> his_teams{};
  AccessRights his_privileges = AccessRights::all();
};

Try<Exit> print_rights(AccessRights rights) {
  if (const auto printed = print(rights.str() + "\n"); !printed) return failed(printed.error());
  return Exit::done;
}

Try<Exit> grant(const AccessArguments& arguments) {
  const auto store = open_store(arguments.file, OpenMode::existing);
  if (!store) return failed(store.error());
  const auto rights = store->grant_access(arguments.id, arguments.principal, arguments.rights);
  if (!rights) return failed(rights.error(), Doing::one_row);
  return print_rights(*rights);
}

Try<Exit> modify(const AccessArguments& arguments) {
  const auto store = open_store(arguments.file, OpenMode::existing);
  if (!store) return failed(store.error());
  const auto done = store->modify_access(arguments.id, arguments.principal, arguments.rights);
  if (!done) return failed(done.error(), Doing::one_row);
  return Exit::done;
}

Try<Exit> revoke(const AccessArguments& arguments) {
  const auto store = open_store(arguments.file, OpenMode::existing);
  if (!store) return failed(store.error());
  const auto was_there = store->revoke_access(arguments.id, arguments.principal);
  if (!was_there) return failed(was_there.error(), Doing::one_row);
  if (!*was_there) print_note("it was not shared with that principal");
  return Exit::done;
}

Try<Exit> show_access(const AccessArguments& arguments) {
  const auto store = open_store(arguments.file, OpenMode::read_only);
  if (!store) return failed(store.error());
  const auto snapshot = take_snapshot(*store);
  if (!snapshot) return failed(snapshot.error());
  const Principal principal{arguments.principal.id, arguments.his_teams, arguments.his_privileges};
  const auto rights = snapshot->access(arguments.id, principal);
  if (!rights) return failed(rights.error(), Doing::one_row);
  return print_rights(*rights);
}

Try<Exit> show_shares(const AccessArguments& arguments) {
  const auto store = open_store(arguments.file, OpenMode::read_only);
  if (!store) return failed(store.error());
  const auto snapshot = take_snapshot(*store);
  if (!snapshot) return failed(snapshot.error());
  const auto shares = snapshot->shares(arguments.id);
  if (!shares) return failed(shares.error(), Doing::one_row);
  std::string text;
  for (const SharedPrincipal& share : *shares) {
    const bool is_team = share.principal.type == EntityType::team;
    text += fmt::format("{}:{} {}\n", is_team ? "team" : "user", share.principal.id.str(), share.rights.str());
  }
  if (const auto printed = print(text); !printed) return failed(printed.error());
  return Exit::done;
}

Try<Exit> assign(const AccessArguments& arguments) {
  const auto store = open_store(arguments.file, OpenMode::existing);
  if (!store) return failed(store.error());
  const auto version = store->assign(arguments.id, arguments.principal);
  if (!version) return failed(version.error(), Doing::one_row);
  if (const auto printed = print(fmt::format("W/\"{}\"\n", *version)); !printed) return failed(printed.error());
  return Exit::done;
}

using Arguments = std::shared_ptr<AccessArguments>;

constexpr const char* example_session = "d9687093-d0c0-ec11-983e-0022480b428a";
constexpr const char* example_team = "team:8fd9bd7f-6ab1-4d07-b2a8-cb7d6f0f0cb5";

void add_example(CLI::App& command, const std::string& rest) {
  command.footer(fmt::format("Example:\n  flowkeep {} runs.flowkeep {}{}", command.get_name(), example_session, rest));
}

CLI::App* add(CLI::App& app, Run& run, const char* name, const char* help, const Arguments& arguments,
              Try<Exit> (*act)(const AccessArguments&)) {
  CLI::App* command = app.add_subcommand(name, help);
  add_file(*command, arguments->file);
  add_argument(*command, "ID", arguments->id, guid_argument, "the session")->required();
  command->callback([&run, arguments, act] { run = [arguments, act] { return act(*arguments); }; });
  return command;
}

void add_principal(CLI::App& command, const Arguments& arguments) {
  add_argument(command, "PRINCIPAL", arguments->principal, principal_argument,
               "the GUID of a user, or team: and that of a team")
      ->required();
}

void add_rights(CLI::App& command, const Arguments& arguments) {
  add_argument(command, "RIGHTS", arguments->rights, rights_argument,
               "Read, Write, Append, AppendTo, Create, Delete, Share, Assign, with commas between them; All; None")
      ->required();
}

}  // namespace

void add_access(CLI::App& app, Run& run) {
  auto arguments = std::make_shared<AccessArguments>();
  CLI::App* command =
      add(app, run, "grant", "share a session: add rights (GrantAccess); prints all that are shared", arguments, grant);
  add_principal(*command, arguments);
  add_rights(*command, arguments);
  add_example(*command, fmt::format(" {} Read,Write", example_team));

  arguments = std::make_shared<AccessArguments>();
  command =
      add(app, run, "modify", "share a session: put rights in the place of others (ModifyAccess)", arguments, modify);
  add_principal(*command, arguments);
  add_rights(*command, arguments);
  add_example(*command, fmt::format(" {} Read", example_team));

  arguments = std::make_shared<AccessArguments>();
  command = add(app, run, "revoke", "share a session no more (RevokeAccess)", arguments, revoke);
  add_principal(*command, arguments);
  add_example(*command, fmt::format(" {}", example_team));

  arguments = std::make_shared<AccessArguments>();
  command = add(app, run, "access", "print what somebody may do with a session (RetrievePrincipalAccess)", arguments,
                show_access);
  add_principal(*command, arguments);
  add_arguments(*command, "--of-team", arguments->his_teams, guid_argument,
                "a team that the principal is in; may be given again");
  add_argument(*command, "--of-privileges", arguments->his_privileges, rights_argument,
               "what the principal may do with this table at all (default: All)");
  add_example(*command, " 3f2504e0-4f89-41d3-9a0c-0305e82c3301 --of-team 8fd9bd7f-6ab1-4d07-b2a8-cb7d6f0f0cb5");

  arguments = std::make_shared<AccessArguments>();
  command = add(app, run, "shares", "print whom a session is shared with (RetrieveSharedPrincipalsAndAccess)",
                arguments, show_shares);
  add_example(*command, "");

  arguments = std::make_shared<AccessArguments>();
  command = add(app, run, "assign", "give a session to another owner; prints its new ETag", arguments, assign);
  add_principal(*command, arguments);
  add_example(*command, fmt::format(" {}", example_team));
}

}  // namespace flowkeep::tool
