#include "app/scale/scale_view.h"

#include <cmath>

#include "app/scale/compare_view.h"
#include "app/scale/exponents_view.h"
#include "app/tables/table.h"
#include "core/text/fmt.h"
#include "core/text/json.h"
#include "search/laws/answers/law_lines.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
std::string short_number(double v) {
  return std::abs(v) >= 1e4 ? fmt::format("{:.3e}", v) : fmt::format("{:.4g}", v);
}

std::string range_text(Interval i) {
  if (std::isnan(i.low) || std::isnan(i.high)) return "-";
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

std::string closest_text(const LawFit& f) {
  return str("the closest at ", inputs_text(*f.law, f.lack.closest));
}

// Why the form is not tested.
std::string untested_text(const LawFit& f) {
  using Untested = LackOfFit::Untested;
  const LackOfFit& l = f.lack;
  const std::string start = "whether the form holds cannot be tested";
  switch (l.untested) {
    case Untested::kNoSites:
      return start + ": the law has as many parameters as configurations";
    case Untested::kEqual:
      return start + ": repeats are equal, copied rows or runs without chance, and show no noise";
    case Untested::kFewRepeats:
      return fmt::format(
          "{} fairly: repeats have {} degree{} of freedom, fewer than {} ({}), and differ by "
          "{:.2g} "
          "%",
          start, l.repeats, l.repeats > 1 ? "s" : "", kFewestRepeats, closest_text(f),
          100 * l.noise);
    case Untested::kRounding:
      return fmt::format(
          "{} fairly: repeats differ by {:.2g} %, below what losses are rounded to "
          "({})",
          start, 100 * l.noise, closest_text(f));
    default:
      return start + ": no configuration has two seeds";
  }
}

std::string form_sentence(const GroupAnswer& g) {
  const LackOfFit& l = g.fit.lack;
  if (!l.testable()) return untested_text(g.fit);
  std::string sizes = fmt::format(
      "the curve misses {:.2g} %, repeats differ by {:.2g} %, F = {:.3g} of {} and {} degrees of "
      "freedom, p = {:.2g}",
      100 * l.misfit, 100 * l.noise, l.f, l.sites, l.repeats, l.p_all);
  for (const LackOfFit::Bend& b : l.bends)
    sizes += fmt::format("; of a bend along {}{} p = {:.2g}", quantity_symbol(b.along),
                         b.with ? str(" and ", quantity_symbol(*b.with)) : "", b.p);
  sizes += fmt::format("; together p = {:.2g}", l.p);
  if (!l.refused()) return "the form is not refuted at 1 %: " + sizes;
  return "this form does not hold: " + sizes + "; parameters and allocation are withheld" +
         (g.held_out.empty() ? ""
                             : ", and beyond the data it foretells nothing: intervals below hold "
                               "the misfit among the runs fitted, not what comes after them");
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

std::string contradiction(const PointTable& t, const Law& law) {
  if (!t.flops_contradict()) return "";
  return fmt::format(
      "FLOPs are {:.3g} to {:.3g} N D: params, tokens and FLOPs contradict one "
      "another{}",
      t.least_per_nd, t.most_per_nd,
      law.needs.size() > 1 ? ", so compute is not divided between them" : "");
}

std::string flops_sentence(const PointTable& t, const Law& law) {
  if (t.flops == FlopsFrom::kNothing) return "";
  if (t.flops == FlopsFrom::kSixNd)
    return "FLOPs are 6 N D; parameters are counted as the file counts them\n";
  std::string out = "FLOPs are the file's";
  const bool n = t.has(PointRole::kParams);
  if (t.flops_contradict()) return str(out, "\nwarning: ", contradiction(t, law), "\n");
  if (n && (t.tokens_follow || t.has(PointRole::kTokens)))
    out += fmt::format(", {:.3g} N D{}", t.flops_per_nd,
                       t.tokens_follow ? ", and tokens are worked out as C / (6 N)" : "");
  return out + (n ? "; parameters are counted as it counts them\n" : "\n");
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

Json reach_json(const GroupAnswer& g) {
  const Reach& r = g.reach;
  return {{"text", reach_text(g.fit, r)},
          {"from", r.from},
          {"to", r.to},
          {"runs", r.runs},
          {"inside", r.inside},
          {"foretold", r.foretold()},
          {"narrow", r.narrow}};
}

Json inputs_json(const Law& law, const LawInput& at) {
  Json out = Json::object();
  for (Quantity q : law.needs) out[std::string(quantity_name(q))] = at.x[q];
  return out;
}

Json group_json(const GroupAnswer& g, const PointTable& t) {
  const LawFit& f = g.fit;
  if (g.failure)
    return {{"group", g.name}, {"failure", g.failure->what()}, {"help", g.failure->help}};
  Json json = {{"group", g.name},
               {"runs", f.runs.size()},
               {"configurations", f.sites},
               {"objective", f.kind == FitObjective::kHuber ? "huber" : "squares"},
               {"minimum", f.objective},
               {"converged", f.converged},
               {"form", form_sentence(g)},
               {"refused", f.lack.refused()},
               {"run_reach", run_reach(f)},
               {"ignored", g.ignored},
               {"untold", g.untold},
               {"no_allocation", g.no_allocation},
               {"off_line", g.off_line},
               {"reach", reach_json(g)},
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
  add_exponents(g, t, json);
  json["held_out"] = Json::array();
  for (const HeldOut& h : g.held_out)
    json["held_out"].push_back({{"at", inputs_text(*f.law, h.at)},
                                {"inputs", inputs_json(*f.law, h.at)},
                                {"runs", h.runs},
                                {"measured", h.measured},
                                {"foretold", prediction_json(h.foretold)},
                                {"error", h.error()},
                                {"inside", h.inside}});
  json["lines"] = law_lines_json(law_lines(g, t));
  if (const std::optional<AllocationLine> line = allocation_line(g, t))
    json["allocation_line"] = allocation_line_json(*line);
  return json;
}

std::string group_text(const GroupAnswer& g, const PointTable& t) {
  std::string out = str("\n", g.name.empty() ? "" : visible(g.name) + ": ");
  if (g.failure) return str(out, "not fitted: ", g.failure->what(), "; ", g.failure->help, "\n");
  out += str(g.fit.runs.size(), " runs of ", g.fit.sites, " configurations; ", fit_sentence(g),
             "\n", form_sentence(g), "\n");
  if (!g.fit.converged)
    out +=
        "warning: the descent had not ended after its last step: no start led to a minimum, and "
        "what follows is where it stood\n";
  for (const std::string& sentence :
       {g.ignored, g.untold, g.no_allocation, reach_text(g.fit, g.reach)})
    if (!sentence.empty()) out += sentence + "\n";
  if (g.off_line > 0)
    out += str(g.off_line, " runs held out lie off that line and are not foretold\n");
  if (g.most_passes > 4)
    out += str("warning: tokens were seen up to ", short_number(g.most_passes),
               " times; above four passes they are worth less than new ones\n");
  return out + parameters_text(g) + allocation_text(g) + exponents_text(g, t) + held_out_text(g);
}
}  // namespace

std::string scale_text(const ScaleAnswer& answer) {
  const Law& law = *answer.law;
  std::string out = str("law ", law.name, ": ", law.formula, " (", law.paper, ")\n",
                        flops_sentence(answer.table, law));
  for (const GroupAnswer& g : answer.groups) out += group_text(g, answer.table);
  return out + comparisons_text(answer);
}

Json scale_json(const ScaleAnswer& answer) {
  Json json = {{"law", answer.law->name},
               {"formula", answer.law->formula},
               {"paper", answer.law->paper},
               {"answers", answer.law->answers},
               {"file", answer.table.file},
               {"flops_per_nd", answer.table.flops_per_nd},
               {"warning", contradiction(answer.table, *answer.law)}};
  json["groups"] = Json::array();
  for (const GroupAnswer& g : answer.groups) json["groups"].push_back(group_json(g, answer.table));
  json["comparisons"] = comparisons_json(answer);
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
