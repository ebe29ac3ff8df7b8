#include "decompress.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace flowkeep::io {
namespace {

constexpr std::size_t packed_bytes = std::size_t{512} << 10;

enum class Packing : std::uint8_t { unknown, none, gzip, zstd };

constexpr std::string_view gzip_magic = "\x1f\x8b";
constexpr std::string_view zstd_magic = "\x28\xb5\x2f\xfd";

/// A file descriptor, closed at the end unless it is standard input.
class File {
 public:
  explicit File(int descriptor) noexcept : descriptor_(descriptor) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ != STDIN_FILENO) ::close(descriptor_);
  }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

struct GzipState {
  z_stream stream{};
  bool in_member = false;  ///< a member has begun and has not ended
  GzipState() = default;
  GzipState(const GzipState&) = delete;
  GzipState& operator=(const GzipState&) = delete;
  ~GzipState() { ::inflateEnd(&stream); }
};

struct FreeZstd {
  void operator()(ZSTD_DCtx* context) const noexcept { ::ZSTD_freeDCtx(context); }
};

Error failure(const std::string& path, std::string_view what, int cause) {
  const Errc code = cause == ENOENT || cause == ENOTDIR ? Errc::not_found
                    : cause == EACCES || cause == EPERM ? Errc::access_denied
                                                        : Errc::io;
  return Error{code, fmt::format("{}: {}: {}", path, what, std::generic_category().message(cause)), DataverseCode::none,
               cause};
}

}  // namespace

struct ByteSource::Impl {
  Impl(std::string name, int descriptor) : path(std::move(name)), file(descriptor) {}

  std::string path;
  File file;
  std::uint64_t total = 0;
  std::uint64_t taken = 0;
  Packing packing = Packing::unknown;
  std::unique_ptr<char[]> packed = std::make_unique_for_overwrite<char[]>(packed_bytes);
  std::size_t begin = 0;  ///< packed bytes that are not used yet: [begin, end)
  std::size_t end = 0;
  bool at_end = false;  ///< of the file
  std::optional<GzipState> gzip{};
  std::unique_ptr<ZSTD_DCtx, FreeZstd> zstd{};
  bool in_frame = false;  ///< of zstd: a frame has begun and has not ended
  std::optional<Error> pending{};
  std::function<void()> waits{};

  [[nodiscard]] std::string_view unused() const noexcept { return {packed.get() + begin, end - begin}; }

  /// Whether a read would not wait; the end counts as bytes.
  [[nodiscard]] bool has_bytes() const noexcept {
    pollfd waiting{file.descriptor(), POLLIN, 0};
    return ::poll(&waiting, 1, 0) != 0;
  }

  Result<std::size_t> read_file(char* to, std::size_t size) {
    while (!at_end) {
      if (waits && !has_bytes()) waits();
      const ssize_t count = ::read(file.descriptor(), to, size);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return fail(failure(path, "cannot be read", errno));
      if (count == 0) at_end = true;
      taken += static_cast<std::uint64_t>(count);
      return static_cast<std::size_t>(count);
    }
    return std::size_t{0};
  }

  /// Reads more packed bytes behind those that are there; false at the end of the file.
  Result<bool> fill() {
    if (begin > 0) {
      std::memmove(packed.get(), packed.get() + begin, end - begin);
      end -= std::exchange(begin, 0);
    }
    auto count = read_file(packed.get() + end, packed_bytes - end);
    if (!count) return fail(std::move(count.error()));
    end += *count;
    return *count > 0;
  }

  Result<void> recognise() {
    while (!at_end && unused().size() < zstd_magic.size())
      if (auto more = fill(); !more) return fail(std::move(more.error()));
    const std::string_view start = unused();
    packing = Packing::none;
    if (start.starts_with(gzip_magic)) {
      packing = Packing::gzip;
      if (::inflateInit2(&gzip.emplace().stream, 16 + MAX_WBITS) != Z_OK)
        return fail(Errc::no_memory, fmt::format("{}: no memory to unpack gzip", path));
    } else if (start.starts_with(zstd_magic)) {
      packing = Packing::zstd;
      zstd.reset(::ZSTD_createDCtx());
      if (!zstd) return fail(Errc::no_memory, fmt::format("{}: no memory to unpack zstd", path));
    }
    return {};
  }

  tl::unexpected<Error> damaged(std::string_view packing_name, std::string_view how) const {
    return fail(Errc::invalid_argument, fmt::format("{}: the {} data are {}", path, packing_name, how));
  }

  Result<std::size_t> read_plain(char* to, std::size_t size) {
    if (begin == end) return read_file(to, size);
    const std::size_t count = std::min(size, end - begin);
    std::memcpy(to, packed.get() + begin, count);
    begin += count;
    return count;
  }

  /// Whether another gzip member begins. Zeros behind the last one are padding.
  Result<bool> next_member() {
    while (!at_end && unused().size() < gzip_magic.size())
      if (auto more = fill(); !more) return fail(std::move(more.error()));
    if (unused().starts_with(gzip_magic)) {
      ::inflateReset(&gzip->stream);
      gzip->in_member = true;
      return true;
    }
    while (!unused().empty() || !at_end) {
      if (unused().find_first_not_of('\0') != std::string_view::npos)
        return damaged("gzip", "followed by something that is not gzip");
      begin = end;
      if (auto more = fill(); !more) return fail(std::move(more.error()));
    }
    return false;
  }

  Result<std::size_t> read_gzip(char* to, std::size_t size) {
    z_stream& stream = gzip->stream;
    size = std::min<std::size_t>(size, std::numeric_limits<uInt>::max());
    stream.next_out = reinterpret_cast<Bytef*>(to);
    stream.avail_out = static_cast<uInt>(size);
    const auto unpacked = [&] { return size - stream.avail_out; };
    while (unpacked() == 0) {
      if (!gzip->in_member) {
        auto member = next_member();
        if (!member) return fail(std::move(member.error()));
        if (!*member) return std::size_t{0};
      }
      if (begin == end) {
        auto more = fill();
        if (!more) return fail(std::move(more.error()));
        if (!*more) return damaged("gzip", "cut short");
      }
      stream.next_in = reinterpret_cast<Bytef*>(packed.get() + begin);
      stream.avail_in = static_cast<uInt>(end - begin);
      const int status = ::inflate(&stream, Z_NO_FLUSH);
      begin = end - stream.avail_in;
      if (status == Z_STREAM_END) {
        gzip->in_member = false;
      } else if (status == Z_MEM_ERROR) {
        return fail(Errc::no_memory, fmt::format("{}: no memory to unpack gzip", path));
      } else if (status != Z_OK && status != Z_BUF_ERROR) {
        return keep_for_later(
            unpacked(), damaged("gzip", fmt::format("damaged ({})", stream.msg != nullptr ? stream.msg : "no detail")));
      }
    }
    return unpacked();
  }

  Result<std::size_t> read_zstd(char* to, std::size_t size) {
    ZSTD_outBuffer out{to, size, 0};
    while (out.pos == 0) {
      if (begin == end && !at_end)
        if (auto more = fill(); !more) return fail(std::move(more.error()));
      const bool last = begin == end;
      if (last && !in_frame) return std::size_t{0};
      // Without more input this call still gives out what the decoder holds back.
      ZSTD_inBuffer in{packed.get() + begin, end - begin, 0};
      const std::size_t left = ::ZSTD_decompressStream(zstd.get(), &out, &in);
      begin += in.pos;
      if (::ZSTD_isError(left) != 0)
        return keep_for_later(out.pos, damaged("zstd", fmt::format("damaged ({})", ::ZSTD_getErrorName(left))));
      in_frame = left != 0;
      if (last && in_frame && out.pos == 0) return damaged("zstd", "cut short");
    }
    return out.pos;
  }

  /// Gives out what was unpacked before a failure; the failure comes with the next call.
  Result<std::size_t> keep_for_later(std::size_t unpacked, tl::unexpected<Error> error) {
    if (unpacked == 0) return error;
    pending = std::move(error.value());
    return unpacked;
  }
};

ByteSource::ByteSource(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
ByteSource::ByteSource(ByteSource&&) noexcept = default;
ByteSource& ByteSource::operator=(ByteSource&&) noexcept = default;
ByteSource::~ByteSource() = default;

Result<ByteSource> ByteSource::open(const std::string& path) {
  const bool standard_input = path == "-";
  const int descriptor = standard_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) return fail(failure(path, "cannot be opened", errno));
  auto impl = std::make_unique<Impl>(standard_input ? "standard input" : path, descriptor);
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return fail(failure(impl->path, "cannot be opened", errno));
  if (S_ISDIR(status.st_mode)) return fail(failure(impl->path, "cannot be read", EISDIR));
  if (S_ISREG(status.st_mode)) impl->total = static_cast<std::uint64_t>(status.st_size);
  return ByteSource(std::move(impl));
}

Result<std::size_t> ByteSource::read(char* to, std::size_t size) {
  Impl& impl = *impl_;
  if (impl.pending) return fail(*impl.pending);
  if (impl.packing == Packing::unknown)
    if (auto recognised = impl.recognise(); !recognised) return fail(std::move(recognised.error()));
  switch (impl.packing) {
    case Packing::gzip:
      return impl.read_gzip(to, size);
    case Packing::zstd:
      return impl.read_zstd(to, size);
    default:
      return impl.read_plain(to, size);
  }
}

void ByteSource::on_wait(std::function<void()> callback) {
  impl_->waits = std::move(callback);
}

std::uint64_t ByteSource::bytes_read() const noexcept {
  return impl_->taken;
}
std::uint64_t ByteSource::bytes_total() const noexcept {
  return impl_->total;
}

}  // namespace flowkeep::io
