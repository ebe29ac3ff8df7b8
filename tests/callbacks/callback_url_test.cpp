// Which URLs a callback may go to, and what may be shown of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <flowkeep/callbacks/callback_url.hpp>

namespace flowkeep::callbacks {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(CallbackUrl, IsTakenApartAndWrittenAnew) {
  struct Case {
    const char* url;
    const char* written;
  };
  for (const auto& [url, written] : std::vector<Case>{
           {"https://receiver.example", "https://receiver.example/"},
           {"https://receiver.example/", "https://receiver.example/"},
           {"HTTPS://Receiver.EXAMPLE/Path", "https://receiver.example/Path"},
           {"https://receiver.example./a", "https://receiver.example/a"},
           {"https://receiver.example:443/a", "https://receiver.example/a"},
           {"https://receiver.example:0443/a", "https://receiver.example/a"},
           {"https://receiver.example?a=b", "https://receiver.example/?a=b"},
           {"https://receiver.example/a?b=/c//d?e:@f", "https://receiver.example/a?b=/c//d?e:@f"},
           {"https://receiver.example/a/../b/./c", "https://receiver.example/a/../b/./c"},
           {"https://receiver.example/%2Fa%20b?x={}[]\"<>^`|", "https://receiver.example/%2Fa%20b?x={}[]\"<>^`|"},
           {"https://receiver.example/a#b", "https://receiver.example/a"},
           {"https://receiver.example#b?c", "https://receiver.example/"},
           {"https://receiver.example/a?b#c#d", "https://receiver.example/a?b"},
           {"https://receiver.example/ü?ö=😀", "https://receiver.example/%C3%BC?%C3%B6=%F0%9F%98%80"},
           {"https://xn--mller-kva.example/", "https://xn--mller-kva.example/"},
           {"https://a_b.4d.example/", "https://a_b.4d.example/"},
           {"https://intranet/", "https://intranet/"},
           {"https://localhost.example/", "https://localhost.example/"},
           {"https://notlocalhost/", "https://notlocalhost/"},
           {"https://1.2.3.4.example/", "https://1.2.3.4.example/"},
           {"https://0xcafe.example/", "https://0xcafe.example/"},
           {"https://10.0.0.1.nip.io/", "https://10.0.0.1.nip.io/"},
           {"https://prod-00.westeurope.logic.azure.com:443/workflows/0f/triggers/manual/paths/invoke"
            "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=A-b_c",
            "https://prod-00.westeurope.logic.azure.com/workflows/0f/triggers/manual/paths/invoke"
            "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=A-b_c"},
       }) {
    const auto checked = check_callback_url(url);
    ASSERT_TRUE(checked) << url << ": " << checked.error().message;
    EXPECT_EQ(checked->str(), written) << url;
    EXPECT_EQ(checked->port, 443) << url;
    EXPECT_FALSE(checked->is_allowed_host) << url;
  }
}

TEST(CallbackUrl, IsRefusedWithTheReason) {
  struct Case {
    std::string url;
    const char* words;
  };
  for (const auto& [url, words] : std::vector<Case>{
           // No URL, or none of HTTPS
           {"", "no absolute URL"},
           {"receiver.example/", "no absolute URL"},
           {"//receiver.example/", "no absolute URL"},
           {"/a?u=https://receiver.example/", "no absolute URL"},
           {"https:/receiver.example/", "no absolute URL"},
           {"https:receiver.example/", "no absolute URL"},
           {"://receiver.example/", "another scheme"},
           {"http://receiver.example/", "another scheme"},
           {"httpss://receiver.example/", "another scheme"},
           {"ftp://receiver.example/", "another scheme"},
           {"file:///etc/passwd", "another scheme"},
           {"gopher://receiver.example/", "another scheme"},
           // Credentials
           {"https://user@receiver.example/", "user name"},
           {"https://user:secret@receiver.example/", "user name"},
           {"https://@receiver.example/", "user name"},
           {"https://receiver.example@10.0.0.1/", "user name"},
           {"https://receiver.example:443@10.0.0.1/", "user name"},
           // IPv4 in every form, and IPv6
           {"https://127.0.0.1/", "IP address"},
           {"https://8.8.8.8/", "IP address"},
           {"https://127.0.0.1./", "IP address"},
           {"https://127.1/", "IP address"},
           {"https://127.0.1/", "IP address"},
           {"https://2130706433/", "IP address"},
           {"https://2130706433./", "IP address"},
           {"https://017700000001/", "IP address"},
           {"https://0177.0.0.1/", "IP address"},
           {"https://0x7f000001/", "IP address"},
           {"https://0X7F000001/", "IP address"},
           {"https://0x7f.1/", "IP address"},
           {"https://127.0.0.0x1/", "IP address"},
           {"https://0x/", "IP address"},
           {"https://0/", "IP address"},
           {"https://receiver.example.1/", "IP address"},
           {"https://99999999999999999999/", "IP address"},
           {"https://[::1]/", "IP address"},
           {"https://[::ffff:127.0.0.1]:443/", "IP address"},
           {"https://[fe80::1%25eth0]/", "IP address"},
           // Hosts that are none
           {"https://", "no host"},
           {"https:///a", "no host"},
           {"https://./", "no host"},
           {"https://:443/", "no host"},
           {"https://?a", "no host"},
           {"https://receiver..example/", "no DNS name"},
           {"https://receiver.example../", "no DNS name"},
           {"https://.receiver.example/", "no DNS name"},
           {"https://-receiver.example/", "no DNS name"},
           {"https://receiver-.example/", "no DNS name"},
           {"https://müller.example/", "no DNS name"},
           {"https://１２７.0.0.1/", "no DNS name"},
           {"https://127。0。0。1/", "no DNS name"},
           {"https://receiver%2Eexample/", "no DNS name"},
           {"https://%31%32%37.0.0.1/", "no DNS name"},
           {"https://receiver.example;a/", "no DNS name"},
           {"https://receiver.example,10.0.0.1/", "no DNS name"},
           {"https://" + std::string(64, 'a') + ".example/", "no DNS name"},
           {"https://" + std::string(250, 'a') + ".abc/", "253 characters"},
           // This machine
           {"https://localhost/", "this machine"},
           {"https://LocalHost./", "this machine"},
           {"https://a.localhost/", "this machine"},
           // Ports
           {"https://receiver.example:8443/", "another port than 443"},
           {"https://receiver.example:80/", "another port than 443"},
           {"https://receiver.example:/", "no number"},
           {"https://receiver.example:0/", "no number"},
           {"https://receiver.example:65536/", "no number"},
           {"https://receiver.example:-443/", "no number"},
           {"https://receiver.example:+443/", "no number"},
           {"https://receiver.example:443a/", "no number"},
           {"https://receiver.example:443:443/", "no number"},
           // Characters that readers of URLs do not agree upon
           {" https://receiver.example/", "a space"},
           {"https://receiver.example/ ", "a space"},
           {"https://receiver.example/a b", "a space"},
           {"https://receiver.example\\@10.0.0.1/", "a backslash"},
           {"https:\\\\receiver.example/", "a backslash"},
           {"https://receiver.example/\r\nX-More: 1", "a control character"},
           {"https://receiver.example/\t", "a control character"},
           {std::string("https://receiver.example\0.evil.example/", 39), "a control character"},
           {"https://receiver.example/\x7F", "a control character"},
           {"https://receiver.example/\xFF", "UTF-8"},
           {"https://receiver.example/\xC0\xAF", "UTF-8"},
           {"https://receiver.example/\xE2\x82", "UTF-8"},
           {"https://receiver.example/\xED\xA0\x80", "UTF-8"},
           {"https://receiver.example/\xF4\x90\x80\x80", "UTF-8"},
       }) {
    const auto checked = check_callback_url(url);
    ASSERT_FALSE(checked) << url << " is taken for " << checked->str();
    EXPECT_EQ(checked.error().code, Errc::invalid_argument) << url;
    EXPECT_THAT(checked.error().message, HasSubstr(words)) << url;
  }
}

TEST(CallbackUrl, IsMeasuredInUtf16Units) {
  const std::string begin = "https://receiver.example/";
  const std::string full = begin + std::string(max_callback_url_units - begin.size(), 'a');
  EXPECT_TRUE(check_callback_url(full));
  EXPECT_FALSE(check_callback_url(full + 'a'));
  EXPECT_FALSE(check_callback_url(full + "#a"));

  std::string emojis = begin + 'a';  // two units and four bytes each
  while (emojis.size() < begin.size() + 1 + 4 * 987) emojis += "😀";
  EXPECT_TRUE(check_callback_url(emojis));
  EXPECT_FALSE(check_callback_url(emojis + 'a'));
}

TEST(CallbackUrl, OfAnAllowedHostMayBeLocalAndHaveAnyPort) {
  const std::vector<std::string> allowed{"LOCALHOST", "receiver.example."};
  for (const char* url :
       {"https://localhost:8443/a", "https://receiver.example:8443/a", "https://Receiver.Example.:1/"}) {
    const auto checked = check_callback_url(url, allowed);
    ASSERT_TRUE(checked) << checked.error().message;
    EXPECT_TRUE(checked->is_allowed_host) << url;
  }
  EXPECT_EQ(check_callback_url("https://receiver.example:8443/a", allowed)->str(), "https://receiver.example:8443/a");
  const auto other = check_callback_url("https://other.example/", allowed);
  ASSERT_TRUE(other);
  EXPECT_FALSE(other->is_allowed_host);
}

TEST(CallbackUrl, OfAnAllowedHostIsHeldToEverythingElse) {
  const std::vector<std::string> allowed{"receiver.example", "127.0.0.1", "[::1]", ""};
  for (const char* url : {"http://receiver.example/", "https://user@receiver.example/", "https://a.receiver.example:1/",
                          "https://127.0.0.1/", "https://[::1]/", "https://receiver.example:0/", "https://:1/"}) {
    EXPECT_FALSE(check_callback_url(url, allowed)) << url;
  }
}

TEST(CallbackUrl, RefusedIsNotQuoted) {
  for (const char* url : {"http://receiver.example/secret?secret", "https://secret:secret@receiver.example/secret",
                          "https://receiver.example:8443/secret#secret", "https://receiver.example/secret secret",
                          "https://secret@secret/secret", "secret", "secret://secret/secret",
                          "https://secret:secret/secret@receiver.example/", "https://sécret/secret"}) {
    const auto checked = check_callback_url(url);
    ASSERT_FALSE(checked) << url;
    EXPECT_THAT(checked.error().message, Not(HasSubstr("secret"))) << url;
  }
}

TEST(Redacted, ShowsSchemeAndHost) {
  struct Case {
    const char* url;
    const char* shown;
  };
  for (const auto& [url, shown] : std::vector<Case>{
           {"https://receiver.example/secret?secret#secret", "https://receiver.example/…"},
           {"https://receiver.example", "https://receiver.example/…"},
           {"https://receiver.example:8443?secret", "https://receiver.example/…"},
           {"HTTP://Receiver.Example/", "http://receiver.example/…"},
           {"https://10.0.0.1/secret", "https://10.0.0.1/…"},
           {"https://user:secret@receiver.example/", "https://…"},
           {"https://secret@receiver.example/", "https://…"},
           {"https://user:443@receiver.example/", "https://…"},
           {"https://user:secret/more@receiver.example/", "https://…"},
           {"https://receiver.example\\secret", "https://receiver.example/…"},
           {"https://re ceiver/", "https://…"},
           {"https://\x1B[31m/", "https://…"},
           {"https:///secret", "https://…"},
           {"secret", "…"},
           {"secret://secret", "…"},
           {"secret?https://receiver.example/", "…"},
           {"", "…"},
       }) {
    EXPECT_EQ(redacted(url), shown) << url;
  }
}

}  // namespace
}  // namespace flowkeep::callbacks
