#include "app/tables/transfer/adapter_table.h"

#include "app/tables/table.h"
#include "core/text/json.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
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
  for (const LeftAlone& l : report.left)
    table.row({str("  ", l.path), std::string(l.method), "-", str("left alone: ", l.why)});
  return table.text();
}
}  // namespace

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
