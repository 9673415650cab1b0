#include "train/hub/export_hub.h"

#include <algorithm>
#include <deque>
#include <filesystem>

#include "blocks/compose/weight_ends.h"
#include "core/system/files.h"
#include "core/tensor/bf16.h"
#include "core/tensor/safetensors.h"
#include "core/text/json.h"
#include "core/text/suggest.h"
#include "train/hub/config_out.h"
#include "train/hub/guess.h"
#include "train/hub/same_graph.h"
#include "train/hub/spec_template.h"
#include "train/weights/warm_start.h"

namespace cambium {
namespace {
namespace fs = std::filesystem;
using Families = std::vector<std::shared_ptr<const Family>>;
using RunWeights = std::map<std::string, Tensor, std::less<>>;

// What families with one spec have in common: "vit" of vit and vit_timm.
std::string base_of(const Family& f) {
  const Yaml* from = f.root.find("spec_of");
  return from ? from->text : f.name;
}

std::string naming_of(const Family& f) {
  const std::string base = base_of(f);
  return f.name == base ? "hf" : f.name.substr(base.size() + 1);
}

const Family& family_named(const Families& families, const std::string& base,
                           const std::string& to) {
  std::vector<std::string> known;
  for (const auto& f : families) {
    if (base_of(*f) != base) continue;
    if (naming_of(*f) == to) return *f;
    known.push_back(naming_of(*f));
  }
  throw UserError(str("there is no layout '", to, "' of ", base), suggestion(to, known));
}

// The model that the variables make, on the data of the run.
Graph graph_of(const Family& f, const HubVars& vars, const Experiment& e) {
  const std::string name = str("the spec of ", f.name);
  Spec spec{name, parse_yaml(spec_text(f, vars, "", ""), name)};
  if (const Yaml* data = e.spec.section("data")) *spec.root.find("data") = *data;
  const Experiment other = open_to_measure(std::move(spec), e.data, e.sets);
  return model_graph(other, 1, false);
}

Tensor scalar_count() {
  return Tensor(DType::kI64, Shape());
}

struct Said {  // what is exported, and how it was found
  const Family* family;
  HubVars vars;
  std::string variant;
  HubConfig config;
};

class Exporter {
 public:
  Exporter(const Said& said, const HubOrigin* origin) : said_(said), origin_(origin) {}

  HubExport run(const Experiment& e, const RunWeights& weights) {
    const Family& f = *said_.family;
    const Graph ours = model_graph(e, 1, false);
    starts_ = start_offsets(ours);
    const Graph theirs = graph_of(f, said_.vars, e);
    const auto names = same_weights(ours, theirs, str("one of the family ", f.name));
    for (const Piece& piece : pieces_of(f, {said_.vars, said_.variant}, weights_of(theirs)))
      if (!piece.fresh) add(piece, weights, names);
    if (origin_) add_remembered();
    out_.family = f.name;
    out_.variant = said_.variant;
    out_.config = said_.config.json;
    if (!out_.config) check_unsaid();
    return std::move(out_);
  }

 private:
  // A layout without config.json leaves to its program what tensors do not say.
  void check_unsaid() {
    HubTypes types;
    for (const auto& [name, t] : out_.tensors) types.emplace(name, t.type());
    const HubVars taken = values_of(*said_.family, {}, types).vars;
    for (const auto& [name, value] : said_.vars) {
      const auto other = taken.find(name);
      if (other == taken.end() || other->second.text() == value.text() || name == "image") continue;
      const std::string differs = str(name, " is ", value.text(),
                                      ", and who reads this layout takes ", other->second.text());
      if (name != "eps")
        throw UserError(differs, "export it with --to hf, whose config.json says it");
      out_.note = differs;
    }
  }

  std::string file_name(const std::string& name) const {
    if (!origin_) return name;
    const auto at = origin_->file_names.find(name);
    return at == origin_->file_names.end() ? name : at->second;
  }

  void add(const Piece& piece, const RunWeights& weights,
           const std::map<std::string, std::string>& names) {
    if (!piece.layout) {
      const bool kept = origin_ && origin_->kept.contains(piece.theirs);
      if (!kept && origin_) return;  // the file that it came from has none
      out_.tensors.emplace(file_name(piece.theirs),
                           kept ? origin_->kept.at(piece.theirs).clone() : scalar_count());
      return;
    }
    std::vector<const Tensor*> ours;
    for (const std::string& name : piece.ours) {
      const auto t = weights.find(names.at(name));
      require(t != weights.end(), "the run has no weights of '", names.at(name), "'");
      ours.push_back(&whole(names.at(name), t->second));
    }
    out_.tensors.emplace(file_name(piece.theirs), to_theirs(*piece.layout, ours));
  }

  // What the weight is: ours may count from where it starts.
  const Tensor& whole(const std::string& name, const Tensor& t) {
    const auto start = starts_.find(name);
    if (start == starts_.end()) return t;
    add_offset(wholes_.emplace_back(t.clone()), *start->second, 1);
    return wholes_.back();
  }

  void add_remembered() {
    for (const std::string& name : origin_->tied) {
      const auto at = out_.tensors.find(file_name(said_.family->ties.at(name)));
      if (at != out_.tensors.end()) out_.tensors.emplace(file_name(name), at->second.clone());
    }
    for (const auto& [name, t] : origin_->kept)
      out_.tensors.try_emplace(file_name(name), t.clone());
    out_.files = origin_->files;
  }

  const Said& said_;
  const HubOrigin* origin_;
  std::map<std::string, const Tensor*> starts_;
  std::deque<Tensor> wholes_;
  HubExport out_;
};

// Of a run that was not imported: the first family that its model is one of.
HubExport export_guessed(const Families& families, const Experiment& e, const RunWeights& weights,
                         const std::string& to) {
  size_t most = 0;
  UserError nearest("");
  for (const auto& f : families) {
    if (f->model_types().empty()) continue;
    std::vector<const HeadVariant*> heads;
    for (const HeadVariant& v : f->variants) heads.push_back(&v);
    if (heads.empty()) heads.push_back(nullptr);
    for (const HeadVariant* head : heads) {
      size_t matched = 1;
      try {
        HubValues values = guess_values(*f, head, e, matched);
        Said said{&family_named(families, f->name, to), std::move(values.vars), values.variant, {}};
        said.config = config_from(*said.family, said.vars, said.variant);
        return Exporter(said, nullptr).run(e, weights);
      } catch (const UserError& why) {
        if (matched > std::exchange(most, std::max(most, matched))) nearest = why;
      }
    }
  }
  nearest.notes.push_back(
      {"that is the nearest family; the model is of none that has a mapping file", {}});
  throw nearest;
}

}  // namespace

std::vector<std::string> hub_namings(const std::string& maps) {
  std::vector<std::string> out;
  for (const auto& f : load_families(families_folder(maps)))
    if (!std::ranges::count(out, naming_of(*f))) out.push_back(naming_of(*f));
  return out;
}

HubExport export_hub(const Experiment& e, const RunWeights& weights, const HubOrigin* origin,
                     const HubConfig& config, const std::string& to, const std::string& maps) {
  const Families families = load_families(families_folder(maps));
  Said said{};
  if (config.json) {
    said.family = &family_of(families, config, {}, config.path);
    said.config = config;
    HubValues values = values_of(*said.family, config, {});
    said.vars = std::move(values.vars);
    said.variant = values.variant;
    return Exporter(said, nullptr).run(e, weights);
  }
  if (!origin) return export_guessed(families, e, weights, to);
  const auto own =
      std::ranges::find(families, origin->family, [](const auto& f) { return f->name; });
  if (own == families.end())
    throw UserError(str("there is no mapping file of the family '", origin->family, "'"));
  said.family = &family_named(families, base_of(**own), to);
  said.vars = origin->vars;
  said.variant = origin->variant;
  const bool back = said.family == own->get();
  said.config = back && origin->config ? HubConfig{"config.json", origin->config}
                                       : config_from(*said.family, said.vars, said.variant);
  return Exporter(said, back ? origin : nullptr).run(e, weights);
}

void write_export(const HubExport& model, const std::string& folder, bool bf16) {
  make_folders(folder);
  std::map<std::string, Tensor, std::less<>> narrow;
  std::map<std::string, const Tensor*, std::less<>> all;
  for (const auto& [name, t] : model.tensors) {
    all[name] = &t;
    if (!bf16 || t.type().dtype != DType::kF32) continue;
    Tensor n(DType::kBf16, t.shape());
    narrow_range(t.f32().data(), reinterpret_cast<uint16_t*>(n.data()), t.count());
    all[name] = &(narrow.emplace(name, std::move(n)).first->second);
  }
  write_safetensors(folder + "/model.safetensors", all, {{"format", "pt"}});
  if (model.config) replace_file(folder + "/config.json", to_text(*model.config, 2) + "\n");
  for (const std::string& file : model.files)
    fs::copy_file(file, fs::path(folder) / fs::path(file).filename(),
                  fs::copy_options::overwrite_existing);
}
}  // namespace cambium
