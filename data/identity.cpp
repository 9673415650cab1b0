#include "data/identity.h"

#include <algorithm>

namespace cambium {
namespace {
constexpr int64_t kLargestExample = int64_t(64) << 20;  // bytes
constexpr int64_t kExamples = 4;                        // of a split

// The rows of batch_inputs() when identities were first recorded: these count where data lacks
// them, too. One that comes after them counts where it is there, so that old runs keep their data.
constexpr size_t kFirstInputs = 7;

uint64_t hash_of_batch(const Batch& b) {
  uint64_t hash = uint64_t(b.examples);
  for (size_t i = 0; const BatchInput& input : batch_inputs()) {
    const bool first = i++ < kFirstInputs;
    if (!input.tensor) continue;
    const Tensor& t = b.*input.tensor;
    const bool given = t.bytes() > 0 && t.data();
    if (first || given) hash = joined_hash({hash, given ? hash_bytes(t.raw()) : 0});
  }
  if (b.adjacency)
    hash = joined_hash({hash, hash_of(b.adjacency->in.begin), hash_of(b.adjacency->in.neighbour)});
  return hash;
}

// Of examples spread over the splits; of training also in an epoch that changes them.
uint64_t hash_of_examples(const Dataset& data) {
  uint64_t hash = 0;
  const auto add = [&](Split split, int64_t index, uint64_t epoch_seed) {
    Batch batch = allocate_batch(data.shape(1));
    data.read(split, std::span(&index, 1), epoch_seed, batch);
    hash = joined_hash({hash, hash_of_batch(batch)});
  };
  const bool streamed = data.stream(0) != nullptr;  // the first ones: the others are far
  for (const Split split : {Split::kTrain, Split::kValidation, Split::kTest}) {
    int64_t n = data.count(split);
    if (streamed && split == Split::kTrain) n = std::min(n, kExamples);
    const int64_t most = std::min(n, kExamples);
    for (int64_t k = 0; k < most; ++k) add(split, most == 1 ? 0 : k * ((n - 1) / (most - 1)), 0);
  }
  if (data.count(Split::kTrain) > 0) add(Split::kTrain, 0, 1);
  return hash;
}

int64_t number_of(const Dataset& data, std::string_view name) {
  for (const auto& [key, value] : data.vars())
    if (const auto* n = std::get_if<int64_t>(&value.variant()); n && key == name) return *n;
  return 0;
}

// What each id is written as; nullopt when ids are no text.
std::optional<uint64_t> hash_of_vocabulary(const Dataset& data) {
  const int64_t size = number_of(data, "vocab");
  uint64_t hash = uint64_t(size);
  for (int32_t id = 0; id < size; ++id) {
    std::string text;
    try {
      text = data.decode(std::span(&id, 1));
    } catch (const UserError&) {  // an id that stands for no text, such as a mask
      text.assign(1, '?');
    }
    if (id == 0 && text.empty()) return std::nullopt;
    hash = joined_hash({hash, hash_text(text)});
  }
  return size > 0 ? std::optional(hash) : std::nullopt;
}
}  // namespace

std::string Identity::at(std::string_view part) const {
  const auto found = std::ranges::find(parts, part, &std::pair<std::string, std::string>::first);
  return found == parts.end() ? std::string() : found->second;
}

std::string vocabulary_of(const Dataset& data) {
  const std::optional<uint64_t> hash = hash_of_vocabulary(data);
  return hash ? hash_name(*hash) : "";
}

Identity identity_of(const Dataset& data) {
  Identity id;
  const DataShape one = data.shape(1);
  id.parts.emplace_back("content", hash_name(data.content()));
  if (const std::string symbols = vocabulary_of(data); !symbols.empty())
    id.parts.emplace_back("vocabulary", symbols);
  id.parts.emplace_back("classes", str(one.classes > 0 ? one.classes : one.target.shape.last()));
  id.parts.emplace_back("splits",
                        str(data.count(Split::kTrain), "/", data.count(Split::kValidation), "/",
                            data.count(Split::kTest)));
  if (one.x.bytes() <= kLargestExample)
    id.parts.emplace_back("examples", hash_name(hash_of_examples(data)));
  return id;
}

bool has_test_part(const Dataset& data) {
  constexpr int64_t kCompared = 16;
  const int64_t n = data.count(Split::kTest);
  if (n == 0 || n != data.count(Split::kValidation)) return n > 0;
  if (data.shape(1).x.bytes() > kLargestExample) return true;
  const auto hash_of = [&](Split split, int64_t index) {
    Batch batch = allocate_batch(data.shape(1));
    data.read(split, std::span(&index, 1), 0, batch);
    return hash_of_batch(batch);
  };
  const int64_t most = std::min(n, kCompared);
  for (int64_t k = 0; k < most; ++k) {
    const int64_t index = k * (n - 1) / std::max<int64_t>(1, most - 1);
    if (hash_of(Split::kTest, index) != hash_of(Split::kValidation, index)) return true;
  }
  return false;
}

std::vector<std::string> differences(const Identity& was, const Identity& is,
                                     std::span<const std::string_view> but) {
  std::vector<std::string> names, out;
  for (const Identity* id : {&was, &is})
    for (const auto& [name, value] : id->parts)
      if (!std::ranges::count(names, name) && !std::ranges::count(but, name)) names.push_back(name);
  for (const std::string& name : names)
    if (const std::string a = was.at(name), b = is.at(name); a != b)
      out.push_back(
          str(name, " (was ", a.empty() ? "none" : a, ", is ", b.empty() ? "none" : b, ")"));
  return out;
}

void require_same_data(const Identity& was, const Identity& is, const std::string& run,
                       const std::string& help, std::span<const std::string_view> but,
                       const std::string& where) {
  std::string text;
  for (const std::string& part : differences(was, is, but))
    text += (text.empty() ? "" : ", ") + part;
  if (text.empty()) return;
  throw UserError(str("the data is not what '", run, "' was trained on; these differ: ", text,
                      where.empty() ? "" : "; ", where),
                  help);
}
}  // namespace cambium
