// Transfer spec: what `init:` and `freeze:` of a spec say, with the places of their patterns.
#pragma once
#include <optional>

#include "core/yaml/spec.h"
#include "train/weights/warm_start.h"

namespace cambium {
struct NamePattern {
  std::string text;
  Mark mark;
};

// Whether the pattern, in which * stands for anything, meets the name or that of a block above it:
// "repeat.0" meets "repeat.0.ffn.up.weight".
bool meets(std::string_view pattern, std::string_view name);
bool meets_any(std::span<const NamePattern> patterns, std::string_view name);

// UserErrors, with what the names are like, for each pattern that meets none of the names.
// `what`: "parameter of the model".
void check_patterns(std::span<const NamePattern> patterns, std::span<const std::string> names,
                    std::string_view what, Diagnostics& errors);

struct ResizeKind;  // train/weights/resize.h

struct ResizeRule {
  NamePattern match;
  const ResizeKind* kind;
};

struct InitOptions {  // the fields of `init:`, for docs and the schema; and map and resize
  std::string from, hash;
  std::vector<std::string> fresh, unused;

  static constexpr auto fields = std::tuple{
      field("from", &InitOptions::from,
            "the folder of a run, whose best weights are taken, a safetensors file, an index of "
            "shards, or a folder with either"),
      field("fresh", &InitOptions::fresh,
            "tensors of the model that start as without init; a block's name means all below it"),
      field("unused", &InitOptions::unused, "tensors of the source that are left out, likewise"),
      field("hash", &InitOptions::hash,
            "of the source's weights; written by cambium, so that another source is noticed")};
};

// Those, and map and resize, which are maps.
std::vector<FieldInfo> init_fields();

struct InitSpec {
  std::string from, hash;
  std::vector<NamePattern> fresh, unused;
  std::vector<WarmRule> map;
  std::vector<ResizeRule> resize;
  Mark mark, from_mark, hash_mark;
};

// None where the spec has no `init:`, or it is wrong: then `errors` has every mistake.
std::optional<InitSpec> parse_init(const Spec& spec, const Vars& vars, Diagnostics& errors);

// Writes init.hash, so that who knows the spec knows the weights.
void set_hash(Spec& spec, const std::string& hash);

struct FreezeOptions {  // the fields of `freeze:` as a map, for docs and the schema
  std::vector<std::string> names;
  std::string mode = "evaluation";

  static constexpr auto fields = std::tuple{
      field("names", &FreezeOptions::names,
            "parameters that never move; a block's name means all below it"),
      field("mode", &FreezeOptions::mode,
            "how blocks run that are met as a whole: as in evaluation, or as in training, with "
            "dropout and with batch norm on the batch, whose running statistics go on moving")
          .one_of("evaluation|train")};
};

// What `freeze:` says, a list of names or a map; no names where there is no such section.
struct FreezeSpec {
  std::vector<NamePattern> names;
  bool in_training = false;  // mode: train
};

FreezeSpec parse_freeze(const Spec& spec, const Vars& vars, Diagnostics& errors);
}  // namespace cambium
