#include "storage/file_check.hpp"

#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/error.hpp"
#include "storage/file_io.hpp"
#include "storage/page_file.hpp"
#include "storage/page_walk.hpp"

namespace flowkeep::storage {

namespace {

constexpr int attempts = 5;

struct NetworkFilesystem {
  std::uint32_t type;
  std::string_view name;
};

constexpr std::array network_filesystems{
    NetworkFilesystem{0x6969, "NFS"},
    NetworkFilesystem{0x517B, "SMB"},
    NetworkFilesystem{0xFF534D42, "CIFS"},
    NetworkFilesystem{0xFE534D42, "SMB2"},
    NetworkFilesystem{0x5346414F, "AFS"},
    NetworkFilesystem{0x6B414653, "AFS"},
    NetworkFilesystem{0x73757245, "Coda"},
    NetworkFilesystem{0x564C, "NCP"},
    NetworkFilesystem{0x00C36400, "Ceph"},
    NetworkFilesystem{0x01021997, "9p"},
    NetworkFilesystem{0x0BD00BD0, "Lustre"},
    NetworkFilesystem{0x47504653, "GPFS"},
    NetworkFilesystem{0x01161970, "GFS2"},
    NetworkFilesystem{0x7461636F, "OCFS2"},
    NetworkFilesystem{0x19830326, "BeeGFS"},
    NetworkFilesystem{0x20030528, "OrangeFS"},
    NetworkFilesystem{0xAAD7AAEA, "PanFS"},
    NetworkFilesystem{0x786F4256, "a VirtualBox shared folder"},
    NetworkFilesystem{0xBACBACBC, "a VMware shared folder"},
};

/// Why the file may not be mapped as far as this meta page uses it, or nothing.
Result<void> check_length(const PageFile& file, const MetaPage& meta, std::uint64_t file_bytes) {
  const std::uint64_t file_pages = file_bytes / meta.page_bytes;
  if (meta.last_page < file_pages) return {};
  const auto tail_free = tail_is_free(file, meta, file_pages);
  if (!tail_free) return fail(tail_free.error());
  if (*tail_free) return {};

  std::optional<PageFinding> worst;
  const auto keep_worst = [&](const PageFinding& finding) {
    if (finding.kind == PageFinding::Kind::inconsistent) return;
    if (!worst || (finding.kind == PageFinding::Kind::beyond_end && worst->kind != finding.kind)) worst = finding;
  };
  const auto until_beyond_end = [&](std::uint64_t, std::uint64_t) {
    return !worst || worst->kind != PageFinding::Kind::beyond_end;
  };
  const auto report = walk_pages(file, meta, keep_worst, until_beyond_end);
  if (worst && worst->kind == PageFinding::Kind::beyond_end) {
    return fail(Errc::corrupt, file.name() + " is cut short: it ends at " + std::to_string(file_bytes) +
                                   " bytes but page " + std::to_string(worst->page) + " (of the " + worst->tree +
                                   ") is in use");
  }
  if (worst)
    return fail(Errc::corrupt, file.name() + " is cut short and damaged: " + worst->where + ": " + worst->what);
  if (!report) return fail(report.error());
  return {};
}

struct Examined {
  Result<FileFacts> facts;
  std::optional<std::uint64_t> txnid{};  // of the meta page that was gone by
};

Examined examine(const PageFile& file) {
  // In this order: a commit lengthens the file before its meta page says so.
  const auto meta = file.read_newest_meta();
  const auto bytes = file.size_bytes();
  if (!bytes) return {fail(bytes.error())};
  if (*bytes == 0) return {FileFacts{.empty = true}};
  if (!meta) return {fail(meta.error())};
  if (auto ok = check_length(file, *meta, *bytes); !ok) return {fail(std::move(ok.error())), meta->txnid};
  return {FileFacts{.empty = false,
                    .page_bytes = meta->page_bytes,
                    .last_txnid = meta->txnid,
                    .last_page = meta->last_page,
                    .file_bytes = *bytes},
          meta->txnid};
}

}  // namespace

Result<FileFacts> check_file_before_open(const std::string& path) {
  const auto file = PageFile::open(path);
  if (!file) return fail(file.error());
  for (int attempt = 1;; ++attempt) {
    Examined examined = examine(*file);
    if (examined.facts || attempt == attempts) return std::move(examined.facts);
    // A verdict on a commit that is no longer the last one may be due to pages used again.
    const auto meta = file->read_newest_meta();
    const bool moved = meta && meta->txnid != examined.txnid;
    if (!moved) return std::move(examined.facts);
  }
}

std::optional<std::string_view> network_filesystem_name(long f_type) noexcept {
  const auto type = static_cast<std::uint32_t>(f_type);  // sign-extended on some machines
  const auto* const found = std::find_if(network_filesystems.begin(), network_filesystems.end(),
                                         [type](const NetworkFilesystem& each) { return each.type == type; });
  if (found == network_filesystems.end()) return std::nullopt;
  return found->name;
}

Result<void> refuse_network_filesystem(const std::string& path) {
  struct statfs status {};
  std::string where = path;
  int code = ::statfs(where.c_str(), &status);
  if (code != 0 && errno == ENOENT) {
    where = directory_of(path);
    code = ::statfs(where.c_str(), &status);
  }
  if (code != 0) {
    const Errc fallback = errno == ENOTDIR ? Errc::invalid_argument : Errc::io;
    return fail(base::errno_error(fallback, "cannot examine the file system of " + where, errno));
  }
  const auto name = network_filesystem_name(static_cast<long>(status.f_type));
  if (!name) return {};
  return fail(Errc::invalid_argument,
              path + " is on " + std::string(*name) + ", a network file system; a store has to be on a local one");
}

}  // namespace flowkeep::storage
