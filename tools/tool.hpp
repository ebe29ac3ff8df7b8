// The flowkeep command-line tool: main.cpp, one file per subcommand, and the parts they share, over the public
// headers alone. It promises: data on stdout, words on stderr, the exit statuses below, and that no sentence or
// progress line quotes credentials, callbackurl or binary content.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <flowkeep/flowkeep.hpp>

namespace CLI {
class App;
}

namespace flowkeep::tool {

/// The exit statuses; `flowkeep --help` prints them.
enum class Exit : int {
  done = 0,
  no = 1,          ///< the answer is no: false, not found, refused by a rule, stale ETag
  usage = 2,       ///< the command line is wrong
  unreadable = 3,  ///< FILE cannot be opened, or is damaged
  busy = 4,        ///< busy or full: try again
  bad_input = 5,   ///< the input is wrong
  bad_output = 6,  ///< the output cannot be written
};

/// Why a command ended early. An empty message ends it without a word.
struct Failure {
  Exit exit = Exit::unreadable;
  std::string message{};
  Errc code = Errc::internal;  ///< of the library's refusal, or the one that says the same of the tool's
  DataverseCode dataverse = DataverseCode::none;
};

template <class T>
using Try = tl::expected<T, Failure>;

[[nodiscard]] Errc errc_for(Exit exit) noexcept;
[[nodiscard]] inline tl::unexpected<Failure> failed(Exit exit, std::string message) {
  return tl::unexpected<Failure>(Failure{exit, std::move(message), errc_for(exit)});
}
[[nodiscard]] inline tl::unexpected<Failure> failed(Failure failure) {
  return tl::unexpected<Failure>(std::move(failure));
}

/// What a command asked of the library when it was refused; the same Errc means different things in each.
enum class Doing {
  opening,    ///< FILE: a missing one cannot be opened
  one_row,    ///< a row or an index, named by the user: a refusal is the answer "no"
  importing,  ///< rows of an input: a refusal is the input's fault
  selecting,  ///< what the command line described: a refusal is the command line's fault
  writing,    ///< a file besides FILE: what keeps it from being written is the output's fault
};
[[nodiscard]] Exit exit_for(const Error& error, Doing doing) noexcept;
[[nodiscard]] tl::unexpected<Failure> failed(const Error& error, Doing doing);

/// FILE, and who uses it.
struct StoreFile {
  std::string path{};
  std::optional<Principal> user{};  ///< none: the system
};
/// The store as that one sees it.
[[nodiscard]] Try<Store> as_user(Result<Store> store, const StoreFile& file);
/// Opens FILE as every command but create and import does.
[[nodiscard]] Try<Store> open_store(const StoreFile& file, OpenMode mode);
[[nodiscard]] Try<Snapshot> take_snapshot(const Store& store);

/// Prints a line on stderr. Control characters, which may come from the data, are shown as \xNN.
void print_note(std::string_view sentence);
/// How a failure is told: "flowkeep: sentence", or as the Web API answers, {"error":{"code":…,"message":…}}.
enum class Telling { sentence, odata };
/// Prints a failure, if it is one with words, on stderr, and returns the process's exit status.
[[nodiscard]] int report(const Try<Exit>& outcome, Telling telling = Telling::sentence);

/// What the command line chose.
using Run = std::function<Try<Exit>()>;

// Each adds its subcommand to `app`, and puts it into `run` where the command line names it.
void add_create(CLI::App& app, Run& run);
void add_import(CLI::App& app, Run& run);
void add_dump(CLI::App& app, Run& run);
void add_get(CLI::App& app, Run& run);
void add_set(CLI::App& app, Run& run);
// create-multiple, update-multiple, upsert-multiple.
void add_multiple(CLI::App& app, Run& run);
void add_transition(CLI::App& app, Run& run);
void add_valid_transition(CLI::App& app, Run& run);
void add_delete(CLI::App& app, Run& run);
void add_cancel(CLI::App& app, Run& run);
void add_callback(CLI::App& app, Run& run);
// grant, modify, revoke, access, shares, assign.
void add_access(CLI::App& app, Run& run);
void add_callbacks(CLI::App& app, Run& run);
void add_sweep(CLI::App& app, Run& run);
void add_prune(CLI::App& app, Run& run);
void add_retention(CLI::App& app, Run& run);
void add_changes(CLI::App& app, Run& run);
void add_children(CLI::App& app, Run& run);
void add_parent(CLI::App& app, Run& run);
void add_index(CLI::App& app, Run& run);
void add_stat(CLI::App& app, Run& run);
void add_check(CLI::App& app, Run& run);
void add_states(CLI::App& app, Run& run);
void add_backup(CLI::App& app, Run& run);
void add_compact(CLI::App& app, Run& run);

}  // namespace flowkeep::tool
