#include "app/tables/data/corpus_table.h"

#include <algorithm>
#include <array>
#include <map>

#include "app/tables/table.h"
#include "core/text/utf8.h"
#include "data/assembly/passes.h"
#include "data/curation/support/words.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
std::string size_text(int64_t bytes) {
  return memory_text(double(bytes));
}

}  // namespace

std::string shares_table(const Manifest& manifest) {
  struct Sum {
    int64_t documents = 0, bytes = 0;
  };

  std::map<std::string, std::array<Sum, 3>> sums;
  std::vector<std::string> order;
  for (const CorpusShard& s : manifest.shards) {
    if (!sums.contains(s.source)) order.push_back(s.source);
    for (const std::string& name : {s.source, std::string()}) {
      Sum& sum = sums[name][size_t(s.split)];
      sum.documents += s.documents;
      sum.bytes += s.text_bytes;
    }
  }
  Table table({1, 2, 3, 4, 5, 6});
  table.row({"source", "train", "documents", "val", "documents", "test", "documents"});
  order.push_back("");
  for (const std::string& name : order) {
    std::vector<std::string> row = {name.empty() ? "all" : name};
    for (const Sum& sum : sums[name]) {
      row.push_back(size_text(sum.bytes));
      row.push_back(str(sum.documents));
    }
    table.row(std::move(row));
  }
  return table.text();
}

std::string version_line(const Manifest& manifest) {
  if (manifest.version == 1) return "";
  int64_t documents = 0, added = 0;
  for (const CorpusShard& s : manifest.shards)
    (s.version == manifest.version ? added : documents) += s.documents;
  return str("version ", manifest.version, ": ", added, " documents added to the ", documents,
             " of version ", manifest.version - 1, " (", manifest.before(),
             "); the steps below are of those added\n\n");
}

std::string steps_table(const Manifest& manifest) {
  Table table({2, 3, 4, 5});
  table.row({"step", "rule", "documents", "dropped", "share", "changed or marked"});
  for (const StepRecord& s : manifest.steps) {
    const Tally& t = s.tally;
    const auto share = [&](int64_t n) { return share_text(double(n), double(t.documents)); };
    int64_t changed = 0;
    for (const auto& [name, rule] : t.rules) changed += rule.changed;
    const int64_t dropped = t.documents - t.kept;
    table.row({s.name, "", str(t.documents), str(dropped), share(dropped),
               changed > 0 ? str(changed) : "-"});
    for (const auto& [name, rule] : t.rules)
      table.row({"", name, "", rule.dropped > 0 ? str(rule.dropped) : "-",
                 rule.dropped > 0 ? share(rule.dropped) : "",
                 rule.changed > 0 ? str(rule.changed, " (", rule.changes, " places)") : "-"});
  }
  return table.text();
}

std::string samples_text(const Manifest& manifest, const std::string& only) {
  std::string out;
  for (const StepRecord& s : manifest.steps)
    for (const auto& [name, rule] : s.tally.rules) {
      if (!only.empty() && only != name && only != s.name) continue;
      out += str(s.name, ": ", name, ", ", rule.dropped, " dropped, ", rule.changed, " changed\n");
      for (const DraftSample& sample : rule.samples)
        out += str("  ", sample.id, ": ", excerpt(sample.text), "\n");
    }
  return out;
}

std::string excerpt(const std::string& text) {
  std::string line = text.substr(0, 400);
  for (char& c : line)
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  line = printable(line);
  const std::string_view head = std::string_view(line).substr(0, 100);
  return std::string(head.substr(0, whole_bytes(head)));
}

std::string recipe_difference(const std::string& first, const std::string& second) {
  std::string out;
  const auto add = [&](const std::string& from, const std::string& other, std::string_view sign) {
    std::vector<std::string_view> lines, known;
    split_lines(from, lines);
    split_lines(other, known);
    for (const std::string_view line : lines)
      if (std::ranges::count(known, line) == 0) out += str("  ", sign, " ", line, "\n");
  };
  add(first, second, "-");
  add(second, first, "+");
  return out;
}

std::string recipe_line(const Recipe& recipe) {
  return str("ok  ", recipe.file, ": a recipe of ", recipe.sources.size(), " sources, ",
             recipe.steps.size(), " steps in ", pass_count(recipe), " passes\n");
}
}  // namespace cambium
