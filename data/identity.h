// Identity: what a run was trained on, in named parts that are recorded with it, so that other data
// in the place of its own is noticed.
#pragma once
#include "data/dataset.h"

namespace cambium {
// In a fixed order:
//   content     a hash of everything the examples are made of (Dataset::content)
//   vocabulary  a hash of what each token id stands for; of texts alone
//   classes     how many a model tells apart, or how many numbers a value has
//   splits      examples of training, validation and test
//   examples    a hash of a few of each split as a model sees them: how the content is cut,
//               ordered and normalised; not of examples above 64 MiB
struct Identity {
  std::vector<std::pair<std::string, std::string>> parts;

  bool empty() const { return parts.empty(); }

  std::string at(std::string_view part) const;  // empty when there is none

  bool operator==(const Identity&) const = default;
};

// Reads all of the content, some 2 GB a second, and a few examples.
Identity identity_of(const Dataset& data);

// The part `vocabulary` of it, "" of data that is no text.
std::string vocabulary_of(const Dataset& data);

// Whether the test part is of examples of its own: some data answers it with the validation part.
bool has_test_part(const Dataset& data);

// The parts that differ as "vocabulary (was 60a1..., is 99f2...)"; those in `but` are left out.
std::vector<std::string> differences(const Identity& was, const Identity& is,
                                     std::span<const std::string_view> but = {});

// UserError naming the run, every part that differs and `where` the data is read from, with this
// help.
void require_same_data(const Identity& was, const Identity& is, const std::string& run,
                       const std::string& help, std::span<const std::string_view> but = {},
                       const std::string& where = {});
}  // namespace cambium
