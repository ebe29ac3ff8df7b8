#include "fixture.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <utility>

namespace flowkeep::fault {

namespace {

std::string folder_of(Place place) {
  if (const char* wanted = std::getenv("TMPDIR")) return wanted;
  if (place == Place::memory && ::access("/dev/shm", W_OK) == 0) return "/dev/shm";
  return std::filesystem::temp_directory_path();
}

void close_end(int& end) {
  if (end >= 0) ::close(std::exchange(end, -1));
}

}  // namespace

TemporaryDirectory::TemporaryDirectory(Place place) : path_(folder_of(place) + "/flowkeep-fault-XXXXXX") {
  if (::mkdtemp(path_.data()) == nullptr) std::abort();
}

TemporaryDirectory::~TemporaryDirectory() {
  std::filesystem::remove_all(path_);
}

std::string TemporaryDirectory::file(std::string_view name) const {
  return path_ + "/" + std::string(name);
}

Child::Child(const std::function<int()>& body) {
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) std::abort();
  if (pid_ > 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::_exit(::getppid() == parent ? body() : 1);
}

Child::Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}

Child::~Child() {
  if (pid_ > 0) kill();
}

int Child::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

void Child::kill() {
  ::kill(pid_, SIGKILL);
  wait();
}

void Child::stop() {
  ::kill(pid_, SIGSTOP);
  await_stop();
}

void Child::await_stop() {
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WSTOPPED) != 0 && errno == EINTR) {
  }
}

void Child::go_on() {
  ::kill(pid_, SIGCONT);
}

Watchdog::Watchdog(std::chrono::seconds limit) {
  struct sigaction action {};
  action.sa_handler = [](int) {
    constexpr std::string_view words = "The test does not come to an end: a deadlock, or a machine that is too busy\n";
    static_cast<void>(!::write(STDERR_FILENO, words.data(), words.size()));
    ::_exit(1);
  };
  ::sigaction(SIGALRM, &action, nullptr);
  ::alarm(static_cast<unsigned>(limit.count()));
}

Watchdog::~Watchdog() {
  ::alarm(0);
}

int in_child(const std::function<int()>& body) {
  return Child(body).wait();
}

Pipe::Pipe() {
  if (::pipe(ends_) != 0) std::abort();
}

Pipe::~Pipe() {
  close_reading();
  close_writing();
}

void Pipe::close_reading() {
  close_end(ends_[0]);
}
void Pipe::close_writing() {
  close_end(ends_[1]);
}

void Pipe::move_writing_to(int descriptor) {
  if (::dup2(ends_[1], descriptor) < 0) std::abort();
  close_writing();
}

void Pipe::narrow() const {
  if (::fcntl(ends_[1], F_SETPIPE_SZ, 4096) < 0) std::abort();
}

void Pipe::write(std::string_view bytes) const {
  if (::write(ends_[1], bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) std::abort();
}

std::string Pipe::read(std::size_t size) const {
  std::string bytes(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const ssize_t got = ::read(ends_[0], bytes.data() + have, size - have);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

std::string Pipe::read_all() const {
  std::string all;
  for (std::string part = read(4096); !part.empty(); part = read(4096)) all += part;
  return all;
}

void* map_shared(std::size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  return memory;
}

void unmap_shared(void* memory, std::size_t bytes) {
  ::munmap(memory, bytes);
}

void Gate::arrive_and_wait() {
  opened_.close_writing();
  arrived_.write(".");
  (void)opened_.read(1);
}

void Gate::await(int count) {
  (void)arrived_.read(static_cast<std::size_t>(count));
}

void Gate::open() {
  opened_.close_writing();
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void put_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

Store open_store(const std::string& path, OpenOptions options) {
  return Store::open(path, std::move(options)).value();
}

std::optional<Errc> refusal(const std::string& path, OpenOptions options) {
  const auto store = Store::open(path, std::move(options));
  if (store) return std::nullopt;
  EXPECT_TRUE(is_one_sentence_about(store.error().message, path));
  return store.error().code;
}

Session named(std::string name) {
  Session session;
  session.name = std::move(name);
  session.statuscode = StatusCode::waiting;
  return session;
}

std::string noise(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

Session bulky(std::size_t size, std::uint64_t seed) {
  Session session = named("bulky " + std::to_string(seed));
  session.inputs = Binary{"inputs.bin", Content(noise(size, seed)), {}, {}};
  return session;
}

std::string what_check_finds(const Store& store) {
  const auto report = store.check();
  if (!report) return report.error().message;
  if (report->clean()) return {};
  return report->findings.front().where + ": " + report->findings.front().what;
}

void expect_clean(const Store& store) {
  EXPECT_EQ(what_check_finds(store), "");
}

std::uint64_t size_of(const Store& store) {
  return store.snapshot().value().size().value();
}

bool has_reader(const Store& store, pid_t pid) {
  const StoreStats stats = store.stats().value();
  return std::any_of(stats.readers.begin(), stats.readers.end(),
                     [&](const StoreStats::Reader& reader) { return reader.pid == pid; });
}

testing::AssertionResult is_one_sentence_about(const std::string& message, const std::string& what) {
  if (message.find(what) == std::string::npos) {
    return testing::AssertionFailure() << "\"" << message << "\" does not name " << what;
  }
  if (message.find('\n') != std::string::npos || message.size() < what.size() + 10 || message.size() > 500) {
    return testing::AssertionFailure() << "\"" << message << "\" is not one sentence";
  }
  return testing::AssertionSuccess();
}

}  // namespace flowkeep::fault
