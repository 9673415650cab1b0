#include "train/hub/import_hub.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "blocks/compose/weight_ends.h"
#include "core/system/files.h"
#include "core/tensor/weight_files.h"
#include "core/text/json.h"
#include "data/tokenizers/tokenizer.h"
#include "train/hub/spec_template.h"
#include "train/spec/experiment.h"
#include "train/weights/warm_start.h"

namespace cambium {
namespace {
namespace fs = std::filesystem;

Spec spec_of_text(const std::string& text) {
  const std::string name = "the spec of the imported model";
  return {name, parse_yaml(text, name)};
}

// The weights of the model that the spec says.
std::map<std::string, ValueType> weights_of_spec(const std::string& text) {
  const Experiment e = open_to_measure(spec_of_text(text));
  return weights_of(model_graph(e, 1, false));
}

// Files hold what weights are; ours count from where they start.
void count_from_starts(HubModel& m) {
  const Experiment e = open_to_measure(spec_of_text(m.model.spec));
  const Graph g = model_graph(e, 1, false);
  for (const auto& [name, offset] : start_offsets(g))
    if (const auto t = m.model.tensors.find(name); t != m.model.tensors.end())
      add_offset(t->second, *offset, -1);
}

void refuse_pickles(const std::string& folder) {
  std::error_code none;
  for (const auto& e : fs::directory_iterator(folder, none)) {
    const std::string name = e.path().filename().string();
    for (const char* ending : {".bin", ".pt", ".pth", ".ckpt", ".pkl"})
      if (name.ends_with(ending))
        throw UserError(
            str("'", folder, "/", name,
                "' is a pickle by its name, which runs code when it is "
                "read, and there are no safetensors beside it"),
            "where it was made, write safetensors.torch.save_file(model.state_dict(), "
            "\"model.safetensors\"), or model.save_pretrained(folder, safe_serialization=True)");
  }
}

// Every tensor that repeats another must equal it.
void check_tied(const HubPlan& p, const HubTensors& tensors, const std::string& path) {
  for (const std::string& name : p.rest.tied) {
    const std::string& other = p.family->ties.at(name);
    const auto at = p.names.file_of.find(other);
    if (at == p.names.file_of.end()) continue;
    const Tensor a = tensors.read(p.names.file_of.at(name)), b = tensors.read(at->second);
    if (a.type() != b.type() || std::memcmp(a.data(), b.data(), size_t(a.bytes())) != 0)
      throw UserError(str(path, ": '", p.names.file_of.at(name), "' is not equal to '", at->second,
                          "', to which config.json ties it"),
                      "say tie_word_embeddings: false in config.json if the model has both");
  }
}

int64_t count_numbers(const HubPlan& p) {
  int64_t n = 0;
  for (const Piece& piece : p.pieces)
    if (piece.layout)
      for (const Shape& s : piece.shapes) n += s.count();
  return n;
}

std::string summary_of(const HubPlan& p) {
  std::string out = str(p.family->text, " (", p.family->name,
                        p.values.variant.empty() ? "" : str(", ", p.values.variant), "), ",
                        count_numbers(p), " numbers");
  const auto tell = [&](const std::vector<std::string>& names, std::string_view what) {
    if (!names.empty())
      out += str("; ", names.size(), names.size() == 1 ? " tensor " : " tensors ", what, " (",
                 names[0], names.size() > 1 ? " ...)" : ")");
  };
  std::vector<std::string> fresh;
  for (const Piece& piece : p.pieces)
    if (piece.fresh && !p.names.types.contains(piece.theirs)) fresh.push_back(piece.ours[0]);
  tell(fresh, "fresh");
  tell(p.rest.tied, "equal another");
  tell(p.rest.dropped, "computed here instead");
  tell(p.rest.kept, "kept aside for export");
  return out;
}

HubModel taken(const HubPlan& p, const HubConfig& config, const HubTensors& tensors) {
  HubModel out;
  out.model.spec = p.spec;
  out.model.summary = summary_of(p);
  for (const Piece& piece : p.pieces) {
    const auto file = p.names.file_of.find(piece.theirs);
    if (file == p.names.file_of.end()) {  // a count of batches, or fresh
      if (piece.layout) out.model.fresh.insert(piece.ours.begin(), piece.ours.end());
      continue;
    }
    Tensor t = tensors.read(file->second);
    if (!piece.layout) {
      out.origin.kept.emplace(piece.theirs, std::move(t));
      continue;
    }
    std::vector<Tensor> ours = to_ours(*piece.layout, t, piece.shapes);
    for (size_t i = 0; i < ours.size(); ++i)
      out.model.tensors.emplace(piece.ours[i], std::move(ours[i]));
  }
  for (const std::string& name : p.rest.kept)
    out.origin.kept.emplace(name, tensors.read(p.names.file_of.at(name)));
  out.origin.family = p.family->name;
  out.origin.variant = p.values.variant;
  out.origin.vars = p.values.vars;
  out.origin.config = config.json;
  out.origin.tied = p.rest.tied;
  out.origin.dropped = p.rest.dropped;
  for (const auto& [known, name] : p.names.file_of)
    if (known != name) out.origin.file_names.emplace(known, name);
  return out;
}

HubConfig config_in(const std::string& folder) {
  const std::string path = folder + "/config.json";
  if (!file_exists(path)) return {};
  auto json = std::make_shared<const Json>(load_json(path));
  if (!json->is_object()) throw UserError(str(path, " holds no object"));
  return {path, std::move(json)};
}

void check_tokenizer(const std::string& path, const HubVars& vars) {
  const auto vocab = vars.find("vocab");
  if (vocab == vars.end()) return;
  const int64_t has = load_tokenizer(path)->size();
  const auto* wants = std::get_if<int64_t>(&vocab->second.variant());
  // Vocabularies are padded to round numbers.
  constexpr int64_t kMostPadding = 1024;
  if (wants && (has > *wants || has + kMostPadding < *wants))
    throw UserError(str("the tokenizer '", path, "' has ", has, " tokens, the model ", *wants),
                    "name that of the model with --tokenizer");
}
}  // namespace

HubPlan plan_hub(std::span<const std::shared_ptr<const Family>> families, const HubConfig& config,
                 const HubTypes& types, const std::string& path, const HubOptions& options) {
  HubPlan out;
  const Family& family = family_of(families, config, types, path);
  out.family = *std::ranges::find(families, &family, [](const auto& f) { return f.get(); });
  out.names = names_in_file(family, types);
  out.values = values_of(family, config, out.names.types);
  if (!options.text.empty()) check_tokenizer(options.tokenizer, out.values.vars);
  out.spec = spec_text(family, out.values.vars, options.text, options.tokenizer);
  out.pieces = pieces_of(family, out.values, weights_of_spec(out.spec));
  out.rest = account(family, out.pieces, out.names, path);
  return out;
}

HubModel import_tensors(const HubConfig& config, const HubTensors& tensors, const std::string& path,
                        const HubOptions& options) {
  const auto families = load_families(families_folder(options.maps));
  const HubPlan plan = plan_hub(families, config, tensors.types, path, options);
  check_tied(plan, tensors, path);
  HubModel out = taken(plan, config, tensors);
  count_from_starts(out);
  out.model.noise = options.text.empty();
  return out;
}

HubModel import_hub(const std::string& path, const HubOptions& options) {
  std::error_code none;
  const bool folder = fs::is_directory(path, none);
  if (!folder && !file_exists(path)) throw UserError(str("there is no '", path, "' to import"));
  HubOptions o = options;
  HubConfig config;
  if (folder) {
    if (!is_weight_folder(path)) refuse_pickles(path);
    config = config_in(path);
    const std::string beside = path + "/tokenizer.json";
    if (o.tokenizer.empty() && file_exists(beside)) o.tokenizer = fs::absolute(beside).string();
  }
  if (!o.text.empty() && o.tokenizer.empty())
    throw UserError("--text needs a tokenizer, and there is no tokenizer.json beside the weights",
                    "name its file with --tokenizer");
  const WeightFiles files(path);
  HubModel out = import_tensors(
      config, {files.types(), [&](const std::string& name) { return files.read(name); }}, path, o);
  if (folder)
    for (const char* name :
         {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json",
          "merges.txt", "vocab.txt", "spiece.model", "tokenizer.model", "generation_config.json",
          "preprocessor_config.json"})
      if (file_exists(str(path, "/", name))) out.origin.files.push_back(str(path, "/", name));
  return out;
}
}  // namespace cambium
