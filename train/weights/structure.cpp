#include "train/weights/structure.h"

#include <algorithm>
#include <functional>
#include <set>

#include "core/error.h"

namespace cambium {
namespace {
using Pairs = std::vector<std::pair<std::string, std::string>>;
using KeyOf = std::function<std::string(const std::string& name)>;

// The last `count` parts of a name.
std::string tail_of(const std::string& name, int count) {
  size_t at = name.size();
  for (int i = 0; i < count && at != std::string::npos && at > 0; ++i) at = name.rfind('.', at - 1);
  return at == std::string::npos ? name : name.substr(at + 1);
}

// What it is to its block; empty where its name says nothing that is known.
std::string role_of(const std::string& name) {
  static constexpr std::pair<std::string_view, std::string_view> kRoles[] = {
      {"weight", "weight"}, {"gamma", "weight"},
      {"table", "weight"},  {"bias", "bias"},
      {"beta", "bias"},     {"running_mean", "running_mean"},
      {"scale", "weight"},  {"running_var", "running_var"}};
  const std::string last = tail_of(name, 1);
  const auto* found =
      std::ranges::find(kRoles, last, &std::pair<std::string_view, std::string_view>::first);
  return found == std::end(kRoles) ? "" : std::string(found->second);
}

// Names that are the same but for numbers: "layers.#.up", and the numbers of each.
struct Family {
  std::set<std::string> patterns;
  std::vector<std::pair<std::vector<int64_t>, std::string>> members;

  void add(const std::string& name) {
    std::string pattern;
    std::vector<int64_t> numbers;
    for (size_t i = 0; i < name.size();) {
      if (name[i] < '0' || name[i] > '9') {
        pattern += name[i++];
        continue;
      }
      int64_t n = 0;
      for (; i < name.size() && name[i] >= '0' && name[i] <= '9'; ++i)
        n = std::min<int64_t>(n, int64_t(1) << 40) * 10 + (name[i] - '0');
      numbers.push_back(n);
      pattern += '#';
    }
    patterns.insert(pattern);
    members.emplace_back(std::move(numbers), name);
  }

  // Copies in a row: one number alone tells them apart.
  bool ordered() const {
    if (patterns.size() != 1) return false;
    int differ = 0;
    for (size_t k = 0; k < members[0].first.size(); ++k)
      differ += std::ranges::any_of(
          members, [&](const auto& m) { return m.first[k] != members[0].first[k]; });
    return differ <= 1;
  }
};

std::map<std::string, Family> families(const Types& types, const KeyOf& key) {
  std::map<std::string, Family> out;
  for (const auto& [name, type] : types) out[str(type, ' ', key(name))].add(name);
  for (auto& [k, family] : out) std::ranges::sort(family.members);
  return out;
}

Pairs pair_by(const Types& source, const Types& model, const KeyOf& key) {
  Pairs out;
  const auto from = families(source, key), to = families(model, key);
  for (const auto& [k, f] : from) {
    const auto found = to.find(k);
    if (found == to.end()) continue;
    const Family& t = found->second;
    if (f.members.size() != t.members.size() || !f.ordered() || !t.ordered()) continue;
    for (size_t i = 0; i < f.members.size(); ++i)
      out.emplace_back(f.members[i].second, t.members[i].second);
  }
  return out;
}

Pairs single_of_type(const Types& source, const Types& model) {
  Pairs out = pair_by(source, model, [](const std::string&) { return std::string(); });
  std::erase_if(out, [&](const auto& pair) {
    const auto& type = source.at(pair.first);
    const auto one = std::ranges::count_if(source, [&](const auto& t) { return t.second == type; });
    const std::string a = role_of(pair.first), b = role_of(pair.second);
    return one != 1 || (a != b && !a.empty() && !b.empty());
  });
  return out;
}
}  // namespace

Pairs match_by_structure(Types source, Types model) {
  Pairs out;
  while (true) {
    Pairs found = pair_by(source, model, [](const std::string& n) { return tail_of(n, 2); });
    if (found.empty())
      found = pair_by(source, model, [](const std::string& n) {
        const std::string role = role_of(n);
        return role.empty() ? "." + tail_of(n, 1) : role;
      });
    if (found.empty()) found = single_of_type(source, model);
    if (found.empty()) return out;
    for (const auto& [from, to] : found) {
      source.erase(from);
      model.erase(to);
    }
    out.insert(out.end(), found.begin(), found.end());
  }
}
}  // namespace cambium
