// Slice scores: what models lose on slices of held-out documents, with intervals.
#pragma once
#include <array>
#include <string>
#include <vector>

#include "core/text/json_forward.h"
#include "data/audit/slicing.h"
#include "train/slices/document_scores.h"

namespace cambium {
// A mean and the middle 95 % of it over kDraws drawings of the slice's documents anew, whole with
// all their targets, which are not independent; NaN of fewer than kLeastDrawn documents.
struct ScoreInterval {
  static constexpr int kDraws = 1000;
  static constexpr size_t kLeastDrawn = 10;

  double mean, low, high;
};

struct SliceScore {
  std::string value;
  int64_t documents = 0, targets = 0, bytes = 0;
  ScoreInterval loss{}, accuracy{};  // of a target: nats, and a share
  ScoreInterval bits{};              // of a byte; NaN where bytes are not known
};

struct SliceScores {
  std::string key;
  std::vector<SliceScore> slices;
  SliceScore all;
};

// `documents` and the slicings are of the same documents, in the same order.
std::vector<SliceScores> slice_scores(const std::vector<DocumentScore>& documents,
                                      const std::vector<AuditSlicing>& slicings);

// What a second model loses more than a first one on the same documents: in bits a byte, or where
// bytes are not known in nats a target. Only documents of which both were asked as much count.
struct SliceDifference {
  std::string value;
  int64_t documents = 0;
  ScoreInterval difference{};
};

struct SliceDifferences {
  std::string key;
  bool of_bytes = false;
  std::vector<SliceDifference> slices;
  SliceDifference all;
};

std::vector<SliceDifferences> slice_differences(const std::vector<DocumentScore>& first,
                                                const std::vector<DocumentScore>& second,
                                                const std::vector<AuditSlicing>& slicings);

// A model and what it loses.
struct ScoredRun {
  std::string name;
  std::vector<SliceScores> scores;
  std::vector<SliceDifferences> more;  // than the first run; empty of that
};

Json to_json(const std::vector<SliceScores>& scores);
Json to_json(const std::vector<SliceDifferences>& differences);
// key,slice,documents,targets,bytes,loss,low,high ...: a row a slice
std::string to_csv(const std::vector<SliceScores>& scores);

// The slices of what a split's scores are of: of documents as an audit parts them, of examples with
// a class each by their "label". UserError for an unknown key.
std::vector<AuditSlicing> slicings_of(const Dataset& data, Split split,
                                      std::span<const std::string> wanted);
}  // namespace cambium
