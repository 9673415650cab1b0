#include "ops/ops.h"

#include <algorithm>

namespace cambium {
Registry ops_of_files();                            // one a file: ops/*/*.cpp
std::span<const std::vector<Op>* const> op_rows();  // several a file: ops/*/rows/*.cpp

Registry builtin_ops() {
  static const std::vector<const Op*> all = [] {
    std::vector<const Op*> ops(ops_of_files().begin(), ops_of_files().end());
    for (const std::vector<Op>* rows : op_rows())
      for (const Op& op : *rows) ops.push_back(&op);
    std::ranges::sort(ops, {}, &Op::name);
    return ops;
  }();
  return all;
}
}  // namespace cambium
