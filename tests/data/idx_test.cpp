#include "data/images/idx.h"

#include "tests/data/support.h"

namespace cambium::idx_test {
namespace {
std::string message_of(const std::string& content, int rank) {
  const test::TempFolder folder;
  try {
    read_idx(write_file(folder, "file", content), rank);
  } catch (const UserError& e) {
    return std::string(e.what()).substr(folder.path("").size());
  }
  return "read";
}

TEST(Idx, ReadsExtentsAndValues) {
  const test::TempFolder folder;
  const IdxArray a = read_idx(write_file(folder, "a", idx_bytes({2, 3}, "abcdef")), 2);
  EXPECT_EQ(a.shape, (Shape{2, 3}));
  EXPECT_EQ(a.values()[5], 'f');
}

TEST(Idx, ExtentsAreBigEndian) {
  EXPECT_EQ(message_of(idx_bytes({258}, "ab"), 1),
            "file: truncated: extents [258] need 258 bytes of values, found 2");
}

TEST(Idx, SaysWhatIsWrongWithAFile) {
  EXPECT_EQ(message_of("", 1), "file: truncated: 0 bytes, an IDX file has at least 4");
  EXPECT_EQ(message_of(idx_bytes({2}, "ab"), 3),
            "file: starts with 0x00000801, an IDX file of rank 3 and unsigned bytes starts with "
            "0x00000803");
  EXPECT_EQ(message_of(idx_bytes({2, 2}, "").substr(0, 8), 2),
            "file: truncated: 8 bytes, the header of an IDX file of rank 2 has 12");
  EXPECT_EQ(message_of(idx_bytes({2}, "abc"), 1),
            "file: extents [2] need 2 bytes of values, found 3: bytes are left over");
  EXPECT_EQ(message_of(idx_bytes({0}, ""), 1), "file: extent 0 is 0");
  EXPECT_EQ(message_of(idx_bytes({~0u, ~0u, ~0u}, "x"), 3),
            "file: extents promise more than 1099511627776 values");
}

TEST(Idx, EveryTruncationIsAnError) {
  const std::string whole = idx_bytes({2, 3}, "abcdef");
  for (size_t n = 0; n < whole.size(); ++n)
    EXPECT_NE(message_of(whole.substr(0, n), 2), "read") << n << " bytes";
}

TEST(Idx, NamesAMissingFile) {
  try {
    read_idx("/nowhere/labels", 1);
    ADD_FAILURE();
  } catch (const UserError& e) {
    EXPECT_STREQ(e.what(), "/nowhere/labels: no such file");
  }
}
}  // namespace
}  // namespace cambium::idx_test
