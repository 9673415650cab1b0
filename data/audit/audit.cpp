#include "data/audit/audit.h"

#include <algorithm>
#include <cmath>

#include "core/system/files.h"
#include "core/text/utf8.h"
#include "data/audit/folding.h"
#include "data/audit/ordered.h"
#include "data/audit/slice_stats.h"
#include "data/audit/surprise.h"

namespace cambium {
namespace {
constexpr int64_t kScoredBytes = 4'000'000;  // of each source, at most, that the model is asked of
constexpr size_t kSampleBytes = 600, kSamples = 3;

enum Purpose : uint64_t { kTrained = 1, kScored = 2, kFold = 3, kShown = 4 };

// Two models of bytes, each trained on texts that the other is asked of. Equal texts stand in one
// fold, so that none is asked of what it has seen word for word.
void score_texts(Records& records, const AuditIntake& intake, const AuditOptions& options,
                 const Workers& workers, Audit& out) {
  int64_t all = 0;
  std::vector<int64_t> of_source(intake.sources.size());
  for (const StagedDrafts::Part& p : records.staged.parts) {
    all += p.bytes;
    of_source[size_t(p.source)] += p.bytes;
  }
  const double trained = all > 0 ? std::min(1.0, double(options.model) / double(all)) : 1;
  const auto fold = [](uint64_t hash) { return draw_of(hash, kFold) < 0.5 ? 0 : 1; };
  ByteModel models[2];
  int64_t bytes[2] = {};
  run_tasks(
      workers, "training a model of bytes", 2, [](int64_t) { return false; },
      [&](int64_t f) {
        for (const StagedDrafts::Part& part : records.staged.parts) {
          PartReader in(part.path);
          for (Draft d; in.next(d);) {
            if (fold(d.key) != f || draw_of(d.key, kTrained) >= trained) continue;
            models[f].add(d.text);
            bytes[f] += int64_t(d.text.size());
            if (workers.stop && workers.stop()) throw Stopped();
          }
        }
      });
  out.model_bytes = bytes[0] + bytes[1];
  if (bytes[0] == 0 || bytes[1] == 0) return;
  run_tasks(
      workers, "asking it", int64_t(records.staged.parts.size()), [](int64_t) { return false; },
      [&](int64_t p) {
        const StagedDrafts::Part& part = records.staged.parts[size_t(p)];
        const double share =
            double(kScoredBytes) / double(std::max<int64_t>(1, of_source[size_t(part.source)]));
        PartReader in(part.path);
        size_t at = records.begins[size_t(p)];
        for (Draft d; in.next(d); ++at)
          if (draw_of(d.key, kScored) < share)
            records.documents[at].bits = models[1 - fold(d.key)].bits(d.text);
      });
}

// Places in the lexicon and how often each comes, from words as they stand.
void bag_of(const Lexicon& lexicon, std::span<const std::string_view> words,
            std::vector<std::pair<int32_t, int32_t>>& bag) {
  thread_local std::vector<int32_t> places;
  places.clear();
  for (const std::string_view w : words)
    if (const int32_t place = lexicon.find(w); place >= 0) places.push_back(place);
  std::ranges::sort(places);
  bag.clear();
  for (const int32_t place : places) {
    if (bag.empty() || bag.back().first != place) bag.emplace_back(place, 0);
    ++bag.back().second;
  }
}

// What the second look at the texts finds.
struct SecondLook {
  std::vector<SliceWords> words;  // of each slicing
  std::vector<TermCounts> terms;  // of each document, where terms are given
};

SecondLook look_again(const Records& records, const std::vector<AuditSlicing>& slicings,
                      const Lexicon& lexicon, const AuditOptions& options, const Workers& workers) {
  SecondLook out;
  for (const AuditSlicing& s : slicings) out.words.emplace_back(s.values.size(), lexicon.size());
  if (!options.terms.empty()) out.terms.resize(records.documents.size());
  const TermCounter counter(options.terms, options.passage);
  run_tasks(
      workers, "counting words", int64_t(records.staged.parts.size()),
      [](int64_t) { return false; },
      [&](int64_t p) {
        PartReader in(records.staged.parts[size_t(p)].path);
        FoldedWords folded;
        std::vector<std::pair<int32_t, int32_t>> bag;
        size_t at = records.begins[size_t(p)];
        for (Draft d; in.next(d); ++at) {
          folded.fold(d.text);
          bag_of(lexicon, folded.words(), bag);
          for (size_t s = 0; s < slicings.size(); ++s)
            out.words[s].add(slicings[s].of[at], bag, int64_t(folded.words().size()));
          if (!options.terms.empty()) out.terms[at] = counter.count(folded.words());
        }
      });
  return out;
}

// The documents with the least numbers of each source, as their texts begin.
void draw_samples(const Records& records, const AuditIntake& intake, Audit& out) {
  for (size_t s = 0; s < intake.sources.size(); ++s) {
    std::vector<std::pair<double, size_t>> order;
    for (size_t i = 0; i < records.documents.size(); ++i)
      if (intake.tasks[records.documents[i].task].source == s)
        order.emplace_back(draw_of(records.documents[i].hash, kShown), i);
    const size_t kept = std::min(kSamples, order.size());
    std::ranges::partial_sort(order, order.begin() + long(kept));
    order.resize(kept);
    auto& [name, samples] = out.samples.emplace_back(intake.sources[s], std::vector<AuditSample>());
    for (const auto& [draw, i] : order) {
      const size_t part = records.documents[i].task;
      PartReader in(records.staged.parts[part].path);
      Draft d;
      for (size_t at = records.begins[part]; at <= i && in.next(d); ++at) {
      }
      std::string_view text = std::string_view(d.text).substr(0, kSampleBytes);
      if (text.size() < d.text.size()) text = text.substr(0, whole_bytes(text));
      samples.push_back({name, d.id, std::string(text)});
    }
  }
}
}  // namespace

Audit audit(const AuditIntake& intake, const AuditOptions& options, const std::string& work,
            const Workers& workers) {
  Audit out{.name = intake.name, .corpus = intake.splits, .steps = intake.manifest.steps};
  out.options = options;
  out.content = intake.splits ? intake.manifest.content() : 0;
  make_folders(work + "/texts");
  Records records = read_records(intake, work + "/texts", workers);
  if (records.documents.empty())
    throw UserError(str("'", intake.name, "' holds no documents to look at"),
                    "a larger --sample draws more; 0 looks at all");
  const std::vector<AuditSlicing> slicings = make_slicings(intake, records, options.by);
  score_texts(records, intake, options, workers, out);
  out.twins = find_twins(records, options.near, work + "/near", workers);
  const Lexicon lexicon(records);
  const SecondLook look = look_again(records, slicings, lexicon, options, workers);
  out.bad = records.bad;
  out.lexicon = int64_t(lexicon.size());
  out.different = int64_t(records.words.size()) + records.passed_over;
  out.passed_over = records.passed_over;
  for (const IntakeTask& t : intake.tasks) {
    out.sampled |= t.share < 1;
    if (out.shares.empty() || out.shares.back().first != intake.sources[t.source])
      out.shares.emplace_back(intake.sources[t.source], t.share);
  }
  for (size_t s = 0; s < slicings.size(); ++s)
    out.keys.push_back(key_of_slicing(intake, records, slicings[s], out.twins, lexicon,
                                      look.words[s], options.top));
  out.looked_at = int64_t(records.documents.size());
  for (const DocumentRecord& r : records.documents) out.looked_at_bytes += r.bytes;
  out.documents = out.keys.front().all.documents;
  out.bytes = out.keys.front().all.bytes;
  if (!options.terms.empty()) out.terms = term_table(options.terms, options.passage, look.terms);
  draw_samples(records, intake, out);
  return out;
}
}  // namespace cambium
