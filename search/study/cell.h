// Cell: a variant on a task, as plans, runs and results name it: "mamba@recall", or the variant's
// own name where a study has no tasks. No name of a variant or a task holds an @.
#pragma once
#include <string>
#include <string_view>

namespace cambium {
inline std::string cell_name(std::string_view variant, std::string_view task) {
  std::string out(variant);
  if (!task.empty()) out.append("@").append(task);
  return out;
}

// Empty without one.
inline std::string_view task_of(std::string_view cell) {
  const size_t at = cell.rfind('@');
  return at == cell.npos ? std::string_view() : cell.substr(at + 1);
}

inline std::string_view variant_of(std::string_view cell) {
  return cell.substr(0, cell.rfind('@'));
}

// The variant on the cell's task, such as the baseline that the cell is compared with.
inline std::string on_task_of(std::string_view cell, std::string_view variant) {
  return cell_name(variant, task_of(cell));
}
}  // namespace cambium
