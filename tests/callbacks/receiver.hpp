// A receiver of callbacks, an HTTPS server in a process of its own (receiver.py), and what it was sent.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace flowkeep::callbacks {

struct Request {
  std::string line{};  ///< "POST /path"
  std::vector<std::string> headers{};
  std::string body{};
};

struct Received {
  int connections = 0;  ///< also those that ended before a request
  std::vector<Request> requests{};
};

class Receiver {
 public:
  /// The one of this process, started when it is first asked for; it ends with the process.
  static Receiver& get();
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;
  ~Receiver();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// Its authority.
  [[nodiscard]] std::string ca_file() const { return (folder_ / "ca.pem").string(); }
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
  /// "https://receiver.example:PORT" and `path`, which says what it answers: see receiver.py.
  [[nodiscard]] std::string url(std::string_view path) const;
  /// Returns true once that many requests have come since the last take(), false where they do not.
  [[nodiscard]] bool await(int requests);
  [[nodiscard]] Received take();

 private:
  Receiver();
  /// The lines that it answers to a command.
  std::vector<std::string> ask(const std::string& command);
  [[nodiscard]] std::string read_line();

  std::filesystem::path folder_{};
  pid_t process_ = -1;
  std::FILE* commands_ = nullptr;
  std::FILE* answers_ = nullptr;
  std::uint16_t port_ = 0;
};

}  // namespace flowkeep::callbacks
