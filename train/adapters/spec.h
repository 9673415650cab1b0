// Adapt spec: what `adapt:` of a spec says, with the places of its names.
#pragma once
#include <optional>

#include "train/adapters/method.h"
#include "train/weights/transfer_spec.h"

namespace cambium {
struct AdaptUse {  // one method of the section
  const AdapterMethod* method;
  Attrs attrs;
  std::vector<NamePattern> on;  // of every option that lists names
  Mark mark;
};

struct AdaptSpec {
  std::vector<AdaptUse> uses;
  std::vector<NamePattern> also;
  Mark mark;
};

// None where the spec has no `adapt:`, or it is wrong: then `errors` has every mistake.
std::optional<AdaptSpec> parse_adapt(const Spec& spec, const Vars& vars, Diagnostics& errors);

// Docs of `also`.
inline constexpr std::string_view kAlsoDoc =
    "parameters of the model that are trained beside the adapters; everything else is frozen";
}  // namespace cambium
