#include "app/tables/catalogue.h"

#include <cmath>
#include <sstream>

#include "app/command.h"
#include "app/tables/table.h"
#include "app/tables/topics.h"
#include "blocks/block.h"
#include "core/text/fmt.h"
#include "core/text/json.h"
#include "data/curation/support/step.h"
#include "data/dataset.h"
#include "ops/ops.h"
#include "search/study/study_keys.h"
#include "train/adapters/spec.h"
#include "train/parameterisation/support/parameterisation.h"
#include "train/spec/optim.h"
#include "train/spec/options.h"
#include "train/spec/schedule.h"
#include "train/weights/transfer_spec.h"

namespace cambium {
namespace {
void add_blocks(std::vector<CatalogueEntry>& all) {
  for (const Block* b : builtin_blocks()) {
    CatalogueEntry e{.kind = "block", .name = std::string(b->name), .doc = std::string(b->doc)};
    e.family = b->family;
    e.formula = b->formula;
    e.source = b->paper;
    e.primary = b->primary;
    if (!b->no_width_rule.empty())
      e.doc += str(". Refused by mup and completep: ", b->no_width_rule);
    e.options = b->attrs.describe();
    for (Domain d : b->accepts) e.accepts += str(e.accepts.empty() ? "" : ", ", name_of(d));
    if (e.accepts.empty()) e.accepts = "any domain";
    if (!b->samples.empty()) e.example = str("- ", b->samples[0].yaml);
    all.push_back(std::move(e));
  }
}

void add_operators(std::vector<CatalogueEntry>& all) {
  for (const Op* op : builtin_ops()) {
    CatalogueEntry e{
        .kind = "operator", .name = std::string(op->name), .doc = std::string(op->doc)};
    e.options = op->attrs.describe();
    const std::string least = str(op->min_inputs);
    e.accepts = op->max_inputs < 0                 ? least + " or more inputs"
                : op->max_inputs == op->min_inputs ? str(least, least == "1" ? " input" : " inputs")
                                                   : str(least, " to ", op->max_inputs, " inputs");
    if (op->vjp) e.accepts += ", has a gradient";
    e.accepts += op->onnx ? ", goes to ONNX" : str(", not to ONNX: ", op->not_onnx);
    all.push_back(std::move(e));
  }
}

void add_data_and_training(std::vector<CatalogueEntry>& all) {
  for (const DatasetKind* d : builtin_datasets()) {
    CatalogueEntry e{.kind = "dataset", .name = std::string(d->name), .doc = std::string(d->doc)};
    e.source = d->source;
    e.primary = d->primary;
    e.options = d->attrs.describe();
    e.example = d->wrap ? str("data:\n  ", d->name, ": {of: {text_chars: {path: input.txt}}}")
                        : str("data: ", d->name);
    all.push_back(std::move(e));
  }
  for (const Optimizer* o : builtin_optimizers()) {
    CatalogueEntry e{.kind = "optimizer", .name = std::string(o->name), .doc = std::string(o->doc)};
    e.source = o->paper;
    e.options = o->attrs.describe();
    e.example = str("train: {optimizer: ", o->name, "}");
    all.push_back(std::move(e));
  }
  for (const Schedule* s : builtin_schedules()) {
    CatalogueEntry e{.kind = "schedule", .name = std::string(s->name), .doc = std::string(s->doc)};
    e.source = s->paper;
    e.options = s->attrs.describe();
    e.example = str("train: {schedule: ", s->name, "}");
    all.push_back(std::move(e));
  }
  for (const Parameterisation* p : builtin_parameterisations()) {
    CatalogueEntry e{
        .kind = "parameterisation", .name = std::string(p->name), .doc = std::string(p->doc)};
    e.source = p->paper;
    e.example = p->weight ? str("parameterisation: {", p->name, ": {base: {vars.dim: 64}}}")
                          : str("parameterisation: ", p->name);
    all.push_back(std::move(e));
  }
  for (const Loss* l : builtin_losses()) {
    CatalogueEntry e{.kind = "loss", .name = std::string(l->name), .doc = std::string(l->doc)};
    e.source = l->paper;
    e.options = l->attrs.describe();
    e.accepts = l->target == TargetKind::kClasses  ? "class targets"
                : l->target == TargetKind::kValues ? "targets that are values"
                                                   : "targets that are sequences";
    e.example = str("train: {loss: ", l->name, "}");
    all.push_back(std::move(e));
  }
}

void add_adapters(std::vector<CatalogueEntry>& all) {
  for (const AdapterMethod* m : builtin_adapters()) {
    CatalogueEntry e{.kind = "adapter", .name = std::string(m->name), .doc = std::string(m->doc)};
    e.source = m->paper;
    e.options = m->attrs.describe();
    e.accepts = str(what_is_adapted(m->place), "s");
    e.example = m->usual.empty() ? str("adapt: {", m->name, ": {on: [\"*attention*\"]}}")
                                 : str("adapt: {", m->name, ": {}}");
    all.push_back(std::move(e));
  }
}

void add_curation(std::vector<CatalogueEntry>& all) {
  for (const CurationKind* k : builtin_steps()) {
    CatalogueEntry e{
        .kind = "curation step", .name = std::string(k->name), .doc = std::string(k->doc)};
    e.source = k->source;
    e.primary = k->primary;
    e.options = k->attrs.describe();
    e.example = str("steps:\n  - ", k->name);
    all.push_back(std::move(e));
  }
}

void add_topics(std::string_view kind, std::span<const Topic> words,
                std::vector<CatalogueEntry>& all) {
  for (const Topic& t : words) {
    CatalogueEntry e{.kind = std::string(kind), .name = std::string(t.name)};
    e.doc = t.text;
    e.example = t.example;
    if (kind == "section" && t.name == "train") e.options = describe_fields<TrainOptions>();
    if (kind == "section" && t.name == "init") e.options = init_fields();
    if (kind == "section" && t.name == "adapt") e.options = describe_fields<AdaptOptions>();
    for (const StudyKey& k : study_key_list())
      if (kind == "study key" && k.name == t.name) e.options = parts_of(k);
    all.push_back(std::move(e));
  }
}

void add_metrics(std::vector<CatalogueEntry>& all) {
  for (const std::string& name : validation_metrics()) {
    CatalogueEntry e{.kind = "metric", .name = name};
    e.doc = higher_is_better(name) ? "higher is better" : "lower is better";
    e.example = str("train: {best: ", name, "}");
    all.push_back(std::move(e));
  }
}

void add_words(std::vector<CatalogueEntry>& all) {
  add_metrics(all);
  add_curation(all);
  add_adapters(all);
  add_topics("section", spec_sections(), all);
  add_topics("modifier", block_modifiers(), all);
  add_topics("study key", study_keys(), all);
  add_recipe_words(all);
  add_search_words(all);
  add_law_words(all);
  for (const Command* c : builtin_commands()) {
    CatalogueEntry e{.kind = "command", .name = std::string(c->name), .doc = std::string(c->doc)};
    for (std::string_view x : c->examples) e.example += str(e.example.empty() ? "" : "\n", x);
    all.push_back(std::move(e));
  }
  add_topics("topic", topics(), all);
}

std::string indented(std::string_view text, std::string_view indent) {
  std::string out;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    out += str(indent, text.substr(0, end), "\n");
    text = end == text.npos ? std::string_view() : text.substr(end + 1);
  }
  return out;
}
}  // namespace

std::vector<CatalogueEntry> catalogue() {
  std::vector<CatalogueEntry> all;
  add_blocks(all);
  add_operators(all);
  add_data_and_training(all);
  add_words(all);
  return all;
}

std::vector<CatalogueEntry> catalogue_of(std::string_view kind) {
  std::vector<CatalogueEntry> all = catalogue();
  std::erase_if(all, [&](const CatalogueEntry& e) { return e.kind != kind; });
  return all;
}

std::string range_text(const FieldInfo& f) {
  if (!f.choices.empty()) {
    std::string out;
    for (const std::string& c : f.choices) out += str(out.empty() ? "" : "|", c);
    return out;
  }
  // What every whole number keeps to need not be said.
  const bool from = f.min > -kMostWhole, to = f.max < kMostWhole;
  if (!from && !to) return "";
  if (!to) return str("from ", f.min);
  if (!from) return str("up to ", f.max);
  return str(f.min, " to ", f.max);
}

// Choices that would widen the table for every option stand below theirs, in lines of 90 columns.
constexpr size_t kWidestRange = 24, kWidestLine = 90;

std::string choices_below(const FieldInfo& f) {
  std::string out, line;
  for (const std::string& c : f.choices) {
    if (line.size() + c.size() > kWidestLine) {
      out += str("        ", line, "\n");
      line.clear();
    }
    line += str(line.empty() && out.empty() ? "" : "|", c);
  }
  return out + str("        ", line, "\n");
}

std::string options_text(const CatalogueEntry& e) {
  Table table;
  for (const FieldInfo& f : e.options) {
    const std::string range = range_text(f);
    table.row({str("    ", f.name, f.name == e.primary ? " (plain value)" : ""), f.type,
               f.default_text.empty() ? "\"\"" : f.default_text,
               range.size() > kWidestRange ? "one of" : range, f.doc});
  }
  std::istringstream rows(table.text());
  std::string out, row;
  for (const FieldInfo& f : e.options) {
    std::getline(rows, row);
    out += row + "\n";
    if (range_text(f).size() > kWidestRange) out += choices_below(f);
  }
  return out;
}

std::string page_text(const CatalogueEntry& e) {
  std::string out = str(e.name, " (", e.kind, e.family.empty() ? "" : ", ", e.family, ")\n",
                        indented(e.doc, "  "));
  const auto line = [&](std::string_view label, const std::string& text) {
    if (!text.empty()) out += fmt::format("  {:<9}{}\n", label, text);
  };
  line("formula", e.formula);
  line("takes", e.accepts);
  // Of some convolutions the plain value is the kernel, of others the width: nobody should guess.
  if (std::ranges::count(e.options, e.primary, &FieldInfo::name))
    line("short", str(e.name, ": VALUE means ", e.name, ": {", e.primary, ": VALUE}"));
  line("source", e.source);
  if (!e.options.empty()) out += "\n  options\n" + options_text(e);
  if (!e.example.empty()) out += str("\n  example\n", indented(e.example, "    "));
  return out;
}

Json to_json(const CatalogueEntry& e) {
  Json options = Json::array();
  for (const FieldInfo& f : e.options) {
    Json o = {{"name", f.name}, {"type", f.type}, {"default", f.default_text}, {"doc", f.doc}};
    if (!std::isinf(f.min)) o["min"] = f.min;
    if (!std::isinf(f.max)) o["max"] = f.max;
    if (!f.choices.empty()) o["choices"] = f.choices;
    options.push_back(std::move(o));
  }
  return {{"kind", e.kind},      {"name", e.name},       {"doc", e.doc},
          {"family", e.family},  {"formula", e.formula}, {"takes", e.accepts},
          {"source", e.source},  {"primary", e.primary}, {"options", options},
          {"example", e.example}};
}
}  // namespace cambium
