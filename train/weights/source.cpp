#include "train/weights/source.h"

#include <algorithm>
#include <filesystem>

#include "core/hash.h"
#include "core/system/files.h"
#include "core/tensor/safetensors.h"
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
             ? "name the folder of a run, which `cambium train` makes, or a safetensors file"
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
  if (init.from.ends_with(".json"))
    throw UserError(str("'", init.from, "' is an index of several files, which is not read yet"),
                    "name one safetensors file that holds all tensors", init.from_mark);
}

Tensors tensors_of_run(const InitSpec& init) {
  if (file_exists(init.from + "/study.json"))
    throw UserError(
        str("'", init.from, "' is the folder of a study, and this takes one of its ", "runs"),
        str("name one of ", init.from, "/runs"), init.from_mark);
  if (!has_checkpoint(init.from))
    throw UserError(str("'", init.from, "' holds no run with weights"),
                    file_exists(init.from + "/spec.yaml") ? "train it first" : near_path(init.from),
                    init.from_mark);
  return load_weights(init.from, true).tensors;
}

std::string content_hash(const Tensors& tensors) {
  std::vector<uint64_t> parts;
  for (const auto& [name, t] : tensors) {
    parts.push_back(hash_text(str(name, ' ', t.type())));
    parts.push_back(hash_bytes(t.raw()));
  }
  return hash_name(hash_of(parts));
}
}  // namespace

bool source_exists(const InitSpec& init) {
  return is_folder(init.from) ? has_checkpoint(init.from) : file_exists(init.from);
}

WeightSource load_source(const InitSpec& init) {
  WeightSource out;
  refuse_other_kinds(init);
  try {
    if (is_folder(init.from))
      out.tensors = tensors_of_run(init);
    else if (file_exists(init.from))
      out.tensors = read_safetensors(init.from).tensors;
    else
      throw UserError(str("there is no '", init.from, "' to start from"), near_path(init.from));
  } catch (const InternalError&) {
    throw;
  } catch (const Error& e) {  // a damaged file is a mistake of this line too
    throw UserError(e.what(), e.help, e.mark.known() ? e.mark : init.from_mark);
  }
  if (out.tensors.empty())
    throw UserError(str("'", init.from, "' holds no tensors"), {}, init.from_mark);
  out.hash = content_hash(out.tensors);
  return out;
}
}  // namespace cambium
