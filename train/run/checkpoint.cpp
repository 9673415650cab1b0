#include "train/run/checkpoint.h"

#include <filesystem>
#include <set>

#include "core/hash.h"
#include "core/system/files.h"
#include "core/tensor/safetensors.h"
#include "core/text/json.h"
#include "train/spec/optim.h"

namespace cambium {
namespace {
namespace fs = std::filesystem;

// A file as the index knows it.
struct Part {
  std::string name;
  int64_t bytes = 0;
  std::string hash;
};

struct IndexEntry {
  int64_t step = 0;
  Part state, tensors;
  std::optional<Part> best;
};

std::string folder_of(const std::string& run) {
  return run + "/checkpoints";
}

Json to_json(const Part& p) {
  return {{"name", p.name}, {"bytes", p.bytes}, {"hash", p.hash}};
}

Part part_from(const Json& j) {
  Part p{j.at("name"), j.at("bytes"), j.at("hash")};
  // A name is a file of this folder, whatever an edited index says.
  require(p.name.find('/') == std::string::npos, "the index names '", p.name, "'");
  return p;
}

Json to_json(const IndexEntry& e) {
  Json j = {{"step", e.step}, {"state", to_json(e.state)}, {"tensors", to_json(e.tensors)}};
  if (e.best) j["best"] = to_json(*e.best);
  return j;
}

Part measure(const std::string& folder, const std::string& name) {
  const FileSum sum = checksum_of_file(folder + "/" + name);
  return {name, sum.bytes, hash_name(sum.checksum)};
}

// The entries of the index, newest first; empty when there is no index.
std::vector<IndexEntry> read_index(const std::string& run) {
  const std::string path = folder_of(run) + "/index.json";
  if (!file_exists(path)) return {};
  try {
    std::vector<IndexEntry> entries;
    const Json index = load_json(path);
    for (const Json& j : index.at("checkpoints")) {
      IndexEntry e{j.at("step"), part_from(j.at("state")), part_from(j.at("tensors")), {}};
      if (j.contains("best")) e.best = part_from(j.at("best"));
      entries.push_back(std::move(e));
    }
    return entries;
  } catch (const Json::exception& e) {
    throw RuntimeError(str("'", path, "' is damaged: ", e.what()), "start the run in a new folder");
  } catch (const UserError& e) {
    throw RuntimeError(str("'", path, "' is damaged: ", e.what()), "start the run in a new folder");
  }
}

// RuntimeError when the file is not, byte for byte, what the index names.
void check_whole(const std::string& folder, const Part& p) {
  const Part now = file_exists(folder + "/" + p.name) ? measure(folder, p.name) : Part{};
  if (now.bytes == p.bytes && now.hash == p.hash) return;
  throw RuntimeError(now.name.empty() ? str("'", folder, "/", p.name, "' is missing")
                                      : str("'", folder, "/", p.name, "' is damaged: ", now.bytes,
                                            " bytes with checksum ", now.hash, ", the index says ",
                                            p.bytes, " and ", p.hash),
                     "resume from a copy of the run's folder, or start in a new one");
}

void check_whole(const std::string& folder, const IndexEntry& e) {
  check_whole(folder, e.state);
  check_whole(folder, e.tensors);
  if (e.best) check_whole(folder, *e.best);
}

bool is_whole(const std::string& folder, const IndexEntry& e) {
  try {
    check_whole(folder, e);
    return true;
  } catch (const RuntimeError&) {
    return false;
  }
}

// The newest entry that `check` lets pass, and whether it is the newest of all.
template <class Check>
std::pair<IndexEntry, bool> newest_whole(const std::string& run, const Check& check) {
  const std::vector<IndexEntry> entries = read_index(run);
  if (entries.empty())
    throw RuntimeError(str("'", run, "' holds no checkpoint"),
                       "it is written while training; see `checkpoint_every`");
  std::optional<RuntimeError> first;
  for (size_t i = 0; i < entries.size(); ++i) {
    try {
      check(entries[i]);
      return {entries[i], i == 0};
    } catch (const RuntimeError& e) {
      if (!first) first = e;
    }
  }
  throw *first;
}

// Of which the last or the best weights are whole.
std::pair<IndexEntry, bool> newest_weights(const std::string& run, bool best) {
  const std::string folder = folder_of(run);
  return newest_whole(run, [&](const IndexEntry& e) {
    require(!best || e.best, "'", run, "' was not evaluated yet, so it has no best weights");
    check_whole(folder, e.state);
    check_whole(folder, best ? *e.best : e.tensors);
  });
}

void remove_unnamed(const std::string& folder, std::span<const IndexEntry> entries) {
  std::set<std::string> keep = {"index.json"};
  for (const IndexEntry& e : entries) {
    keep.insert({e.state.name, e.tensors.name});
    if (e.best) keep.insert(e.best->name);
  }
  std::error_code ignored;  // a leftover file costs space, not safety
  for (const auto& file : fs::directory_iterator(folder, ignored))
    if (!keep.contains(file.path().filename().string())) fs::remove(file.path(), ignored);
}
}  // namespace

void save_checkpoint(const std::string& run, const RunState& state, const NamedTensors& tensors,
                     const NamedTensors& best) {
  const std::string folder = folder_of(run), stem = str("step-", state.step);
  make_folders(folder);
  std::vector<IndexEntry> old = read_index(run);
  if (!old.empty() && old[0].step == state.step && is_whole(folder, old[0])) return;
  // Later ones were damaged, or the run would have gone on from them.
  std::erase_if(old, [&](const IndexEntry& e) { return e.step >= state.step; });
  write_safetensors(folder + "/" + stem + ".safetensors", tensors, {});
  replace_file(folder + "/" + stem + ".json", to_text(to_json(state), 1) + "\n");
  IndexEntry entry{
      state.step, measure(folder, stem + ".json"), measure(folder, stem + ".safetensors"), {}};
  if (state.best) {
    const std::string name = str("best-", state.best->step, ".safetensors");
    if (old.empty() || !old[0].best || old[0].best->name != name)
      write_safetensors(folder + "/" + name, best, {});
    entry.best = measure(folder, name);
  }
  std::vector<IndexEntry> entries = {entry};
  if (!old.empty()) entries.push_back(old[0]);
  Json index = {{"checkpoints", Json::array()}};
  for (const IndexEntry& e : entries) index["checkpoints"].push_back(to_json(e));
  replace_file(folder + "/index.json", to_text(index, 1) + "\n");
  remove_unnamed(folder, entries);
}

bool has_checkpoint(const std::string& run) {
  return file_exists(folder_of(run) + "/index.json");
}

Checkpoint load_checkpoint(const std::string& run) {
  const std::string folder = folder_of(run);
  const auto [entry, newest] =
      newest_whole(run, [&](const IndexEntry& e) { check_whole(folder, e); });
  Checkpoint c;
  c.state = run_state_from(load_json(folder + "/" + entry.state.name));
  c.tensors = read_safetensors(folder + "/" + entry.tensors.name).tensors;
  if (entry.best) c.best = read_safetensors(folder + "/" + entry.best->name).tensors;
  c.fell_back = !newest;
  return c;
}

std::string weights_file(const std::string& run, bool best) {
  const IndexEntry entry = newest_weights(run, best).first;
  return folder_of(run) + "/" + (best ? *entry.best : entry.tensors).name;
}

LoadedWeights load_weights(const std::string& run, bool best) {
  const std::string folder = folder_of(run);
  const auto [entry, newest] = newest_weights(run, best);
  const RunState state = run_state_from(load_json(folder + "/" + entry.state.name));
  LoadedWeights w{.step = best && state.best ? state.best->step : entry.step, .fell_back = !newest};
  w.tensors = read_safetensors(folder + "/" + (best ? *entry.best : entry.tensors).name).tensors;
  if (best) return w;  // averages were put in when they were kept
  for (auto& [name, t] : w.tensors)
    if (const auto average = w.tensors.find(average_name(name)); average != w.tensors.end())
      t = average->second.clone();
  return w;
}

void restore(Store& store, const std::map<std::string, Tensor, std::less<>>& tensors,
             const std::string& origin) {
  for (const auto& [name, _] : store.tensors()) {
    const auto found = tensors.find(name);
    require(found != tensors.end(), "'", origin, "' has no '", name,
            "': it was trained from another spec");
    Tensor& to = store.at(name);
    require(found->second.type() == to.type(), "'", name, "' is ", found->second.type(), " in '",
            origin, "', the spec makes it ", to.type());
    if (to.bytes() > 0) std::memcpy(to.data(), found->second.data(), size_t(to.bytes()));
  }
  store.refresh_copies();
}
}  // namespace cambium
