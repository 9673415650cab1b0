#include "search/records/scale_record.h"

#include <algorithm>
#include <cmath>

#include "core/system/files.h"
#include "search/records/record_items.h"

namespace cambium {
namespace {
ScaleSpan span_of(const JsonItem& item) {
  return {item.number("value"), interval_of(item, "interval")};
}

ScalePrediction prediction_of(const JsonItem& item) {
  return {item.number("value"), interval_of(item, "curve"), interval_of(item, "run")};
}

ScaleLine line_of(const JsonItem& item) {
  ScaleLine l{item.needed_text("fixed"),  item.number("at"),         numbers_of(item, "params"),
              numbers_of(item, "tokens"), numbers_of(item, "flops"), numbers_of(item, "loss"),
              numbers_of(item, "said"),   ends_of(item, "curve", 0), ends_of(item, "curve", 1),
              ends_of(item, "run", 0),    ends_of(item, "run", 1)};
  for (const auto* of : {&l.params, &l.tokens, &l.flops, &l.loss})
    require(of->empty() || of->size() == l.said.size(), item.where(),
            ": as many inputs as answers are needed");
  for (const auto* of : {&l.curve_low, &l.run_low})
    require(of->size() == l.said.size(), item.where(), ": as many intervals as answers are needed");
  return l;
}

ScaleHeldOut held_out_of(const JsonItem& item) {
  const JsonItem at = item.item("inputs");
  return {item.text("at"),
          {at.number("params"), at.number("tokens"), at.number("flops"), at.number("loss"),
           item.number("measured"), kUnknown},
          prediction_of(item.item("foretold")),
          item.number("error"),
          item.whole("runs"),
          item.whole("inside")};
}

void read_allocation(ScaleLaw& g, const JsonItem& item) {
  for (const auto& [key, to] : {std::pair("params_exponent", &g.params_exponent),
                                std::pair("tokens_exponent", &g.tokens_exponent)})
    if (item.find(key)) *to = span_of(item.item(key));
  for (const JsonItem& a : item.items("allocations"))
    g.allocations.push_back({a.number("flops"), span_of(a.item("params")),
                             span_of(a.item("tokens")), span_of(a.item("tokens_per_param")),
                             prediction_of(a.item("loss"))});
  const JsonItem line = item.item("allocation_line");
  g.allocation_line = {numbers_of(line, "flops"),     numbers_of(line, "params"),
                       ends_of(line, "params_95", 0), ends_of(line, "params_95", 1),
                       numbers_of(line, "tokens"),    ends_of(line, "tokens_95", 0),
                       ends_of(line, "tokens_95", 1)};
}

ScaleLaw group_of(const JsonItem& item) {
  ScaleLaw g{.name = item.text("group"),
             .failure = item.text("failure"),
             .help = item.text("help"),
             .runs = item.whole("runs"),
             .configurations = item.whole("configurations"),
             .form = item.text("form"),
             .ignored = item.text("ignored"),
             .untold = item.text("untold"),
             .no_allocation = item.text("no_allocation"),
             .reach = item.item("reach").text("text"),
             .refused = item.yes("refused"),
             .run_reach = item.number("run_reach")};
  const JsonItem parameters = item.item("parameters");
  for (const auto& [name, value] : parameters.json().items())
    g.parameters.emplace_back(name, span_of(parameters.item(name.c_str())));
  read_allocation(g, item);
  for (const JsonItem& l : item.items("lines")) g.lines.push_back(line_of(l));
  for (const JsonItem& m : item.items("isoflop"))
    if (m.find("params"))
      g.minima.push_back({m.number("flops"), span_of(m.item("params")), span_of(m.item("tokens"))});
  for (const JsonItem& h : item.items("held_out")) g.held_out.push_back(held_out_of(h));
  return g;
}

void read_exponents(ScaleRecord& s, const JsonItem& item, const std::string& group) {
  for (const JsonItem& e : item.items("exponents"))
    s.exponents.push_back({group, e.text("counted"), e.text("way"), span_of(e.item("params")),
                           span_of(e.item("tokens")), e.text("none")});
}

void read_comparisons(ScaleRecord& s, const JsonItem& item) {
  for (const JsonItem& c : item.items("comparisons")) {
    s.comparisons.push_back({c.text("text"), c.text("quantity"), {}});
    for (const JsonItem& x : c.items("crossings"))
      s.comparisons.back().crossings.push_back({x.number("x"), interval_of(x, "interval")});
  }
}

void read_residuals(ScaleRecord& s, const std::string& path) {
  const Csv csv = load_csv(path);
  const auto column = [&](std::string_view name) {
    return size_t(std::ranges::find(csv.header, name) - csv.header.begin());
  };
  const size_t group = column("group"), said = column("law"), measured = column(s.answers);
  require(std::max({group, said, measured}) < csv.header.size(), path, " has no columns group, ",
          s.answers, " and law");
  for (size_t q = group + 1; q < measured; ++q) s.needs.push_back(csv.header[q]);
  for (size_t r = 0; r < csv.rows.size(); ++r) {
    const auto g = std::ranges::find(s.groups, csv.rows[r][group], &ScaleLaw::name);
    require(g != s.groups.end(), path, ": there is no group '", csv.rows[r][group], "'");
    const auto at = [&](std::string_view name) {
      const size_t c = column(name);
      return c < measured ? number_in(csv, r, c) : kUnknown;
    };
    ScaleRun run{
        at("params"),           at("tokens"), at("flops"), at("loss"), number_in(csv, r, measured),
        number_in(csv, r, said)};
    if (std::isnan(run.flops)) run.flops = s.flops_per_nd * run.params * run.tokens;
    g->points.push_back(run);
  }
}
}  // namespace

const std::vector<double>& ScaleLine::along(std::string_view quantity) const {
  return quantity == "params"   ? params
         : quantity == "tokens" ? tokens
         : quantity == "flops"  ? flops
                                : loss;
}

double ScaleRun::along(std::string_view quantity) const {
  return quantity == "params"   ? params
         : quantity == "tokens" ? tokens
         : quantity == "flops"  ? flops
                                : loss;
}

bool is_scale_folder(const std::string& folder) {
  return file_exists(folder + "/scale.json");
}

ScaleRecord read_scale_folder(const std::string& folder) {
  const std::string path = folder + "/scale.json";
  if (!file_exists(path))
    throw UserError(str("'", folder, "' holds no scaling law: there is no scale.json"),
                    "give the folder that `cambium scale -o` wrote");
  const Json json = load_json(path);
  const JsonItem top(json, path);
  ScaleRecord s{.folder = folder,
                .law = top.text("law"),
                .formula = top.text("formula"),
                .paper = top.text("paper"),
                .file = top.text("file"),
                .warning = top.text("warning"),
                .command = top.text("command"),
                .no_law = top.text("no_law"),
                .answers = top.find("answers") ? top.text("answers") : std::string("loss"),
                .flops_per_nd = top.number("flops_per_nd")};
  if (!s.warning.empty()) s.flops_per_nd = kUnknown;
  require(!s.law.empty() || !s.no_law.empty(), path, ": 'law' is missing");
  if (top.find("own_loss")) {
    s.own_name = top.item("own_loss").text("name");
    s.own_loss = top.item("own_loss").number("loss");
  }
  for (const JsonItem& g : top.items("groups")) {
    s.groups.push_back(group_of(g));
    read_exponents(s, g, s.groups.back().name);
  }
  read_comparisons(s, top);
  const std::string residuals = folder + "/residuals.csv";
  if (file_exists(residuals) && !s.groups.empty()) read_residuals(s, residuals);
  for (ScaleLaw& g : s.groups)
    for (ScaleHeldOut& h : g.held_out)
      if (std::isnan(h.run.flops)) h.run.flops = s.flops_per_nd * h.run.params * h.run.tokens;
  return s;
}
}  // namespace cambium
