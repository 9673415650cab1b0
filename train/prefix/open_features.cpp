#include "train/prefix/open_features.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "core/failures.h"
#include "core/system/cancel.h"
#include "core/system/files.h"
#include "core/system/lock.h"
#include "data/mixture.h"
#include "data/sampler.h"
#include "train/graphs/pipeline.h"
#include "train/run/going_on.h"

namespace cambium {
namespace {
constexpr double kFlopsAByte = 16;      // computing so many takes about as long as reading a byte
constexpr int64_t kFewestPasses = 2;    // over the data; for fewer, making them costs too much
constexpr int64_t kCheckedBatches = 4;  // of new features; of old ones one

// What keeps the features of this cut from serving; empty: nothing.
std::string hindrance(const Experiment& e, const TrainPlans& plans,
                      const std::optional<PrefixCut>& cut,
                      const std::optional<RecordLayout>& layout) {
  if (plans.shares) return "auxiliary losses look at all batches of an update first";
  if (plans.curvature) return "the optimizer estimates the curvature from the data";
  if (e.data->version(Split::kTrain) != 0) return "the data is one example";
  if (e.data->stream(1)) return "the data comes in a stream";
  if (epoch_stream(*e.data, {.seed = 1, .first = 0, .total = 1})) return "the data is mixed anew";
  if (!cut) return "nothing frozen stands before all that learns, draws or looks across a batch";
  if (!layout) return "what a batch brings has no rows of examples";
  if (cut->flops / double(layout->batch) < kFlopsAByte * double(layout->record))
    return "what is frozen is computed as fast as it is read";
  return "";
}

int64_t bytes_in(const std::string& folder) {
  std::error_code ignored;
  int64_t sum = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder, ignored))
    if (file.path().extension() == ".features") sum += int64_t(file.file_size(ignored));
  return sum;
}

// Of a folder in which another process may make the same file; none once the program is to stop.
std::optional<FolderLock> lock_when_free(const std::string& folder) {
  while (!cancel_requested()) {
    try {
      return FolderLock(folder);
    } catch (const UserError&) {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
  }
  return {};
}

class Opening {
 public:
  Opening(const Experiment& e, const PrefixCut& cut, const RecordLayout& layout, Store& store,
          Engine& engine, const FeatureSettings& settings)
      : e_(e),
        layout_(layout),
        settings_(settings),
        path_(str(settings.folder, "/", feature_key(cut, store, layout, settings), ".features")),
        count_(e.data->count(Split::kTrain)),
        plan_(compile(cut.prefix.clone(), engine, {.chains = runs_pass(e, "form_chains")})),
        prefix_(plan_, store),
        maker_(*e.data, layout, prefix_, uint64_t(e.train.options.seed)) {}

  std::unique_ptr<FeatureFile> open(int64_t updates) {
    const auto found = FeatureFile::open(path_, layout_.record, count_);
    const int64_t examples = updates * e_.examples_per_update();
    if (!found && examples < kFewestPasses * count_)
      return without("the run sees too few examples for it to pay", settings_.asked);
    make_folders(settings_.folder);
    const std::optional<FolderLock> lock = lock_when_free(settings_.folder);
    if (!lock) return nullptr;
    std::unique_ptr<FeatureFile> file = FeatureFile::open(path_, layout_.record, count_);
    const bool made = !file;
    if (made && !(file = make())) return nullptr;
    if (!agrees(*file, made ? kCheckedBatches : 1)) {
      remove();
      return without("its bits depend on which examples stand in a batch together", true);
    }
    settings_.note(str("frozen prefix: ", made ? "computed once for " : "found for ", count_,
                       " examples, ", bytes_text(layout_.record * count_), " in '",
                       settings_.folder, "'"));
    return file;
  }

 private:
  std::unique_ptr<FeatureFile> without(const std::string& why, bool said) const {
    if (said) settings_.note("the frozen prefix is computed in every step: " + why);
    return nullptr;
  }

  void remove() const {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }

  std::unique_ptr<FeatureFile> make() {
    const int64_t need = layout_.record * count_, there = bytes_in(settings_.folder);
    if (there + need > settings_.most_bytes)
      return without(str("its answers take ", bytes_text(need), " of disk, and '", settings_.folder,
                         "' may hold ", bytes_text(settings_.most_bytes),
                         there > 0 ? str(", of which ", bytes_text(there), " are in use") : "",
                         " (train.cache_gib)"),
                     true);
    try {
      return write();
    } catch (const DiskError& error) {
      return without(error.what(), true);
    }
  }

  std::unique_ptr<FeatureFile> write() {
    FeatureWriter writer(path_, layout_.record, count_);
    std::vector<int64_t> examples;
    for (int64_t i = 0; i < count_; ++i) {
      examples.push_back(i);
      if (int64_t(examples.size()) < layout_.batch && i + 1 < count_) continue;
      const auto records = maker_.records(examples);
      if (!records)
        return without("the data is another in each epoch (augmentation, masking)",
                       settings_.asked);
      if (cancel_requested()) return nullptr;
      writer.add(*records);
      examples.clear();
    }
    writer.finish();
    return FeatureFile::open(path_, layout_.record, count_);
  }

  // Whether the records are the same in the order of training.
  bool agrees(const FeatureFile& file, int64_t batches) {
    const TrainOptions& o = e_.train.options;
    Sampler order(
        count_,
        {.batch = o.batch, .seed = uint64_t(o.seed), .drop_last = true, .group = o.accumulate});
    std::vector<std::byte> kept(size_t(layout_.record));
    for (int64_t k = 0; k < std::min(batches, order.batches()); ++k) {
      const std::span<const int64_t> examples = order.indices({0, k});
      const auto records = maker_.records(examples);
      if (!records) return false;
      for (size_t i = 0; i < examples.size(); ++i) {
        file.read(examples[i], kept);
        if (!std::ranges::equal(kept, records->subspan(i * kept.size(), kept.size()))) return false;
      }
    }
    return true;
  }

  const Experiment& e_;
  const RecordLayout& layout_;
  const FeatureSettings& settings_;
  const std::string path_;
  const int64_t count_;
  const Plan plan_;
  Executor prefix_;
  FeatureMaker maker_;
};
}  // namespace

FeatureSettings feature_settings_of(const Experiment& e, const std::string& run,
                                    const std::string& shared, const Identity& data) {
  const TrainOptions& o = e.train.options;
  const bool automatic = o.cache == "auto";
  std::string folder = automatic ? shared : o.cache;
  if (automatic && folder.empty() && !run.empty()) folder = run + "/cache";
  if (o.cache == "off" || folder.empty() || !e.spec.section("freeze")) return {};
  return {.folder = std::move(folder),
          .most_bytes = int64_t(o.cache_gib * double(int64_t(1) << 30)),
          .asked = !automatic,
          .data = data.empty() ? identity_of(e) : data,
          .machine = made_with(e)};
}

std::optional<OpenedFeatures> open_features(const Experiment& e, const TrainPlans& plans,
                                            Store& store, Engine& engine,
                                            const FeatureSettings& settings, int64_t updates) {
  if (settings.folder.empty()) return {};
  const int64_t batch = e.train.options.batch;
  std::optional<PrefixCut> cut = find_prefix(plans.step.graph, batch);
  const DataShape shape = e.data->shape(batch);
  const auto layout = cut ? layout_of(shape, batch, cut->features) : std::nullopt;
  if (const std::string why = hindrance(e, plans, cut, layout); !why.empty()) {
    if (settings.asked) settings.note("the frozen prefix is computed in every step: " + why);
    return {};
  }
  std::unique_ptr<FeatureFile> file =
      Opening(e, *cut, *layout, store, engine, settings).open(updates);
  if (!file) return {};
  return OpenedFeatures{
      std::make_unique<FeatureData>(*e.data, *layout, cut->features, std::move(file)),
      std::move(cut->rest)};
}
}  // namespace cambium
