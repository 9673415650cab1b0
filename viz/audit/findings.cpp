// The sentences of an audit.
#include <algorithm>
#include <cmath>

#include "core/text/suggest.h"
#include "viz/audit/audit_parts.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
const AuditKey* key_named(const Audit& a, std::string_view name) {
  const auto at = std::ranges::find(a.keys, name, &AuditKey::key);
  return at == a.keys.end() ? nullptr : &*at;
}

// Slices of length and split differ in what they are by their making.
bool is_of_content(const AuditKey& k) {
  return k.key != "length" && k.key != "split" && k.slices.size() > 1;
}

std::string slice_name(const AuditKey& k, const AuditSlice& s) {
  return str(k.key, " ", s.value);
}

std::string size_sentence(const Audit& a) {
  std::string out = str(a.sampled ? "About " : "", number_text(a.documents), " documents, ",
                        memory_text(a.bytes), " of text");
  const AuditKey* k = key_named(a, "source");
  if (!k || k->slices.size() < 2) return out + ".";
  const auto most = std::ranges::max_element(k->slices, {}, &AuditSlice::byte_share);
  return str(out, " from ", k->slices.size(), " sources: ", most->value, " holds ",
             percent_text(most->byte_share),
             " of the bytes, and the shares are as uneven as those of ", fixed(k->effective, 1),
             " equal sources would be.");
}

std::string language_sentence(const Audit& a) {
  const AuditKey* k = key_named(a, "language");
  if (!k || k->slices.size() < 2) return "";
  std::vector<const AuditSlice*> order;
  for (const AuditSlice& s : k->slices) order.push_back(&s);
  std::ranges::stable_sort(order, std::greater(),
                           [](const AuditSlice* s) { return s->byte_share; });
  std::vector<std::string> names;
  for (const AuditSlice* s : order)
    if (names.size() < 3) names.push_back(str(s->value, " ", percent_text(s->byte_share)));
  return str("Languages by bytes: ", join_names(names),
             order.size() > 3 ? str(", and ", order.size() - 3, " more") : "", ".");
}

std::string twin_sentence(const Audit& a) {
  const AuditSlice& all = a.keys.front().all;
  std::string out = all.repeated > 0 ? str(percent_text(all.repeated),
                                           " of the documents have the text of one before them")
                                     : "No two documents have the same text";
  if (!a.twins.compared) return out + ".";
  const double alike = all.alike_within;
  out += alike > 0
             ? str(all.repeated > 0 ? ", and " : ", but ", percent_text(alike), " share at least ",
                   fixed(100 * kAlike, 0), " % of their runs of five words with another.")
             : ", and none were found nearly the same.";
  const AuditKey* k = key_named(a, "source");
  if (!k || k->slices.size() < 2) return out;
  const auto most = std::ranges::max_element(k->slices, {}, &AuditSlice::alike_across);
  if (most->alike_across >= 0.001)
    out += str(" Of ", most->value, ", ", percent_text(most->alike_across),
               " of the documents are so like one of another source.");
  return out;
}

// The slice of each rule set that stands out most, where it does by a fifth of its documents.
void add_rule_sentences(const Audit& a, std::vector<std::string>& out) {
  struct Case {
    double excess;
    const AuditKey* key;
    const AuditSlice* slice;
    size_t set;
  };

  std::vector<Case> cases;
  for (size_t set = 0; set < kRuleSets; ++set) {
    Case best{0.2, nullptr, nullptr, set};
    for (const AuditKey& k : a.keys)
      for (const AuditSlice& s : k.slices) {
        const double excess = s.rules[set].share - k.all.rules[set].share;
        if (is_of_content(k) && s.looked_at >= kLeastNamed && excess > best.excess)
          best = {excess, &k, &s, set};
      }
    if (best.key) cases.push_back(best);
  }
  std::ranges::stable_sort(cases, std::greater(), &Case::excess);
  for (const Case& c : cases) {
    const RuleRate& rate = c.slice->rules[c.set];
    out.push_back(str("The rules ", kRuleSetNames[c.set], " would drop ", percent_text(rate.share),
                      " of the documents in ", slice_name(*c.key, *c.slice), " and ",
                      percent_text(c.key->all.rules[c.set].share), " of all; in ", c.slice->value,
                      " most by ", rate.rules.front().first, " (",
                      percent_text(rate.rules.front().second), ")."));
  }
}

std::string bits_sentence(const Audit& a) {
  const AuditKey* key = nullptr;
  const AuditSlice* hardest = nullptr;
  double excess = 0;
  for (const AuditKey& k : a.keys)
    for (const AuditSlice& s : k.slices) {
      if (!is_of_content(k) || s.scored < kLeastNamed || !(s.bits_low > k.all.bits_high)) continue;
      if (s.bits - k.all.bits <= excess) continue;
      excess = s.bits - k.all.bits;
      key = &k;
      hardest = &s;
    }
  if (!key) return "";
  return str("Hardest to foretell for a model of all texts is ", slice_name(*key, *hardest), ": ",
             interval_text(hardest->bits, hardest->bits_low, hardest->bits_high, 2),
             " bits a byte, where all texts take ", fixed(key->all.bits, 2), ".");
}

std::string overlap_sentence(const Audit& a) {
  for (const AuditKey& k : a.keys) {
    if (!is_of_content(k)) continue;
    const size_t n = k.slices.size();
    double least = 2;
    size_t x = 0, y = 0;
    for (size_t i = 0; i < n; ++i)
      for (size_t j = i + 1; j < n; ++j)
        if (k.slices[i].looked_at >= kLeastNamed && k.slices[j].looked_at >= kLeastNamed &&
            k.overlap.jaccard[i * n + j] < least) {
          least = k.overlap.jaccard[i * n + j];
          x = i;
          y = j;
        }
    if (least > 1) continue;
    return str("Fewest words in common have ", k.slices[x].value, " and ", k.slices[y].value, " (",
               k.key, "): of the ", k.overlap.top,
               " most frequent of each, those that are in both are ", percent_text(least),
               " of those in either.");
  }
  return "";
}

std::string terms_sentence(const Audit& a) {
  const TermTable& t = a.terms;
  const TermContrast* best = nullptr;
  double most = 0;
  for (const TermContrast& c : t.contrasts) {
    const double clear = std::max(c.low, -c.high);  // how far the interval is from none
    if (clear <= most) continue;
    most = clear;
    best = &c;
  }
  if (!best) return "";
  TermContrast c = *best;
  if (c.log_ratio < 0) {
    std::swap(c.first, c.second);
    c.log_ratio = -c.log_ratio;
    std::swap(c.low, c.high);
    c.low = -c.low;
    c.high = -c.high;
  }
  return str("A passage with ", t.lists.terms[c.first].name, " holds ", t.lists.about[c.about].name,
             " ", interval_text(std::exp2(c.log_ratio), std::exp2(c.low), std::exp2(c.high), 1),
             " times as often as one with ", t.lists.terms[c.second].name,
             t.contrasts.size() > 1 ? str(", the clearest of ", t.contrasts.size(), " comparisons.")
                                    : ".");
}
}  // namespace

std::vector<std::string> audit_findings(const Audit& a) {
  std::vector<std::string> out = {size_sentence(a)};
  add_rule_sentences(a, out);
  for (const std::string& s : {bits_sentence(a), twin_sentence(a), language_sentence(a),
                               overlap_sentence(a), terms_sentence(a)})
    if (!s.empty()) out.push_back(s);
  if (a.bad > 0)
    out.push_back(
        str(number_text(double(a.bad)), " documents could not be read and are left out."));
  if (a.sampled)
    out.push_back(str("This is of ", number_text(double(a.looked_at)), " documents (",
                      memory_text(double(a.looked_at_bytes)),
                      ") that were drawn by a hash of their texts: counts are estimates, and "
                      "duplicates between sources are at least so many."));
  return out;
}
}  // namespace cambium
