#include "base/error.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string>

namespace flowkeep {
namespace {

TEST(ErrcName, NamesEveryCodeDifferently) {
  std::set<std::string> names;
  for (int code = static_cast<int>(Errc::not_found); code <= static_cast<int>(Errc::internal); ++code) {
    names.insert(errc_name(static_cast<Errc>(code)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Errc::internal));
  EXPECT_EQ(names.count("unknown"), 0U);
}

TEST(ErrcName, NamesACodeOutsideTheEnum) {
  EXPECT_STREQ(errc_name(static_cast<Errc>(200)), "unknown");
}

TEST(ErrnoError, ChoosesTheCodeByTheErrno) {
  const struct {
    int err;
    Errc code;
  } cases[] = {{EACCES, Errc::access_denied},
               {EPERM, Errc::access_denied},
               {EROFS, Errc::access_denied},
               {ENOSPC, Errc::full},
               {EDQUOT, Errc::full},
               {EFBIG, Errc::full},
               {ENOMEM, Errc::no_memory},
               {ENOENT, Errc::not_found},
               {EEXIST, Errc::already_exists},
               {EIO, Errc::io},
               {EINVAL, Errc::io}};
  for (const auto& [err, code] : cases) EXPECT_EQ(base::errno_error(Errc::io, "open", err).code, code) << err;
  EXPECT_EQ(base::errno_error(Errc::busy, "lock", EAGAIN).code, Errc::busy);
}

TEST(ErrnoError, SaysWhatFailedAndWhy) {
  const Error error = base::errno_error(Errc::io, "cannot open a.flowkeep", ENOENT);
  EXPECT_EQ(error.message, "cannot open a.flowkeep: No such file or directory");
  EXPECT_EQ(error.cause, ENOENT);
  EXPECT_EQ(error.dataverse, DataverseCode::none);
}

}  // namespace
}  // namespace flowkeep
