// Audit table: an audit as people read it in a terminal.
#pragma once
#include "data/audit/audit.h"

namespace cambium {
std::string audit_text(const Audit& audit);  // sentences, then a table for each key
}  // namespace cambium
