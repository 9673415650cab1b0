// Metrics: what an evaluation measures, and what each of its numbers is called.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/dataset.h"

namespace cambium {
struct PartMetrics;

// Of class targets loss and accuracy, of values loss, mae and r2, of sequences loss, accuracy and
// label_error_rate.
struct Metrics {
  double loss = 0;  // mean over scored targets; in nats but for values
  // Share of scored targets; with `accuracy: macro`, the mean over classes. Of sequences: those
  // that the greedy answer gets right from end to end.
  double accuracy = 0;
  int64_t scored = 0;
  TargetKind kind = TargetKind::kClasses;  // which of the numbers hold
  double mae = 0;                          // mean |prediction - target|
  // 1 - squared errors / squared distances of the targets from their mean, each summed over all of
  // a target's numbers; 0 when the targets do not differ.
  double r2 = 0;
  // Edit distances of the greedy answers, summed, by the symbols of the targets; may be above 1.
  double label_error_rate = 0;
  // Of text: the loss of all scored targets in bits, by the bytes that these stand for, which lets
  // vocabularies be compared. Negative: how many bytes that are is not known.
  double bits_per_byte = -1;
  // Of evaluation sets that stand apart from the data (train/spec/evaluation_sets.h), and of parts
  // of it that are told apart. Their own parts are empty.
  std::vector<PartMetrics> parts = {};

  bool operator==(const Metrics&) const;

  // "loss", "accuracy" ... in the order they are printed, then "loss.books" ... of its parts. Where
  // it has parts and scored nothing itself, those of the parts alone.
  std::vector<std::pair<std::string, double>> numbers() const;

  // UserError for a name that this evaluation does not have.
  double at(std::string_view name) const;
};

struct PartMetrics {
  std::string name;  // "books"
  Metrics metrics;
  bool within = false;  // a slice (data/slices.h) of what is scored beside it: "source.docs"

  bool operator==(const PartMetrics&) const = default;
};

// "loss 0.1234, accuracy 98.20 %" (", label errors 1.30 %") or "loss 0.1234, MAE 0.2731, R2
// 0.9123"; of parts also "; books: loss ...".
std::string to_text(const Metrics& m);

int64_t scored_in_all(const Metrics& m);  // with its evaluation sets

// "classes", "values" or "sequences".
std::string_view name_of(TargetKind kind);

// The names of the numbers that all data of one kind of targets has: "loss", "accuracy" | "loss",
// "mae", "r2" | "loss", "accuracy", "label_error_rate".
std::span<const std::string_view> metric_names(TargetKind kind);
std::vector<std::string_view> metric_names(const Dataset& data);  // "bits_per_byte" too, of text

// "val.loss", "val.accuracy" ...: of all kinds.
std::vector<std::string> validation_metrics();

// The losses that slices of validation data add to them: "val.loss.source.docs".
std::vector<std::string> slice_metrics(const Dataset& data);

// What of "val.accuracy.books" stands behind the split, "accuracy.books"; the name itself where it
// begins with none.
std::string_view metric_of(std::string_view name);
std::string_view number_of(std::string_view name);  // what is measured: "accuracy"
std::string_view part_of(std::string_view name);    // "books"; empty: of the data itself
std::string without_part(std::string_view name);    // "val.accuracy"

// One of validation_metrics(), or that of a part.
bool is_validation_metric(std::string_view name);
bool higher_is_better(std::string_view metric);  // with or without a split
bool is_better(const Metrics& a, const Metrics& b, std::string_view metric);  // a than b
bool is_share(std::string_view metric);                                       // shown in percent

// From predictions and targets [rows,k], NaN where a target is not scored: sums for mae and r2, in
// double.
class ValueSums {
 public:
  void add(std::span<const float> predictions, std::span<const float> targets, size_t width);
  double mae() const;
  double r2() const;

 private:
  struct Column {  // Welford 1962: the mean of the targets so far, and squares around it
    double count = 0, mean = 0, squares = 0;
  };

  std::vector<Column> columns_;
  double count_ = 0, absolute_ = 0, squared_ = 0;  // of the errors
};
}  // namespace cambium
