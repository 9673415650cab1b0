// What a transfer did, as text and JSON.
#include <algorithm>
#include <array>

#include "core/text/json.h"
#include "core/text/suggest.h"
#include "train/record/run_record.h"
#include "train/weights/transfer.h"

namespace cambium {
namespace {
std::string row_line(const TransferRow& row) {
  if (row.fate == TransferFate::kFresh) return str(row.to, "  ", row.wants);
  if (row.fate == TransferFate::kUnused) return str(row.from, "  ", row.has);
  const std::string from = row.from == row.to ? "" : str("  from ", row.from);
  if (row.fate == TransferFate::kTaken) return str(row.to, "  ", row.wants, from);
  return str(row.to, "  ", row.has, " -> ", row.wants, "  ", row.rule, from);
}
}  // namespace

std::string other_data(const Transfer& t, const Identity& data) {
  const std::optional<RunRecord> run = find_run_record(t.init.from);
  if (!run || run->data.empty() || data.empty()) return "";
  static constexpr std::string_view kFollow[] = {"splits", "examples"};  // from the content
  const std::vector<std::string> differ = differences(run->data, data, kFollow);
  return differ.empty()
             ? ""
             : str("'", t.init.from, "' was trained on other data: ", join_names(differ));
}

std::string summary(const Transfer& t) {
  std::array<int64_t, 4> count{};
  for (const TransferRow& row : t.rows) ++count[size_t(row.fate)];
  std::string out =
      str(count[0], count[0] == 1 ? " tensor" : " tensors", " taken from '", t.init.from, "'");
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
    rows.push_back(std::move(j));
  }
  return {{"from", t.init.from}, {"hash", t.hash}, {"tensors", std::move(rows)}};
}
}  // namespace cambium
