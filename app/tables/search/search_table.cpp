#include "app/tables/search/search_table.h"

#include <algorithm>
#include <cmath>

#include "app/tables/table.h"
#include "app/tables/train_view.h"
#include "core/text/fmt.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
constexpr size_t kMostRows = 20, kMostChoices = 8;

// Six digits, no exponent for what people write without one.
std::string number(double v) {
  if (std::isnan(v)) return "-";
  if (v == std::floor(v) && std::abs(v) < 1e15) return str(int64_t(v));
  return fmt::format("{:.6g}", v);
}

std::string percent(double share) {
  return fixed(100 * share, 1) + " %";
}

std::string counted(size_t n, std::string_view what) {
  return str(n, " ", what, n == 1 ? "" : "s");
}

std::string objectives_text(const TableStudy& study) {
  std::string out;
  for (const Objective& o : study.objectives)
    out += str(out.empty() ? "" : ", ", visible(o.name), o.maximize ? " max" : " min");
  return out;
}

// Points that no trial can be.
std::string rows_text(const TableStudy& study, const TableAnswer& a) {
  if (!study.asked) return "";
  if (!a.without_row)
    return "points of the space without a row are passed over; they are too many to count\n";
  if (*a.without_row == 0) return "";
  return str(grouped(*a.without_row), " of its ", grouped(*a.points),
             " points have no row and are passed over: no row for '", visible(a.first_without),
             "' (the table has '", visible(study.table->nearest_key(a.first_without)), "')\n");
}

std::string heading(const TableStudy& study, const TableSearch& search, const TableAnswer& a) {
  const std::string options = study.options.text();
  const bool stopped = !search.exhausted && int64_t(search.trials.size()) < study.settings.trials;
  std::string out =
      str(search.trials.size(), stopped ? str(" of ", study.settings.trials) : "", " trials by ",
          study.method->name, options.empty() ? "" : str(" (", options, ")"), ", lag ",
          study.settings.lag, ", seed ", study.settings.seed, "; ", objectives_text(study), "\n");
  if (a.space_size > 0)
    out += str("the space has ", grouped(a.space_size), " of the table's ",
               grouped(study.table->size()), " rows\n");
  out += rows_text(study, a);
  if (a.failed > 0)
    out += str(counted(size_t(a.failed), "trial"), " failed: a result is empty or nan\n");
  if (search.exhausted)
    out += str("space exhausted: ", counted(search.trials.size(), "point"), "\n");
  return out;
}

std::string best_text(const TableStudy& study, const TableSearch& search, const TableAnswer& a) {
  if (a.front.empty())
    return a.failed == int64_t(search.trials.size())
               ? "no trial has a result\n"
               : "no trial has a result that fulfils where:\n";
  Table table({1});
  if (study.objectives.size() == 1) {
    const Objective& o = study.objectives[0];
    table.row({"best found", number(o.loss(a.best)),
               str(visible(search.trials[a.front[0]].key), ", trial ", a.front[0])});
    if (a.space_size > 0) {
      table.row({"best there is", number(o.loss(a.best_of_table)),
                 str("regret ", number(std::abs(a.best - a.best_of_table)))});
      table.row({"uniform draws", number(o.loss(a.random_best)),
                 str("expected best of ",
                     std::min<int64_t>(int64_t(search.trials.size()), a.space_size))});
    }
    return table.text();
  }
  if (!a.volume) return "hypervolume is computed of two and three objectives\n";
  const auto row = [&](const char* what, const std::optional<double>& v, const char* note) {
    if (!v) return;
    const bool of_all = a.volume_of_table && *a.volume_of_table > 0;
    table.row({what, number(*v), of_all ? percent(*v / *a.volume_of_table) + note : note});
  };
  row("hypervolume", a.volume, "");
  row("of all rows", a.volume_of_table, "");
  row("uniform draws", a.random_volume, ", mean of 200 searches");
  std::string reference = "from the reference point";
  for (const Objective& o : study.objectives)
    reference += str(&o == &study.objectives[0] ? " " : ", ", visible(o.name), " ",
                     number(o.reference), o.reference_is_worst ? " (the worst row)" : "");
  if (a.volume_of_table.value_or(*a.volume) == 0)
    reference += str("\nno ", a.volume_of_table ? "row" : "trial",
                     " is better than that in everything, so nothing is enclosed: write "
                     "reference: with values that rows surpass");
  return table.text() + reference + "\n";
}

std::string front_text(const TableStudy& study, const TableSearch& search, const TableAnswer& a) {
  if (study.objectives.size() == 1 || a.front.empty()) return "";
  std::vector<size_t> right = {0};
  std::vector<std::string> header = {"trial", "key"};
  for (size_t m = 0; m < study.objectives.size(); ++m) {
    right.push_back(m + 2);
    header.push_back(visible(study.objectives[m].name));
  }
  Table table(right);
  table.row(header);
  for (size_t k = 0; k < std::min(kMostRows, a.front.size()); ++k) {
    const TableTrial& t = search.trials[a.front[k]];
    std::vector<std::string> row = {str(a.front[k]), visible(t.key)};
    for (size_t m = 0; m < study.objectives.size(); ++m)
      row.push_back(number(study.objectives[m].loss(t.outcome.losses[m])));
    table.row(row);
  }
  std::string out =
      str("\nfront: ", counted(a.front.size(), "trial"), " that none beats in everything\n");
  out += table.text();
  if (a.front.size() > kMostRows)
    out += str("... and ", a.front.size() - kMostRows, " more in results.json\n");
  return out;
}

std::string importance_text(const TableStudy& study, const TableAnswer& a) {
  std::string out;
  for (size_t m = 0; m < a.importance.size(); ++m) {
    if (a.importance[m].empty()) continue;
    Table table({1});
    for (size_t i = 0; i < std::min(kMostChoices, a.importance[m].size()); ++i) {
      const Importance& of = a.importance[m][i];
      table.row({visible(of.what), percent(of.share),
                 str(percent(of.interval.low), " to ", percent(of.interval.high))});
    }
    out +=
        str("\nestimated share of the variance of ", visible(study.objectives[m].name),
            ", by one choice alone and corrected for chance (omega squared), and 95 % interval\n",
            table.text());
    if (a.importance[m].size() > kMostChoices)
      out += str("... and ", a.importance[m].size() - kMostChoices, " more in results.json\n");
  }
  return out;
}

// Who was not judged may be better than all that were.
std::string verdict_text(const TableSearch& search, const TableAnswer& a) {
  constexpr std::string_view how = " (multiple comparisons with the best, 95 %)\n";
  if (!a.judged) return "fewer than two finalists have trainings that judge them\n";
  const bool all = a.unjudged.empty();
  std::string out;
  if (a.judged->named) {
    const std::string key = visible(search.trials[a.finalists[*a.judged->named]].key);
    out = all ? str("the best is ", key, how) : str(key, " is the best of those judged", how);
  } else {
    out = str("cannot tell among ", a.judged->kept.size(), all ? " of them" : " of those judged",
              how);
  }
  if (!all)
    out += str(counted(a.unjudged.size(), "finalist"),
               " not judged: which is the best of all is not known\n");
  return out;
}

std::string finalists_text(const TableStudy& study, const TableSearch& search,
                           const TableAnswer& a) {
  if (study.judgements.empty()) return "";
  if (!a.judged && a.unjudged.empty())
    return "\nfewer than two finalists have trainings that judge them\n";
  const Objective& o = study.objectives[0];
  Table table({1, 2});
  table.row({"finalist", visible(o.name), "the search saw", ""});
  const auto add = [&](size_t trial, const std::string& mean, const std::string& note) {
    const TableTrial& t = search.trials[trial];
    table.row({visible(t.key), mean, number(o.loss(t.outcome.losses[0])), note});
  };
  for (size_t f = 0; f < a.finalists.size(); ++f) {
    if (!a.judged) {
      add(a.finalists[f], "-", "nothing to compare it with");
      continue;
    }
    const bool kept = std::ranges::count(a.judged->kept, f) > 0;
    const std::string yes =
        a.unjudged.empty() ? "may be the best" : "may be the best of those judged";
    add(a.finalists[f], number(o.loss(-a.judged->means[f])), kept ? yes : "is not");
  }
  for (const TableAnswer::Unjudged& u : a.unjudged)
    add(u.trial, "-", str("not judged: '", visible(u.column), "' is empty"));
  return str("\nfinalists by ", counted(study.judgements.size(), "training"),
             " that chose nothing\n", table.text(), verdict_text(search, a));
}

std::string times_text(const TableAnswer& a) {
  if (a.times.empty()) return "";
  Table table({0, 1, 2});
  table.row({"workers", "time", "busy"});
  for (const TableAnswer::Times& t : a.times)
    table.row({str(t.workers), duration_text(t.time.seconds), percent(t.time.busy)});
  return str(
      "\nsimulated time of the same trials",
      a.untimed > 0 ? str(", ", a.untimed, " of them without a duration and taken as none") : "",
      "\n", table.text());
}
}  // namespace

std::string search_text(const TableStudy& study, const TableSearch& search, const TableAnswer& a) {
  return heading(study, search, a) + "\n" + best_text(study, search, a) +
         front_text(study, search, a) + finalists_text(study, search, a) +
         importance_text(study, a) + times_text(a);
}
}  // namespace cambium
