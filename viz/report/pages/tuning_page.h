// The page of a study that was tuned and of which nothing has been judged yet.
#pragma once
#include <string>

#include "search/tune/tuning.h"

namespace cambium {
std::string tuning_page(const std::string& folder, const Tuning& tuning);
}  // namespace cambium
