#include "system_calls.hpp"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

namespace flowkeep::callbacks {
namespace {

struct Name {
  std::vector<Addresses> lookups{};
  std::size_t next = 0;
};

struct Table {
  std::mutex mutex{};
  std::condition_variable changed{};
  std::map<std::string, Name> names{};
  std::uint16_t https_port = 0;
  bool hangs = false;
  int hanging = 0;
};

Table& table() {
  static Table table;
  return table;
}

std::atomic<bool> is_broken{false};
std::atomic<int> broken_sends{0};

/// What a lookup of a name is to say; empty: not found.
Addresses look_up(const std::string& name) {
  std::unique_lock lock(table().mutex);
  if (table().hangs) {
    ++table().hanging;
    table().changed.notify_all();
    table().changed.wait(lock, [] { return !table().hangs; });
    --table().hanging;
    table().changed.notify_all();
  }
  const auto found = table().names.find(name);
  if (found == table().names.end()) return {};
  Name& known = found->second;
  const std::size_t at = std::min(known.next++, known.lookups.size() - 1);
  return known.lookups[at];
}

std::uint16_t port_for_internet() {
  const std::lock_guard lock(table().mutex);
  return table().https_port;
}

/// An addrinfo and its address in one piece of memory.
struct Entry {
  addrinfo info{};
  sockaddr_in address{};
};

addrinfo* make_entry(const std::string& text, std::uint16_t port, addrinfo* next) {
  auto* const entry = new Entry;
  entry->address.sin_family = AF_INET;
  entry->address.sin_port = htons(port);
  ::inet_pton(AF_INET, text.c_str(), &entry->address.sin_addr);
  entry->info.ai_family = AF_INET;
  entry->info.ai_socktype = SOCK_STREAM;
  entry->info.ai_protocol = IPPROTO_TCP;
  entry->info.ai_addrlen = sizeof entry->address;
  entry->info.ai_addr = reinterpret_cast<sockaddr*>(&entry->address);
  entry->info.ai_next = next;
  return &entry->info;
}

}  // namespace

Names::Names() = default;

Names::~Names() {
  let_go();
  std::unique_lock lock(table().mutex);
  table().changed.wait(lock, [] { return table().hanging == 0; });
  table().names.clear();
  table().https_port = 0;
}

void Names::set(const std::string& name, std::vector<Addresses> lookups) {
  const std::lock_guard lock(table().mutex);
  table().names[name] = {std::move(lookups), 0};
}

void Names::stand_for_internet(std::uint16_t port) {
  const std::lock_guard lock(table().mutex);
  table().https_port = port;
}

void Names::hang() {
  const std::lock_guard lock(table().mutex);
  table().hangs = true;
}

void Names::let_go() {
  const std::lock_guard lock(table().mutex);
  table().hangs = false;
  table().changed.notify_all();
}

void Names::await_lookup() {
  std::unique_lock lock(table().mutex);
  table().changed.wait(lock, [] { return table().hanging > 0; });
}

BrokenConnections::BrokenConnections() noexcept {
  broken_sends = 0;
  is_broken = true;
}

BrokenConnections::~BrokenConnections() {
  is_broken = false;
}

int BrokenConnections::met() noexcept {
  return broken_sends;
}

}  // namespace flowkeep::callbacks

extern "C" {

int getaddrinfo(const char* name, const char* service, const addrinfo*, addrinfo** result) {
  const auto addresses = flowkeep::callbacks::look_up(name == nullptr ? "" : name);
  const auto port = static_cast<std::uint16_t>(std::atoi(service == nullptr ? "0" : service));
  *result = nullptr;
  for (auto at = addresses.rbegin(); at != addresses.rend(); ++at)
    *result = flowkeep::callbacks::make_entry(*at, port, *result);
  return *result == nullptr ? EAI_NONAME : 0;
}

void freeaddrinfo(addrinfo* first) noexcept {
  while (first != nullptr) {
    addrinfo* const next = first->ai_next;
    delete reinterpret_cast<flowkeep::callbacks::Entry*>(first);
    first = next;
  }
}

int connect(int descriptor, const sockaddr* address, socklen_t length) {
  sockaddr_in inner{};
  if (address->sa_family == AF_INET && length >= sizeof inner) {
    std::memcpy(&inner, address, sizeof inner);
    const std::uint16_t port = flowkeep::callbacks::port_for_internet();
    if (port != 0 && inner.sin_port == htons(443)) {
      inner.sin_port = htons(port);
      inner.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      return static_cast<int>(::syscall(SYS_connect, descriptor, &inner, sizeof inner));
    }
  }
  return static_cast<int>(::syscall(SYS_connect, descriptor, address, length));
}

ssize_t send(int descriptor, const void* bytes, size_t size, int flags) {
  sockaddr_storage address{};
  socklen_t address_length = sizeof address;
  // libcurl wakes itself by local sockets: those do not break.
  if (flowkeep::callbacks::is_broken &&
      ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &address_length) == 0 &&
      address.ss_family == AF_INET) {
    ++flowkeep::callbacks::broken_sends;
    ::pthread_kill(::pthread_self(), SIGPIPE);
    errno = EPIPE;
    return -1;
  }
  return static_cast<ssize_t>(::syscall(SYS_sendto, descriptor, bytes, size, flags, nullptr, 0));
}

}  // extern "C"
