#include "journal/shared_page.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "base/error.hpp"

namespace flowkeep::journal {

namespace {

constexpr std::uint64_t layout_version = 3;
constexpr std::int64_t sample_interval_ns = 100'000'000;

static_assert(sizeof(SharedState) <= SharedPage::size_bytes);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace

std::int64_t monotonic_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

Result<SharedPage> SharedPage::open(const std::string& path, Content content) {
  // Never cut what a forgotten process may have mapped: a new file takes its name.
  if (content == Content::fresh) {
    if (auto ok = storage::remove_file(path); !ok) return fail(std::move(ok.error()));
  }
  auto file = storage::Descriptor::open(path, O_RDWR | O_CREAT);
  if (!file) return fail(std::move(file.error()));
  struct stat facts {};
  if (::fstat(file->get(), &facts) != 0) return fail(base::errno_error(Errc::io, "cannot examine " + path, errno));
  if (static_cast<std::size_t>(facts.st_size) < size_bytes) {
    // Written, so that a full disk says so here and not by SIGBUS.
    const std::string zeros(size_bytes, '\0');
    if (auto ok = storage::write_all(file->get(), zeros, 0, path); !ok) return fail(std::move(ok.error()));
  }
  void* mapped = ::mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file->get(), 0);
  if (mapped == MAP_FAILED) return fail(base::errno_error(Errc::io, "cannot map " + path, errno));
  SharedPage page(static_cast<SharedState*>(mapped));
  std::uint64_t none = 0;
  if (!page.state().layout.compare_exchange_strong(none, layout_version) && none != layout_version) {
    return fail(Errc::newer_format, path + " is of another Flowkeep that has the store open: close it there first");
  }
  return page;
}

SharedPage::SharedPage(SharedPage&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}

SharedPage::~SharedPage() {
  if (state_ != nullptr) ::munmap(static_cast<void*>(state_), size_bytes);
}

void SharedPage::reset() noexcept {
  state_->in_turn = 0;
  state_->poisoned = 0;
  state_->samples_used = 0;
}

void SharedPage::note_commit(std::uint64_t transaction) noexcept {
  SharedState& state = *state_;
  const std::int64_t now = monotonic_ns();
  std::uint32_t used = state.samples_used;
  if (used > SharedState::sample_count) used = 0;
  if (used > 0 && now - state.samples[used - 1].time < sample_interval_ns) return;
  if (used == SharedState::sample_count) {
    // The one goes whose gap is least for its age, so that every age is known equally well.
    std::uint32_t dispensable = 1;
    double least = std::numeric_limits<double>::max();
    for (std::uint32_t i = 1; i + 1 < used; ++i) {
      const auto gap = static_cast<double>(state.samples[i + 1].time - state.samples[i - 1].time);
      const double relative = gap / static_cast<double>(now - state.samples[i].time);
      if (relative < least) {
        least = relative;
        dispensable = i;
      }
    }
    for (std::uint32_t i = dispensable; i + 1 < used; ++i) {
      state.samples[i].transaction = state.samples[i + 1].transaction.load();
      state.samples[i].time = state.samples[i + 1].time.load();
    }
    --used;
  }
  state.samples[used].transaction = transaction;
  state.samples[used].time = now;
  state.samples_used = used + 1;
}

std::optional<std::chrono::milliseconds> SharedPage::superseded_for(std::uint64_t transaction) const noexcept {
  const std::uint32_t used = std::min<std::uint32_t>(state_->samples_used, SharedState::sample_count);
  for (std::uint32_t i = 0; i < used; ++i) {
    if (state_->samples[i].transaction <= transaction) continue;
    const auto age = std::chrono::nanoseconds(monotonic_ns() - state_->samples[i].time);
    return std::chrono::duration_cast<std::chrono::milliseconds>(age);
  }
  return std::nullopt;
}

}  // namespace flowkeep::journal
