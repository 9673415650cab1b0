#include "viz/search/search_plots.h"

#include <cmath>

#include "core/text/format.h"
#include "tests/viz/svg_text.h"
#include "viz/report/pages/search_page.h"

namespace cambium::search_plots_test {
namespace {
using toy::count;

// Accuracy and cost of six trials, the fifth failed, the sixth breaks where:.
SearchRecord two_objectives() {
  SearchRecord s{.study = "which", .source = "t.csv", .method = "nsga2", .wanted = 6};
  s.objectives = {{"accuracy", true, 80, false}, {"flops", false, 10, true}};
  const double accuracy[] = {90, 85, 95, 84, NAN, 99}, flops[] = {4, 2, 9, 5, NAN, 1};
  for (int i = 0; i < 6; ++i)
    s.trials.push_back({i, str("k", i), {}, {accuracy[i], flops[i]}, i == 5 ? 1.0 : 0.0});
  s.front = {2, 0, 1};
  s.front_of_table = {{96, 9}, {92, 4}, {85, 2}};
  s.found = 50;
  s.of_table = 60;
  s.of_random = 40;
  s.progress = {{1, 20, 10, {0, 25}}, {3, 45, 30, {20, 40}}, {6, 50, 40, {30, 50}}};
  s.importance = {{{"width", 0.5, {0.3, 0.7}}}, {}};
  s.finalists = {{"k2", "k2", 2, 95, 94, {93.5, 94.5}, {-0.5, 2}, true},
                 {"k0", "k0", 0, 90, 91, {90, 92}, {-4, 0}, false},
                 {"k1", "k1", 1, 85, NAN, {}, {NAN, NAN}, false, NAN, NAN, "accuracy_1"}};
  s.judged_in = "accuracy";
  s.trainings = 2;
  s.judged_by = {"accuracy_1", "accuracy_2"};
  s.times = {{1, 100, 1}, {4, 30, 0.83}};
  return s;
}

SearchRecord one_objective() {
  SearchRecord s = two_objectives();
  s.objectives.resize(1);
  s.front = {2};
  s.front_of_table.clear();
  for (RecordedTrial& t : s.trials) t.results.resize(1);
  s.found = 95;
  s.of_table = 96;
  s.importance.resize(1);
  return s;
}

std::string path_with(const std::string& svg, const std::string& name) {
  std::smatch m;
  const std::regex path("<path d=\"([^\"]*)\"[^>]*><title>" + name + "</title>");
  return std::regex_search(svg, m, path) ? m[1].str() : "";
}

// A trained model is known by what was chosen, not by a hash; columns judge only rows of a table.
TEST(SearchPage, SaysOfModelsWhatWasChosenAndHowManyTrainingsJudge) {
  SearchRecord s = two_objectives();
  s.of_models = true;
  s.judged_by.clear();
  for (RecordedTrial& t : s.trials)
    t.values = {{"model.1.pattern", str("AF", t.number)}, {"vars.heads", "2"}};
  const auto all = [&] {
    std::string out;
    for (const std::string& line : search_verdict(s)) out += line + "\n";
    return out + search_page(s, search_figures(s));
  };
  std::string page = all();
  EXPECT_NE(page.find("pattern=AF2, heads=2"), std::string::npos);
  EXPECT_EQ(page.find(">k4<"), std::string::npos) << "a hash";
  EXPECT_EQ(page.find("by 0 trainings"), std::string::npos);
  EXPECT_EQ(page.find("worst row"), std::string::npos);
  EXPECT_NE(page.find("(the worst trial)"), std::string::npos);
  s.named = "k2";
  EXPECT_NE(all().find("is k2 by 2 trainings that chose nothing"), std::string::npos);
  s.named.clear();
  s.finalists[1].may_be_best = true;
  EXPECT_NE(all().find("which of 2 finalists is the best: a claim takes 3 trainings of each."),
            std::string::npos);
}

TEST(FrontPlot, ShowsTrialsFrontTableReferenceAndFinalists) {
  const std::string svg = front_plot(two_objectives(), 1, 0);
  toy::expect_drawable(svg);
  for (const char* name :
       {"exact front of the table", "other trials", "front of the trials", "reference point",
        "break where:", "mean and 95 % interval of 2 trainings"})
    EXPECT_GE(count(svg, name), 1u) << name;
  EXPECT_EQ(count(svg, "<title>trial "), 5u) << "five trials have results";
  EXPECT_EQ(count(svg, "accuracy (more is better)"), 2u) << "axis and label";
}

// Less cost and more accuracy: nobody reaches a higher accuracy for less than the next cost.
TEST(FrontPlot, StepsGoRoundWhatIsDominated) {
  const std::string d = path_with(front_plot(two_objectives(), 1, 0), "front of the trials");
  std::vector<std::pair<double, double>> corners;
  const std::regex corner("[ML]([0-9.]+),([0-9.]+)");
  for (std::sregex_iterator m(d.begin(), d.end(), corner), end; m != end; ++m)
    corners.emplace_back(std::stod((*m)[1]), std::stod((*m)[2]));
  // From the reference's accuracy up, along at each trial's accuracy, to the reference's cost.
  ASSERT_EQ(corners.size(), 9u) << d;
  for (size_t i = 1; i < corners.size(); ++i) {
    EXPECT_GE(corners[i].first, corners[i - 1].first);
    EXPECT_LE(corners[i].second, corners[i - 1].second) << "up, and never down";
    const bool along = corners[i].second == corners[i - 1].second;
    const bool up = corners[i].first == corners[i - 1].first;
    EXPECT_TRUE(along || up) << i;
  }
}

TEST(FrontPlot, AFarReferenceIsNotDrawn) {
  SearchRecord s = two_objectives();
  s.objectives[0].reference = -1000;
  const std::string svg = front_plot(s, 1, 0);
  EXPECT_EQ(count(svg, "reference point"), 0u);
  EXPECT_GE(count(search_page(s, search_figures(s)), "accuracy -1000"), 1u);
}

TEST(FrontPlot, OfThreeObjectivesHasNoSteps) {
  SearchRecord s = two_objectives();
  s.objectives.push_back({"bytes", false, NAN, false});
  for (RecordedTrial& t : s.trials) t.results.push_back(double(t.number));
  s.front_of_table.clear();
  const std::vector<Figure> figures = search_figures(s);
  EXPECT_EQ(std::ranges::count(figures, "Front", &Figure::section), 3);
  EXPECT_EQ(count(figures[1].svg, "front of the trials"), 0u);
  for (const Figure& f : figures) toy::expect_drawable(f.svg);
}

TEST(ProgressPlot, ShowsWhatWasFoundBesideUniformDraws) {
  for (const SearchRecord& s : {one_objective(), two_objectives()}) {
    const std::string svg = progress_plot(s);
    toy::expect_drawable(svg);
    EXPECT_GE(count(svg, "uniform draws"), 1u);
    EXPECT_GE(count(svg, "<title>nsga2</title>"), 1u);
  }
}

TEST(ProgressPlot, TheFirstTrialsLeaveRoomForTheEnd) {
  SearchRecord s = one_objective();
  s.progress.clear();
  for (int n = 1; n <= 100; ++n) s.progress.push_back({n, 90.0 + n / 20, 89, {88, 90}});
  s.progress[0].found = -1e6;
  const std::string svg = progress_plot(s);
  toy::expect_drawable(svg);
  EXPECT_EQ(count(svg, "M</text>"), 0u) << "no tick at a million";
}

TEST(FinalistsPlot, MeasuresAgainstTheBestOfTheOthers) {
  const std::string svg = finalists_plot(two_objectives());
  toy::expect_drawable(svg);
  EXPECT_EQ(count(svg, "may be the best"), 2u) << "text and title";
  EXPECT_EQ(count(svg, "v12M"), 2u) << "who was not judged has no interval";
  toy::expect_drawable(trainings_plot(two_objectives()));
}

TEST(FrontPlot, FinalistsOfAnotherMetricStayAway) {
  SearchRecord s = two_objectives();
  s.judged_in = "test.accuracy";
  EXPECT_GE(count(front_plot(s, 1, 0), "finalists: test.accuracy"), 1u);
  s.judged_in = "test.loss";
  EXPECT_EQ(count(front_plot(s, 1, 0), "finalists:"), 0u);
}

TEST(FrontPlot, TrialsThatStoppedAtARungAreApart) {
  SearchRecord s = two_objectives();
  s.trials[3].state = "not continued";
  const std::string svg = front_plot(s, 1, 0);
  EXPECT_EQ(count(svg, "not continued from a rung"), 1u);
  EXPECT_EQ(count(svg, "other trials"), 1u) << "trained to the end, and beaten";
}

TEST(SearchFigures, AreThoseThatHaveSomethingToShow) {
  const auto names = [](const SearchRecord& s) {
    std::string out;
    for (const Figure& f : search_figures(s)) out += f.name + " ";
    return out;
  };
  EXPECT_EQ(names(two_objectives()), "front progress finalists trainings importance-1 times ");
  EXPECT_EQ(names(one_objective()), "progress finalists trainings importance times ");
  SearchRecord bare{.objectives = {{"a", true}, {"b", false}}};
  EXPECT_EQ(names(bare), "front ");
  toy::expect_drawable(search_figures(bare)[0].svg);
}

TEST(SearchFigures, SurviveEqualSingleAndHugeValues) {
  for (double v : {0.0, 1.0, 1e300, -1e300})
    for (size_t trials : {size_t(1), size_t(3)}) {
      SearchRecord s = two_objectives();
      s.trials.resize(trials);
      s.front = {0};
      s.found = s.of_table = s.of_random = v;
      for (RecordedTrial& t : s.trials) t.results = {v, v};
      for (RecordedProgress& p : s.progress) p = {p.trials, v, v, {v, v}};
      for (const Figure& f : search_figures(s)) toy::expect_drawable(f.svg);
    }
}

TEST(SearchPage, SaysInWordsWhatCameOut) {
  const std::vector<std::string> two = search_verdict(two_objectives());
  EXPECT_EQ(two[0],
            "No trial beats the 3 trials of the front, of 6, in everything; they enclose a "
            "hypervolume of 50 (83.3 % of what all rows enclose); as many uniform draws 40 (66.7 % "
            "of what all rows enclose).");
  SearchRecord s = one_objective();
  s.failed = 1;
  s.wanted = 10;
  s.named_of_judged = "k2";
  const std::vector<std::string> one = search_verdict(s);
  ASSERT_EQ(one.size(), 5u);
  EXPECT_EQ(one[0],
            "The best of 6 trials has accuracy 95: k2, trial 2; the best there is has 96, 1 away; "
            "as many uniform draws find 40 in the mean.");
  EXPECT_EQ(one[1],
            "Of the finalists that were judged k2 is the best by 2 trainings that chose nothing "
            "(multiple comparisons with the best, 95 %).");
  EXPECT_EQ(one[2], "1 finalist was not judged: which is the best of all is not known.");
  EXPECT_EQ(one[3], "1 trial failed.");
  EXPECT_EQ(one[4], "Not finished: 4 of 10 trials are to come; the same command goes on.");
  s.front.clear();
  EXPECT_EQ(search_verdict(s)[0], "No trial has a result that fulfils what was asked for.");
}

TEST(SearchPage, OfTrainedModelsHasRungsAndLineage) {
  SearchRecord s = one_objective();
  for (RecordedTrial& t : s.trials) t.at_rungs = {80.0 + double(t.number)};
  for (size_t i : {1, 2}) s.trials[i].at_rungs.push_back(90);
  s.trials[2].parents = {1};
  s.trials[1].parents = {0};
  s.trials[3].state = "failed";
  s.trials[3].reason = "NaN first in 'repeat.0'";
  s.drawn = 2;
  s.drawn_found = 85;
  s.refused = 3;
  const std::vector<Figure> figures = search_figures(s);
  EXPECT_EQ(std::ranges::count(figures, "rungs-1", &Figure::name), 1);
  for (const Figure& f : figures) toy::expect_drawable(f.svg);
  const std::string page = search_page(s, figures);
  EXPECT_EQ(count(page, "Lineage of the best"), 1u);
  EXPECT_EQ(count(page, "<td>drawn</td>"), 1u);
  EXPECT_EQ(count(page, "failed: NaN first in"), 1u);
  EXPECT_EQ(search_verdict(s)[1], "The first 2 trials were uniform draws and found accuracy 85.");
  s.trials[0].parents = {2};  // a circle ends
  EXPECT_EQ(count(search_page(s, figures), "Lineage of the best"), 1u);
}

TEST(SearchPage, HostileNamesAreTexts) {
  SearchRecord s = two_objectives();
  const std::string evil = "\"></svg><script>alert(1)</script>";
  s.study = s.method = s.source = s.command = s.named = evil;
  for (RecordedObjective& o : s.objectives) o.name = evil;
  for (RecordedTrial& t : s.trials) t.key = evil;
  for (RecordedFinalist& f : s.finalists) f.name = f.key = evil;
  s.importance[0][0].what = evil;
  const std::string page = search_page(s, search_figures(s));
  EXPECT_EQ(count(page, "<script"), 0u);
  for (const Figure& f : search_figures(s)) toy::expect_drawable(f.svg);
}
}  // namespace
}  // namespace cambium::search_plots_test
