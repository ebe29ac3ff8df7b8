#include "store/check_side_rows.hpp"

#include "base/guid_key.hpp"
#include "codec/child_rows.hpp"
#include "codec/side_rows.hpp"
#include "entity/children.hpp"
#include "storage/cursor.hpp"
#include "store/reading.hpp"

namespace flowkeep::store {

namespace {

using codec::SideTable;

Guid guid_of(std::string_view key) {
  return base::guid_from_key(reinterpret_cast<const std::uint8_t*>(key.data()));
}

class SideRows {
 public:
  SideRows(const storage::Transaction& transaction, const Tables& tables, const Findings& findings)
      : transaction_(transaction), tables_(tables), findings_(findings) {}

  Result<void> check() {
    using Check = Result<void> (SideRows::*)(std::string_view, std::string_view);
    constexpr std::pair<SideTable, Check> checks[] = {{SideTable::processes, &SideRows::check_process},
                                                      {SideTable::cancel_requests, &SideRows::check_cancel_request},
                                                      {SideTable::callbacks, &SideRows::check_callback},
                                                      {SideTable::callbacks_due, &SideRows::check_due},
                                                      {SideTable::shares, &SideRows::check_share},
                                                      {SideTable::shared_with, &SideRows::check_shared_with},
                                                      {SideTable::children, &SideRows::check_child},
                                                      {SideTable::child_places, &SideRows::check_child_place},
                                                      {SideTable::parents, &SideRows::check_parent}};
    for (const auto& [table, check_row] : checks) {
      if (auto ok = walk(table, check_row); !ok) return ok;
    }
    return {};
  }

 private:
  void find(std::string what) { findings_.find(where_, std::move(what)); }

  // What is damaged becomes a finding; what stops the check itself stays an error.
  Result<void> found_or_failed(Error error) {
    if (error.code != Errc::corrupt && error.code != Errc::newer_format && error.code != Errc::internal) {
      return fail(std::move(error));
    }
    find(std::move(error.message));
    return {};
  }

  template <class CheckRow>
  Result<void> walk(SideTable table, CheckRow check_row) {
    const codec::SideTableInfo& about = codec::info(table);
    where_ = std::string("table ") + about.name;
    if (!tables_.of(table).is_open()) return {};
    auto cursor = storage::Cursor::open(transaction_, tables_.of(table));
    if (!cursor) return found_or_failed(std::move(cursor.error()));
    auto found = cursor->first();
    for (; found && *found; found = cursor->next()) {
      if (auto ok = findings_.step(); !ok) return ok;
      if (cursor->key().size() != about.key_bytes) {
        find("a key has " + std::to_string(cursor->key().size()) + " bytes, not " + std::to_string(about.key_bytes));
        continue;
      }
      auto value = codec::decode_value(about.kind, cursor->key(), cursor->value());
      auto done = value ? (this->*check_row)(cursor->key(), value->payload) : fail(std::move(value.error()));
      if (done) continue;
      if (auto ok = found_or_failed(std::move(done.error())); !ok) return ok;
    }
    if (!found) return found_or_failed(std::move(found.error()));
    return {};
  }

  Result<void> check_process(std::string_view key, std::string_view payload) {
    if (codec::number_of_key(key) == 0) find("a process has the number of none");
    auto row = codec::decode_process(payload);
    if (!row) return fail(std::move(row.error()));
    return {};
  }

  Result<void> check_cancel_request(std::string_view key, std::string_view payload) {
    auto row = codec::decode_cancel_request(payload);
    if (!row) return fail(std::move(row.error()));
    const Guid id = guid_of(key);
    auto session = find_row(transaction_, tables_, id);
    if (!session) return {};  // it is reported with the sessions
    if (!*session) {
      find("session " + id.str() + ", which is to be cancelled, is missing");
    } else if (is_terminal((*session)->session.statuscode())) {
      find("session " + id.str() + ", which is to be cancelled, has a terminal status");
    }
    return {};
  }

  Result<void> check_callback(std::string_view key, std::string_view payload) {
    auto row = codec::decode_callback(payload);
    if (!row) return fail(std::move(row.error()));
    const Guid id = guid_of(key);
    if (row->flowsessionid != id) find("the callback of session " + id.str() + " says that it is another's");
    if (row->state != CallbackState::waiting) {
      auto session = find_row_key(transaction_, tables_, id);
      if (!session) return fail(std::move(session.error()));
      if (!*session) find("session " + id.str() + ", whose callback is over, is missing");
      return {};
    }
    auto due = find_side_row(transaction_, tables_, SideTable::callbacks_due, codec::due_key(row->dueon, key));
    if (!due) return fail(std::move(due.error()));
    if (!*due) find("the callback of session " + id.str() + " is waiting, and not among those that are due");
    return {};
  }

  Result<void> check_due(std::string_view key, std::string_view) {
    const std::string_view session = key.substr(8);
    auto payload = find_side_row(transaction_, tables_, SideTable::callbacks, session);
    if (!payload) return {};  // it is reported with the callbacks
    auto row = *payload ? codec::decode_callback(**payload) : Result<Callback>(Callback{});
    if (!row) return {};
    if (!*payload || row->state != CallbackState::waiting || row->dueon != codec::due_of_key(key)) {
      find("an entry of session " + guid_of(session).str() + " leads to no callback that is waiting");
    }
    return {};
  }

  Result<void> check_share(std::string_view key, std::string_view payload) {
    auto row = codec::decode_share(payload);
    if (!row) return fail(std::move(row.error()));
    const Guid id = guid_of(key);
    if (row->rights == 0) find("a share of session " + id.str() + " gives no right");
    auto session = find_row_key(transaction_, tables_, id);
    if (!session) return fail(std::move(session.error()));
    if (!*session) {
      find("session " + id.str() + ", which is shared, is missing");
      return {};
    }
    std::string other(key.substr(16));
    other += (*session)->bytes();
    auto counterpart = find_side_row(transaction_, tables_, SideTable::shared_with, other);
    if (!counterpart) return fail(std::move(counterpart.error()));
    if (!*counterpart || **counterpart != payload) {
      find("a share of session " + id.str() + " is not found by its principal as it is");
    }
    return {};
  }

  Result<void> check_shared_with(std::string_view key, std::string_view) {
    const auto row_key = index::RowKey::from(key.substr(16));
    auto value = transaction_.get(tables_.sessions, key.substr(16));
    if (!value) return fail(std::move(value.error()));
    if (!row_key || !*value) {
      find("an entry of principal " + guid_of(key).str() + " leads to no session");
      return {};
    }
    auto row = decode_row(transaction_, tables_, key.substr(16), **value);
    if (!row) return {};  // it is reported with the sessions
    std::string other = index::guid_key(row->session.flowsessionid());
    other += key.substr(0, 16);
    auto counterpart = find_side_row(transaction_, tables_, SideTable::shares, other);
    if (!counterpart) return {};
    if (!*counterpart) {
      find("an entry of principal " + guid_of(key).str() + " leads to session " + row->session.flowsessionid().str() +
           ", which is not shared with it");
    }
    return {};
  }

  Result<void> check_child(std::string_view key, std::string_view payload) {
    auto child = codec::decode_child(key, payload);
    if (!child) return fail(std::move(child.error()));
    const CollectionInfo& about = info(child->collection);
    const std::string name = std::string(about.name) + " " + child->id->str();
    if (child->file.stored) findings_.use(where_ + ", " + name, *child->file.stored);
    child->file.stored.reset();  // the rules of writing do not know it
    if (auto ok = entity::check_child(*child); !ok) find(name + " breaks a rule: " + ok.error().message);
    auto place =
        find_side_row(transaction_, tables_, SideTable::child_places, codec::place_key(child->collection, *child->id));
    if (!place) return fail(std::move(place.error()));
    auto row = *place ? codec::decode_child_place(**place) : Result<codec::ChildPlaceRow>();
    if (!row) return {};  // it is reported with the places
    if (!*place || row->flowsessionid != child->flowsessionid || row->createdon != *child->createdon) {
      find(name + " is not found by its id");
    }
    if (about.on_delete == OnSessionDelete::keep) return {};
    auto session = find_row_key(transaction_, tables_, child->flowsessionid);
    if (!session) return fail(std::move(session.error()));
    if (!*session) find("session " + child->flowsessionid.str() + ", which has the " + name + ", is missing");
    return {};
  }

  Result<void> check_child_place(std::string_view key, std::string_view payload) {
    const std::uint64_t collection = codec::collection_of_place_key(key);
    if (!entity::is_collection(collection)) {
      find("an entry is of collection " + std::to_string(collection) + ", which is none");
      return {};
    }
    auto row = codec::decode_child_place(payload);
    if (!row) return fail(std::move(row.error()));
    const Guid id = codec::guid_in_key(key, 8);
    auto value =
        transaction_.get(tables_.of(SideTable::children),
                         codec::child_key(row->flowsessionid, static_cast<Collection>(collection), row->createdon, id));
    if (!value) return fail(std::move(value.error()));
    if (!*value) {
      find("the entry of " + std::string(info(static_cast<Collection>(collection)).name) + " " + id.str() +
           " leads to no child");
    }
    return {};
  }

  Result<void> check_parent(std::string_view key, std::string_view payload) {
    auto parent = codec::decode_parent(key, payload);
    if (!parent) return fail(std::move(parent.error()));
    if (auto ok = entity::check_parent(*parent); !ok) {
      find(std::string(name_of(parent->type)) + " " + parent->id.str() + " breaks a rule: " + ok.error().message);
    }
    return {};
  }

  const storage::Transaction& transaction_;
  const Tables& tables_;
  const Findings& findings_;
  std::string where_{};
};

}  // namespace

Result<void> check_side_rows(const storage::Transaction& transaction, const Tables& tables, const Findings& findings) {
  return SideRows(transaction, tables, findings).check();
}

}  // namespace flowkeep::store
