#include "train/prefix/features.h"

#include <algorithm>

#include "data/sampler.h"
#include "train/run/evaluate.h"

namespace cambium {
namespace {
std::span<std::byte> row_of(Tensor& t, int64_t i, int64_t bytes) {
  return t.raw().subspan(size_t(i * bytes), size_t(bytes));
}

// The part of a record, in turn.
class Walk {
 public:
  explicit Walk(std::span<std::byte> record) : left_(record) {}

  std::span<std::byte> next(int64_t bytes) {
    const std::span<std::byte> out = left_.first(size_t(bytes));
    left_ = left_.subspan(size_t(bytes));
    return out;
  }

 private:
  std::span<std::byte> left_;
};

bool same_bytes(const Batch& a, const Batch& b) {
  return std::ranges::all_of(batch_inputs(), [&](const BatchInput& i) {
    if (!i.tensor || !(a.*i.tensor).data()) return true;  // such data has none
    return std::ranges::equal((a.*i.tensor).raw(), (b.*i.tensor).raw());
  });
}
}  // namespace

std::optional<RecordLayout> layout_of(const DataShape& shape, int64_t batch,
                                      const ValueType& features) {
  RecordLayout out{.batch = batch};
  if (shape.domain == Domain::kGraph || features.bytes() % batch != 0) return {};
  out.features = out.record = features.bytes() / batch;
  for (const BatchInput& input : batch_inputs()) {
    const std::optional<ValueType> type = input.type(shape);
    if (!type || input.tensor == &Batch::x) continue;
    if (!input.tensor || type->shape.rank() == 0 || type->shape[0] % batch != 0) return {};
    out.parts.push_back({input.tensor, type->bytes() / batch});
    out.record += out.parts.back().bytes;
  }
  return out;
}

FeatureData::FeatureData(const Dataset& inner, RecordLayout layout, ValueType features,
                         std::unique_ptr<FeatureFile> file)
    : inner_(inner), layout_(std::move(layout)), features_(features), file_(std::move(file)) {}

DataShape FeatureData::shape(int64_t batch) const {
  ensure(batch == layout_.batch, "features of batches of ", layout_.batch, ", not ", batch);
  DataShape out = inner_.shape(batch);
  out.x = features_;
  return out;
}

int64_t FeatureData::count(Split split) const {
  return split == Split::kTrain ? inner_.count(split) : 0;
}

void FeatureData::read(Split split, std::span<const int64_t> indices, uint64_t, Batch& into) const {
  ensure(split == Split::kTrain && int64_t(indices.size()) == layout_.batch,
         "features are read in whole batches");
  thread_local std::vector<std::byte> record;
  record.resize(size_t(layout_.record));
  for (size_t i = 0; i < indices.size(); ++i) {
    file_->read(indices[i], record);
    Walk walk(record);
    std::ranges::copy(walk.next(layout_.features),
                      row_of(into.x, int64_t(i), layout_.features).begin());
    for (const RecordLayout::Part& p : layout_.parts)
      std::ranges::copy(walk.next(p.bytes), row_of(into.*p.tensor, int64_t(i), p.bytes).begin());
  }
  into.examples = layout_.batch;
}

std::string feature_key(const PrefixCut& cut, const Store& store, const RecordLayout& layout,
                        const FeatureSettings& settings) {
  std::vector<uint64_t> hashes = {hash_text(to_text(cut.prefix)), hash_text(settings.machine),
                                  uint64_t(layout.batch), uint64_t(layout.record)};
  for (const Node& n : cut.prefix.nodes())
    if (n.constant) hashes.push_back(hash_bytes(n.constant->raw()));
  for (const std::string& name : names_read(cut.prefix)) {
    hashes.push_back(hash_text(name));
    hashes.push_back(hash_bytes(store.at(name).raw()));
  }
  for (const auto& [part, value] : settings.data.parts)
    hashes.push_back(hash_text(str(part, " ", value)));
  return hash_name(hash_of(hashes));
}

FeatureMaker::FeatureMaker(const Dataset& data, const RecordLayout& layout, Executor& prefix,
                           uint64_t seed)
    : data_(data),
      layout_(layout),
      prefix_(prefix),
      seed_(seed),
      batch_(allocate_batch(data.shape(layout.batch))),
      again_(allocate_batch(data.shape(layout.batch))) {}

std::optional<std::span<const std::byte>> FeatureMaker::records(std::span<const int64_t> examples) {
  data_.read(Split::kTrain, examples, epoch_seed(seed_, 0), batch_);
  data_.read(Split::kTrain, examples, epoch_seed(seed_, 1), again_);
  if (!same_bytes(batch_, again_)) return {};
  feed(prefix_, batch_);
  prefix_.run();
  const std::span<const std::byte> features = prefix_.output("features");
  records_.resize(examples.size() * size_t(layout_.record));
  Walk walk(records_);
  for (size_t i = 0; i < examples.size(); ++i) {
    std::ranges::copy(features.subspan(i * size_t(layout_.features), size_t(layout_.features)),
                      walk.next(layout_.features).begin());
    for (const RecordLayout::Part& p : layout_.parts)
      std::ranges::copy(row_of(batch_.*p.tensor, int64_t(i), p.bytes), walk.next(p.bytes).begin());
  }
  return records_;
}
}  // namespace cambium
