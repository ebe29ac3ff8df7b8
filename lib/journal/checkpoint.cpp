#include "journal/checkpoint.hpp"

#include <utility>

// A test builds this file with FLOWKEEP_WRONG_ORDERS to see that its rig finds each of these: 1 meta pages read after
// the sync, 2 pin taken after the sync, 3 older pin dropped before the header is durable, 4 no pin.
#ifdef FLOWKEEP_WRONG_ORDERS
int flowkeep_wrong_order = 0;
#define FLOWKEEP_WRONG(number) (flowkeep_wrong_order == (number))
#else
#define FLOWKEEP_WRONG(number) false
#endif

namespace flowkeep::journal {

Result<Checkpointer> Checkpointer::make(storage::Environment& environment) {
  auto first = environment.reserve_pin();
  if (!first) return fail(std::move(first.error()));
  auto second = environment.reserve_pin();
  if (!second) return fail(std::move(second.error()));
  return Checkpointer(environment, std::move(*first), std::move(*second));
}

Result<Checkpointer::Job> Checkpointer::begin(const Header& header, const Position& start) {
  Job job{header, nullptr};
  for (storage::Pin& pin : *pins_) {
    if (!pin.is_held()) job.pin = &pin;
  }
  if (job.pin == nullptr) return fail(Errc::internal, "two checkpoints at once");
  if (!FLOWKEEP_WRONG(2) && !FLOWKEEP_WRONG(4)) {
    if (auto ok = job.pin->hold(); !ok) return fail(std::move(ok.error()));
  }
  auto image = storage::read_meta_image(environment_->descriptor(), environment_->path());
  if (!image || (job.pin->is_held() && image->newest().txnid != job.pin->id())) {
    job.pin->drop();
    if (!image) return fail(std::move(image.error()));
    return fail(Errc::corrupt, environment_->path() +
                                   " has a commit that this store did not make: another program "
                                   "has the file open; close it");
  }
  job.header.image = *image;
  job.header.start = start;
  return job;
}

Result<void> Checkpointer::finish(Job& job, JournalFile& journal) {
  auto done = environment_->sync();
  if (FLOWKEEP_WRONG(1)) job.header.image = storage::read_meta_image(environment_->descriptor(), "").value();
  if (FLOWKEEP_WRONG(2)) static_cast<void>(job.pin->hold());
  const auto drop_older = [&] {
    for (storage::Pin& pin : *pins_) {
      if (&pin != job.pin) pin.drop();
    }
  };
  if (FLOWKEEP_WRONG(3)) drop_older();
  if (done) done = journal.write_header(job.header);
  if (done) drop_older();
  return done;
}

Result<bool> Checkpointer::guard(const Header& header) {
  const std::uint64_t checkpoint = header.image.newest().txnid;
  bool guards = false;
  for (const storage::Pin& pin : *pins_) guards |= pin.is_held() && pin.id() <= checkpoint;
  if (environment_->info().last_transaction != checkpoint) {
    if (!guards) release();
    return guards;
  }
  // An older pin would keep pages from being used again for as long as this process writes.
  release();
  storage::Pin& pin = pins_->front();
  if (auto ok = pin.hold(); !ok) return fail(std::move(ok.error()));
  if (pin.id() == checkpoint || FLOWKEEP_WRONG(4)) return true;
  pin.drop();
  return false;
}

std::array<std::uint64_t, 2> Checkpointer::pinned() const noexcept {
  std::array<std::uint64_t, 2> ids{};
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const storage::Pin& pin = (*pins_)[i];
    if (pin.is_held()) ids[i] = pin.id();
  }
  return ids;
}

void Checkpointer::release() noexcept {
  for (storage::Pin& pin : *pins_) pin.drop();
}

}  // namespace flowkeep::journal
