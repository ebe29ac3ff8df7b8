// What a WriteTransaction holds.
#pragma once

#include <memory>
#include <optional>
#include <thread>

#include <flowkeep/write_transaction.hpp>

#include "store/change_builder.hpp"
#include "store/engine.hpp"

namespace flowkeep {

class WriteTransaction::Impl {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Impl>> begin(std::shared_ptr<store::Engine> engine, const Caller& caller);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// Whether the transaction can go on: not dead, not committed, its own thread, its own process.
  [[nodiscard]] Result<void> check() const;
  /// Validates by `operation(builder)`, which returns a Result, and applies what came of it.
  template <class Operation>
  auto run(Operation&& operation) -> decltype(operation(std::declval<store::ChangeBuilder&>()));
  [[nodiscard]] Result<void> commit();

  [[nodiscard]] const storage::WriteTransaction& transaction() const noexcept { return *transaction_; }
  [[nodiscard]] const store::Tables& tables() const noexcept { return engine_->tables(); }
  [[nodiscard]] const store::Catalogue& catalogue() const noexcept { return *catalogue_; }

 private:
  explicit Impl(std::shared_ptr<store::Engine> engine, const Caller& caller)
      : engine_(std::move(engine)), caller_(caller) {}
  [[nodiscard]] Result<void> apply(store::ChangeBuilder& builder);
  [[nodiscard]] Result<void> reserve(const store::Change& change);
  void note_failure(const Error& error);
  /// Bytes of the file in use at the last commit, its free list counted once at most.
  [[nodiscard]] Result<std::uint64_t> used_bytes();
  void give_turn() noexcept;

  std::shared_ptr<store::Engine> engine_;
  Caller caller_;
  std::thread::id thread_ = std::this_thread::get_id();
  std::optional<storage::WriteTransaction> transaction_{};
  std::shared_ptr<const store::Catalogue> catalogue_{};
  codec::CountersRow counters_{};
  std::optional<Error> dead_{};
  std::uint64_t bytes_ = 0;
  std::optional<std::uint64_t> used_bytes_{};
  bool has_turn_ = true;
};

template <class Operation>
auto WriteTransaction::Impl::run(Operation&& operation) -> decltype(operation(std::declval<store::ChangeBuilder&>())) {
  if (auto ok = check(); !ok) return fail(std::move(ok.error()));
  store::ChangeBuilder builder(*transaction_, engine_->tables(), *catalogue_, counters_, caller_);
  auto result = operation(builder);
  if (!result) {
    note_failure(result.error());
    return result;
  }
  if (auto ok = apply(builder); !ok) return fail(std::move(ok.error()));
  return result;
}

}  // namespace flowkeep
