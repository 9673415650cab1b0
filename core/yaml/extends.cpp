#include "core/yaml/extends.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "core/system/files.h"
#include "core/text/suggest.h"

namespace cambium {
namespace {
namespace fs = std::filesystem;
constexpr size_t kDeepestBase = 32;
constexpr int64_t kMostValues = 400'000;

int64_t count_values(const Yaml& tree) {
  int64_t n = 1;
  for (const Yaml& item : tree.items) n += count_values(item);
  for (const YamlEntry& e : tree.entries) n += count_values(e.value);
  return n;
}

// Answers how many values it looked at.
int64_t merge(Yaml& base, const Yaml& over) {
  if (!base.is_map() || !over.is_map()) {
    base = over;
    return count_values(over);
  }
  std::map<std::string, size_t, std::less<>> places;
  for (size_t i = 0; i < base.entries.size(); ++i) places.emplace(base.entries[i].key, i);
  int64_t values = 1;
  for (const YamlEntry& e : over.entries) {
    if (const auto old = places.find(e.key); old != places.end()) {
      values += merge(base.entries[old->second].value, e.value);
    } else {
      base.entries.push_back(e);
      values += count_values(e.value);
    }
  }
  return values;
}

// A missing spec is the user's mistake, and usually a misspelt one.
void require_file(const std::string& path, const Mark& mark) {
  if (file_exists(path)) return;
  std::vector<std::string> near;
  const fs::path parent = fs::path(path).parent_path();
  std::error_code ignored;
  for (const auto& f : fs::directory_iterator(parent.empty() ? "." : parent, ignored))
    if (f.path().extension() == ".yaml") near.push_back((parent / f.path().filename()).string());
  std::ranges::sort(near);
  if (near.size() > 12) near = nearest_names(path, near);
  throw UserError(str("there is no file '", path, "'"),
                  near.empty() ? "check the path" : suggestion(path, near), mark);
}

class Loader {
 public:
  // Stays where it is until the loader goes.
  const Yaml& load(const std::string& path, const Mark& asked_at) {
    require_file(path, asked_at);
    const std::string identity = fs::weakly_canonical(path);
    if (const auto known = done_.find(identity); known != done_.end()) return known->second;
    if (std::ranges::count(open_, identity))
      throw UserError(str("'", path, "' extends itself"), "break the circle", asked_at);
    if (open_.size() >= kDeepestBase)
      throw UserError(str("more than ", kDeepestBase, " files extend one another here"),
                      "put what they say into fewer files", asked_at);
    open_.push_back(identity);
    Yaml own = load_file(path, asked_at);
    Yaml merged = bases_of(own, path);
    std::erase_if(own.entries, [](const YamlEntry& e) { return e.key == "extends"; });
    merged.mark = own.mark;
    add(merged, own, own.mark);
    open_.pop_back();
    return done_.emplace(identity, std::move(merged)).first->second;
  }

 private:
  static Yaml load_file(const std::string& path, const Mark& asked_at) {
    Yaml own;
    try {
      own = load_yaml(path);
    } catch (UserError& e) {  // a folder, say: there is no place in it
      if (!e.mark.known()) e.mark = asked_at;
      throw;
    }
    if (!own.is_map())
      throw UserError("a spec must be a map of sections", "start with `model:`, `data:` ...",
                      own.mark);
    return own;
  }

  Yaml bases_of(const Yaml& own, const std::string& path) {
    Yaml merged;
    merged.kind = Yaml::kMap;
    const Yaml* extends = own.find("extends");
    if (!extends) return merged;
    const std::vector<Yaml> names = extends->is_list() ? extends->items : std::vector{*extends};
    for (const Yaml& name : names) {
      if (!name.is_scalar())
        throw UserError("extends takes a path or a list of paths", "", name.mark);
      const fs::path base = (fs::path(path).parent_path() / name.text).lexically_normal();
      add(merged, load(base.string(), name.mark), name.mark);
    }
    return merged;
  }

  void add(Yaml& merged, const Yaml& over, const Mark& mark) {
    values_ += merge(merged, over);
    if (values_ > kMostValues)
      throw UserError(str("more than ", kMostValues, " values are merged up to here"),
                      "extend fewer or smaller files", mark);
  }

  std::vector<std::string> open_;  // canonical paths of the files being read
  std::map<std::string, Yaml> done_;
  int64_t values_ = 0;
};
}  // namespace

Yaml load_extended(const std::string& path) {
  return Loader().load(path, {});
}
}  // namespace cambium
