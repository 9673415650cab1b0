#include "viz/report/pages/search_page.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/text/fmt.h"
#include "core/text/format.h"
#include "search/verdict/decision.h"
#include "viz/plot/text.h"
#include "viz/report/page.h"

namespace cambium {
namespace {
constexpr size_t kMostTrialRows = 2000;

std::string share_of_table(const SearchRecord& s, double v) {
  return s.of_table > 0 ? str(" (", fixed(100 * v / s.of_table, 1), " % of what all rows enclose)")
                        : "";
}

std::string found_sentence(const SearchRecord& s) {
  if (s.front.empty()) return "No trial has a result that fulfils what was asked for.";
  const RecordedTrial& best = s.trials[s.front[0]];
  if (s.objectives.size() == 1) {
    std::string out = str("The best of ", s.trials.size(), " trials has ", s.objectives[0].name,
                          " ", plain(s.found), ": ", s.name_of(best), ", trial ", best.number);
    if (std::isfinite(s.of_table))
      out += str("; the best there is has ", plain(s.of_table), ", ",
                 plain(std::abs(s.of_table - s.found)), " away");
    if (std::isfinite(s.of_random))
      out += str("; as many uniform draws find ", plain(s.of_random), " in the mean");
    return out + ".";
  }
  std::string out = str("No trial beats the ", s.front.size(), " trials of the front, of ",
                        s.trials.size(), ", in everything");
  if (std::isfinite(s.found))
    out += str("; they enclose a hypervolume of ", plain(s.found), share_of_table(s, s.found));
  if (std::isfinite(s.of_random))
    out += str("; as many uniform draws ", plain(s.of_random), share_of_table(s, s.of_random));
  return out + ".";
}

void add_finalist_sentences(std::vector<std::string>& out, const SearchRecord& s) {
  if (s.finalists.empty()) return;
  const auto kept = std::ranges::count(s.finalists, true, &RecordedFinalist::may_be_best);
  const auto unjudged = std::ranges::count_if(
      s.finalists, [](const RecordedFinalist& f) { return !f.not_judged.empty(); });
  const std::string how = str(" by ", s.trainings,
                              " trainings that chose nothing (multiple comparisons with "
                              "the best, 95 %).");
  if (!s.named.empty())
    out.push_back(str("The best of the finalists is ", s.named, how));
  else if (!s.named_of_judged.empty())
    out.push_back(
        str("Of the finalists that were judged ", s.named_of_judged, " is the best", how));
  else if (kept > 1 && s.of_models && s.trainings < size_t(kLeastSeeds))
    out.push_back(str("Cannot tell which of ", kept, " finalists is the best: a claim takes ",
                      kLeastSeeds, " trainings of each."));
  else if (kept > 1)
    out.push_back(str("Cannot tell which of ", kept, " finalists is the best", how));
  if (unjudged > 0)
    out.push_back(str(unjudged, unjudged == 1 ? " finalist was" : " finalists were",
                      " not judged: which is the best of all is not known."));
}

// The first trials of a method that begins with uniform draws, beside all.
std::string drawn_sentence(const SearchRecord& s) {
  if (s.drawn == 0 || std::isnan(s.drawn_found)) return {};
  return str("The first ", s.drawn, " trials were uniform draws and found ",
             s.objectives.size() == 1 ? s.objectives[0].name : std::string("a hypervolume of"), " ",
             plain(s.drawn_found), ".");
}

std::vector<std::string> trial_header(const SearchRecord& s) {
  std::vector<std::string> out = {s.of_models ? "what" : "key", "trial"};
  for (const RecordedObjective& o : s.objectives) out.push_back(o.name);
  out.emplace_back();
  return out;
}

std::vector<std::string> trial_row(const SearchRecord& s, const RecordedTrial& t) {
  std::vector<std::string> out = {s.name_of(t), str(t.number)};
  for (double v : t.results) out.push_back(std::isnan(v) ? "-" : plain(v));
  const bool failed = std::ranges::any_of(t.results, [](double v) { return std::isnan(v); });
  std::string state = !t.state.empty()  ? t.state
                      : failed          ? "failed"
                      : t.violation > 0 ? "breaks where:"
                                        : "";
  out.push_back(t.reason.empty() ? state : str(state, ": ", t.reason));
  return out;
}

// Of a table the column that is empty, else a sentence.
std::string not_judged_text(const SearchRecord& s, const RecordedFinalist& f) {
  return s.judged_by.empty() ? "not judged: " + f.not_judged
                             : str("not judged: '", f.not_judged, "' is empty");
}

std::string finalists_table(const SearchRecord& s) {
  std::vector<std::string> header = {
      "finalist", str(s.judged_in, ", mean of ", s.trainings, " trainings"), "the search saw", ""};
  const bool timed = std::ranges::any_of(
      s.finalists, [](const RecordedFinalist& f) { return !std::isnan(f.step_ms); });
  if (timed) header.insert(header.end(), {"ms a training step", "ms a symbol"});
  std::vector<std::vector<std::string>> rows;
  for (const RecordedFinalist& f : s.finalists) {
    rows.push_back({f.name, std::isnan(f.mean) ? "-" : plain(f.mean),
                    std::isnan(f.seen) ? "-" : plain(f.seen),
                    !f.not_judged.empty() ? not_judged_text(s, f)
                    : f.may_be_best       ? "may be the best"
                    : std::isnan(f.mean)  ? "nothing to compare it with"
                                          : "is not the best"});
    for (const double ms : {f.step_ms, f.token_ms})
      if (timed) rows.back().push_back(std::isnan(ms) ? "-" : fmt::format("{:.3g}", ms));
  }
  return rows.empty() ? "" : html_table(header, rows);
}

std::string trials_part(const SearchRecord& s) {
  std::vector<std::vector<std::string>> rows;
  for (size_t i = 0; i < std::min(kMostTrialRows, s.trials.size()); ++i)
    rows.push_back(trial_row(s, s.trials[i]));
  if (rows.empty()) return {};
  std::string out =
      str("<details><summary>All trials</summary>", html_table(trial_header(s), rows));
  if (s.trials.size() > kMostTrialRows)
    out += html("p", str(s.trials.size() - kMostTrialRows, " more in trials.csv"), "soft");
  return out + "</details>";
}

// The best trial, what it was made from, and so on back to a draw.
std::string lineage_table(const SearchRecord& s) {
  std::vector<std::vector<std::string>> rows;
  std::set<int64_t> seen;
  int64_t number = s.front.empty() ? -1 : s.trials[s.front[0]].number;
  while (seen.insert(number).second) {
    const auto t = std::ranges::find(s.trials, number, &RecordedTrial::number);
    if (t == s.trials.end()) break;
    std::string from;
    for (const int64_t p : t->parents) from += str(from.empty() ? "" : ", ", p);
    rows.push_back({s.name_of(*t), str(t->number),
                    std::isnan(t->results[0]) ? "-" : plain(t->results[0]),
                    from.empty() ? "drawn" : from});
    if (t->parents.empty()) break;
    number = t->parents[0];
  }
  return rows.size() < 2
             ? ""
             : html_table({trial_header(s)[0], "trial", s.objectives[0].name, "made from trial"},
                          rows);
}

std::string rungs_table(const SearchRecord& s) {
  std::vector<std::vector<std::string>> rows;
  for (const SearchRung& r : s.rungs)
    rows.push_back({std::isnan(r.share) ? str(rows.size() + 1) : fixed(100 * r.share, 1) + " %",
                    str(r.trials), std::isnan(r.tau) ? "-" : fixed(r.tau, 2),
                    std::isnan(r.interval.low) ? "-"
                                               : str("[", fixed(r.interval.low, 2), ", ",
                                                     fixed(r.interval.high, 2), "]")});
  return html_table({"share of a training", "trials", "Kendall's tau to the end", "95 % interval"},
                    rows);
}

std::string front_table(const SearchRecord& s) {
  std::vector<std::vector<std::string>> rows;
  for (const size_t i : s.front) rows.push_back(trial_row(s, s.trials[i]));
  return s.objectives.size() == 1 ? ""
                                  : str("<details><summary>The front</summary>",
                                        html_table(trial_header(s), rows), "</details>");
}

std::string facts_of(const SearchRecord& s) {
  std::string out =
      str(s.trials.size(), " trials by ", s.method,
          s.options.empty() ? "" : str(" (", s.options, ")"), ", lag ", s.lag, ", seed ", s.seed);
  for (const RecordedObjective& o : s.objectives)
    out += str(", ", o.name, o.maximize ? " max" : " min");
  if (!s.source.empty()) out += str("; ", s.source);
  if (s.space_size > 0)
    out += str(", ", grouped(s.space_size), " of its ", grouped(s.rows), " rows");
  return out;
}
}  // namespace

std::vector<std::string> search_verdict(const SearchRecord& s) {
  std::vector<std::string> out = {found_sentence(s)};
  if (std::string drawn = drawn_sentence(s); !drawn.empty()) out.push_back(std::move(drawn));
  add_finalist_sentences(out, s);
  if (s.failed > 0) out.push_back(str(s.failed, s.failed == 1 ? " trial" : " trials", " failed."));
  if (s.exhausted) out.push_back(str("The space is exhausted: ", s.trials.size(), " structures."));
  if (s.refused > 0)
    out.push_back(str(s.refused, s.refused == 1 ? " point was" : " points were",
                      " refused: no model could be built."));
  const auto open = s.wanted - int64_t(s.trials.size());
  if (!s.exhausted && open > 0)
    out.push_back(str("Not finished: ", open, " of ", s.wanted,
                      " trials are to come; the same command goes on."));
  return out;
}

std::string search_page(const SearchRecord& s, const std::vector<Figure>& figures) {
  std::string out =
      html_header(s.study.empty() ? "search" : s.study, facts_of(s), search_verdict(s));
  out += html_section("Front", html_figures(figures, "Front") + front_table(s));
  out += html_section("Progress", html_figures(figures, "Progress"));
  out += html_section("Lineage of the best", lineage_table(s));
  out += html_section("Finalists", html_figures(figures, "Finalists") + finalists_table(s));
  out += html_section("Importance", html_figures(figures, "Importance"));
  out += html_section("Rungs", html_figures(figures, "Tuning") + rungs_table(s));
  out += html_section("Simulated time", html_figures(figures, "Simulated time"));
  out += html_section("Trials", trials_part(s));
  if (!s.command.empty()) out += html_section("Reproduce", html("pre", s.command));
  return html_page(str(s.study, ": cambium search"), out);
}
}  // namespace cambium
