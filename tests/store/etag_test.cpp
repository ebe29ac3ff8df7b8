#include <gmock/gmock.h>

#include "store_fixture.hpp"

namespace flowkeep::test {
namespace {

using testing::HasSubstr;

enum class Row : std::uint8_t { present, missing };

// What each operation answers to a precondition: the Errc of its refusal, or none.
struct Case {
  Row row;
  Precondition precondition;
  std::optional<Errc> update;
  std::optional<Errc> upsert;
  std::optional<Errc> erase;
};

constexpr std::int64_t current = 1;

std::vector<Case> cases() {
  constexpr auto missing = Errc::not_found;
  constexpr auto mismatch = Errc::version_mismatch;
  return {
      {Row::present, {}, {}, {}, {}},
      {Row::present, Precondition::if_match(current), {}, {}, {}},
      {Row::present, Precondition::if_match(current + 1), mismatch, mismatch, mismatch},
      {Row::present, Precondition::if_match(0), mismatch, mismatch, mismatch},
      {Row::present, Precondition::if_match_any(), {}, {}, {}},
      {Row::present, Precondition::if_none_match_any(), mismatch, mismatch, mismatch},
      {Row::missing, {}, missing, {}, missing},
      {Row::missing, Precondition::if_match(current), missing, missing, missing},
      {Row::missing, Precondition::if_match_any(), missing, missing, missing},
      {Row::missing, Precondition::if_none_match_any(), missing, {}, missing},
  };
}

template <class T>
void expect(const Result<T>& result, std::optional<Errc> refused) {
  if (!refused) {
    EXPECT_TRUE(result) << result.error().message;
    return;
  }
  const Error error = refusal(result);
  EXPECT_EQ(error.code, *refused) << error.message;
  EXPECT_EQ(error.dataverse, *refused == Errc::not_found ? DataverseCode::object_does_not_exist
                                                         : DataverseCode::concurrency_version_mismatch);
}

TEST(Preconditions, HoldForEveryOperation) {
  for (const Case& one : cases()) {
    SCOPED_TRACE(testing::Message() << "row " << (one.row == Row::present ? "present" : "missing") << ", kind "
                                    << static_cast<int>(one.precondition.kind) << ", version "
                                    << one.precondition.versionnumber);
    for (int operation = 0; operation < 4; ++operation) {
      const TestStore store;
      Session session;
      session.flowsessionid = guid(1);
      if (one.row == Row::present) value_of(store->create(session));
      if (operation == 0) expect(store->update(guid(1), renamed("x"), one.precondition), one.update);
      if (operation == 1) expect(store->upsert(guid(1), renamed("x"), one.precondition), one.upsert);
      if (operation == 2) expect(store->erase(guid(1), one.precondition), one.erase);
      if (operation == 3) expect(store->transition(guid(1), StatusCode::running, {}, one.precondition), one.update);
    }
  }
}

TEST(Preconditions, NameBothVersionsOfAStaleETag) {
  const TestStore store;
  const Guid id = value_of(store->create(named("one")));
  const Error error = refusal(store->update(id, renamed("x"), Precondition::if_match(7)));
  EXPECT_THAT(error.message, HasSubstr("W/\"1\""));
  EXPECT_THAT(error.message, HasSubstr("W/\"7\""));
}

TEST(Preconditions, SeeTheTransactionsOwnWrites) {
  const TestStore store;
  WriteTransaction transaction = value_of(store->write());
  const Guid id = value_of(transaction.create(named("one")));
  const std::int64_t version = value_of(transaction.update(id, renamed("two")));
  EXPECT_EQ(refusal(transaction.erase(id, Precondition::if_match(version - 1))).code, Errc::version_mismatch);
  EXPECT_TRUE(transaction.erase(id, Precondition::if_match(version)));
}

TEST(ParseEtag, ReadsTheFormsThatAreWritten) {
  for (const char* text : {"W/\"42\"", "\"42\"", "42"}) {
    const auto precondition = parse_etag(text);
    ASSERT_TRUE(precondition) << text;
    EXPECT_EQ(precondition->kind, Precondition::Kind::if_match);
    EXPECT_EQ(precondition->versionnumber, 42);
  }
  EXPECT_EQ(parse_etag("*")->kind, Precondition::Kind::if_match_any);
  EXPECT_EQ(parse_etag("9223372036854775807")->versionnumber, INT64_MAX);
}

TEST(ParseEtag, RefusesEverythingElse) {
  for (const char* text : {"", "W/", "W/\"\"", "\"", "\"42", "42\"", "W/\"42", "4 2", " 42", "+42", "0x2a", "42.0",
                           "W/*", "**", "9223372036854775808", "w/\"42\"", "abc"}) {
    EXPECT_FALSE(parse_etag(text)) << text;
  }
}

}  // namespace
}  // namespace flowkeep::test
