#include "app/tables/transfer/adapter_table.h"

#include "app/tables/table.h"
#include "core/text/json.h"
#include "train/adapters/family.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
constexpr std::string_view kVector = "it is a vector";

Json as_json(const AdapterReport& report) {
  Json places = Json::array(), left = Json::array();
  for (const AdaptedPlace& p : report.places)
    places.push_back({{"at", p.path},
                      {"method", p.method},
                      {"form", text_of(p.form)},
                      {"parameters", p.parameters},
                      {"tensors", p.tensors}});
  for (const LeftAlone& l : report.left)
    left.push_back({{"at", l.path}, {"method", l.method}, {"why", l.why}});
  return {{"places", places}, {"left_alone", left}};
}

std::string rows_of(const AdapterReport& report) {
  Table table;
  for (const AdaptedPlace& p : report.places)
    table.row({str("  ", p.path), std::string(p.method), compact(double(p.parameters)),
               std::string(text_of(p.form))});
  int64_t vectors = 0;  // that stand in blocks which a pattern meets
  for (const LeftAlone& l : report.left)
    if (l.why.starts_with(kVector))
      ++vectors;
    else
      table.row({str("  ", l.path), std::string(l.method), "-", str("left alone: ", l.why)});
  std::string text = table.text();
  if (vectors > 0)
    text += str("  and ", vectors, vectors == 1 ? " vector" : " vectors", " left alone\n");
  return text;
}

std::string cell_of(const AdapterClaim& c) {
  if (!c.refused.empty()) return "refused";
  return str(c.exact_start ? "exact" : "inexact", c.merges ? ", merges" : ", stays");
}
}  // namespace

std::string adapter_matrix() {
  Table table;
  std::vector<std::string> head = {""};
  for (int f = 0; f < kAdapterFamilies; ++f) head.emplace_back(name_of(AdapterFamily(f)));
  table.row(head);
  std::string reasons;
  for (const AdapterMethod* m : builtin_adapters()) {
    std::vector<std::string> row = {std::string(m->name)};
    for (int f = 0; f < kAdapterFamilies; ++f) {
      const AdapterClaim c = claim_of(*m, AdapterFamily(f));
      row.push_back(cell_of(c));
      if (!c.refused.empty())
        reasons += str(m->name, " on ", name_of(AdapterFamily(f)), ": ", c.refused, "\n");
    }
    table.row(row);
  }
  return str(table.text(), "\nexact: a fresh adapter changes no bit of an answer; merges: what it ",
             "learned fits into plain weights\n", reasons);
}

Json adapter_matrix_json() {
  Json out = Json::array();
  for (const AdapterMethod* m : builtin_adapters())
    for (int f = 0; f < kAdapterFamilies; ++f) {
      const AdapterClaim c = claim_of(*m, AdapterFamily(f));
      Json cell = {{"method", m->name}, {"family", name_of(AdapterFamily(f))}};
      if (c.refused.empty())
        cell.update({{"exact_start", c.exact_start}, {"merges", c.merges}});
      else
        cell["refused"] = c.refused;
      out.push_back(std::move(cell));
    }
  return out;
}

void add_adapters(const AdapterReport& report, std::string_view before, std::string& text,
                  Json& answer, bool all) {
  int64_t made = 0, own = 0;
  for (const AdaptedPlace& p : report.places)
    (p.form == AdapterForm::kOwn ? own : made) += p.parameters;
  text += str(before, "adapters: ", report.places.size(),
              report.places.size() == 1 ? " place, " : " places, ", compact(double(made)),
              " parameters of their own");
  text += own ? str(", ", compact(double(own)), " of the model move\n") : "\n";
  if (all) text += rows_of(report);
  answer["adapters"] = as_json(report);
}
}  // namespace cambium
