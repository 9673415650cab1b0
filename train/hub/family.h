// Family: what a mapping file of configs/weights says of models that share their tensors' names,
// read alone; config.json, a file's tensors and a spec of ours meet in it, both ways.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/yaml/yaml.h"
#include "train/hub/layouts.h"

namespace cambium {
// What a key of config.json means. One of vars, only, each and count is there.
struct ConfigKey {
  std::string key;                // "rope_parameters.rope_theta": of an object under a key
  std::vector<std::string> vars;  // the variables it sets; several: it is a list of as many
  bool list = false;              // the elements of a list, or one value
  const Yaml* values = nullptr;   // what its texts mean: {gelu_new: gelu}
  const Yaml* null_is = nullptr;  // what null means; else as if it were missing
  const Yaml* only = nullptr;     // the values that a model of ours can have
  const Yaml* each = nullptr;     // the same of each element of a list
  std::string cure;               // of what is refused
  std::string count;              // the variable that its number of entries sets
};

// Layers of theirs and the layers of ours they are made of. # stands for a number, the same in
// both;
// (#+1) of theirs for the next, (2#+1) ...
struct TensorRow {
  const LayerKind* kind;
  std::string theirs;
  std::vector<std::string> ours;
  const Yaml* when = nullptr;  // only where this is `is`; null: always
  std::string is = {};
};

// A head that files of the family end in: the first whose tensor is there.
struct HeadVariant {
  std::string name, has;  // has: empty: any file
  std::vector<std::string> architectures;
  const Yaml* vars;                     // may be null
  std::vector<std::string> fresh = {};  // patterns of their tensors that the model has beside them
};

struct Family {
  std::string name, text, file;
  Yaml root;           // whose parts the pointers are of
  std::string prefix;  // of their names, which some files leave out
  std::vector<ConfigKey> keys;
  std::vector<TensorRow> rows;
  std::vector<HeadVariant> variants;
  std::map<std::string, std::string> ties;      // a tensor that repeats another
  std::map<std::string, std::string> renamed;   // patterns of other names: "*.gamma" -> "*.weight"
  std::map<std::string, std::string> harmless;  // keys, and why
  std::vector<std::string> dropped, kept;       // patterns: computed here; not used by our model
  std::vector<std::string> recognised_by;       // tensors of files without config.json
  std::map<std::string, std::pair<std::string, int>> shapes;  // variable -> tensor and axis
  std::map<std::string, std::string> counts;  // variable -> pattern of tensors, one a layer

  const Yaml* model_type(const std::string& type) const;  // null: not one of its
  std::vector<std::string> model_types() const;
};

// All of a folder, by name. UserErrors at their places for files that are wrong.
std::vector<std::shared_ptr<const Family>> load_families(const std::string& folder);

// configs/weights of where the program is called, of its source tree or beside where it is
// installed; or `asked`, when that says something. UserError where there is none.
std::string families_folder(const std::string& asked);
}  // namespace cambium
