// Import of a model in Hugging Face's layout: config.json, safetensors, tokenizer.json.
#pragma once
#include <functional>

#include "core/text/json_forward.h"
#include "train/hub/pieces.h"
#include "train/weights/import.h"

namespace cambium {
struct HubOptions {
  std::string maps;            // folder of mapping files; empty: where they are found
  std::string text = {};       // a text to go on with; empty: noise
  std::string tokenizer = {};  // its file; empty: tokenizer.json beside the weights
};

// What is remembered of where a run came from, so that it goes back as it came: <run>/hub.
struct HubOrigin {
  std::string family, variant;
  HubVars vars;
  std::shared_ptr<const Json> config;             // null: there was none
  std::map<std::string, std::string> file_names;  // mapping's name -> the file's, where they differ
  std::vector<std::string> tied, dropped;
  std::map<std::string, Tensor, std::less<>> kept;  // tensors that no answer depends on
  std::vector<std::string> files;                   // beside the weights, copied as they are
};

struct HubModel {
  ImportedModel model;
  HubOrigin origin;
};

// Tensors by the names of their file, read one at a time.
struct HubTensors {
  HubTypes types;
  std::function<Tensor(const std::string&)> read;
};

// How a model would be imported, of names and shapes alone. UserErrors as below.
struct HubPlan {
  std::shared_ptr<const Family> family;
  HubValues values;
  std::string spec;
  std::vector<Piece> pieces;
  FileNames names;
  Leftovers rest;
};

HubPlan plan_hub(std::span<const std::shared_ptr<const Family>> families, const HubConfig& config,
                 const HubTypes& types, const std::string& path, const HubOptions& options);

HubModel import_tensors(const HubConfig& config, const HubTensors& tensors, const std::string& path,
                        const HubOptions& options);

// A folder with config.json and model.safetensors (or an index of shards), or a safetensors file of
// timm or torchvision. UserErrors: no config.json, a pickle, a model_type that no mapping file
// knows, keys and values that our models do not have, tensors that are missing, of another shape or
// unknown, a tied tensor that is not equal, a tokenizer of another size.
HubModel import_hub(const std::string& path, const HubOptions& options);

// As write_imported, and what is remembered.
void write_hub(const HubModel& model, const std::string& folder);

// None where the run was not imported.
std::optional<HubOrigin> read_origin(const std::string& folder);
}  // namespace cambium
