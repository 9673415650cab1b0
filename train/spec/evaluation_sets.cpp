#include "train/spec/evaluation_sets.h"

#include <algorithm>
#include <cctype>

namespace cambium {
namespace {
bool is_name(std::string_view name) {
  return !name.empty() && std::isalpha(uint8_t(name[0])) && std::ranges::all_of(name, [](char c) {
    return std::isalnum(uint8_t(c)) || c == '_' || c == '-';
  });
}

EvaluationSet open_set(const YamlEntry& entry, const Vars& vars, uint64_t seed) {
  if (!is_name(entry.key))
    throw UserError(str("'", entry.key, "' cannot name an evaluation set"),
                    "begin with a letter; go on with letters, digits, _ and -", entry.key_mark);
  EvaluationSet set{entry.key, entry.key_mark, open_dataset(entry.value, vars, seed)};
  if (set.data->count(Split::kValidation) == 0)
    throw UserError(str("the evaluation set '", set.name, "' has no validation part"),
                    "hold some of it out: of a corpus, split: {val: 50%, test: 50%}", set.mark);
  return set;
}

// What of the batches of two data sets a model would notice; empty: nothing.
std::string unlike(const DataShape& a, const DataShape& b) {
  const std::vector<InputType> x = a.inputs(), y = b.inputs();
  for (size_t i = 0; i < std::max(x.size(), y.size()); ++i) {
    if (i >= x.size() || i >= y.size() || x[i].name != y[i].name)
      return str("it brings ", y.size(), " inputs, the training data ", x.size());
    if (x[i].type != y[i].type)
      return str("its ", y[i].name, " is ", y[i].type.text(), " an example, that of the training ",
                 "data ", x[i].type.text());
  }
  if (a.classes != b.classes)
    return str("it has ", b.classes, " classes, the training data ", a.classes);
  const auto rest = [](const DataShape& s) {
    return std::tuple(s.domain, s.target_kind(), s.causal, s.masked, s.begin, s.blank,
                      s.least_frames, s.one_graph);
  };
  return rest(a) == rest(b) ? "" : "its task is another";
}
}  // namespace

std::vector<EvaluationSet> open_evaluation_sets(const Yaml& section, const Vars& vars,
                                                uint64_t seed, Diagnostics& errors) {
  std::vector<EvaluationSet> sets;
  if (!section.is_map() || section.entries.empty()) {
    errors.add(UserError("evaluate: is a map of names to data",
                         "write evaluate: {books: {corpus: corpora/books}}", section.mark));
    return sets;
  }
  for (const YamlEntry& e : section.entries) try {
      sets.push_back(open_set(e, vars, seed));
    } catch (const UserErrors& all) {
      errors.add_all(all);
    } catch (UserError& error) {
      if (!error.mark.known()) error.mark = e.key_mark;
      errors.add(error);
    }
  return sets;
}

void check_evaluation_sets(std::span<const EvaluationSet> sets, const Dataset& data,
                           Diagnostics& errors) {
  const DataShape shape = data.shape(1);
  const std::string symbols = vocabulary_of(data);
  for (const EvaluationSet& set : sets) {
    std::string why = unlike(shape, set.data->shape(1));
    std::string help = "give it the options of data:, such as the same context and tokenizer";
    if (why.empty() && vocabulary_of(*set.data) != symbols) {
      why = "its symbols are others than those of the training data";
      help = "read both as bytes, or with one tokenizer";
    }
    if (!why.empty())
      errors.add(
          UserError(str("a model of this data cannot be evaluated on '", set.name, "': ", why),
                    help, set.mark));
  }
}

Identity identity_of(const Dataset& data, std::span<const EvaluationSet> sets) {
  Identity id = identity_of(data);
  for (const EvaluationSet& set : sets) {
    std::string text;
    for (const auto& [name, value] : identity_of(*set.data).parts)
      text += str(name, "=", value, " ");
    id.parts.emplace_back("evaluate." + set.name, hash_name(hash_text(text)));
  }
  return id;
}

int64_t set_examples(std::span<const EvaluationSet> sets, Split split) {
  int64_t n = 0;
  for (const EvaluationSet& set : sets) {
    const int64_t own = set.data->count(split);
    n += own > 0 ? own : set.data->count(Split::kValidation);
  }
  return n;
}
}  // namespace cambium
