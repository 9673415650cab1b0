// Audit: what a corpus is made of, slice by slice: how much there is of each, what is repeated, how
// its words differ, how hard it is to foretell, and what published rules would drop of it.
#pragma once
#include "data/audit/lexicon.h"
#include "data/audit/terms/terms.h"
#include "data/audit/twins.h"

namespace cambium {
struct AuditOptions {
  std::vector<std::string> by;  // keys; empty: found (make_slicings)
  int64_t sample = 64'000'000;  // bytes of each source's texts that are looked at; 0: all
  int64_t model = 8'000'000;    // bytes that the model of bytes is trained on
  size_t top = 1000;            // words of a slice that overlap is told of
  bool near = true;             // near duplicates are looked for
  TermLists terms;
  int64_t passage = kTermPassage;
};

struct RuleRate {
  double share = 0, bytes = 0;                        // of documents and of bytes that it drops
  std::vector<std::pair<std::string, double>> rules;  // shares of documents, the largest first
};

struct AuditSlice {
  static constexpr size_t kBins = 24;

  std::string value;
  int64_t looked_at = 0;                       // documents of the sample
  double documents = 0, bytes = 0, words = 0;  // of all; estimated where there is a sample
  double document_share = 0, byte_share = 0;
  double quartiles[3] = {};                   // of words a document, of those looked at
  std::vector<double> lengths;                // documents of 2^i to 2^(i+1) - 1 words; [0]: 0 and 1
  double repeated = 0;                        // share that has the text of one before it
  double equal_within = 0, equal_across = 0;  // shares of documents
  double alike_within = 0, alike_across = 0;
  int64_t scored = 0;                            // documents that the model was asked about
  double bits = 0, bits_low = 0, bits_high = 0;  // a byte; NaN where none was asked
  std::array<RuleRate, kRuleSets> rules;
  std::vector<CharacteristicWord> characteristic;
};

struct AuditKey {
  std::string key;
  bool ordered = false;
  double entropy = 0, effective = 0;  // bits of the bytes' shares; 2^entropy
  std::vector<AuditSlice> slices;
  AuditSlice all;
  Overlap overlap;
};

// A document to look at.
struct AuditSample {
  std::string source, id, text;
};

struct Audit {
  std::string name;
  uint64_t content = 0;  // of the corpus
  bool corpus = false;
  std::vector<StepRecord> steps;  // of its build
  AuditOptions options;
  int64_t looked_at = 0, looked_at_bytes = 0, bad = 0;
  double documents = 0, bytes = 0;
  bool sampled = false;                                // not all was looked at
  std::vector<std::pair<std::string, double>> shares;  // of each source's documents that were
  int64_t lexicon = 0, passed_over = 0, different = 0;
  int64_t model_bytes = 0;
  Twins twins;
  std::vector<AuditKey> keys;
  TermTable terms;
  std::vector<std::pair<std::string, std::vector<AuditSample>>> samples;  // by source, drawn

  Json json() const;
};

// Keeps what it draws in `work`, which it makes; whoever asks removes it. The same for any number
// of workers. UserErrors; Stopped.
Audit audit(const AuditIntake& intake, const AuditOptions& options, const std::string& work,
            const Workers& workers);
}  // namespace cambium
