#include "receiver.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

extern char** environ;

namespace flowkeep::callbacks {
namespace {

/// A pipe whose ends this process's other children do not get.
std::array<int, 2> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  return ends;
}

std::filesystem::path make_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "flowkeep-callbacks-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
  return name;
}

}  // namespace

Receiver& Receiver::get() {
  static Receiver receiver;
  return receiver;
}

Receiver::Receiver() : folder_(make_folder()) {
  const auto in = make_pipe();
  const auto out = make_pipe();
  std::string python = FLOWKEEP_TEST_PYTHON;
  std::string script = FLOWKEEP_TEST_RECEIVER;
  std::string folder = folder_.string();
  std::string openssl = FLOWKEEP_TEST_OPENSSL;
  std::array<char*, 5> arguments{python.data(), script.data(), folder.data(), openssl.data(), nullptr};
  posix_spawn_file_actions_t actions{};
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  const int error = ::posix_spawn(&process_, python.c_str(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  commands_ = ::fdopen(in[1], "w");
  answers_ = ::fdopen(out[0], "r");
  if (error != 0) throw std::runtime_error("python does not start");
  port_ = static_cast<std::uint16_t>(std::stoi(read_line()));
}

Receiver::~Receiver() {
  std::fclose(commands_);  // ends it
  std::fclose(answers_);
  ::waitpid(process_, nullptr, 0);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string Receiver::url(std::string_view path) const {
  return "https://receiver.example:" + std::to_string(port_) + std::string(path);
}

std::string Receiver::read_line() {
  std::string line;
  for (int c = std::fgetc(answers_); c != '\n'; c = std::fgetc(answers_)) {
    if (c == EOF) throw std::runtime_error("the receiver has ended");
    line += static_cast<char>(c);
  }
  return line;
}

std::vector<std::string> Receiver::ask(const std::string& command) {
  std::fputs((command + '\n').c_str(), commands_);
  std::fflush(commands_);
  std::vector<std::string> lines;
  for (std::string line = read_line(); line != "done"; line = read_line()) lines.push_back(line);
  return lines;
}

bool Receiver::await(int requests) {
  return ask("await " + std::to_string(requests)).empty();
}

Received Receiver::take() {
  Received received;
  for (const std::string& line : ask("take")) {
    const std::size_t space = line.find(' ');
    const std::string kind = line.substr(0, space);
    const std::string rest = line.substr(space + 1);
    if (kind == "connections") received.connections = std::stoi(rest);
    if (kind == "request") received.requests.push_back({rest, {}, {}});
    if (kind == "header") received.requests.back().headers.push_back(rest);
    if (kind == "body") received.requests.back().body = rest;
  }
  return received;
}

}  // namespace flowkeep::callbacks
