// Personal: stretches of a text that name a person or a machine of theirs.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

namespace cambium {
struct PersonalStretch {
  enum Kind { kEmail, kIp, kPhone, kIpv6 } kind;

  size_t begin, end;
};

// In their order, none over another.
//   e-mail: letters, digits and ._%+- before an @, then labels of a domain, the last of two letters
//     or more.
//   IP: four numbers of at most 255 between dots, not inside a longer number; of networks that
//     anyone may use for their own (10/8, 172.16/12, 192.168/16, 127/8, 169.254/16, 0/8) none.
//   IPv6: of the networks that are everybody's (2000::/3) but for that of examples (2001:db8::/32):
//     eight groups of at most four hexadecimal digits, or three to seven around one ::, the first
//     of four digits. a::b of programs, x[2000::2] and times of day are none.
//   phone: 9 to 15 digits in three to five groups, all but the first of two digits or more, apart
//   by
//     spaces . - or brackets, or behind a plus sign. ISBNs (13 digits that begin with 978 or 979)
//     are none; 8 digits are dates.
void find_personal(std::string_view text, std::vector<PersonalStretch>& into);
}  // namespace cambium
