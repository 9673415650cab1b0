#include "train/spec/sections.h"

#include <algorithm>

#include "core/text/suggest.h"

namespace cambium {
namespace {
constexpr const char* kModel = "model";
constexpr const char* kEncoder = "encoder";
constexpr const char* kDecoder = "decoder";

const Yaml* list_of(const Spec& spec, const char* name) {
  const Yaml* section = spec.section(name);
  return section && section->is_list() ? section : nullptr;
}

void check_list(const Spec& spec, const char* name, Diagnostics& errors) {
  const Yaml* section = spec.section(name);
  if (section && !section->is_list())
    errors.add(UserError(str("'", name, "' is a list of blocks"),
                         str("write ", name, ": and one - block: value a line below it"),
                         section->mark));
}
}  // namespace

ModelSections sections_of(const Spec& spec) {
  const Yaml *encoder = list_of(spec, kEncoder), *decoder = list_of(spec, kDecoder);
  if (spec.section(kModel)) return {list_of(spec, kModel), nullptr, nullptr};
  return {nullptr, encoder, decoder};
}

void mend_keys(std::vector<YamlEntry>& entries, std::span<const std::string> known) {
  for (YamlEntry& e : entries) {
    if (std::ranges::count(known, e.key)) continue;
    const std::vector<std::string> near = nearest_names(e.key, known);
    if (near.size() == 1 && !std::ranges::count(entries, near[0], &YamlEntry::key)) e.key = near[0];
  }
}

void check_model_sections(const Spec& spec, Diagnostics& errors) {
  for (const char* name : {kModel, kEncoder, kDecoder}) check_list(spec, name, errors);
  const Yaml *model = spec.section(kModel), *encoder = spec.section(kEncoder),
             *decoder = spec.section(kDecoder);
  const Yaml* part = encoder ? encoder : decoder;
  if (model && part)
    return errors.add(
        UserError(str("the spec has 'model' and '", encoder ? kEncoder : kDecoder, "'"),
                  "keep model: for one network, or encoder: and decoder: for two", part->mark));
  if (!model && !part)
    return errors.add(UserError("the spec has no 'model' section",
                                "write model: and one - block: value a line below it",
                                spec.root.mark));
  if (!model && !(encoder && decoder))
    errors.add(UserError(str("the spec has '", encoder ? kEncoder : kDecoder, "' but no '",
                             encoder ? kDecoder : kEncoder, "' section"),
                         encoder ? "a decoder: writes from what the encoder has read; a network "
                                   "without one is called model:"
                                 : "an encoder: reads what the decoder writes from; a network "
                                   "without one is called model:",
                         part->mark));
}

void check_sections_fit(const Spec& spec, bool pair, const std::string& data) {
  const ModelSections sections = sections_of(spec);
  if (pair && sections.model)
    throw UserError(str("the data is pairs of sequences, and the spec has one model: ", data),
                    "write encoder: for what is read and decoder: for what is written",
                    sections.model->mark);
  if (!pair && sections.encoder)
    throw UserError(str("the data has nothing for a decoder to write: ", data),
                    "use data of pairs, such as {reverse: {seq2seq: true}}, or a model: alone",
                    sections.decoder->mark);
}
}  // namespace cambium
