#include "train/hub/pieces.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "core/text/suggest.h"
#include "train/spec/glob.h"

namespace cambium {
namespace {
bool digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

// The numbers that stand for the # of the pattern; none when the name does not begin so. `rest`:
// what follows.
std::optional<std::vector<int64_t>> numbers_in(std::string_view pattern, std::string_view name,
                                               std::string_view& rest) {
  std::vector<int64_t> out;
  size_t n = 0;
  for (const char c : pattern) {
    if (c != '#') {
      if (n == name.size() || name[n] != c) return std::nullopt;
      ++n;
      continue;
    }
    const size_t first = n;
    int64_t value = 0;
    while (n < name.size() && digit(name[n]) && n - first < 9)
      value = 10 * value + (name[n++] - '0');
    if (n == first) return std::nullopt;
    out.push_back(value);
  }
  rest = name.substr(n);
  return out;
}

// "(2#+1)" of a pattern at `at`, which moves behind it: 2 number + 1.
int64_t computed(std::string_view pattern, size_t& at, int64_t number) {
  const size_t hash = pattern.find('#', at), close = pattern.find(')', at);
  ensure(hash < close && close != pattern.npos, "'", pattern, "' has a ( without # and )");
  const std::string times(pattern.substr(at + 1, hash - at - 1)),
      more(pattern.substr(hash + 1, close - hash - 1));
  at = close + 1;
  return (times.empty() ? 1 : std::stoll(times)) * number + (more.empty() ? 0 : std::stoll(more));
}

std::string filled_in(std::string_view pattern, const std::vector<int64_t>& numbers) {
  std::string out;
  size_t next = 0;
  for (size_t at = 0; at < pattern.size();) {
    const char c = pattern[at];
    if (c != '#' && c != '(') {
      out += c;
      ++at;
      continue;
    }
    ensure(next < numbers.size(), "'", pattern, "' has more numbers than ours");
    if (c == '(') {
      out += str(computed(pattern, at, numbers[next++]));
    } else {
      out += str(numbers[next++]);
      ++at;
    }
  }
  return out;
}

std::string joined_name(const std::string& layer, std::string_view part) {
  return part.empty() ? layer : str(layer, ".", part);
}

class PieceMaker {
 public:
  PieceMaker(const std::map<std::string, ValueType>& weights, std::vector<Piece>& out)
      : weights_(weights), out_(out) {}

  void add(const TensorRow& row) {
    std::set<std::vector<int64_t>> counted;
    for (const LayerPart& part : row.kind->parts) {
      const std::string pattern = joined_name(row.ours[0], part.ours);
      for (const auto& [name, type] : weights_) {
        std::string_view rest;
        const auto numbers = numbers_in(pattern, name, rest);
        if (!numbers || !rest.empty()) continue;
        add_piece(row, part, *numbers);
        if (row.kind->counts_batches && counted.insert(*numbers).second)
          out_.push_back({.theirs = filled_in(row.theirs, *numbers) + ".num_batches_tracked"});
      }
    }
  }

  void check() const {
    for (const auto& [name, type] : weights_)
      ensure(taken_.contains(name), "no row of the mapping names ", name, " ", type);
  }

 private:
  void add_piece(const TensorRow& row, const LayerPart& part, const std::vector<int64_t>& numbers) {
    Piece p;
    p.theirs = joined_name(filled_in(row.theirs, numbers), part.theirs);
    p.layout = &part.layout;
    for (const std::string& pattern : row.ours) {
      const std::string name = joined_name(filled_in(pattern, numbers), part.ours);
      const auto w = weights_.find(name);
      ensure(w != weights_.end(), "the model has no ", name, " beside that of ", row.ours[0]);
      ensure(taken_.insert(name).second, "two rows of the mapping name ", name);
      p.ours.push_back(name);
      p.shapes.push_back(w->second.shape);
    }
    p.shape = their_shape(part.layout, p.shapes);
    out_.push_back(std::move(p));
  }

  const std::map<std::string, ValueType>& weights_;
  std::vector<Piece>& out_;
  std::set<std::string> taken_;
};

bool any_meets(const std::vector<std::string>& patterns, std::string_view name) {
  return std::ranges::any_of(patterns, [&](const auto& p) { return glob_matches(p, name); });
}

// As the mapping's patterns write it, with * for numbers.
std::string glob_of(std::string_view row) {
  std::string out;
  for (size_t at = 0; at < row.size(); ++at) {
    if (row[at] == '(') at = row.find(')', at);
    out += row[at] == '#' || row[at] == ')' ? '*' : row[at];
  }
  return out;
}

// Whether the mapping says anything of this name.
bool speaks_of(const Family& f, std::string_view name) {
  if (f.ties.contains(std::string(name)) || any_meets(f.dropped, name) || any_meets(f.kept, name))
    return true;
  for (const TensorRow& row : f.rows)
    for (const LayerPart& part : row.kind->parts)
      if (glob_matches(glob_of(joined_name(row.theirs, part.theirs)), name)) return true;
  return std::ranges::any_of(f.rows, [&](const TensorRow& row) {
    return row.kind->counts_batches &&
           glob_matches(glob_of(row.theirs + ".num_batches_tracked"), name);
  });
}

std::string respelt(const Family& f, const std::string& name) {
  for (const auto& [from, to] : f.renamed)
    if (const auto stars = glob_captures(from, name)) {
      std::string out;
      size_t star = 0;
      for (const char c : to) c == '*' ? out += (*stars)[star++] : out += c;
      return out;
    }
  return name;
}

std::string name_in_mapping(const Family& f, const std::string& file_name) {
  std::string plain = file_name;
  if (plain.starts_with("module.")) plain = plain.substr(7);
  for (const std::string& name : {plain, respelt(f, plain)}) {
    if (speaks_of(f, name)) return name;
    if (!f.prefix.empty() && speaks_of(f, f.prefix + name)) return f.prefix + name;
    if (!f.prefix.empty() && name.starts_with(f.prefix) &&
        speaks_of(f, name.substr(f.prefix.size())))
      return name.substr(f.prefix.size());
  }
  return file_name;
}
}  // namespace

std::vector<Piece> pieces_of(const Family& family, const HubValues& values,
                             const std::map<std::string, ValueType>& weights) {
  std::vector<Piece> out;
  Vars vars;
  for (const auto& [name, value] : values.vars) vars.set(name, value);
  PieceMaker maker(weights, out);
  for (const TensorRow& row : family.rows)
    if (!row.when || evaluate(*row.when, vars).text() == row.is) maker.add(row);
  maker.check();
  const auto variant = std::ranges::find(family.variants, values.variant, &HeadVariant::name);
  if (variant != family.variants.end())
    for (Piece& p : out) p.fresh = any_meets(variant->fresh, p.theirs);
  return out;
}

FileNames names_in_file(const Family& family, const HubTypes& types) {
  FileNames out;
  Diagnostics errors;
  for (const auto& [name, type] : types) {
    const std::string known = name_in_mapping(family, name);
    if (const auto [first, fresh] = out.file_of.try_emplace(known, name); !fresh)
      errors.add(UserError(str("'", first->second, "' and '", name, "' are both ", known),
                           "keep one of them in the file"));
    out.types.emplace(known, type);
  }
  errors.throw_if_any();
  return out;
}

Leftovers account(const Family& f, std::span<const Piece> pieces, const FileNames& names,
                  const std::string& path) {
  Diagnostics errors;
  Leftovers rest;
  std::set<std::string, std::less<>> wanted;
  std::vector<std::string> known;
  for (const auto& [name, type] : names.types) known.push_back(name);
  for (const Piece& p : pieces) {
    wanted.insert(p.theirs);
    const auto t = names.types.find(p.theirs);
    if (t == names.types.end()) {
      if (p.layout && !p.fresh)
        errors.add(UserError(str(path, ": there is no tensor '", p.theirs, "' ", p.shape),
                             suggestion(p.theirs, known)));
    } else if (p.layout && (t->second.shape != p.shape || t->second.dtype != DType::kF32)) {
      errors.add(UserError(str(path, ": '", names.file_of.at(p.theirs), "' is ", t->second,
                               ", and config.json makes it f32", p.shape),
                           "the weights belong to another config.json"));
    }
  }
  for (const auto& [name, type] : names.types) {
    if (wanted.contains(name)) continue;
    if (f.ties.contains(name))
      rest.tied.push_back(name);
    else if (any_meets(f.dropped, name))
      rest.dropped.push_back(name);
    else if (any_meets(f.kept, name))
      rest.kept.push_back(name);
    else
      errors.add(UserError(str(path, ": nothing is known of the tensor '", names.file_of.at(name),
                               "' ", type, "; the model of its config.json has none"),
                           speaks_of(f, name) ? "config.json says a smaller model or another head"
                                              : str("add it to `kept:` of ", f.file,
                                                    " if no answer depends on it")));
  }
  errors.throw_if_any();
  return rest;
}
}  // namespace cambium
