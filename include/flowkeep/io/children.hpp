// Children of sessions from JSON and to JSON, as the Web API writes the rows of their tables.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <flowkeep/child.hpp>
#include <flowkeep/io/json.hpp>

namespace flowkeep::io {

/// Reads children from JSON text. One thread at a time.
/// Keys: CollectionInfo::id_name and name_name, createdon, lookup_name (the session, into Child::flowsessionid), of a
/// flowevent its columns, and of fileattachment and workflowbinary mimetype, content_name (base64 in either alphabet,
/// or a GUID: a file reference) and content_file_name. filesizeinbytes beside content has to be its size. Annotations
/// are ignored, but "@odata.type" has to be that of the collection. Other keys become Child::extra. null is absent.
class FLOWKEEP_API ChildReader {
 public:
  ChildReader();
  ChildReader(ChildReader&&) noexcept;
  ChildReader& operator=(ChildReader&&) noexcept;
  ~ChildReader();

  /// Reads one object. Errors: invalid_argument, the sentence naming the column; it never quotes content.
  [[nodiscard]] Result<Child> read(Collection collection, std::string_view json);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct ChildWriteOptions {
  WriteOptions::Binaries binaries = WriteOptions::Binaries::content;
  Base64 base64 = Base64::standard_padded;
  /// Begins with "@odata.type", which says of which collection it is.
  enum class Type : std::uint8_t { none, beside } type = Type::none;
};

/// Appends a child that `snapshot` has shown, as an object without a line end: what is null is left out. ChildReader
/// reads it back. Errors: corrupt (nothing is appended).
[[nodiscard]] FLOWKEEP_API Result<void> append_child(std::string& out, const Snapshot& snapshot, const Child& child,
                                                     const ChildWriteOptions& options = {});

}  // namespace flowkeep::io
