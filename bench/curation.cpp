// How fast steps of curation judge texts on one core, and how often like texts meet.
//   build/release/bench/curation TEXTS.txt ...       # real texts; each paragraph run of about 4 kB
//   is a document
#include <cmath>
#include <cstdio>

#include "core/rng.h"
#include "core/system/clock.h"
#include "core/system/files.h"
#include "core/xxhash.h"
#include "data/corpus/document.h"
#include "data/curation/likeness/minhash.h"
#include "data/curation/scoring/byte_ngrams.h"
#include "data/curation/scoring/logistic.h"
#include "data/curation/scoring/word_features.h"
#include "data/recipe/recipe.h"

namespace cambium {
namespace {
std::vector<Draft> drafts_of(const std::vector<std::string>& paths) {
  std::vector<Draft> drafts;
  for (const std::string& path : paths) {
    const auto documents = open_corpus({.path = path});
    for (Document d; documents->next(d);) {
      const std::string text(d.text);
      for (size_t at = 0; at < text.size(); at += 4096)
        drafts.push_back({.key = content_hash(text), .id = d.id, .text = text.substr(at, 4096)});
    }
  }
  return drafts;
}

void time_steps(const std::string& name, const std::string& steps,
                const std::vector<Draft>& drafts) {
  const std::string file = "/tmp/cambium_bench_recipe.yaml";
  replace_file(file, str("sources: {a: x.txt}\nsteps: [", steps, "]\n"));
  const auto opened = open_steps(load_recipe(file));
  std::vector<std::unique_ptr<Judge>> judges;
  for (const auto& s : opened) judges.push_back(s->judge(0));
  int64_t bytes = 0, kept = 0;
  double best = 1e300;
  for (int round = 0; round < 5; ++round) {
    std::vector<Draft> copies = drafts;
    Tally tally;
    bytes = kept = 0;
    const Stopwatch clock;
    for (Draft& d : copies) {
      bytes += int64_t(d.text.size());
      // All steps see every document, also those that an earlier one drops.
      bool keep = true;
      for (auto& j : judges) keep &= j->keep(d, tally);
      kept += keep;
    }
    best = std::min(best, clock.seconds());
  }
  std::printf("%-28s %8.1f MB/s   %lld of %zu kept\n", name.c_str(), double(bytes) / best / 1e6,
              static_cast<long long>(kept), drafts.size());
}

void time_minhash(const std::vector<Draft>& drafts) {
  const MinHash hash(14, 8);
  std::vector<uint64_t> shingles, bands;
  int64_t bytes = 0;
  const Stopwatch clock;
  for (const Draft& d : drafts) {
    shingles_of(d.text, {}, shingles);
    if (!shingles.empty()) hash.bands_of(shingles, bands);
    bytes += int64_t(d.text.size());
  }
  std::printf("%-28s %8.1f MB/s\n", "MinHash, 14 bands of 8",
              double(bytes) / clock.seconds() / 1e6);
}

// What the steps do that learn from all of the texts, then score each.
void time_scoring(const std::vector<Draft>& drafts) {
  int64_t bytes = 0;
  for (const Draft& d : drafts) bytes += int64_t(d.text.size());
  const auto told = [&](const char* name, const Stopwatch& clock) {
    std::printf("%-28s %8.1f MB/s\n", name, double(bytes) / clock.seconds() / 1e6);
  };
  ByteNgrams model(5, 48'000'000);
  const Stopwatch learning;
  for (const Draft& d : drafts) model.learn(d.text);
  model.finish();
  told("perplexity, learning", learning);
  double sum = 0;
  const Stopwatch scoring;
  for (const Draft& d : drafts) sum += model.bits(d.text);
  told("perplexity, scoring", scoring);
  Logistic regression(1 << 20, 0.5);
  std::vector<uint32_t> places;
  const Stopwatch passing;
  for (const Draft& d : drafts) {
    features_of(d.text, {}, places);
    regression.learn(places, d.key % 2 == 0, 1);
  }
  told("classifier, a pass", passing);
  const Stopwatch judging;
  for (const Draft& d : drafts) {
    features_of(d.text, {}, places);
    sum += regression.chance(places);
  }
  told("classifier, scoring", judging);
  if (sum < 0) std::printf("a sum below zero\n");  // so that nothing is left out
}

// Pairs of sets of 200 hashes, half of which or more both hold.
void meetings() {
  const MinHash hash(14, 8);
  Random random(7);
  std::vector<uint64_t> x, y;
  std::printf("\nsimilarity   pairs   met    by the formula\n");
  for (double s = 0.5; s < 0.96; s += 0.05) {
    constexpr int kPairs = 10'000;
    int met = 0;
    double expected = 0;
    for (int i = 0; i < kPairs; ++i) {
      const int both = int(std::lround(2 * s * 200 / (1 + s)));
      std::vector<uint64_t> a, b;
      for (int k = 0; k < 200; ++k) {
        a.push_back(content_hash(str(random.bits(), random.bits())));
        b.push_back(k < both ? a.back() : content_hash(str(random.bits(), random.bits())));
      }
      hash.bands_of(a, x);
      hash.bands_of(b, y);
      bool meets = false;
      for (size_t k = 0; k < x.size(); ++k) meets |= x[k] == y[k];
      met += meets;
      const double j = double(both) / double(400 - both);
      expected += 1 - std::pow(1 - std::pow(j, 8), 14);
    }
    std::printf("%9.2f %8d %6.2f %% %9.2f %%\n", s, kPairs, 100.0 * met / kPairs,
                100 * expected / kPairs);
  }
}
}  // namespace
}  // namespace cambium

int main(int count, char** words) {
  using namespace cambium;
  const std::vector<Draft> drafts = drafts_of({words + 1, words + count});
  time_steps("gopher quality", "{quality: gopher}", drafts);
  time_steps("gopher repetition", "{repetition: gopher}", drafts);
  time_steps("c4", "{quality: c4}", drafts);
  time_steps("fineweb", "{quality: fineweb}", drafts);
  time_steps("all four",
             "{quality: gopher}, {repetition: gopher}, {quality: c4}, {quality: fineweb}", drafts);
  time_steps("pii", "pii", drafts);
  time_steps("repair", "repair", drafts);
  time_steps("language", "{language: [en]}", drafts);
  time_minhash(drafts);
  time_scoring(drafts);
  meetings();
}
