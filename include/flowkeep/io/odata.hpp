// JSON as the Web API writes it: a session, a value, lists in pages, changes, answers and errors.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <flowkeep/io/json.hpp>

namespace flowkeep::io {

/// Writes the bodies of the Web API's responses, each with a line end behind it. The caller takes the text from `out`
/// when it likes, in the middle of a list, too. One thread at a time.
/// A row is "@odata.etag", then the columns of WriteOptions in their order, null where they are (extra columns: where
/// they are asked for by name; columns that are withheld are left out). The key, flowsessionid, stands behind chosen
/// columns that lack it, as the Web API has it. Annotations stand in front of what they are about. File columns are
/// base64url without padding, or the GUID of a reference; content whose base64url has the form of a GUID is in the
/// standard alphabet.
/// Annotations, with WriteOptions::Annotations::all: the labels of choices; of lookups that are not null the table and
/// the navigation property, and the name of what they lead to where the store has it (Snapshot::parent(); of
/// parentdesktopflowrunid, the session's). Formatted values of times and numbers depend on a user's settings: there are
/// none.
/// Without them: that the owner is a team, which nothing else says.
/// JsonReader and SessionInput read back what is written.
/// Errors of all members that append: corrupt, no_memory; nothing is appended then.
class FLOWKEEP_API ODataWriter {
 public:
  /// WriteOptions::format is left aside. Errors: as SessionWriter::make(), and invalid_argument where base_url is none.
  [[nodiscard]] static Result<ODataWriter> make(WriteOptions options = {});
  ODataWriter(ODataWriter&&) noexcept;
  ODataWriter& operator=(ODataWriter&&) noexcept;
  ~ODataWriter();

  /// The answer to flowsessions(id): {"@odata.context":"$metadata#flowsessions/$entity","@odata.etag":…}.
  [[nodiscard]] Result<void> write_entity(const Snapshot& snapshot, const SessionView& session, std::string& out);
  /// The answer to flowsessions(id)/column: {"@odata.context":…,"value":…}. Errors: not_found (it is null, where the
  /// Web API answers 204), invalid_argument (it is not among the columns of this writer).
  [[nodiscard]] Result<void> write_value(const Snapshot& snapshot, const SessionView& session, Column column,
                                         std::string& out);
  /// The answer to IsValidStateTransition: {"@odata.context":…,"IsValid":true}. Returns what it says. Errors: as
  /// Snapshot::is_valid_state_transition().
  [[nodiscard]] Result<bool> write_is_valid_state_transition(const Snapshot& snapshot, const Guid& id,
                                                             std::string_view new_state, std::int32_t new_status,
                                                             std::string& out);

  /// A list: its opening, with "@odata.count" where one is given; then its sessions; then its end, with
  /// "@odata.nextLink" where a token is given: one of the query's, for Query::after. What stands in between takes the
  /// memory of one row.
  void begin(std::string& out, std::optional<std::uint64_t> count = std::nullopt);
  [[nodiscard]] Result<void> write(const Snapshot& snapshot, const SessionView& session, std::string& out);
  void end(std::string& out, std::string_view skiptoken = {});

  enum class Count : std::uint8_t { none, all };
  /// A whole list of at most `page_size` sessions of `query` (whose limit and pause_after are left aside), with
  /// "@odata.nextLink" where there are more of them in `snapshot`, and the count of all where asked for. Returns that
  /// link's token, which makes the next page when it is put into Query::after; "" at the end. Errors: as
  /// Snapshot::select(), and invalid_argument for a page size of 0.
  [[nodiscard]] Result<std::string> write_page(const Snapshot& snapshot, const Query& query, std::uint64_t page_size,
                                               Count count, std::string& out);

  /// The changes of Snapshot::changes(), as change tracking answers: opening, changes, the end with "@odata.deltaLink".
  void begin_delta(std::string& out);
  [[nodiscard]] Result<void> write_change(const Snapshot& snapshot, const SessionChange& change, std::string& out);
  void end_delta(std::string& out, std::string_view deltatoken);

 private:
  struct Impl;
  explicit ODataWriter(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

/// The code of an error in a response: Dataverse's, "0x80040217", where Error::dataverse is one, else errc_name().
[[nodiscard]] FLOWKEEP_API std::string odata_error_code(const Error& error);
/// Appends {"error":{"code":"0x80040217","message":"…"}} and a line end. Bytes of the sentence that are not UTF-8
/// become U+FFFD.
FLOWKEEP_API void append_odata_error(std::string& out, const Error& error);

/// The token of a "@odata.nextLink" or "@odata.deltaLink", or of what is such a token by itself. Whether it is one of
/// this store's is told by who takes it. Errors: invalid_argument (a link with no token in it, or "").
[[nodiscard]] FLOWKEEP_API Result<std::string> read_link_token(std::string_view link);

}  // namespace flowkeep::io
