// Exact duplicates: of equal texts, or equal paragraphs or lines, the first one stays: that of the
// source that stands first, then of the least key.
#include <algorithm>

#include "core/xxhash.h"
#include "data/assembly/sidecar.h"
#include "data/curation/likeness/normal_text.h"
#include "data/curation/support/place_lists.h"
#include "data/curation/support/step.h"

namespace cambium::step_exact_duplicates {
namespace {
struct ExactDuplicates {
  std::string of = "document", normalise = "none";
  int64_t least = 1;
  std::vector<std::string> prefer;
  static constexpr auto fields = std::tuple{
      field("of", &ExactDuplicates::of,
            "what is compared; of paragraphs and lines those that came before are taken out, and a "
            "document that nothing is left of is dropped")
          .one_of("document|paragraph|line"),
      field("normalise", &ExactDuplicates::normalise,
            "what makes texts equal: none, or lower case with everything but letters and digits of "
            "ASCII as one space")
          .one_of("none|words"),
      field("least", &ExactDuplicates::least,
            "bytes; what is shorter is no duplicate; 0: empty documents are equal, too")
          .in(0),
      field("prefer", &ExactDuplicates::prefer,
            "sources in the order in which theirs stays; those that are not named come last")};
};

// The pieces that are compared: the text, or what ends in an empty line or in a line's end.
std::vector<std::string_view> pieces_of(std::string_view text, const std::string& of) {
  if (of == "document") return {text};
  const std::string_view end = of == "line" ? "\n" : "\n\n";
  std::vector<std::string_view> pieces;
  for (size_t at = 0; at < text.size();) {
    const size_t found = text.find(end, at);
    const size_t next = found == text.npos ? text.size() : found + end.size();
    pieces.push_back(text.substr(at, next - at));
    at = next;
  }
  return pieces;
}

std::string_view trimmed(std::string_view piece) {
  while (piece.ends_with('\n')) piece.remove_suffix(1);
  return piece;
}

// Takes out what stands in the part's list, sorted places of a draft and a piece of it.
class Remover final : public Judge {
 public:
  Remover(std::string of, std::vector<uint64_t> repeated)
      : of_(std::move(of)), repeated_(std::move(repeated)) {}

  bool keep(Draft& draft, Tally& tally) override {
    const auto first = uint64_t(index_++) << 32;
    const auto begin = std::ranges::lower_bound(repeated_, first);
    const auto end = std::ranges::lower_bound(repeated_, first + (uint64_t(1) << 32));
    if (begin == end) return true;
    if (of_ == "document") {
      tally.drop("document", draft);
      return false;
    }
    std::string left;
    const std::vector<std::string_view> pieces = pieces_of(draft.text, of_);
    for (size_t i = 0; i < pieces.size(); ++i)
      if (!std::binary_search(begin, end, first | i)) left += pieces[i];
    if (left.find_first_not_of(" \t\r\n") == left.npos) {
      tally.drop(of_, draft);
      return false;
    }
    tally.change(of_, draft, end - begin);
    draft.text = std::move(left);
    return true;
  }

 private:
  std::string of_;
  std::vector<uint64_t> repeated_;
  int64_t index_ = 0;
};

class ExactStep final : public CurationStep {
 public:
  ExactStep(const ExactDuplicates& options, const StepPlace& place)
      : options_(options), ranks_(ranks_of(options.prefer, place)) {}

  bool looks() const override { return true; }

  bool compares() const override { return true; }

  void look(const StagedDrafts& drafts, const std::string& folder,
            const Workers& workers) override {
    const auto parts = int64_t(drafts.parts.size());
    int64_t bytes = 0;
    for (const auto& p : drafts.parts)
      bytes += options_.of == "document" ? p.documents * 40 : p.bytes;
    const int64_t tasks = tasks_for(bytes);
    const auto hashed = [&](int64_t i) { return str(folder, "/hashes-", i); };
    const auto found = [&](int64_t i) { return str(folder, "/repeated-", i); };
    run_tasks(
        workers, "exact duplicates: hashing", parts,
        [&](int64_t i) { return file_exists(hashed(i)); },
        [&](int64_t i) { hash_part(drafts, i, tasks, hashed(i)); });
    std::vector<std::string> paths;
    for (int64_t i = 0; i < parts; ++i) paths.push_back(hashed(i));
    const ShuffleFiles hashes(std::move(paths));
    run_tasks(
        workers, "exact duplicates: comparing", tasks,
        [&](int64_t i) { return file_exists(found(i)); },
        [&](int64_t i) { compare(hashes, i, parts, found(i)); });
    paths.clear();
    for (int64_t i = 0; i < tasks; ++i) paths.push_back(found(i));
    repeated_ = std::make_unique<ShuffleFiles>(std::move(paths));
  }

  std::unique_ptr<Judge> judge(int64_t part) const override {
    const Shuffled records(*repeated_, part, part + 1);
    std::vector<uint64_t> repeated;
    for (std::string_view r : records.records()) repeated.push_back(take_sortable(r));
    return std::make_unique<Remover>(options_.of, std::move(repeated));
  }

 private:
  // hash, rank of the source, part, draft and piece: in this order one stays.
  void hash_part(const StagedDrafts& drafts, int64_t part, int64_t tasks,
                 const std::string& path) const {
    const StagedDrafts::Part& from = drafts.parts[size_t(part)];
    ShuffleWriter out(path, tasks);
    PartReader in(from.path);
    std::string record, normal;
    uint64_t index = 0;
    for (Draft d; in.next(d); ++index) {
      const std::vector<std::string_view> pieces = pieces_of(d.text, options_.of);
      for (size_t i = 0; i < pieces.size(); ++i) {
        std::string_view piece = options_.of == "document" ? pieces[i] : trimmed(pieces[i]);
        if (piece.empty() && options_.of != "document") continue;
        if (options_.normalise == "words") {
          normalise_words(piece, normal, true);
          piece = normal;
        }
        if (int64_t(pieces[i].size()) < options_.least) continue;
        const uint64_t hash = content_hash(piece);
        record.clear();
        append_sortable(record, hash);
        append_sortable(record, uint64_t(ranks_[size_t(from.source)]) << 32 | uint64_t(part));
        append_sortable(record, index << 32 | i);
        out.add(task_of(hash, tasks), record);
      }
    }
    out.commit();
  }

  static void compare(const ShuffleFiles& hashes, int64_t task, int64_t parts,
                      const std::string& path) {
    const Shuffled records(hashes, task, task + 1);
    ShuffleWriter out(path, parts);
    std::optional<uint64_t> last;
    std::string place;
    for (std::string_view r : records.records()) {
      const uint64_t hash = take_sortable(r);
      const auto part = int64_t(take_sortable(r) & UINT32_MAX);
      place.clear();
      append_sortable(place, take_sortable(r));
      if (last == hash) out.add(part, place);
      last = hash;
    }
    out.commit();
  }

  ExactDuplicates options_;
  std::vector<int64_t> ranks_;  // by source
  std::unique_ptr<ShuffleFiles> repeated_;
};
}  // namespace

extern const CurationKind step_exact_duplicates = {
    .name = "exact_duplicates",
    .doc = "of equal documents, paragraphs or lines keeps the first",
    .source =
        "hashes of 64 bits (XXH3): among a billion unlike texts two are taken for equal with a "
        "chance of 3 %",
    .attrs = fields_of<ExactDuplicates>,
    .primary = "of",
    .open = [](const Attrs& attrs, const StepPlace& place) -> std::unique_ptr<CurationStep> {
      return std::make_unique<ExactStep>(attrs.as<ExactDuplicates>(), place);
    }};
}  // namespace cambium::step_exact_duplicates
