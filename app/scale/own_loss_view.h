// The data's own loss beside the floors of a ladder's laws, as text and as JSON.
#pragma once
#include <string>

#include "core/text/json_forward.h"
#include "search/ladder/ladder_answer.h"

namespace cambium {
// Empty where there is nothing to say.
std::string own_loss_text(const LadderPlan& plan, const LadderAnswer& answer);
// null there
Json own_loss_json(const LadderPlan& plan, const LadderAnswer& answer);
}  // namespace cambium
