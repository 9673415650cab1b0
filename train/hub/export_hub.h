// Export of a run into the layouts that import_hub() reads.
#pragma once
#include "train/hub/import_hub.h"
#include "train/spec/experiment.h"

namespace cambium {
struct HubExport {
  std::string family, variant;
  std::shared_ptr<const Json> config;                  // null: the layout has none
  std::map<std::string, Tensor, std::less<>> tensors;  // by the names of the file
  std::vector<std::string> files;                      // to be copied beside them
  std::string note;  // what the layout does not say and its program takes otherwise; else empty
};

// `to`: hf, or the naming of another program: timm, torchvision. `origin`: what the run remembers;
// null: the family and its variables are found by what the spec says. `config`: a config.json that
// says them; null json: none. UserErrors: a model that no family says, with the place where it is
// another.
HubExport export_hub(const Experiment& e, const std::map<std::string, Tensor, std::less<>>& weights,
                     const HubOrigin* origin, const HubConfig& config, const std::string& to,
                     const std::string& maps);

// The namings that `to` may be.
std::vector<std::string> hub_namings(const std::string& maps);

// Writes the files; `bf16`: numbers are rounded to 16 bits.
void write_export(const HubExport& model, const std::string& folder, bool bf16);
}  // namespace cambium
