#include <xxhash.h>

#include <algorithm>
#include <utility>

#include <flowkeep/binary.hpp>

#include "base/packing.hpp"
#include "blob/prepared.hpp"

namespace flowkeep {

namespace blob {

namespace {

constexpr int compression_level = 3;

// What is small is packed when it gets its place beside its record, with what the store has learnt of the others.
std::string pack(std::string_view piece) {
  std::string packed;
  if (is_shared(piece.size()) && base::Packing::pack(packed, piece, piece.size() - 1, nullptr, compression_level)) {
    packed.shrink_to_fit();
    return packed;
  }
  return std::string(piece);
}

}  // namespace

Result<std::string_view> unpack(std::string_view stored, std::uint64_t raw_bytes, std::string& buffer) {
  if (stored.size() == raw_bytes) return stored;
  buffer.resize(raw_bytes);
  if (!base::Packing::unpack(buffer, stored, nullptr)) {
    return fail(Errc::corrupt,
                "a piece of a binary is damaged: it does not decompress to " + std::to_string(raw_bytes) + " bytes");
  }
  return std::string_view(buffer);
}

}  // namespace blob

Content::Content() noexcept = default;
Content::Content(const Content&) noexcept = default;
Content::Content(Content&&) noexcept = default;
Content& Content::operator=(const Content&) noexcept = default;
Content& Content::operator=(Content&&) noexcept = default;
Content::~Content() = default;

Content::Content(std::string_view bytes) {
  auto prepared = std::make_shared<blob::Prepared>();
  prepared->size = bytes.size();
  // Content that every write refuses is not worth compressing.
  if (bytes.size() <= max_binary_bytes) {
    prepared->hash = XXH3_64bits(bytes.data(), bytes.size());
    for (std::size_t at = 0; at < bytes.size(); at += blob::chunk_bytes) {
      prepared->add(blob::pack(bytes.substr(at, blob::chunk_bytes)));
    }
  }
  prepared_ = std::move(prepared);
}

Content::Content(std::shared_ptr<const blob::Prepared> prepared) noexcept : prepared_(std::move(prepared)) {}

std::uint64_t Content::size() const noexcept {
  return prepared_ ? prepared_->size : 0;
}
std::uint64_t Content::hash() const noexcept {
  return prepared_ ? prepared_->hash : 0;
}

Result<std::string> Content::bytes() const {
  std::string bytes;
  if (!prepared_) return bytes;
  bytes.reserve(prepared_->size);
  std::string buffer;
  const blob::PreparedView stored(*prepared_);
  for (std::size_t number = 0; number < stored.pieces(); ++number) {
    auto piece = blob::unpack(stored.piece(number), blob::piece_bytes(stored.size, number), buffer);
    if (!piece) return fail(std::move(piece.error()));
    bytes += *piece;
  }
  return bytes;
}

struct ContentWriter::Impl {
  std::shared_ptr<blob::Prepared> prepared = std::make_shared<blob::Prepared>();
  std::string pending{};
  XXH3_state_t* hash = ::XXH3_createState();

  Impl() { ::XXH3_64bits_reset(hash); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { ::XXH3_freeState(hash); }
};

ContentWriter::ContentWriter() : impl_(std::make_unique<Impl>()) {}
ContentWriter::ContentWriter(ContentWriter&&) noexcept = default;
ContentWriter& ContentWriter::operator=(ContentWriter&&) noexcept = default;
ContentWriter::~ContentWriter() = default;

Result<void> ContentWriter::append(std::string_view bytes) {
  Impl& impl = *impl_;
  if (bytes.size() > max_binary_bytes - impl.prepared->size) {
    return fail(Errc::invalid_argument, "binary content of more than " + std::to_string(max_binary_bytes) +
                                            " bytes (32 MiB) cannot be stored in one column");
  }
  impl.prepared->size += bytes.size();
  ::XXH3_64bits_update(impl.hash, bytes.data(), bytes.size());
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, blob::chunk_bytes - impl.pending.size());
    impl.pending += part;
    bytes.remove_prefix(part.size());
    if (impl.pending.size() == blob::chunk_bytes) {
      impl.prepared->add(blob::pack(impl.pending));
      impl.pending.clear();
    }
  }
  return {};
}

Content ContentWriter::finish() {
  Impl& impl = *impl_;
  if (!impl.pending.empty()) impl.prepared->add(blob::pack(impl.pending));
  impl.prepared->hash = ::XXH3_64bits_digest(impl.hash);
  Content content(std::shared_ptr<const blob::Prepared>(std::move(impl.prepared)));
  impl_ = std::make_unique<Impl>();
  return content;
}

}  // namespace flowkeep
