// The members of RowRange, for where its RowSource is defined and the template instantiated.
#pragma once

#include <utility>

#include <flowkeep/query.hpp>

namespace flowkeep {

template <class Row>
RowRange<Row>::RowRange(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
template <class Row>
RowRange<Row>::RowRange(RowRange&&) noexcept = default;
template <class Row>
RowRange<Row>& RowRange<Row>::operator=(RowRange&&) noexcept = default;
template <class Row>
RowRange<Row>::~RowRange() = default;

template <class Row>
typename RowRange<Row>::iterator RowRange<Row>::begin() & {
  if (!std::exchange(started_, true)) advance();
  return iterator(this);
}

template <class Row>
void RowRange<Row>::advance() {
  impl_->next(current_);
}

template <class Row>
std::string RowRange<Row>::token() const {
  return impl_->token();
}

template <class Row>
bool RowRange<Row>::is_paused() const noexcept {
  return impl_->is_paused();
}

}  // namespace flowkeep
