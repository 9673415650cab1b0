#include "core/tensor/weight_files.h"

#include <filesystem>
#include <set>

#include "core/system/files.h"
#include "core/tensor/bf16.h"
#include "core/text/json.h"

namespace cambium {
namespace {
constexpr int64_t kLargestIndex = 100'000'000;
constexpr std::string_view kOneFile = "/model.safetensors",
                           kIndex = "/model.safetensors.index.json";

// What the index says: the shard of each tensor.
std::map<std::string, std::string> weight_map_of(const std::string& path) {
  const auto check = [&](bool ok, const auto&... why) {
    if (!ok)
      throw UserError(str("'", path, "': ", why...),
                      "an index of shards is {\"weight_map\": {tensor: file}}");
  };
  const std::string text = read_file(path, kLargestIndex);
  check(int64_t(text.size()) < kLargestIndex, "has more than ", kLargestIndex, " bytes");
  const Json index = parse_json(text, path, 8);
  check(index.is_object() && index.contains("weight_map"), "has no weight_map");
  check(index["weight_map"].is_object(), "weight_map is not a map");
  std::map<std::string, std::string> out;
  for (const auto& [tensor, shard] : index["weight_map"].items()) {
    check(shard.is_string(), "the shard of '", tensor, "' is not text");
    const auto name = shard.get<std::string>();
    check(!name.empty() && name.find('/') == name.npos && name != "..", "'", tensor,
          "' is said to be in '", name, "', which is no file beside the index");
    out[tensor] = name;
  }
  check(!out.empty(), "weight_map names no tensor");
  return out;
}

Tensor widened(Tensor t) {
  if (t.type().dtype != DType::kBf16) return t;
  Tensor out(DType::kF32, t.shape());
  widen_range(reinterpret_cast<const uint16_t*>(t.data()), out.f32().data(), t.count());
  return out;
}
}  // namespace

WeightFiles::WeightFiles(const std::string& path) {
  open(path);
}

void WeightFiles::open(const std::string& path) {
  std::error_code none;
  if (!std::filesystem::is_directory(path, none))
    return path.ends_with(".json") ? open_index(path) : open_file(path);
  const std::string one = str(path, kOneFile), index = str(path, kIndex);
  if (file_exists(one) && file_exists(index))
    throw UserError(str("'", path, "' holds model.safetensors and an index of shards"),
                    str("name one of them: '", one, "' or '", index, "'"));
  if (file_exists(one)) return open_file(one);
  if (file_exists(index)) return open_index(index);
  throw UserError(str("'", path, "' holds no model.safetensors and no index of shards"),
                  "name the file itself where it has another name");
}

void WeightFiles::open_file(const std::string& path) {
  files_.emplace_back(path);
  const auto& entries = files_.back().entries();
  for (size_t i = 0; i < entries.size(); ++i) {
    ValueType type = entries[i].type;
    if (type.dtype == DType::kBf16) type.dtype = DType::kF32;
    types_[entries[i].name] = type;
    places_[entries[i].name] = {files_.size() - 1, i};
  }
}

void WeightFiles::open_index(const std::string& path) {
  const std::map<std::string, std::string> shard_of = weight_map_of(path);
  const std::string folder = std::filesystem::path(path).parent_path();
  std::set<std::string> shards;
  for (const auto& [tensor, shard] : shard_of) shards.insert(shard);
  constexpr std::string_view kFetch = "fetch the index and its shards again, from one place";
  std::map<std::string, std::string> found;  // the shard of each tensor that is in one
  for (const std::string& shard : shards) {
    const std::string at = folder.empty() ? shard : folder + "/" + shard;
    if (!file_exists(at))
      throw UserError(str("'", path, "' names the shard '", shard, "', which is not beside it"),
                      "fetch the missing file, or name a whole model");
    open_file(at);
    for (const SafeTensorsEntry& e : files_.back().entries()) {
      const auto [first, fresh] = found.try_emplace(e.name, shard);
      if (!fresh)
        throw UserError(
            str("'", e.name, "' stands in two shards, '", first->second, "' and '", shard, "'"),
            std::string(kFetch));
      if (!shard_of.contains(e.name))
        throw UserError(str("'", path, "' does not name '", e.name, "', which is in '", shard, "'"),
                        std::string(kFetch));
    }
  }
  for (const auto& [tensor, shard] : shard_of)
    if (const auto at = found.find(tensor); at == found.end() || at->second != shard)
      throw UserError(
          str("'", path, "' says that '", tensor, "' is in '", shard, "', which is ",
              at == found.end() ? "in none of its shards" : str("in '", at->second, "'")),
          std::string(kFetch));
}

Tensor WeightFiles::read(std::string_view name) const {
  const auto place = places_.find(name);
  ensure(place != places_.end(), "no tensor '", name, "'");
  const SafeTensorsFile& file = files_[place->second.file];
  return widened(file.read(file.entries()[place->second.entry]));
}

bool is_weight_folder(const std::string& path) {
  return file_exists(str(path, kOneFile)) || file_exists(str(path, kIndex));
}

Tensors read_weight_files(const std::string& path) {
  const WeightFiles files(path);
  Tensors out;
  for (const auto& [name, type] : files.types()) out.emplace(name, files.read(name));
  return out;
}
}  // namespace cambium
