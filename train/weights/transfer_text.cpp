// What a transfer did, as text and JSON.
#include <algorithm>
#include <array>
#include <map>

#include "core/text/json.h"
#include "core/text/suggest.h"
#include "train/record/run_record.h"
#include "train/weights/transfer.h"

namespace cambium {
namespace {
int64_t found_in(const TransferRow& row) {
  return std::ranges::count_if(row.how.rows, [](int64_t r) { return r >= 0; });
}

std::string named(const TransferRow& row) {  // of rules by names: how many they found
  return row.how.rows.empty() ? ""
                              : str("  ", found_in(row), " of ", row.how.rows.size(), " found");
}

std::string row_line(const TransferRow& row) {
  if (row.fate == TransferFate::kFresh) return str(row.to, "  ", row.wants);
  if (row.fate == TransferFate::kUnused) return str(row.from, "  ", row.has);
  const std::string from = row.from == row.to ? "" : str("  from ", row.from);
  if (row.fate == TransferFate::kTaken)
    return str(row.to, "  ", row.wants, from, row.by_structure ? "  by structure" : "");
  return str(row.to, "  ", row.has, " -> ", row.wants, "  ", row.rule, named(row), from,
             row.by_structure ? "  by structure" : "");
}

// What stands at each place of a data section; an option's place is "data.text_chars.path".
void add_leaves(const Yaml& tree, const std::string& at, std::map<std::string, std::string>& out) {
  if (tree.is_scalar())
    out[at] = tree.text;
  else if (!tree.is_map())
    out[at] = canonical_text(tree);
  for (const YamlEntry& e : tree.entries) add_leaves(e.value, str(at, ".", e.key), out);
}

// Options of the data that the run's spec says otherwise, as "data.text_chars.path (was a.txt, is
// b.txt)"; at most so many.
std::vector<std::string> other_options(const std::string& run, const Spec& spec) {
  constexpr size_t kMost = 6;
  std::map<std::string, std::string> was, is;
  try {
    const Spec source = load_spec(run + "/spec.yaml");
    if (const Yaml* data = source.section("data")) add_leaves(*data, "data", was);
  } catch (const Error&) {  // the identity alone is told
    return {};
  }
  if (const Yaml* data = spec.section("data")) add_leaves(*data, "data", is);
  std::map<std::string, std::string> all = was;
  all.insert(is.begin(), is.end());
  const auto at = [](const auto& map, const std::string& key) {
    const auto found = map.find(key);
    return found == map.end() ? std::string("not said") : found->second;
  };
  std::vector<std::string> out;
  for (const auto& [key, value] : all)
    if (const std::string a = at(was, key), b = at(is, key); a != b && out.size() < kMost)
      out.push_back(str(key, " (was ", a, ", is ", b, ")"));
  return out;
}
}  // namespace

std::string other_data(const Transfer& t, const Spec& spec, const Identity& data) {
  const std::optional<RunRecord> run = find_run_record(t.init.from);
  if (!run || run->data.empty() || data.empty()) return "";
  static constexpr std::string_view kCut = "examples";  // of other content they are others too
  std::vector<std::string> differ = differences(run->data, data, std::span(&kCut, 1));
  if (differ.empty()) differ = differences(run->data, data);
  if (differ.empty()) return "";
  std::string out = str("the data is not that of '", t.init.from, "': ", join_names(differ));
  const std::vector<std::string> options = other_options(t.init.from, spec);
  return options.empty() ? out : str(out, "; the specs say ", join_names(options));
}

std::string summary(const Transfer& t) {
  std::array<int64_t, 4> count{};
  for (const TransferRow& row : t.rows) ++count[size_t(row.fate)];
  const auto guessed = std::ranges::count_if(t.rows, [](const TransferRow& row) {
    return row.by_structure && row.fate == TransferFate::kTaken;
  });
  std::string out =
      str(count[0], count[0] == 1 ? " tensor" : " tensors", " taken from '", t.init.from, "'");
  if (guessed) out += str(" (", guessed, " by structure)");
  if (count[1]) out += str(", ", count[1], " resized");
  if (count[2]) out += str(", ", count[2], " fresh");
  if (count[3]) out += str("; ", count[3], " of the source unused");
  return out;
}

std::string to_text(const Transfer& t) {
  std::string out = str("init: ", summary(t), "\n");
  for (const TransferRow& row : t.rows) {
    std::string fate(name_of(row.fate));
    fate.resize(9, ' ');
    out += str("  ", fate, row_line(row), "\n");
  }
  return out;
}

Json to_json(const Transfer& t) {
  Json rows = Json::array();
  for (const TransferRow& row : t.rows) {
    Json j = {{"fate", name_of(row.fate)}};
    if (!row.from.empty()) {
      j["from"] = row.from;
      j["has"] = str(row.has);
    }
    if (!row.to.empty() && row.fate != TransferFate::kUnused) {
      j["to"] = row.to;
      j["wants"] = str(row.wants);
    }
    if (!row.rule.empty()) j["rule"] = row.rule;
    if (!row.how.rows.empty()) j["found"] = found_in(row);
    if (row.by_structure) j["by"] = "structure";
    rows.push_back(std::move(j));
  }
  return {{"from", t.init.from}, {"hash", t.source.hash}, {"tensors", std::move(rows)}};
}
}  // namespace cambium
