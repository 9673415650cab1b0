// An audit as JSON: the same for the same corpus and options, whatever did the work.
#include <cmath>

#include "core/hash.h"
#include "data/audit/audit.h"

namespace cambium {
namespace {
Json number(double v) {
  return std::isfinite(v) ? Json(v) : Json(nullptr);
}

Json matrix(const std::vector<double>& values, size_t n) {
  Json rows = Json::array();
  for (size_t a = 0; a < n; ++a) {
    Json row = Json::array();
    for (size_t b = 0; b < n; ++b) row.push_back(number(values[a * n + b]));
    rows.push_back(std::move(row));
  }
  return rows;
}

Json rules_json(const AuditSlice& s) {
  Json out = Json::object();
  for (size_t i = 0; i < kRuleSets; ++i) {
    Json rules = Json::object();
    for (const auto& [rule, share] : s.rules[i].rules) rules[rule] = share;
    out[std::string(kRuleSetNames[i])] = {
        {"documents", s.rules[i].share}, {"bytes", s.rules[i].bytes}, {"rules", std::move(rules)}};
  }
  return out;
}

Json slice_json(const AuditSlice& s, bool compared) {
  Json words = Json::array();
  for (const CharacteristicWord& w : s.characteristic)
    words.push_back({{"word", w.word},
                     {"count", w.count},
                     {"documents", w.documents},
                     {"log_odds", w.log_odds},
                     {"z", w.z}});
  Json twins = {
      {"repeated", s.repeated}, {"equal_within", s.equal_within}, {"equal_across", s.equal_across}};
  if (compared) {
    twins["alike_within"] = s.alike_within;
    twins["alike_across"] = s.alike_across;
  }
  return {{"value", s.value},
          {"looked_at", s.looked_at},
          {"documents", s.documents},
          {"bytes", s.bytes},
          {"words", s.words},
          {"document_share", s.document_share},
          {"byte_share", s.byte_share},
          {"word_quartiles", {s.quartiles[0], s.quartiles[1], s.quartiles[2]}},
          {"lengths", s.lengths},
          {"duplicates", std::move(twins)},
          {"bits_per_byte",
           {{"documents", s.scored},
            {"mean", number(s.bits)},
            {"low", number(s.bits_low)},
            {"high", number(s.bits_high)}}},
          {"would_drop", rules_json(s)},
          {"characteristic", std::move(words)}};
}

Json key_json(const AuditKey& k, bool compared) {
  Json slices = Json::array();
  for (const AuditSlice& s : k.slices) slices.push_back(slice_json(s, compared));
  const size_t n = k.slices.size();
  return {{"key", k.key},
          {"entropy", k.entropy},
          {"effective", k.effective},
          {"slices", std::move(slices)},
          {"all", slice_json(k.all, compared)},
          {"overlap",
           {{"top", k.overlap.top},
            {"jaccard", matrix(k.overlap.jaccard, n)},
            {"covered", matrix(k.overlap.covered, n)},
            {"unseen", matrix(k.overlap.unseen, n)},
            {"beyond", k.overlap.beyond},
            {"different", k.overlap.different}}}};
}

Json groups_json(const std::vector<TermGroup>& groups, const std::vector<int64_t>& passages) {
  Json out = Json::array();
  for (size_t i = 0; i < groups.size(); ++i)
    out.push_back(
        {{"name", groups[i].name}, {"words", groups[i].words}, {"passages", passages[i]}});
  return out;
}

Json terms_json(const TermTable& t) {
  Json pairs = Json::array(), contrasts = Json::array();
  const size_t about = t.lists.about.size();
  for (size_t i = 0; i < t.pairs.size(); ++i) {
    const TermPair& p = t.pairs[i];
    pairs.push_back({{"term", t.lists.terms[i / about].name},
                     {"about", t.lists.about[i % about].name},
                     {"together", p.together},
                     {"documents", p.documents},
                     {"expected", number(p.expected)},
                     {"pmi", number(p.pmi)},
                     {"low", number(p.low)},
                     {"high", number(p.high)},
                     {"npmi", number(p.npmi)}});
  }
  for (const TermContrast& c : t.contrasts)
    contrasts.push_back({{"about", t.lists.about[c.about].name},
                         {"first", t.lists.terms[c.first].name},
                         {"second", t.lists.terms[c.second].name},
                         {"log2_ratio", number(c.log_ratio)},
                         {"low", number(c.low)},
                         {"high", number(c.high)}});
  return {{"passage", t.passage},
          {"passages", t.passages},
          {"terms", groups_json(t.lists.terms, t.terms)},
          {"about", groups_json(t.lists.about, t.about)},
          {"pairs", std::move(pairs)},
          {"contrasts", std::move(contrasts)}};
}
}  // namespace

Json Audit::json() const {
  Json sources = Json::object(), listed = Json::array(), drawn = Json::array();
  for (const auto& [source, share] : shares) sources[source] = share;
  for (const AuditKey& k : keys) listed.push_back(key_json(k, twins.compared));
  for (const auto& [source, of] : samples)
    for (const AuditSample& s : of)
      drawn.push_back({{"source", source}, {"id", s.id}, {"text", s.text}});
  Json out = {
      {"format", "cambium audit"},
      {"version", 1},
      {"name", name},
      {"content", corpus ? Json(hash_name(content)) : Json(nullptr)},
      {"documents", documents},
      {"bytes", bytes},
      {"sampled", sampled},
      {"looked_at",
       {{"documents", looked_at},
        {"bytes", looked_at_bytes},
        {"bad", bad},
        {"shares", std::move(sources)}}},
      {"words", {{"different", different}, {"forgotten", passed_over}, {"compared", lexicon}}},
      {"model_bytes", model_bytes}};
  if (twins.compared)
    out["near_duplicates"] = {{"similarity", kAlike},
                              {"candidates", twins.candidates},
                              {"pairs", twins.alike.size()},
                              {"capped", twins.capped}};
  out["keys"] = std::move(listed);
  if (!terms.lists.empty()) out["terms"] = terms_json(terms);
  out["samples"] = std::move(drawn);
  return out;
}
}  // namespace cambium
