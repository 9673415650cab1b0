// Tally: what a step did to the documents that reached it, rule by rule, with samples.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/text/json_item.h"
#include "data/assembly/draft.h"

namespace cambium {
struct DraftSample {
  uint64_t key;
  std::string id, text;  // an excerpt

  auto operator<=>(const DraftSample&) const = default;
};

struct RuleTally {
  int64_t dropped = 0, dropped_bytes = 0;  // documents and their texts
  int64_t changed = 0, changes = 0;        // documents; places in them
  std::vector<DraftSample> samples;        // of what was dropped or changed: the least by key
};

struct Tally {
  static constexpr size_t kSamples = 10;

  int64_t documents = 0, bytes = 0;        // that reached the step
  int64_t kept = 0, kept_bytes = 0;        // that went on, as they went on
  std::map<std::string, RuleTally> rules;  // those that found something

  void drop(const std::string& rule, const Draft& draft);

  // `draft` as it was before or after; `places` of it.
  void change(const std::string& rule, const Draft& draft, int64_t places = 1);

  void add(const Tally& other);

  // Of whole numbers and sorted samples: equal sums in any order.
  Json json() const;
  static Tally from(const JsonItem& item);
};
}  // namespace cambium
