// What is looked at before LMDB maps a file: LMDB itself trusts it, and a page in use beyond the end is SIGBUS.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <flowkeep/result.hpp>

namespace flowkeep::storage {

struct FileFacts {
  bool empty = false;  ///< of 0 bytes: as good as absent, LMDB makes a new store of it; the rest is 0
  std::uint32_t page_bytes = 0;
  std::uint64_t last_txnid = 0;
  std::uint64_t last_page = 0;
  std::uint64_t file_bytes = 0;
};

/// Checks that every page in use lies inside the file; other processes may be writing to it. Reads the two meta
/// pages, and more only where the file ends before its last page: the free list, which usually explains it, then
/// all pages. Errors: not_found, access_denied, invalid_argument (not a regular file), not_a_store, corrupt (cut
/// short or damaged), busy (it changes faster than it can be read), io.
[[nodiscard]] Result<FileFacts> check_file_before_open(const std::string& path);

/// The network file system that a statfs() type stands for, e.g. "NFS". A FUSE file system does not tell whether
/// it is a network one (sshfs) or local (ntfs-3g): it counts as local.
[[nodiscard]] std::optional<std::string_view> network_filesystem_name(long f_type) noexcept;

/// Refuses a file, or the directory of a file yet to be made, on a network file system: neither LMDB's map nor its
/// locks hold between machines. Errors: invalid_argument; not_found (no such directory), access_denied, io.
[[nodiscard]] Result<void> refuse_network_filesystem(const std::string& path);

}  // namespace flowkeep::storage
