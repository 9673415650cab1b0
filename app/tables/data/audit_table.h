// Audit table: an audit as people read it in a terminal.
#pragma once
#include "data/audit/audit.h"

namespace cambium {
// The sentences, then a table for each key.
std::string audit_text(const Audit& audit, const std::vector<std::string>& sentences);
}  // namespace cambium
