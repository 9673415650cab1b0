#include "data/curation/support/tally.h"

#include <algorithm>
#include <charconv>

#include "core/hash.h"
#include "core/text/utf8.h"

namespace cambium {
namespace {
constexpr size_t kExcerpt = 200;  // bytes

void keep_least(std::vector<DraftSample>& samples, DraftSample sample) {
  const auto at = std::upper_bound(samples.begin(), samples.end(), sample);
  if (samples.size() == Tally::kSamples && at == samples.end()) return;
  samples.insert(at, std::move(sample));
  if (samples.size() > Tally::kSamples) samples.pop_back();
}

void keep_sample(RuleTally& rule, const Draft& d) {
  if (rule.samples.size() == Tally::kSamples && rule.samples.back().key < d.key) return;
  const std::string_view excerpt = std::string_view(d.text).substr(0, kExcerpt);
  keep_least(rule.samples, {d.key, d.id, std::string(excerpt.substr(0, whole_bytes(excerpt)))});
}

Json sample_json(const DraftSample& s) {
  return {{"key", hash_name(s.key)}, {"id", s.id}, {"text", s.text}};
}

DraftSample sample_from(const JsonItem& item) {
  const std::string key = item.needed_text("key");
  DraftSample s{0, item.text("id"), item.text("text")};
  std::from_chars(key.data(), key.data() + key.size(), s.key, 16);
  return s;
}
}  // namespace

void Tally::drop(const std::string& rule, const Draft& draft) {
  RuleTally& r = rules[rule];
  ++r.dropped;
  r.dropped_bytes += int64_t(draft.text.size());
  keep_sample(r, draft);
}

void Tally::change(const std::string& rule, const Draft& draft, int64_t places) {
  RuleTally& r = rules[rule];
  ++r.changed;
  r.changes += places;
  keep_sample(r, draft);
}

void Tally::add(const Tally& o) {
  documents += o.documents;
  bytes += o.bytes;
  kept += o.kept;
  kept_bytes += o.kept_bytes;
  for (const auto& [name, theirs] : o.rules) {
    RuleTally& mine = rules[name];
    mine.dropped += theirs.dropped;
    mine.dropped_bytes += theirs.dropped_bytes;
    mine.changed += theirs.changed;
    mine.changes += theirs.changes;
    for (const DraftSample& s : theirs.samples) keep_least(mine.samples, s);
  }
}

Json Tally::json() const {
  Json out = {{"documents", documents},
              {"bytes", bytes},
              {"kept", kept},
              {"kept_bytes", kept_bytes},
              {"rules", Json::object()}};
  for (const auto& [name, r] : rules) {
    Json rule = {{"dropped", r.dropped},
                 {"dropped_bytes", r.dropped_bytes},
                 {"changed", r.changed},
                 {"changes", r.changes},
                 {"samples", Json::array()}};
    for (const DraftSample& s : r.samples) rule["samples"].push_back(sample_json(s));
    out["rules"][name] = std::move(rule);
  }
  return out;
}

Tally Tally::from(const JsonItem& item) {
  Tally t{item.whole("documents"),
          item.whole("bytes"),
          item.whole("kept"),
          item.whole("kept_bytes"),
          {}};
  const JsonItem rules = item.item("rules");
  for (const auto& [name, value] : rules.json().items()) {
    const JsonItem r(value, name);
    RuleTally& rule = t.rules[name];
    rule = {
        r.whole("dropped"), r.whole("dropped_bytes"), r.whole("changed"), r.whole("changes"), {}};
    for (const JsonItem& s : r.items("samples")) rule.samples.push_back(sample_from(s));
  }
  return t;
}
}  // namespace cambium
