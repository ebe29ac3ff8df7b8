// Children and parents, as a transaction and a store write them.
#include "store/store_impl.hpp"

namespace flowkeep {

using store::ChangeBuilder;

Result<Guid> WriteTransaction::add_child(const Guid& session, const Child& child) {
  return impl_->run([&](ChangeBuilder& builder) { return builder.add_child(session, child); });
}

Result<std::vector<Guid>> WriteTransaction::add_children(const Guid& session, std::span<const Child> children) {
  return impl_->run([&](ChangeBuilder& builder) -> Result<std::vector<Guid>> {
    std::vector<Guid> ids;
    ids.reserve(children.size());
    for (const Child& child : children) {
      auto id = builder.add_child(session, child);
      if (!id) {
        id.error().message = "child " + std::to_string(ids.size()) + ": " + id.error().message;
        return fail(std::move(id.error()));
      }
      ids.push_back(*id);
    }
    return ids;
  });
}

Result<void> WriteTransaction::remove_child(Collection collection, const Guid& id) {
  return impl_->run([&](ChangeBuilder& builder) { return builder.remove_child(collection, id); });
}

Result<void> WriteTransaction::put_parent(const Parent& parent) {
  return impl_->run([&](ChangeBuilder& builder) -> Result<void> {
    auto put = builder.put_parent(parent);
    if (!put) return fail(std::move(put.error()));
    return {};
  });
}

Result<Guid> Store::add_child(const Guid& session, const Child& child) const {
  return impl_->write([&](WriteTransaction& transaction) { return transaction.add_child(session, child); });
}

Result<std::vector<Guid>> Store::add_children(const Guid& session, std::span<const Child> children) const {
  return impl_->write([&](WriteTransaction& transaction) { return transaction.add_children(session, children); });
}

Result<void> Store::remove_child(Collection collection, const Guid& id) const {
  return impl_->write([&](WriteTransaction& transaction) { return transaction.remove_child(collection, id); });
}

Result<void> Store::put_parent(const Parent& parent) const {
  return impl_->write([&](WriteTransaction& transaction) { return transaction.put_parent(parent); });
}

}  // namespace flowkeep
