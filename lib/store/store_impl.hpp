// What a Store holds.
#pragma once

#include <memory>
#include <utility>

#include <flowkeep/store.hpp>

#include "store/engine.hpp"
#include "store/write_transaction_impl.hpp"

namespace flowkeep {

class Store::Impl {
 public:
  /// Work that a process does by itself while it has the store open. Its end waits for what is under way.
  class Attendant {
   public:
    Attendant() = default;
    Attendant(const Attendant&) = delete;
    Attendant& operator=(const Attendant&) = delete;
    virtual ~Attendant() = default;
  };

  explicit Impl(std::shared_ptr<store::Engine> opened, std::shared_ptr<const store::Viewer> who = nullptr)
      : engine(std::move(opened)), viewer(std::move(who)) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    // In a forked child the threads are the parent's.
    if (!engine->environment().check_process()) {
      static_cast<void>(attendant.release());
      return;
    }
    // A callback may hold what keeps the engine: it is not to end in the callback's own thread.
    if (is_opener) engine->stop_watching();
  }

  /// Runs `operation(transaction)` in a transaction of its own.
  template <class Operation>
  auto write(Operation&& operation) -> decltype(operation(std::declval<WriteTransaction&>())) {
    auto begun = WriteTransaction::Impl::begin(engine, engine->options().caller, viewer);
    if (!begun) return fail(std::move(begun.error()));
    WriteTransaction transaction(std::move(*begun));
    auto result = operation(transaction);
    if (!result) return result;
    if (auto ok = transaction.commit(); !ok) return fail(std::move(ok.error()));
    return result;
  }
  /// The same with `operation(builder)`, for what WriteTransaction has no call for.
  template <class Operation>
  auto build(Operation&& operation) -> decltype(operation(std::declval<store::ChangeBuilder&>())) {
    auto begun = WriteTransaction::Impl::begin(engine, engine->options().caller, viewer);
    if (!begun) return fail(std::move(begun.error()));
    auto result = (*begun)->run(operation);
    if (!result) return result;
    if (auto ok = (*begun)->commit({}); !ok) return fail(std::move(ok.error()));
    return result;
  }

  /// For what is of the file as a whole. Errors: access_denied (a principal asks).
  [[nodiscard]] Result<store::Engine*> system() const {
    if (!viewer) return engine.get();
    return fail(Errc::access_denied, "this is of the store as a whole, and for the system alone, not for a principal",
                DataverseCode::privilege_denied);
  }

  std::shared_ptr<store::Engine> engine;
  std::shared_ptr<const store::Viewer> viewer;  // who uses it; nullptr: the system
  bool is_opener = false;                       // whose end closes the store, but for what others hold
  std::unique_ptr<Attendant> attendant{};       // ends first
};

}  // namespace flowkeep
