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

struct AdaptSource {  // `from` and `hash`
  std::string folder, hash;
  Mark mark;  // of the folder's name
};

// None where the section does not say `from`. UserError where it is no name.
std::optional<AdaptSource> adapt_source(const Spec& spec, const Vars& vars);

// None where the spec has no `adapt:`, or it is wrong: then `errors` has every mistake.
std::optional<AdaptSpec> parse_adapt(const Spec& spec, const Vars& vars, Diagnostics& errors);

// The keys of the section that are no methods.
struct AdaptOptions {
  std::string from, hash;
  std::vector<std::string> also;

  static constexpr auto fields = std::tuple{
      field("also", &AdaptOptions::also,
            "parameters of the model that are trained beside the adapters; all others are frozen"),
      field("from", &AdaptOptions::from,
            "a folder with adapter_model.safetensors and adapter_config.json that adapters start "
            "from; method and names follow from it where the spec says none"),
      field("hash", &AdaptOptions::hash,
            "of that folder; written by cambium, so that another adapter is noticed")};
};
}  // namespace cambium
