#include "tool.hpp"

#include <fmt/format.h>
#include <cstdio>

#include <flowkeep/io/odata.hpp>

namespace flowkeep::tool {

namespace {

/// Refusals that concern the data: what they mean depends on who named it.
Exit refusal(Doing doing) noexcept {
  switch (doing) {
    case Doing::opening:
      return Exit::unreadable;
    case Doing::one_row:
      return Exit::no;
    case Doing::importing:
      return Exit::bad_input;
    case Doing::selecting:
      return Exit::usage;
    case Doing::writing:
      return Exit::bad_output;
  }
  return Exit::unreadable;
}

}  // namespace

Exit exit_for(const Error& error, Doing doing) noexcept {
  // What somebody may not do is answered with no, whatever was asked.
  if (error.dataverse == DataverseCode::privilege_denied) return Exit::no;
  switch (error.code) {
    case Errc::already_exists:
      return doing == Doing::opening || doing == Doing::writing ? Exit::no : refusal(doing);
    case Errc::not_found:
    case Errc::version_mismatch:
    case Errc::invalid_transition:
    case Errc::in_use:
      return refusal(doing);
    case Errc::expired:
      return Exit::no;
    case Errc::invalid_argument:
      return doing == Doing::one_row ? Exit::bad_input : refusal(doing);
    case Errc::full:
      return doing == Doing::writing ? Exit::bad_output : Exit::busy;
    case Errc::busy:
    case Errc::no_memory:
      return Exit::busy;
    case Errc::access_denied:
      return doing == Doing::writing ? Exit::bad_output : Exit::unreadable;
    case Errc::corrupt:
    case Errc::not_a_store:
    case Errc::newer_format:
    case Errc::io:
    case Errc::forked:
    case Errc::internal:
    case Errc::needs_recovery:
      return Exit::unreadable;
  }
  return Exit::unreadable;
}

Errc errc_for(Exit exit) noexcept {
  switch (exit) {
    case Exit::done:
      return Errc::internal;
    case Exit::no:
      return Errc::not_found;
    case Exit::usage:
    case Exit::bad_input:
      return Errc::invalid_argument;
    case Exit::unreadable:
    case Exit::bad_output:
      return Errc::io;
    case Exit::busy:
      return Errc::busy;
  }
  return Errc::internal;
}

tl::unexpected<Failure> failed(const Error& error, Doing doing) {
  return failed(Failure{exit_for(error, doing), error.message, error.code, error.dataverse});
}

Try<Store> as_user(Result<Store> store, const StoreFile& file) {
  if (store && file.user) store = store->as(*file.user);
  if (!store) return failed(store.error(), Doing::opening);
  return std::move(*store);
}

Try<Store> open_store(const StoreFile& file, OpenMode mode) {
  OpenOptions options;
  options.mode = mode;
  return as_user(Store::open(file.path, std::move(options)), file);
}

Try<Snapshot> take_snapshot(const Store& store) {
  auto snapshot = store.snapshot();
  if (!snapshot) return failed(snapshot.error(), Doing::opening);
  return std::move(*snapshot);
}

void print_note(std::string_view sentence) {
  std::string line;
  for (const char character : sentence) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < 0x20 || byte == 0x7F) {
      line += fmt::format("\\x{:02x}", byte);
    } else {
      line += character;
    }
  }
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

int report(const Try<Exit>& outcome, Telling telling) {
  if (outcome) return static_cast<int>(*outcome);
  const Failure& failure = outcome.error();
  if (failure.message.empty()) return static_cast<int>(failure.exit);
  if (telling == Telling::sentence) {
    print_note("flowkeep: " + failure.message);
  } else {
    std::string line;
    io::append_odata_error(line, Error{failure.code, failure.message, failure.dataverse});
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
  return static_cast<int>(failure.exit);
}

}  // namespace flowkeep::tool
