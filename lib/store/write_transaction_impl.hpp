// What a WriteTransaction holds.
#pragma once

#include <memory>
#include <optional>
#include <thread>

#include <flowkeep/write_transaction.hpp>

#include "store/change_builder.hpp"
#include "store/engine.hpp"
#include "store/overlay.hpp"

namespace flowkeep {

class WriteTransaction::Impl {
 public:
  /// `viewer`: whose rights hold, who is the caller, too; nullptr: the system's.
  [[nodiscard]] static Result<std::unique_ptr<Impl>> begin(std::shared_ptr<store::Engine> engine, const Caller& caller,
                                                           std::shared_ptr<const store::Viewer> viewer = nullptr);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// Whether the transaction can go on: not dead, not committed, its own thread, its own process.
  [[nodiscard]] Result<void> check() const;
  /// Validates by `operation(builder)`, which returns a Result, and applies what came of it.
  template <class Operation>
  auto run(Operation&& operation) -> decltype(operation(std::declval<store::ChangeBuilder&>()));
  [[nodiscard]] Result<CancelOutcome> cancel(const Guid& id);
  /// Hands the changes over; the transaction is over then.
  [[nodiscard]] Result<store::Committer::Ticket> submit(std::optional<Durability> durability);
  [[nodiscard]] Result<void> commit(std::optional<Durability> durability);

  /// The session as it is, the transaction's own changes included; the view dies with the next operation.
  [[nodiscard]] Result<std::optional<store::StoredRow>> find_row(const Guid& id);
  /// What the next operation is validated against.
  [[nodiscard]] store::Basis basis();
  [[nodiscard]] const store::Catalogue& catalogue() const noexcept { return *catalogue_; }
  [[nodiscard]] const std::shared_ptr<store::Engine>& engine() const noexcept { return engine_; }

 private:
  Impl(std::shared_ptr<store::Engine> engine, const Caller& caller, std::shared_ptr<const store::Viewer> viewer)
      : engine_(std::move(engine)), caller_(caller), viewer_(std::move(viewer)) {
    if (viewer_) caller_.user = viewer_->principal().user;
  }
  [[nodiscard]] store::Committer& committer() const noexcept { return *engine_->find_committer(); }
  [[nodiscard]] Result<void> add(store::ChangeBuilder& builder);
  [[nodiscard]] Result<void> reserve(const store::Change& change);
  /// Enters an agent among the processes that run sessions, if it is not.
  [[nodiscard]] Result<void> enter_process();
  void note_failure(const Error& error);
  /// Bytes of the file in use: as last counted, or now, when all that is accepted is in the tables.
  enum class Figures : std::uint8_t { known, fresh };
  [[nodiscard]] Result<std::uint64_t> used_bytes(Figures figures);
  void end() noexcept;

  std::shared_ptr<store::Engine> engine_;
  Caller caller_;
  std::shared_ptr<const store::Viewer> viewer_;
  std::thread::id thread_ = std::this_thread::get_id();
  std::shared_ptr<store::Changes> changes_ = std::make_shared<store::Changes>();
  std::optional<store::Overlay> own_{};  // of the changes; made when a second one is to be validated
  std::shared_ptr<const store::Catalogue> catalogue_{};
  store::Forms forms_{};
  codec::CountersRow counters_{};
  std::uint32_t process_number_ = 0;      // an agent's that was none before
  std::vector<CancelRequest> cancels_{};  // accepted, to be told when they are handed over
  std::uint64_t arrivals_before_ = 0;
  std::optional<Error> dead_{};
  std::uint64_t bytes_ = 0;
  std::optional<std::uint64_t> used_bytes_{};
  bool is_writing_ = false;  // between begin() and end() of the committer
};

template <class Operation>
auto WriteTransaction::Impl::run(Operation&& operation) -> decltype(operation(std::declval<store::ChangeBuilder&>())) {
  if (auto ok = check(); !ok) return fail(std::move(ok.error()));
  const store::Basis basis = this->basis();
  store::ChangeBuilder builder(basis, *catalogue_, forms_, counters_, caller_, viewer_.get());
  auto result = operation(builder);
  if (!result) {
    note_failure(result.error());
    return result;
  }
  if (auto ok = add(builder); !ok) return fail(std::move(ok.error()));
  return result;
}

struct Pending::Impl {
  std::shared_ptr<store::Engine> engine;
  store::Committer::Ticket ticket;
};

}  // namespace flowkeep
