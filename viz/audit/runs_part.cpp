#include "viz/audit/runs_part.h"

#include <algorithm>
#include <cmath>

#include "viz/audit/audit_parts.h"
#include "viz/plot/svg_plot.h"
#include "viz/plot/text.h"
#include "viz/report/page.h"

namespace cambium {
namespace {
constexpr double kRowWide = 1180;

std::string score_text(const ScoreInterval& i, double times, int digits) {
  return interval_text(times * i.mean, times * i.low, times * i.high, digits);
}

std::string scores_rows(const std::vector<ScoredRun>& runs, size_t key) {
  std::vector<std::vector<std::string>> rows;
  for (const ScoredRun& run : runs) {
    const SliceScores& k = run.scores[key];
    const auto add = [&](const SliceScore& s) {
      rows.push_back({s.value, run.name, grouped(s.documents), grouped(s.targets),
                      score_text(s.loss, 1, 4), score_text(s.bits, 1, 4),
                      score_text(s.accuracy, 100, 2)});
    };
    for (const SliceScore& s : k.slices) add(s);
    add(k.all);
  }
  std::ranges::stable_sort(rows, {}, [&](const std::vector<std::string>& row) {
    const auto& slices = runs[0].scores[key].slices;
    return std::ranges::find(slices, row[0], &SliceScore::value) - slices.begin();
  });
  return html_table({runs[0].scores[key].key, "run", "documents", "targets", "loss, nats a target",
                     "bits a byte", "accuracy, %"},
                    rows, 2);
}

// One row a slice and run.
std::string scores_figure(const std::vector<ScoredRun>& runs, size_t key) {
  const bool bytes = std::isfinite(runs[0].scores[key].all.bits.mean);
  IntervalPlot plot{.title = "What is lost",
                    .x_label = bytes ? "bits a byte" : "nats a target",
                    .width = kRowWide};
  for (const SliceScore& s : runs[0].scores[key].slices)
    for (size_t r = 0; r < runs.size(); ++r) {
      const auto& slices = runs[r].scores[key].slices;
      const auto at = std::ranges::find(slices, s.value, &SliceScore::value);
      if (at == slices.end()) continue;
      const ScoreInterval& i = bytes ? at->bits : at->loss;
      plot.rows.push_back({.label = runs.size() > 1 ? str(s.value, ", ", runs[r].name) : s.value,
                           .text = score_text(i, 1, 3),
                           .colour = r,
                           .mean = i.mean,
                           .low = i.low,
                           .high = i.high});
    }
  return html_figure(interval_plot(plot));
}

std::string differences_figure(const std::vector<ScoredRun>& runs, size_t key) {
  std::string out;
  for (size_t r = 1; r < runs.size(); ++r) {
    const SliceDifferences& k = runs[r].more[key];
    IntervalPlot plot{.title = str(runs[r].name, " against ", runs[0].name),
                      .x_label = k.of_bytes ? "more bits a byte" : "more nats a target",
                      .zero_line = true,
                      .below_zero = "loses less",
                      .above_zero = "loses more",
                      .width = kRowWide};
    std::vector<std::vector<std::string>> rows;
    const auto add = [&](const SliceDifference& d, size_t colour) {
      const std::string text =
          interval_text(d.difference.mean, d.difference.low, d.difference.high, 4);
      rows.push_back({d.value, grouped(d.documents), text});
      plot.rows.push_back({.label = d.value,
                           .text = text,
                           .colour = colour,
                           .mean = d.difference.mean,
                           .low = d.difference.low,
                           .high = d.difference.high});
    };
    for (const SliceDifference& d : k.slices) add(d, r);
    add(k.all, 6);
    out += html_figure(interval_plot(plot)) +
           folded_away("As a table", html_table({k.key, "documents of both", plot.x_label}, rows));
  }
  return out;
}
}  // namespace

std::string runs_part(const std::vector<ScoredRun>& runs, const std::string& split) {
  if (runs.empty()) return "";
  std::string out = html(
      "p",
      str("On the ", split, " documents. Intervals are the middle 95 % of ", ScoreInterval::kDraws,
          " drawings of a slice's documents anew, of each key and slice by "
          "itself; those of differences draw the same documents for both. Of fewer than ",
          ScoreInterval::kLeastDrawn,
          " documents there is none. They are of documents alone: the same training from another "
          "seed would differ too."),
      "soft");
  for (size_t key = 0; key < runs[0].scores.size(); ++key)
    out += str("<div class=\"part\">", html("h3", str("By ", runs[0].scores[key].key)),
               scores_figure(runs, key), differences_figure(runs, key),
               folded_away("Loss, bits and accuracy as a table", scores_rows(runs, key)), "</div>");
  return html_section("After training", out);
}

std::vector<std::string> run_findings(const std::vector<ScoredRun>& runs) {
  std::vector<std::string> out;
  for (size_t r = 1; r < runs.size(); ++r) {
    const SliceDifferences* key = nullptr;
    const SliceDifference* most = nullptr;
    for (const SliceDifferences& k : runs[r].more)
      for (const SliceDifference& d : k.slices) {
        const bool clear = d.documents >= kLeastNamed && d.difference.low > 0 &&
                           d.difference.low > k.all.difference.high;
        if (!clear || (most && d.difference.mean <= most->difference.mean)) continue;
        most = &d;
        key = &k;
      }
    if (!most) continue;
    const ScoreInterval &i = most->difference, &all = key->all.difference;
    out.push_back(str(runs[r].name, " loses ", interval_text(i.mean, i.low, i.high, 3),
                      key->of_bytes ? " bits a byte" : " nats a target", " more than ",
                      runs[0].name, " on ", key->key, " ", most->value, ", where on all it is ",
                      interval_text(all.mean, all.low, all.high, 3), "."));
  }
  return out;
}
}  // namespace cambium
