#include "train/weights/source.h"

#include <algorithm>
#include <filesystem>

#include "core/hash.h"
#include "core/system/files.h"
#include "core/text/suggest.h"
#include "train/run/checkpoint.h"

namespace cambium {
namespace {
namespace fs = std::filesystem;

bool is_folder(const std::string& path) {
  std::error_code none;
  return fs::is_directory(path, none);
}

// What stands beside it, if something has nearly its name.
std::string near_path(const std::string& path) {
  const fs::path parent = fs::path(path).parent_path();
  std::vector<std::string> known;
  std::error_code none;
  for (const auto& f : fs::directory_iterator(parent.empty() ? "." : parent, none))
    known.push_back((parent / f.path().filename()).string());
  std::ranges::sort(known);
  return nearest_names(path, known).empty()
             ? "name the folder of a run, which `cambium train` makes, a safetensors file, or a "
               "folder with model.safetensors or the index of its shards"
             : suggestion(path, known);
}

void refuse_other_kinds(const InitSpec& init) {
  for (const char* ending : {".pt", ".pth", ".bin", ".ckpt", ".pkl"})
    if (init.from.ends_with(ending))
      throw UserError(
          str("'", init.from, "' is a pickle by its name, which runs code when it is read"),
          "where it was made, write safetensors.torch.save_file(model.state_dict(), "
          "\"model.safetensors\"); for a file of llama2.c, `cambium import` makes a run",
          init.from_mark);
}

std::string weights_of_run(const InitSpec& init) {
  if (file_exists(init.from + "/study.json"))
    throw UserError(
        str("'", init.from, "' is the folder of a study, and this takes one of its ", "runs"),
        str("name one of ", init.from, "/runs"), init.from_mark);
  if (!has_checkpoint(init.from))
    throw UserError(str("'", init.from, "' holds no run with weights, no model.safetensors and no ",
                        "index of shards"),
                    file_exists(init.from + "/spec.yaml") ? "train it first" : near_path(init.from),
                    init.from_mark);
  return weights_file(init.from, true);
}

std::string content_hash(const WeightFiles& files) {
  std::vector<uint64_t> parts;
  for (const auto& [name, type] : files.types()) {
    parts.push_back(hash_text(str(name, ' ', type)));
    parts.push_back(hash_bytes(files.read(name).raw()));
  }
  return hash_name(hash_of(parts));
}
}  // namespace

bool source_exists(const InitSpec& init) {
  return is_folder(init.from) ? has_checkpoint(init.from) || is_weight_folder(init.from)
                              : file_exists(init.from);
}

WeightSource load_source(const InitSpec& init) {
  refuse_other_kinds(init);
  try {
    const bool folder = is_folder(init.from);
    if (!folder && !file_exists(init.from))
      throw UserError(str("there is no '", init.from, "' to start from"), near_path(init.from));
    const bool run = folder && (has_checkpoint(init.from) || !is_weight_folder(init.from));
    WeightFiles files(run ? weights_of_run(init) : init.from);
    if (files.types().empty()) throw UserError(str("'", init.from, "' holds no tensors"));
    std::string hash = content_hash(files);
    return {std::move(files), std::move(hash)};
  } catch (const InternalError&) {
    throw;
  } catch (const Error& e) {  // a damaged file is a mistake of this line too
    throw UserError(e.what(), e.help, e.mark.known() ? e.mark : init.from_mark);
  }
}
}  // namespace cambium
