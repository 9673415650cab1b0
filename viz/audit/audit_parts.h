// Parts of an audit's page, each a piece of HTML; empty where there is nothing to show. Internal.
#pragma once
#include "viz/audit/audit_page.h"

namespace cambium {
std::string counts_part(const AuditKey& key, bool compared);  // how much there is, and how long
std::string bits_part(const AuditKey& key);                   // bits a byte
std::string drops_part(const AuditKey& key);                  // what rules would drop
std::string overlap_part(const AuditKey& key);                // words in common
std::string characteristic_part(const AuditKey& key);         // words that tell slices apart
std::string terms_part(const TermTable& terms);
std::string steps_part(const Audit& audit);
std::string samples_part(const Audit& audit);
std::string meaning_part(const Audit& audit);  // how the numbers came about

std::string number_text(double v);       // whole, grouped: "1,062"
std::string percent_text(double share);  // "3.1 %", "<0.1 %"
std::string interval_text(double v, double low, double high, int digits);    // "2.61 [2.55, 2.67]"
std::string folded_away(std::string_view summary, const std::string& body);  // <details>
}  // namespace cambium
