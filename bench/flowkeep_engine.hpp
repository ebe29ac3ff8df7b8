// Flowkeep itself, as one of the engines.
#pragma once

#include "engine.hpp"

namespace flowkeep::bench {

class FlowkeepEngine final : public Engine {
 public:
  explicit FlowkeepEngine(Store store) noexcept : store_(std::move(store)) {}
  [[nodiscard]] Result<std::unique_ptr<Writer>> writer() override;
  [[nodiscard]] Result<std::uint64_t> count() override;
  [[nodiscard]] Result<Seen> read_back(const Guid& id) override;

 private:
  Store store_;
};

}  // namespace flowkeep::bench
