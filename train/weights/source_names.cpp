// What the tokens and classes of a source are called.
#include <filesystem>

#include "core/system/files.h"
#include "data/held_documents.h"
#include "data/text/token_names.h"
#include "data/tokenizers/tokenizer.h"
#include "train/record/run_record.h"
#include "train/spec/options.h"
#include "train/weights/source.h"

namespace cambium {
namespace {
namespace fs = std::filesystem;

std::unique_ptr<Dataset> data_of_run(const std::string& run) {
  const Spec spec = load_spec(run + "/spec.yaml");
  const Vars vars = vars_of(spec);
  Diagnostics ignored;  // it has trained
  const TrainSpec train = parse_train(spec.section("train"), vars, ignored);
  const Yaml* data = spec.section("data");
  require(data != nullptr, "its spec has no data");
  return open_dataset(*data, vars, uint64_t(train.options.data_seed));
}

SourceNames names_of_run(const std::string& run) {
  std::unique_ptr<Dataset> data;
  try {
    data = data_of_run(run);
  } catch (const InternalError&) {
    throw;
  } catch (const Error& e) {
    throw NamesGone(str("the data of '", run, "', which says what its tokens and classes are, ",
                        "cannot be opened: ", e.what()),
                    "put it back, or use rules that need no names");
  }
  const std::optional<RunRecord> record = find_run_record(run);
  const std::string was = record ? record->data.at("vocabulary") : "", is = vocabulary_of(*data);
  if (!was.empty() && was != is)
    throw NamesGone(str("the data of '", run, "' is no longer what it was trained on: vocabulary ",
                        "(was ", was, ", is ", is.empty() ? "none" : is, ")"),
                    "put it back, or use rules that need no names");
  SourceNames out{token_names(*data), {}};
  if (const auto* named = dynamic_cast<const NamesClasses*>(data.get()))
    out.classes = named->class_names();
  return out;
}
}  // namespace

SourceNames names_of_source(const InitSpec& init) {
  if (file_exists(init.from + "/spec.yaml")) return names_of_run(init.from);
  std::error_code none;
  const fs::path folder =
      fs::is_directory(init.from, none) ? fs::path(init.from) : fs::path(init.from).parent_path();
  const std::string path = (folder / "tokenizer.json").string();
  SourceNames out;
  if (!file_exists(path)) return out;
  const std::shared_ptr<const Tokenizer> tokenizer = load_tokenizer(path);
  for (int32_t id = 0; id < tokenizer->size(); ++id) out.tokens.push_back(tokenizer->piece(id));
  return out;
}
}  // namespace cambium
