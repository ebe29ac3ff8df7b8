// Sessions to ask for, and the answers that a filter over all of them gives.
#pragma once

#include <algorithm>
#include <functional>
#include <random>
#include <vector>

#include "store_fixture.hpp"

namespace flowkeep::test {

/// Sessions in the order of their arrival: many created at one instant or 100 ns apart, in no order of time.
inline std::vector<Session> shuffled_sessions(std::size_t count, std::uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  const auto below = [&random](std::uint64_t limit) { return static_cast<unsigned>(random() % limit); };
  std::vector<Session> sessions;
  for (std::size_t i = 0; i < count; ++i) {
    Session session;
    session.flowsessionid = guid(static_cast<unsigned>(i + 1));
    session.createdon = at("2022-03-04T05:06:07Z") + std::chrono::seconds(below(5)) + Ticks(below(4));
    if (below(4) != 0) session.startedon = at("2022-03-05") + std::chrono::minutes(below(10));
    if (below(3) != 0) session.completedon = at("2022-03-06") + std::chrono::minutes(below(10));
    session.statuscode = static_cast<StatusCode>(below(status_count));
    session.statecode = state_of(*session.statuscode);
    if (below(5) != 0) session.machineid = Reference(guid(1000 + below(3)));
    session.correlationid = below(2) == 0 ? "Überlauf" : "ÜBERLAUF";
    if (below(2) == 0) session.errorcode = repeated("é", 300) + std::to_string(below(2));
    sessions.push_back(std::move(session));
  }
  return sessions;
}

inline void import(const TestStore& store, const std::vector<Session>& sessions) {
  const auto result = store->import_sessions(sessions);
  EXPECT_TRUE(result) << result.error().error.message;
}

/// The ids of those that `wanted` picks, by a time and then by arrival. A session without the time is left out.
using Picks = std::function<bool(const Session&)>;
inline std::vector<Guid> expected_ids(const std::vector<Session>& sessions, std::optional<Timestamp> Session::*time,
                                      Order order, const Picks& wanted = {}) {
  std::vector<const Session*> picked;
  for (const Session& session : sessions) {
    if (session.*time && (!wanted || wanted(session))) picked.push_back(&session);
  }
  std::stable_sort(picked.begin(), picked.end(), [&](const Session* a, const Session* b) {
    return std::pair(a->*time, a->createdon) < std::pair(b->*time, b->createdon);
  });
  if (order == newest_first) std::reverse(picked.begin(), picked.end());
  std::vector<Guid> ids;
  for (const Session* session : picked) ids.push_back(*session->flowsessionid);
  return ids;
}

inline std::vector<Guid> ids_of(const Snapshot& snapshot, const Query& query) {
  std::vector<Guid> ids;
  SessionRange range = snapshot.select(query);
  for (const Result<SessionView>& row : range) ids.push_back(value_of(row).flowsessionid());
  return ids;
}

inline std::vector<Guid> ids_of(const TestStore& store, const Query& query) {
  return ids_of(value_of(store->snapshot()), query);
}

/// How a range ends: the rows before, and the error that is its last element.
struct End {
  std::vector<Guid> ids{};
  std::optional<Error> error{};
  std::size_t after_the_error = 0;
  std::string token{};
};
inline End walk_to_end(const TestStore& store, const Query& query) {
  const Snapshot snapshot = value_of(store->snapshot());
  End end;
  SessionRange range = snapshot.select(query);
  for (const Result<SessionView>& row : range) {
    if (end.error) ++end.after_the_error;
    if (row) {
      end.ids.push_back(row->flowsessionid());
    } else {
      end.error = row.error();
    }
  }
  end.token = range.token();
  return end;
}

struct OrderColumn {
  OrderBy by;
  std::optional<Timestamp> Session::*time;
};
inline constexpr OrderColumn time_columns[] = {{OrderBy::createdon, &Session::createdon},
                                               {OrderBy::startedon, &Session::startedon},
                                               {OrderBy::completedon, &Session::completedon}};

/// A store with and one without the index on startedon.
inline std::vector<OpenOptions> with_and_without_startedon() {
  std::vector<OpenOptions> options(2);
  options[1].indexes = {IndexId::startedon};
  return options;
}

}  // namespace flowkeep::test
