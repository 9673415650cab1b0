// A study's folder as `compare` writes it, with smooth made-up runs; for the tests of reports.
#pragma once
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include <unistd.h>

#include "core/system/files.h"
#include "core/text/json.h"

namespace cambium::toy {
struct StudyFolder {
  std::string path;
  std::string spec = "model:\n  - linear: 10\n";
  std::vector<std::string> variants = {"attention", "conv", "hybrid"};
  int seeds = 3, lines = 400;

  explicit StudyFolder(const std::string& name)
      : path(std::filesystem::temp_directory_path() / (name + std::to_string(getpid()))) {
    std::filesystem::remove_all(path);
  }

  ~StudyFolder() { std::filesystem::remove_all(path); }

  StudyFolder(const StudyFolder&) = delete;

  double accuracy(size_t variant, int seed) const {
    return 0.88 + 0.012 * double(variant) + 0.002 * std::sin(3.0 * seed + double(variant));
  }

  void write_run(size_t v, int seed) const {
    const std::string folder = path + "/runs/" + variants[v] + "-s" + std::to_string(seed);
    make_folders(folder);
    const double top = accuracy(v, seed);
    std::string log;
    for (int i = 1; i <= lines; ++i) {
      const int step = 5 * i;
      const double t = double(i) / lines, flops = step * 1.1e9 * double(v + 1);
      const double noise = 0.05 * std::sin(12.9898 * i + 78.2 * seed + double(v));
      Json line = {{"step", step}, {"epoch", t * 4}, {"samples", step * 128}, {"flops", flops}};
      line["train.loss"] = 0.3 + 2.0 * std::exp(-6 * t) + noise * (1.2 - t) - 0.02 * double(v);
      line["lr"] = 1e-3 * (1 - t);
      log += to_text(line) + "\n";
      if (i % (lines / 8) != 0) continue;
      line.erase("train.loss");
      line["val.loss"] = 0.35 + std::exp(-5 * t);
      line["val.accuracy"] = top - 0.3 * std::exp(-5 * t) + 0.1 * noise * (1 - t);
      log += to_text(line) + "\n";
    }
    replace_file(folder + "/log.jsonl", log);
    Json run = {{"variant", variants[v]},
                {"seed", seed},
                {"status", "done"},
                {"parameters", 98000},
                {"steps", 5 * lines},
                {"samples", 640 * lines},
                {"flops", 2.2e12},
                {"seconds", 61.2},
                {"step_ms_median", 21.0 + 9.0 * double(v)},
                {"peak_rss_bytes", 391000000},
                {"predicted_bytes", 380000000}};
    run["best"] = {{"step", 5 * lines}, {"metrics", {{"val.accuracy", top}}}};
    run["test"] = {{"metrics", {{"test.accuracy", top - 0.004}}}};
    replace_file(folder + "/run.json", to_text(run, 1));
  }

  Json summary_row(size_t v) const {
    double mean = 0;
    for (int s = 0; s < seeds; ++s) mean += (accuracy(v, s) - 0.004) / seeds;
    Json row = {{"variant", variants[v]},
                {"n", seeds},
                {"mean", mean},
                {"least", mean - 0.002},
                {"most", mean + 0.002},
                {"ci_low", mean - 0.005},
                {"ci_high", mean + 0.005},
                {"boot_low", mean - 0.003},
                {"boot_high", mean + 0.003}};
    const double diff = 0.012 * double(v);
    row["claim"] = v == 0 ? "baseline" : v == 2 ? "better" : "cannot tell";
    row["hindrance"] = v == 1 ? "noise" : "none";
    row["pairs"] = seeds;
    row["failures"] = row["baseline_failures"] = 0;
    row["diff_mean"] = v ? Json(diff) : Json();
    row["diff_low"] = v ? Json(diff - (v == 2 ? 0.007 : 0.015)) : Json();
    row["diff_high"] = v ? Json(diff + (v == 2 ? 0.007 : 0.015)) : Json();
    row["diff_least"] = v ? Json(diff - 0.003) : Json();
    row["diff_most"] = v ? Json(diff + 0.004) : Json();
    row["p_value"] = v ? Json(v == 2 ? 0.012 : 0.21) : Json();
    row["effect_low"] = v ? Json(0.02) : Json();
    row["effect_high"] = v ? Json(0.05) : Json();
    row["step_ms"] = 21.0 + 9.0 * double(v);
    row["time_ratio"] = v ? Json(1 + 0.4 * double(v)) : Json();
    row["time_low"] = v == 1 ? Json(1.3) : v == 2 ? Json(0.9) : Json();
    row["time_high"] = v == 1 ? Json(1.5) : v == 2 ? Json(2.6) : Json();
    row["peak_bytes"] = 391000000;
    row["parameters"] = 98000;
    row["flops"] = 2.2e12;
    return row;
  }

  // Takes out of summary.json what programs wrote only later.
  void make_old() const {
    Json summary = load_json(path + "/summary.json");
    for (const char* key : {"look", "alpha", "comparisons", "test_examples", "budget", "settings"})
      summary.erase(key);
    for (Json& row : summary["rows"])
      for (const char* key : {"claim", "hindrance", "pairs", "failures", "baseline_failures",
                              "effect_low", "effect_high", "time_ratio", "time_low"})
        row.erase(key);
    for (Json& line : summary["budget_audit"])
      for (const char* key : {"runs", "steps", "samples", "flops"}) line.erase(key);
    replace_file(path + "/summary.json", to_text(summary, 1));
  }

  void write() const {
    make_folders(path);
    Json study = {{"name", "which mixer"},
                  {"spec", "configs/studies/which_mixer.yaml"},
                  {"base", variants[0]},
                  {"seeds", Json::array()},
                  {"command", "cambium compare configs/studies/which_mixer.yaml"},
                  {"version", "0.1.0"},
                  {"created", "2026-11-24T06:00:00Z"}};
    for (int s = 0; s < seeds; ++s) study["seeds"].push_back(s);
    study["metric"] = {{"name", "test.accuracy"}, {"selection", "val.accuracy"}, {"goal", "max"}};
    study["budget"] = {{"kind", "flops"}, {"value", 2.2e12}};
    study["machine"] = {{"cpu", "Xeon"}, {"threads", 2}};
    Json summary = {{"metric", "test.accuracy"}, {"look", 1},
                    {"alpha", 0.0375},           {"comparisons", variants.size() - 1},
                    {"test_examples", 10000},    {"rows", Json::array()}};
    summary["budget"] = {{"kind", "flops"}, {"common", true}, {"departure", 0.002}};
    summary["settings"] = {{{"path", "model.1.pattern"}, {"values", {"A", "C", "AC"}}}};
    summary["budget_audit"] = Json::array();
    study["variants"] = Json::array();
    for (size_t v = 0; v < variants.size(); ++v) {
      study["variants"].push_back({{"name", variants[v]},
                                   {"spec_yaml", spec},
                                   {"parameters", 98000},
                                   {"flops_per_step", 1.1e9},
                                   {"forward_flops_per_example", 2.9e6},
                                   {"peak_bytes", 380000000},
                                   {"state_bytes", 96000},
                                   {"step_ms", 21.0},
                                   {"domain_summary", "grid, tokens"}});
      summary["rows"].push_back(summary_row(v));
      summary["budget_audit"].push_back({{"variant", variants[v]},
                                         {"planned", 2.2e12},
                                         {"spent", 2.2e12 * (1 + 0.001 * double(v))},
                                         {"runs", seeds},
                                         {"steps", 5 * lines},
                                         {"samples", 640 * lines},
                                         {"flops", 2.2e12},
                                         {"deviation", 0.001 * double(v)}});
      for (int s = 0; s < seeds; ++s) write_run(v, s);
    }
    replace_file(path + "/study.json", to_text(study, 1));
    replace_file(path + "/summary.json", to_text(summary, 1));
  }
};
}  // namespace cambium::toy
