// Rows that stand beside sessions: they come back as they went in, in the order that their keys are meant to have.
#include "codec/side_rows.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "store_fixture.hpp"

namespace flowkeep::codec {
namespace {

using test::guid;

template <class T>
T decoded(Result<T> row) {
  EXPECT_TRUE(row) << (row ? "" : row.error().message);
  return row ? std::move(*row) : T{};
}

TEST(SideRows, ComeBackAsTheyWentIn) {
  const ProcessRow process{guid(1), 4711, 99, test::at("2022-01-02")};
  EXPECT_EQ(decoded(decode_process(encode(process))), process);
  for (const std::optional<Guid>& by : {std::optional<Guid>(), std::optional(Guid{}), std::optional(guid(9))}) {
    const CancelRequestRow request = decoded(decode_cancel_request(encode(CancelRequestRow{max_timestamp, by})));
    EXPECT_EQ(request.requestedon, max_timestamp);
    EXPECT_EQ(request.requestedby, by);
    const ShareRow share = decoded(decode_share(encode(ShareRow{65'537, EntityType::team, min_timestamp, by})));
    EXPECT_EQ(share.rights, 65'537U);
    EXPECT_EQ(share.principal, EntityType::team);
    EXPECT_EQ(share.sharedon, min_timestamp);
    EXPECT_EQ(share.sharedby, by);
  }
}

TEST(SideRows, KeepACallbackWholeOrSparse) {
  Callback full;
  full.flowsessionid = guid(1);
  full.url = std::string("https://example.com/\0?x", 23);
  full.statuscode = StatusCode::timed_out;
  full.startedon = test::at("2022-01-02");
  full.completedon = test::at("2022-01-03");
  full.regardingobjectid = guid(2);
  full.enqueuedon = test::at("2022-01-04");
  full.dueon = test::at("2022-01-05");
  full.state = CallbackState::refused;
  full.attempts = 17;
  full.last_status = 503;
  full.last_attempt = test::at("2022-01-06");
  full.last_error = "no";
  Callback sparse;
  sparse.flowsessionid = guid(3);
  for (const Callback& callback : {full, sparse}) {
    const Callback back = decoded(decode_callback(encode(callback)));
    EXPECT_EQ(back.flowsessionid, callback.flowsessionid);
    EXPECT_EQ(back.url, callback.url);
    EXPECT_EQ(back.statuscode, callback.statuscode);
    EXPECT_EQ(back.startedon, callback.startedon);
    EXPECT_EQ(back.completedon, callback.completedon);
    EXPECT_EQ(back.regardingobjectid, callback.regardingobjectid);
    EXPECT_EQ(back.enqueuedon, callback.enqueuedon);
    EXPECT_EQ(back.dueon, callback.dueon);
    EXPECT_EQ(back.state, callback.state);
    EXPECT_EQ(back.attempts, callback.attempts);
    EXPECT_EQ(back.last_status, callback.last_status);
    EXPECT_EQ(back.last_attempt, callback.last_attempt);
    EXPECT_EQ(back.last_error, callback.last_error);
  }
}

TEST(SideRows, ThatAreDamagedAreRefused) {
  std::mt19937 random(1);
  const std::array<std::string, 4> payloads{encode(ProcessRow{guid(1), 1, 2, {}}),
                                            encode(CancelRequestRow{{}, guid(1)}),
                                            encode(ShareRow{1, EntityType::team, {}, guid(1)}), encode([] {
                                              Callback callback;
                                              callback.url = "https://example.com/";
                                              return callback;
                                            }())};
  for (std::string payload : payloads) {
    for (int flip = 0; flip < 2000; ++flip) {
      const std::size_t place = random() % payload.size();
      const char before = payload[place];
      payload[place] = static_cast<char>(payload[place] ^ (1 << random() % 8));
      // Whatever they answer, they do not read beyond it.
      static_cast<void>(decode_process(payload));
      static_cast<void>(decode_cancel_request(payload));
      static_cast<void>(decode_share(payload));
      static_cast<void>(decode_callback(payload));
      payload[place] = before;
    }
    EXPECT_FALSE(decode_callback(payload.substr(0, 3)));
  }
  EXPECT_FALSE(decode_share(encode(ShareRow{1, EntityType::workflow, {}, {}})));
}

TEST(SideRows, AreDueInTheOrderOfTheirTimes) {
  const std::string session(16, 'x');
  const std::array times{min_timestamp, test::at("1969-12-31"), test::at("1970-01-01"), test::at("2022-01-02"),
                         max_timestamp};
  for (std::size_t i = 0; i < times.size(); ++i) {
    const std::string key = due_key(times[i], session);
    EXPECT_EQ(key.size(), info(SideTable::callbacks_due).key_bytes);
    EXPECT_EQ(due_of_key(key), times[i]);
    EXPECT_TRUE(i == 0 || due_key(times[i - 1], session) < key);
  }
  EXPECT_LT(number_key(255), number_key(256));
  EXPECT_EQ(number_of_key(number_key(1U << 20)), 1U << 20);
}

}  // namespace
}  // namespace flowkeep::codec
