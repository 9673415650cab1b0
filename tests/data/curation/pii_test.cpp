// Personal data: what counts as such, and what stands in its place.
#include "tests/data/curation/support.h"

namespace cambium::pii_test {
namespace {
std::string masked(const std::string& text) {
  test::OneStep step("pii: {email_mask: E, ip_mask: I, phone_mask: P, ipv6_mask: V}");
  EXPECT_EQ(step.dropped_by(text), "");
  return step.left;
}

TEST(Pii, MasksWhatNamesAPersonOrAMachine) {
  EXPECT_EQ(masked("write to Jane.Doe+x@mail.example.org, or a@b.co."), "write to E, or E.");
  EXPECT_EQ(masked("from 8.8.8.8 and 203.0.113.77:80"), "from I and I:80");
  EXPECT_EQ(masked("call +49 30 1234567 or (212) 555-0187 now"), "call P or P now");
  EXPECT_EQ(masked("+14155550123"), "P");
  EXPECT_EQ(masked("from [2a00:1450:4001:81b::200e]:443, 2606:4700:4700::1111."),
            "from [V]:443, V.");
  EXPECT_EQ(masked("2620:0:2D0:200:0:0:0:7 and 2400:cb00:2048:1::/64"), "V and V/64");
}

TEST(Pii, LeavesWhatOnlyLooksLikeIt) {
  for (const char* text : {"@decorator and user@host",
                           "a @ b.com",
                           "version 1.2.3.4.5",
                           "10.0.0.1 and 192.168.1.9",
                           "127.0.0.1",
                           "300.1.1.1",
                           "on 2021-10-12",
                           "ISBN 978-3-16-148410-0",
                           "pi is 3.141592653",
                           "1234567890",
                           "std::dec a::b dead::beef::cafe",
                           "x[2000::2] and y[2000:3000:10]",
                           "2001:db8::8a2e:370:7334",
                           "fe80::1:2:3 and fd00:1:2::3",
                           "2024:10:12 10:11:12",
                           "::1",
                           "2001:1:2:3:4:5:6:7:8",
                           "2001:1::2::3",
                           "a2001:4:5::6",
                           "2001:4:5::6g",
                           "20:30:40:50:60:70:80:90",
                           "0 1 2 3 4 5 6 7 8 9",
                           "10 20 30 40 50 60",
                           "x = 12 + 34",
                           "12 345 678"})
    EXPECT_EQ(masked(text), text);
}

TEST(Pii, DropsOnRequest) {
  test::OneStep step("pii: {email: drop, ip: keep}");
  EXPECT_EQ(step.dropped_by("a@b.org"), "email");
  EXPECT_EQ(step.dropped_by("8.8.8.8"), "");
  EXPECT_EQ(step.left, "8.8.8.8");
}
}  // namespace
}  // namespace cambium::pii_test
