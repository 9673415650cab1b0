// What the tests of data/ share: files, dataset opening, batch reading.
#pragma once
#include <fstream>
#include <numeric>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "data/loader.h"
#include "tests/support/data/test_data.h"

namespace cambium {
// Writes a file into the folder; its path.
inline std::string write_file(const test::TempFolder& folder, const std::string& name,
                              std::string_view content) {
  std::ofstream(folder.path(name), std::ios::binary) << content;
  return folder.path(name);
}

// An IDX file of unsigned bytes.
inline std::string idx_bytes(const std::vector<uint32_t>& extents, std::string_view values) {
  std::string out = {0, 0, 8, char(extents.size())};
  for (const uint32_t e : extents)
    for (int shift = 24; shift >= 0; shift -= 8) out += char(e >> shift);
  return out.append(values);
}

inline std::unique_ptr<Dataset> open_text_spec(const std::string& yaml, uint64_t seed = 1) {
  const Yaml root = parse_yaml(yaml, "spec.yaml");
  return open_dataset(*root.find("data"), Vars(), seed);
}

// The error that opening this spec gives.
inline UserError error_of(const std::string& yaml) {
  try {
    open_text_spec(yaml);
  } catch (const UserError& e) {
    return e;
  }
  ADD_FAILURE() << "no error for " << yaml;
  return UserError("none");
}

inline Batch read_batch(const Dataset& data, Split split, const std::vector<int64_t>& indices,
                        uint64_t epoch_seed = 0, int64_t batch = 0) {
  Batch into = allocate_batch(data.shape(batch ? batch : int64_t(indices.size())));
  data.read(split, indices, epoch_seed, into);
  return into;
}

inline bool same(const Batch& a, const Batch& b) {
  const auto equal = [](const Tensor& s, const Tensor& t) {
    return s.type() == t.type() && std::ranges::equal(s.raw(), t.raw());
  };
  return equal(a.x, b.x) && equal(a.target, b.target) && a.examples == b.examples;
}

inline Batch copy_of(const Batch& b) {
  Batch out;
  out.x = b.x.clone();
  out.target = b.target.clone();
  out.examples = b.examples;
  return out;
}
}  // namespace cambium
