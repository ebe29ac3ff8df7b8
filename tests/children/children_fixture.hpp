// Sessions with children, and looks at both.
#pragma once

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "store_fixture.hpp"

namespace flowkeep::test {

inline Child event(std::string name, std::optional<Guid> id = {}, std::optional<Timestamp> createdon = {}) {
  Child child;
  child.id = id;
  child.name = std::move(name);
  child.createdon = createdon;
  child.event.eventtype = "Machine";
  child.event.level = "Warning";
  return child;
}

inline Child of(Collection collection, std::optional<Guid> id = {}) {
  Child child;
  child.collection = collection;
  child.id = id;
  return child;
}

inline Child attachment(std::string name, std::string_view content, std::optional<Guid> id = {}) {
  Child child = of(Collection::fileattachment, id);
  child.name = std::move(name);
  child.mimetype = "text/plain";
  child.file.content = Content(content);
  return child;
}

/// The names of a part of a list.
inline std::vector<std::string> names_of(const ChildPage& page) {
  std::vector<std::string> names;
  for (const Child& child : page.children) names.push_back(child.name.value_or("-"));
  return names;
}

inline std::vector<std::string> names_of(const TestStore& store, const Guid& session,
                                         Collection collection = Collection::flowevent) {
  const Snapshot snapshot = value_of(store->snapshot());
  return names_of(value_of(snapshot.children(session, collection)));
}

inline void expect_clean(const TestStore& store) {
  const CheckReport report = value_of(store->check());
  for (const Finding& finding : report.findings) ADD_FAILURE() << finding.where << ": " << finding.what;
}

}  // namespace flowkeep::test
