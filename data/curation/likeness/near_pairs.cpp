#include "data/curation/likeness/near_pairs.h"

#include <algorithm>
#include <cstring>

#include "core/system/files.h"
#include "data/assembly/shuffle.h"
#include "data/assembly/sidecar.h"
#include "data/curation/likeness/shingle_file.h"
#include "data/curation/support/place_lists.h"

namespace cambium {
namespace {
constexpr char kPair = 'p', kCapped = 'c', kNeeded = 'n';

void append_place(std::string& bytes, const RankedPlace& p) {
  append_sortable(bytes, p.rank_part);
  append_sortable(bytes, p.index);
}

RankedPlace take_place(std::string_view& bytes) {
  const uint64_t rank_part = take_sortable(bytes);
  return {rank_part, take_sortable(bytes)};
}

class Finder {
 public:
  Finder(const StagedDrafts& drafts, const NearOptions& options, std::string folder,
         const Workers& workers)
      : drafts_(drafts),
        options_(options),
        folder_(std::move(folder)),
        workers_(workers),
        hash_(options.bands, options.rows),
        parts_(int64_t(drafts.parts.size())) {
    int64_t documents = 0;
    for (const auto& p : drafts.parts) documents += p.documents;
    tasks_ = tasks_for(documents * options.bands * 28);
  }

  NearPairs find() {
    each("hashing", "bands", parts_, [&](int64_t i) { hash_part(i); });
    const ShuffleFiles bands(files("bands", parts_));
    each("matching", "met", tasks_, [&](int64_t i) { match(bands, i); });
    const ShuffleFiles met(files("met", tasks_));
    each("shingles", "sets", parts_, [&](int64_t i) { keep_sets(met, i); });
    std::vector<ShingleFile> sets;
    for (int64_t i = 0; i < parts_; ++i) sets.emplace_back(file("sets", i));
    each("comparing", "alike", parts_, [&](int64_t i) { compare(met, sets, i); });
    return collect(sets);
  }

 private:
  std::string file(std::string_view kind, int64_t i) const {
    return str(folder_, "/", kind, "-", i);
  }

  std::vector<std::string> files(std::string_view kind, int64_t n) const {
    std::vector<std::string> paths;
    for (int64_t i = 0; i < n; ++i) paths.push_back(file(kind, i));
    return paths;
  }

  template <class F>
  void each(std::string_view what, std::string_view kind, int64_t n, const F& run) const {
    run_tasks(
        workers_, str("near duplicates: ", what), n,
        [&](int64_t i) { return file_exists(file(kind, i)); }, run);
  }

  RankedPlace place(int64_t part, int64_t index) const {
    const auto rank = uint64_t(options_.ranks[size_t(drafts_.parts[size_t(part)].source)]);
    return {rank << 32 | uint64_t(part), uint64_t(index)};
  }

  // band's hash, place
  void hash_part(int64_t part) const {
    ShuffleWriter out(file("bands", part), tasks_);
    PartReader in(drafts_.parts[size_t(part)].path);
    std::vector<uint64_t> shingles, bands;
    std::string record;
    int64_t index = 0;
    for (Draft d; in.next(d); ++index) {
      shingles_of(d.text, options_.shingles, shingles);
      if (shingles.empty()) continue;
      hash_.bands_of(shingles, bands);
      for (const uint64_t band : bands) {
        record.clear();
        append_sortable(record, band);
        append_place(record, place(part, index));
        out.add(task_of(band, tasks_), record);
      }
    }
    out.commit();
  }

  // Of drafts that share a band each meets those before it, the first `bucket` of them at most.
  void match(const ShuffleFiles& bands, int64_t task) const {
    const Shuffled records(bands, task, task + 1);
    ShuffleWriter out(file("met", task), parts_);
    uint64_t band = 0;
    std::vector<RankedPlace> before;
    std::string record;
    const auto add = [&](char kind, const RankedPlace& to, const RankedPlace* other) {
      record.assign(1, kind);
      append_place(record, to);
      if (other) append_place(record, *other);
      out.add(to.part(), record);
    };
    bool any = false;
    for (std::string_view r : records.records()) {
      const uint64_t mine = take_sortable(r);
      const RankedPlace later = take_place(r);
      if (!any || mine != band) before.clear();
      any = true;
      band = mine;
      for (const RankedPlace& earlier : before) {
        add(kPair, later, &earlier);
        add(kNeeded, earlier, nullptr);
      }
      if (!before.empty()) add(kNeeded, later, nullptr);
      if (int64_t(before.size()) < options_.bucket)
        before.push_back(later);
      else
        add(kCapped, later, nullptr);
    }
    out.commit();
  }

  struct Met {
    std::vector<std::pair<RankedPlace, RankedPlace>> pairs;  // later, earlier; each once
    std::vector<int64_t> needed;                             // indices in the part
    int64_t capped = 0;
  };

  static Met met_of(const ShuffleFiles& met, int64_t part) {
    const Shuffled records(met, part, part + 1);
    Met out;
    std::string_view last;
    for (std::string_view r : records.records()) {
      if (r == last) continue;
      last = r;
      const char kind = r[0];
      r.remove_prefix(1);
      const RankedPlace to = take_place(r);
      if (kind == kNeeded) out.needed.push_back(int64_t(to.index));
      if (kind == kCapped) ++out.capped;
      if (kind == kPair) out.pairs.emplace_back(to, take_place(r));
    }
    return out;
  }

  void keep_sets(const ShuffleFiles& met, int64_t part) const {
    const Met mine = met_of(met, part);
    std::vector<ShingleEntry> entries;
    std::vector<uint64_t> sets, shingles;
    if (!mine.needed.empty()) {
      PartReader in(drafts_.parts[size_t(part)].path);
      auto want = mine.needed.begin();
      int64_t index = 0;
      for (Draft d; want != mine.needed.end() && in.next(d); ++index) {
        if (index != *want) continue;
        ++want;
        shingles.clear();
        if (options_.verify) shingles_of(d.text, options_.shingles, shingles);
        entries.push_back({index, d.key, int64_t(sets.size()), int64_t(shingles.size())});
        sets.insert(sets.end(), shingles.begin(), shingles.end());
      }
    }
    write_shingles(file("sets", part), entries, sets);
  }

  void compare(const ShuffleFiles& met, const std::vector<ShingleFile>& sets, int64_t part) const {
    const Met mine = met_of(met, part);
    Json alike = Json::array();
    std::vector<uint64_t> a, b;
    std::optional<RankedPlace> loaded;
    for (const auto& [later, earlier] : mine.pairs) {
      double similarity = 1;
      if (options_.verify) {
        const ShingleFile& here = sets[size_t(part)];
        const ShingleFile& there = sets[size_t(earlier.part())];
        if (loaded != later) here.read(here.entry(int64_t(later.index)), a);
        loaded = later;
        there.read(there.entry(int64_t(earlier.index)), b);
        similarity = jaccard(a, b);
        if (similarity < options_.similarity) continue;
      }
      alike.push_back({later.rank_part, later.index, earlier.rank_part, earlier.index, similarity});
    }
    replace_file(
        file("alike", part),
        to_text({{"candidates", mine.pairs.size()}, {"capped", mine.capped}, {"pairs", alike}}));
  }

  NearPairs collect(const std::vector<ShingleFile>& sets) const {
    NearPairs out;
    for (int64_t part = 0; part < parts_; ++part) {
      const Json found = load_json(file("alike", part));
      out.candidates += found["candidates"].get<int64_t>();
      out.capped += found["capped"].get<int64_t>();
      for (const Json& p : found["pairs"])
        out.pairs.push_back({{p[0].get<uint64_t>(), p[1].get<uint64_t>()},
                             {p[2].get<uint64_t>(), p[3].get<uint64_t>()},
                             p[4].get<double>()});
    }
    std::ranges::sort(out.pairs, [](const AlikePair& a, const AlikePair& b) {
      return std::pair(a.later, a.earlier) < std::pair(b.later, b.earlier);
    });
    for (const AlikePair& p : out.pairs)
      for (const RankedPlace& place : {p.later, p.earlier})
        out.keys[place] = sets[size_t(place.part())].entry(int64_t(place.index)).key;
    return out;
  }

  const StagedDrafts& drafts_;
  const NearOptions& options_;
  std::string folder_;
  const Workers& workers_;
  MinHash hash_;
  int64_t parts_, tasks_ = 1;
};
}  // namespace

NearPairs find_near_pairs(const StagedDrafts& drafts, const NearOptions& options,
                          const std::string& folder, const Workers& workers) {
  return Finder(drafts, options, folder, workers).find();
}
}  // namespace cambium
