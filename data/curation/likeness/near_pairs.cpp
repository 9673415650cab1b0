#include "data/curation/likeness/near_pairs.h"

#include <algorithm>

#include "core/system/files.h"
#include "data/assembly/shuffle.h"
#include "data/curation/likeness/shingle_file.h"
#include "data/curation/support/number_file.h"
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
    each("comparing", "alike", parts_, [&](int64_t i) { compare(met, i); });
    std::vector<uint64_t> order;
    for (int64_t i = 0; i < parts_; ++i) order.push_back(place(i, 0).rank_part);
    std::ranges::sort(order);
    return NearPairs(folder_, std::move(order));
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

  // By the earlier ones' parts, so that two files are open.
  void compare(const ShuffleFiles& met, int64_t part) const {
    Met mine = met_of(met, part);
    const ShingleFile here(file("sets", part));
    std::optional<ShingleFile> there;
    std::optional<RankedPlace> loaded;
    std::vector<AlikePair> alike;
    std::vector<uint64_t> a, b;
    if (options_.verify)
      std::ranges::sort(mine.pairs, {}, [](const auto& p) { return std::pair(p.second, p.first); });
    for (const auto& [later, earlier] : mine.pairs) {
      double similarity = 1;
      if (options_.verify) {
        if (!loaded || loaded->rank_part != earlier.rank_part)
          there.emplace(file("sets", earlier.part()));
        if (loaded != earlier) there->read(there->entry(int64_t(earlier.index)), b);
        loaded = earlier;
        here.read(here.entry(int64_t(later.index)), a);
        similarity = jaccard(a, b);
        if (similarity < options_.similarity) continue;
      }
      alike.push_back({later, earlier, similarity});
    }
    std::ranges::sort(alike, {}, [](const AlikePair& p) { return std::pair(p.later, p.earlier); });
    NumberFileWriter out(file("alike", part));
    out.add(std::vector<int64_t>{int64_t(mine.pairs.size()), mine.capped, int64_t(alike.size())});
    out.add(alike);
    out.commit();
  }

  const StagedDrafts& drafts_;
  const NearOptions& options_;
  std::string folder_;
  const Workers& workers_;
  MinHash hash_;
  int64_t parts_, tasks_ = 1;
};
}  // namespace

NearPairs::NearPairs(std::string folder, std::vector<uint64_t> parts)
    : folder_(std::move(folder)), parts_(std::move(parts)) {
  for (const uint64_t part : parts_) {
    NumberFileReader file(str(folder_, "/alike-", RankedPlace{part}.part()));
    std::vector<int64_t> counts;
    file.take(counts);
    ensure(counts.size() == 3, "pairs without their numbers");
    candidates_ += counts[0];
    capped_ += counts[1];
    count_ += counts[2];
  }
}

void NearPairs::each(const std::function<void(const AlikePair&)>& f) const {
  for (const uint64_t part : parts_) {
    NumberFileReader file(str(folder_, "/alike-", RankedPlace{part}.part()));
    std::vector<int64_t> counts;
    std::vector<AlikePair> pairs;
    file.take(counts);
    file.take(pairs);
    for (const AlikePair& p : pairs) f(p);
  }
}

std::function<uint64_t(const RankedPlace&)> NearPairs::keys() const {
  auto open = std::make_shared<std::pair<int64_t, std::optional<ShingleFile>>>(-1, std::nullopt);
  return [open, folder = folder_](const RankedPlace& p) {
    if (open->first != p.part()) open->second.emplace(str(folder, "/sets-", p.part()));
    open->first = p.part();
    return open->second->entry(int64_t(p.index)).key;
  };
}

NearPairs find_near_pairs(const StagedDrafts& drafts, const NearOptions& options,
                          const std::string& folder, const Workers& workers) {
  return Finder(drafts, options, folder, workers).find();
}
}  // namespace cambium
