// Sessions from JSON and to JSON and CSV, as the Web API, JSON Lines and RFC 4180 write them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <flowkeep/child.hpp>
#include <flowkeep/parent.hpp>
#include <flowkeep/session.hpp>
#include <flowkeep/snapshot.hpp>

namespace flowkeep::io {

/// Reads sessions from JSON text. Keeps its parser's buffers from one call to the next. One thread at a time.
/// Keys: a column's logical name; for a lookup also "_x_value" and "X@odata.bind" (navigation names as
/// info(Column).navigation_name, value "/set(guid)"); two that differ are refused. Annotations ("@" anywhere in
/// the key) are ignored, but "_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname" tells a team from a user, and
/// a deletion (an "@odata.context" that ends in "/$deletedEntity") is refused.
/// Unknown keys become extra columns. File columns are base64 in either alphabet, with or without padding; a text
/// of GUID form is a file reference. null is absent. versionnumber is read.
class FLOWKEEP_API JsonReader {
 public:
  JsonReader();
  JsonReader(JsonReader&&) noexcept;
  JsonReader& operator=(JsonReader&&) noexcept;
  ~JsonReader();

  /// Reads one object. Errors: invalid_argument, the sentence naming the column and what is wrong with it; it
  /// never quotes credentials, callbackurl or binary content.
  [[nodiscard]] Result<Session> read(std::string_view json);
  /// Reads a partial session: what is null there is in `clear`.
  [[nodiscard]] Result<SessionUpdate> read_update(std::string_view json);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A session of an input and where it stands there.
struct InputRow {
  Session session{};
  std::uint64_t line = 0;  ///< of JSON Lines, from 1; of a Web API response: the element, from 1
  /// What its lookups lead to, as "_x_value@OData.Community.Display.V1.FormattedValue" says; names that the store would
  /// refuse are left out.
  std::vector<Parent> parents{};
  std::vector<Child> children{};  ///< of all collections, where read_children() was called
};

/// A partial session of an input.
struct UpdateRow {
  SessionUpdate update{};
  std::uint64_t line = 0;  ///< as InputRow::line
};

/// Reads sessions from JSON Lines or a Web API response ({"value":[…]}), plain, gzip or zstd (told by the first
/// bytes). Lines hold up to 256 MiB. Blank lines are passed over. One thread at a time.
class FLOWKEEP_API SessionInput {
 public:
  /// `path` "-" is standard input. Errors: not_found, access_denied, io.
  [[nodiscard]] static Result<SessionInput> open(const std::string& path);
  SessionInput(SessionInput&&) noexcept;
  SessionInput& operator=(SessionInput&&) noexcept;
  ~SessionInput();

  /// The next row; std::nullopt at the end. Errors: invalid_argument ("line 17: …", "element 3: …"), io; after an
  /// error the input is at its end.
  [[nodiscard]] Result<std::optional<InputRow>> next();
  /// The next row as a partial session: what is null there is in `clear`. What next() says goes for it.
  [[nodiscard]] Result<std::optional<UpdateRow>> next_update();
  /// Reads members with the name of a collection's navigation property ("flowevent_flowsession") as children, as
  /// ChildReader does; else they become extra columns. To be called before the first next().
  void read_children();
  /// Has `callback` called, by next(), each time the input is about to wait for bytes that are not there yet: a pipe
  /// whose writer is quiet. The rows before are all handed out then.
  void on_wait(std::function<void()> callback);
  /// "line" or "element": what InputRow::line counts.
  [[nodiscard]] std::string_view unit() const noexcept;
  /// Compressed bytes read so far and in all (0 where the size is unknown), for progress.
  [[nodiscard]] std::uint64_t bytes_read() const noexcept;
  [[nodiscard]] std::uint64_t bytes_total() const noexcept;

 private:
  struct Impl;
  explicit SessionInput(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

enum class Format : std::uint8_t {
  jsonl,  ///< one object a line; base64 with padding
  csv,    ///< RFC 4180 with a header line; null is nothing, an empty string is ""; base64 with padding
  odata,  ///< a Web API list, as ODataWriter writes it (flowkeep/io/odata.hpp)
};

/// What of a session is written.
struct WriteOptions {
  Format format = Format::jsonl;
  /// Only these, in this order: logical names, "_x_value" names, or names of extra columns; empty: all of them.
  std::vector<std::string> columns{};
  /// Of all columns: the names of extra columns that CSV gets a field for.
  std::vector<std::string> extra_columns{};
  enum class Binaries : std::uint8_t { content, none } binaries = Binaries::content;
  /// Leaves out credentials, callbackurl and the binary columns.
  enum class Redaction : std::uint8_t { none, secrets } redaction = Redaction::none;
  /// jsonl and odata: "statuscode@OData.Community.Display.V1.FormattedValue" and its like beside choices, and beside
  /// lookups whose parent the store has the name of;
  /// csv: a field "statuscode_label" behind each choice.
  enum class Labels : std::uint8_t { none, beside } labels = Labels::none;
  /// jsonl and odata: each session's collections as members, as $expand adds them, and the names of its parents; empty
  /// ones are left out of jsonl. SessionInput::read_children() reads them back.
  enum class Children : std::uint8_t { none, all } children = Children::none;
  /// odata: what the Web API adds for odata.include-annotations="*", labels included.
  enum class Annotations : std::uint8_t { none, all } annotations = Annotations::none;
  /// odata: what links begin with, such as "https://contoso.crm4.dynamics.com/api/data/v9.2"; "": they are relative.
  std::string base_url{};
};

/// Writes sessions. The caller takes the text from `out` when it likes. One thread at a time.
/// Lookups are written as "_x_value", GUIDs in lower case; nulls are left out, but not of a Web API list.
class FLOWKEEP_API SessionWriter {
 public:
  /// Errors: invalid_argument (a column that is neither known nor among `extra_columns`; one that redaction withholds;
  /// for odata, a base_url that is none).
  [[nodiscard]] static Result<SessionWriter> make(WriteOptions options);
  SessionWriter(SessionWriter&&) noexcept;
  SessionWriter& operator=(SessionWriter&&) noexcept;
  ~SessionWriter();

  /// What stands before the first session (CSV's header line, the list's opening) and behind the last.
  void begin(std::string& out);
  void end(std::string& out);
  /// Appends one session; its binaries are read from `snapshot`, which the view is of. Errors: corrupt (nothing
  /// is appended).
  [[nodiscard]] Result<void> write(const Snapshot& snapshot, const SessionView& session, std::string& out);

 private:
  struct Impl;
  explicit SessionWriter(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

/// Base64 of any bytes.
enum class Base64 : std::uint8_t { standard_padded, url };
FLOWKEEP_API void append_base64(std::string& out, std::string_view bytes, Base64 alphabet);
/// Reads either alphabet, with or without padding; std::nullopt where the text is broken (white space included).
[[nodiscard]] FLOWKEEP_API std::optional<std::string> decode_base64(std::string_view text);

/// Reads one or more <allowedtransitions> elements (each the moves of one or more statuses) as a state model.
/// Any root element, or none, may stand around them. Errors: invalid_argument.
[[nodiscard]] FLOWKEEP_API Result<StateModel> read_state_model_xml(std::string name, std::string_view xml);
/// Writes a model in the same form, one <allowedtransitions> element under <statemodel name="…">.
[[nodiscard]] FLOWKEEP_API std::string write_state_model_xml(const StateModel& model);

}  // namespace flowkeep::io
