#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "samples.hpp"

namespace flowkeep::io {
namespace {

constexpr std::size_t rows_taken = 4'000;

class RealSessions : public StoredRows {
 protected:
  void SetUp() override {
    const char* const shared = std::getenv("FLOWKEEP_SHARED");
    if (shared != nullptr) path_ = std::filesystem::path(shared) / "data" / "workflow-sessions.jsonl.gz";
    if (path_.empty() || !std::filesystem::exists(path_)) GTEST_SKIP() << "the real sessions are not here: " << path_;
  }
  std::filesystem::path path_{};
};

/// In every form that can be read back.
class RealSessionsBack : public RealSessions, public testing::WithParamInterface<Format> {};

TEST_P(RealSessionsBack, ComeBackAsTheyWere) {
  auto input = SessionInput::open(path_.string());
  ASSERT_TRUE(input) << input.error().message;
  std::vector<Session> sessions;
  while (sessions.size() < rows_taken) {
    auto row = input->next();
    ASSERT_TRUE(row) << row.error().message;
    ASSERT_TRUE(*row);
    sessions.push_back(std::move((*row)->session));
  }
  import({});
  const auto imported = store_->import_sessions(sessions);
  ASSERT_TRUE(imported) << imported.error().error.message;
  const InputRead dumped = read_all(folder_.write("dump.json", written({.format = GetParam()})));
  EXPECT_EQ(dumped.error, "");
  ASSERT_EQ(dumped.rows.size(), sessions.size());
  std::map<Guid, const Session*> by_id;
  for (const Session& session : sessions) by_id[session.flowsessionid.value()] = &session;
  for (const InputRow& row : dumped.rows) {
    const auto given = by_id.find(row.session.flowsessionid.value());
    ASSERT_NE(given, by_id.end());
    ASSERT_EQ(difference(row.session, *given->second), "") << row.session.flowsessionid->str();
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, RealSessionsBack, testing::Values(Format::jsonl, Format::odata));

}  // namespace
}  // namespace flowkeep::io
