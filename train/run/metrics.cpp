#include "train/run/metrics.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "core/error.h"
#include "core/text/fmt.h"
#include "data/slices.h"

namespace cambium {
namespace {
constexpr std::string_view kOfClasses[] = {"loss", "accuracy"};
constexpr std::string_view kOfValues[] = {"loss", "mae", "r2"};
constexpr std::string_view kOfText = "bits_per_byte";
constexpr std::string_view kOfSequences[] = {"loss", "accuracy", "label_error_rate"};
}  // namespace

std::string_view name_of(TargetKind kind) {
  constexpr std::string_view names[] = {"classes", "values", "sequences"};
  return names[size_t(kind)];
}

std::span<const std::string_view> metric_names(TargetKind kind) {
  if (kind == TargetKind::kValues) return kOfValues;
  if (kind == TargetKind::kSequences) return kOfSequences;
  return kOfClasses;
}

std::vector<std::string_view> metric_names(const Dataset& data) {
  const auto of_kind = metric_names(data.shape(1).target_kind());
  std::vector<std::string_view> names(of_kind.begin(), of_kind.end());
  if (!data.symbol_bytes().empty()) names.push_back(kOfText);
  return names;
}

std::vector<std::string> validation_metrics() {
  std::vector<std::string> names;
  for (const TargetKind kind : {TargetKind::kClasses, TargetKind::kValues, TargetKind::kSequences})
    for (const std::string_view name : metric_names(kind))
      if (std::string full = str("val.", name); !std::ranges::count(names, full))
        names.push_back(std::move(full));
  names.push_back(str("val.", kOfText));
  return names;
}

std::vector<std::string> slice_metrics(const Dataset& data) {
  std::vector<std::string> names;
  const Slicing s = slicing_of(data, Split::kValidation);
  for (size_t k = 0; k < s.names.size(); ++k) names.push_back(str("val.loss.", slice_name(s, k)));
  return names;
}

namespace {
using Numbers = std::vector<std::pair<std::string, double>>;

Numbers own_numbers(const Metrics& m) {
  if (m.kind == TargetKind::kSequences)
    return {{"loss", m.loss}, {"accuracy", m.accuracy}, {"label_error_rate", m.label_error_rate}};
  if (m.kind == TargetKind::kValues) return {{"loss", m.loss}, {"mae", m.mae}, {"r2", m.r2}};
  if (m.bits_per_byte >= 0)
    return {{"loss", m.loss}, {"accuracy", m.accuracy}, {std::string(kOfText), m.bits_per_byte}};
  return {{"loss", m.loss}, {"accuracy", m.accuracy}};
}

std::string own_text(const Metrics& m) {
  if (m.kind == TargetKind::kValues)
    return fmt::format("loss {:.4f}, MAE {:.4f}, R2 {:.4f}", m.loss, m.mae, m.r2);
  std::string text = fmt::format("loss {:.4f}, accuracy {:.2f} %", m.loss, 100 * m.accuracy);
  if (m.kind == TargetKind::kSequences)
    text += fmt::format(", label errors {:.2f} %", 100 * m.label_error_rate);
  if (m.bits_per_byte >= 0) text += fmt::format(", {:.4f} bits per byte", m.bits_per_byte);
  return text;
}

bool is_number(std::string_view name) {
  for (const TargetKind kind : {TargetKind::kClasses, TargetKind::kValues, TargetKind::kSequences})
    if (std::ranges::count(metric_names(kind), name)) return true;
  return name == kOfText;
}
}  // namespace

// Beside PartMetrics, which must be complete.
bool Metrics::operator==(const Metrics& o) const {
  const auto all = [](const Metrics& m) {
    return std::tie(m.loss, m.accuracy, m.scored, m.kind, m.mae, m.r2, m.label_error_rate,
                    m.bits_per_byte, m.parts);
  };
  return all(*this) == all(o);
}

Numbers Metrics::numbers() const {
  Numbers all;
  if (scored > 0 || parts.empty()) all = own_numbers(*this);
  for (const PartMetrics& part : parts)
    for (const auto& [name, value] : own_numbers(part.metrics))
      all.emplace_back(str(name, ".", part.name), value);
  return all;
}

double Metrics::at(std::string_view name) const {
  for (const auto& [known, value] : numbers())
    if (known == name) return value;
  throw UserError(str("there is no ", name, " of ", name_of(kind)),
                  name == kOfText ? "it is of text whose symbols stand for bytes" : "");
}

int64_t scored_in_all(const Metrics& m) {
  int64_t all = m.scored;
  for (const PartMetrics& part : m.parts)
    if (!part.within) all += part.metrics.scored;
  return all;
}

std::string to_text(const Metrics& m) {
  std::string text = m.scored > 0 || m.parts.empty() ? own_text(m) : "";
  for (const PartMetrics& part : m.parts)
    text += str(text.empty() ? "" : "; ", part.name, ": ", own_text(part.metrics));
  return text;
}

std::string_view metric_of(std::string_view name) {
  for (const std::string_view split : {"train.", "val.", "test."})
    if (name.starts_with(split)) return name.substr(split.size());
  return name;
}

// A table's result may be called "cifar10.accuracy".
std::string_view number_of(std::string_view name) {
  const std::string_view metric = metric_of(name), first = metric.substr(0, metric.find('.'));
  return is_number(first) ? first : metric.substr(metric.rfind('.') + 1);
}

std::string_view part_of(std::string_view name) {
  const std::string_view metric = metric_of(name);
  const size_t dot = metric.find('.');
  return dot == metric.npos || !is_number(metric.substr(0, dot)) ? "" : metric.substr(dot + 1);
}

std::string without_part(std::string_view name) {
  const size_t part = part_of(name).size();
  return std::string(name.substr(0, name.size() - (part > 0 ? part + 1 : 0)));
}

bool is_validation_metric(std::string_view name) {
  const std::vector<std::string> known = validation_metrics();
  return std::ranges::count(known, without_part(name)) > 0;
}

bool higher_is_better(std::string_view metric) {
  const std::string_view name = number_of(metric);
  return name == "accuracy" || name == "r2";
}

bool is_better(const Metrics& a, const Metrics& b, std::string_view metric) {
  return higher_is_better(metric) ? a.at(metric) > b.at(metric) : a.at(metric) < b.at(metric);
}

bool is_share(std::string_view metric) {
  const std::string_view name = number_of(metric);
  return name == "accuracy" || name == "label_error_rate";
}

void ValueSums::add(std::span<const float> predictions, std::span<const float> targets,
                    size_t width) {
  ensure(predictions.size() == targets.size() && width > 0, "predictions do not fit the targets");
  columns_.resize(width);
  for (size_t i = 0; i < targets.size(); ++i) {
    const double y = targets[i], error = double(predictions[i]) - y;
    if (std::isnan(y)) continue;
    Column& c = columns_[i % width];
    c.count += 1;
    const double before = y - c.mean;
    c.mean += before / c.count;
    c.squares += before * (y - c.mean);
    count_ += 1;
    absolute_ += std::abs(error);
    squared_ += error * error;
  }
}

double ValueSums::mae() const {
  return count_ > 0 ? absolute_ / count_ : 0;
}

double ValueSums::r2() const {
  double squares = 0;
  for (const Column& c : columns_) squares += c.squares;
  return squares > 0 ? 1 - squared_ / squares : 0;
}
}  // namespace cambium
