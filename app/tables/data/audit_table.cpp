#include "app/tables/data/audit_table.h"

#include "app/tables/table.h"
#include "viz/audit/audit_parts.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
std::string key_table(const AuditKey& key, bool compared) {
  Table table({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  std::vector<std::string> header = {key.key, "documents", "text", "share", "words", "repeated"};
  if (compared) header.push_back("alike");
  header.push_back("bits/byte");
  for (const std::string_view set : kRuleSetNames) header.emplace_back(set);
  table.row(std::move(header));
  const auto add = [&](const AuditSlice& s) {
    std::vector<std::string> row = {fitted(visible(s.value), 200), number_text(s.documents),
                                    memory_text(s.bytes),          percent_text(s.byte_share),
                                    number_text(s.quartiles[1]),   percent_text(s.repeated)};
    if (compared) row.push_back(percent_text(s.alike_within));
    row.push_back(s.scored > 0 ? fixed(s.bits, 2) : "-");
    for (const RuleRate& r : s.rules) row.push_back(percent_text(r.share));
    table.row(std::move(row));
  };
  for (const AuditSlice& s : key.slices) add(s);
  if (key.slices.size() > 1) add(key.all);
  return table.text();
}

std::string terms_table(const TermTable& t) {
  Table table({2, 3, 4, 5});
  table.row({"about", "term", "together", "by chance", "PMI, bits", "NPMI"});
  const size_t about = t.lists.about.size();
  for (size_t i = 0; i < t.pairs.size(); ++i) {
    const TermPair& p = t.pairs[i];
    table.row({t.lists.about[i % about].name, t.lists.terms[i / about].name, grouped(p.together),
               fixed(p.expected, 1), interval_text(p.pmi, p.low, p.high, 2), fixed(p.npmi, 3)});
  }
  return table.text();
}
}  // namespace

std::string audit_text(const Audit& audit, const std::vector<std::string>& sentences) {
  std::string out;
  for (const std::string& sentence : sentences) out += sentence + "\n";
  for (const AuditKey& key : audit.keys) out += "\n" + key_table(key, audit.twins.compared);
  out += "\nwords: of half of the documents or less; the sets of rules: what each would drop\n";
  if (!audit.terms.lists.empty()) out += "\n" + terms_table(audit.terms);
  return out;
}
}  // namespace cambium
