#include "app/scale/scale_view.h"

#include <cmath>

#include "app/tables/table.h"
#include "core/text/fmt.h"
#include "core/text/json.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
std::string short_number(double v) {
  return std::abs(v) >= 1e4 ? fmt::format("{:.3e}", v) : fmt::format("{:.4g}", v);
}

std::string range_text(Interval i) {
  return str("[", short_number(i.low), ", ", short_number(i.high), "]");
}

std::string inputs_text(const Law& law, const LawInput& at) {
  std::string out;
  for (Quantity q : law.needs)
    out += str(out.empty() ? "" : ", ", quantity_symbol(q), " = ", short_number(at.x[q]));
  return out;
}

std::string fit_sentence(const GroupAnswer& g) {
  const LawFit& f = g.fit;
  if (f.kind == FitObjective::kHuber)
    return fmt::format("the sum of Huber(1e-3) of the log {} is {:.6g}", f.law->answers,
                       f.objective);
  return fmt::format("least squares of the log {}: a run strays {:.3g} % from the curve",
                     f.law->answers, 100 * f.run_spread);
}

std::string form_sentence(const LawFit& f) {
  const LackOfFit& l = f.lack;
  if (!l.testable) return "whether the form holds cannot be tested: no configuration has two seeds";
  const std::string sizes =
      fmt::format("the curve misses {:.2g} %, repeats differ by {:.2g} %, F = {:.3g}, p = {:.2g}",
                  100 * l.misfit, 100 * l.noise, l.f, l.p);
  if (!l.refused()) return "the form is not refuted at 1 %: " + sizes;
  return "this form does not hold: " + sizes +
         "; parameters and allocation are withheld, predictions carry the misfit";
}

std::string parameters_text(const GroupAnswer& g) {
  Table table({1, 2, 3, 4});
  table.row({"parameter", "value", "95 % interval", "delta method", "bootstrap"});
  for (size_t i = 0; i < g.parameters.size(); ++i) {
    const Spanned& s = g.parameters[i];
    table.row({std::string(g.fit.law->parameters[i].name), short_number(s.value),
               range_text(s.interval), range_text(s.delta), range_text(s.bootstrap)});
  }
  return g.parameters.empty() ? "" : table.text();
}

std::string allocation_text(const GroupAnswer& g) {
  if (!g.params_exponent) return "";
  Table table({0, 1, 2, 3, 4});
  table.row({"FLOPs", "parameters N*", "tokens D*", "tokens per parameter", "loss of a run"});
  for (const Allocation& a : g.allocations)
    table.row(
        {fmt::format("{:.2e}", a.flops),
         str(compact(a.params.value), " [", compact(a.params.interval.low), ", ",
             compact(a.params.interval.high), "]"),
         str(compact(a.tokens.value), " [", compact(a.tokens.interval.low), ", ",
             compact(a.tokens.interval.high), "]"),
         str(short_number(a.tokens_per_param.value), " ", range_text(a.tokens_per_param.interval)),
         str(short_number(a.loss.value), " ", range_text(a.loss.run))});
  return str("\nbest parameters N* ~ C^", short_number(g.params_exponent->value), " ",
             range_text(g.params_exponent->interval), ", tokens D* ~ C^",
             short_number(g.tokens_exponent->value), " ", range_text(g.tokens_exponent->interval),
             "\n", table.text());
}

std::string held_out_text(const GroupAnswer& g) {
  if (g.held_out.empty()) return "";
  Table table({1, 2, 3, 4, 5});
  table.row({"held out", "measured", "foretold", "error", "interval of a run", "inside"});
  for (const HeldOut& h : g.held_out)
    table.row({inputs_text(*g.fit.law, h.at), short_number(h.measured),
               short_number(h.foretold.value), signed_fixed(100 * h.error(), 2) + " %",
               range_text(h.foretold.run), str(h.inside, " of ", h.runs)});
  return "\n" + table.text();
}

std::string flops_sentence(const PointTable& t) {
  if (t.flops == FlopsFrom::kNothing) return "";
  if (t.flops == FlopsFrom::kSixNd)
    return "FLOPs are 6 N D; parameters are counted as the file counts them\n";
  return fmt::format(
      "FLOPs are the file's, {:.3g} N D{}; parameters are counted as it counts them\n",
      t.flops_per_nd, t.tokens_follow ? ", and tokens are worked out as C / (6 N)" : "");
}

Json interval_json(Interval i) {
  return Json::array({i.low, i.high});
}

Json spanned_json(const Spanned& s) {
  return {{"value", s.value},
          {"interval", interval_json(s.interval)},
          {"delta", interval_json(s.delta)},
          {"bootstrap", interval_json(s.bootstrap)}};
}

Json prediction_json(const Prediction& p) {
  return {{"value", p.value}, {"curve", interval_json(p.curve)}, {"run", interval_json(p.run)}};
}

Json group_json(const GroupAnswer& g) {
  const LawFit& f = g.fit;
  Json json = {{"group", g.name},
               {"runs", f.runs.size()},
               {"configurations", f.sites},
               {"objective", f.kind == FitObjective::kHuber ? "huber" : "squares"},
               {"minimum", f.objective},
               {"form", form_sentence(f)},
               {"refused", f.lack.refused()},
               {"most_passes", g.most_passes > 0 ? Json(g.most_passes) : Json()}};
  json["parameters"] = Json::object();
  for (size_t i = 0; i < g.parameters.size(); ++i)
    json["parameters"][std::string(f.law->parameters[i].name)] = spanned_json(g.parameters[i]);
  if (g.params_exponent) {
    json["params_exponent"] = spanned_json(*g.params_exponent);
    json["tokens_exponent"] = spanned_json(*g.tokens_exponent);
  }
  json["allocations"] = Json::array();
  for (const Allocation& a : g.allocations)
    json["allocations"].push_back({{"flops", a.flops},
                                   {"params", spanned_json(a.params)},
                                   {"tokens", spanned_json(a.tokens)},
                                   {"tokens_per_param", spanned_json(a.tokens_per_param)},
                                   {"loss", prediction_json(a.loss)}});
  json["held_out"] = Json::array();
  for (const HeldOut& h : g.held_out)
    json["held_out"].push_back({{"at", inputs_text(*f.law, h.at)},
                                {"runs", h.runs},
                                {"measured", h.measured},
                                {"foretold", prediction_json(h.foretold)},
                                {"error", h.error()},
                                {"inside", h.inside}});
  return json;
}
}  // namespace

std::string scale_text(const ScaleAnswer& answer) {
  const Law& law = *answer.law;
  std::string out = str("law ", law.name, ": ", law.formula, " (", law.paper, ")\n",
                        flops_sentence(answer.table));
  for (const GroupAnswer& g : answer.groups) {
    out += str("\n", g.name.empty() ? "" : visible(g.name) + ": ", g.fit.runs.size(), " runs of ",
               g.fit.sites, " configurations; ", fit_sentence(g), "\n", form_sentence(g.fit), "\n");
    if (g.most_passes > 4)
      out += str("warning: tokens were seen up to ", short_number(g.most_passes),
                 " times; above four passes they are worth less than new ones\n");
    out += parameters_text(g) + allocation_text(g) + held_out_text(g);
  }
  return out;
}

Json scale_json(const ScaleAnswer& answer) {
  Json json = {{"law", answer.law->name},
               {"formula", answer.law->formula},
               {"file", answer.table.file},
               {"flops_per_nd", answer.table.flops_per_nd}};
  json["groups"] = Json::array();
  for (const GroupAnswer& g : answer.groups) json["groups"].push_back(group_json(g));
  return json;
}

std::string residuals_csv(const ScaleAnswer& answer) {
  const Law& law = *answer.law;
  std::string out = "group";
  for (Quantity q : law.needs) out += str(",", quantity_name(q));
  out += str(",", law.answers, ",law,residual\n");
  for (const GroupAnswer& g : answer.groups)
    for (const LawRun& r : g.fit.runs) {
      std::string name = g.name;  // as a quoted cell
      for (size_t i = 0; (i = name.find('"', i)) != name.npos; i += 2) name.insert(i, "\"");
      out += str("\"", name, "\"");
      for (Quantity q : law.needs) out += str(",", r.at.x[q]);
      const double said = law_value(law, g.fit.theta, r.at), measured = std::exp(r.log_answer);
      out += str(",", measured, ",", said, ",", measured / said - 1, "\n");
    }
  return out;
}
}  // namespace cambium
