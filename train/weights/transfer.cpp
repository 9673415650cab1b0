#include "train/weights/transfer.h"

#include <algorithm>

#include "core/text/suggest.h"
#include "train/adapters/adapt.h"
#include "train/record/run_record.h"
#include "train/spec/glob.h"
#include "train/weights/resize.h"
#include "train/weights/source.h"

namespace cambium {
namespace {
using Types = std::map<std::string, ValueType>;

constexpr size_t kMostListed = 8;  // of one kind of mistake

std::vector<std::string> names_in(const Types& types) {
  std::vector<std::string> out;
  for (const auto& [name, type] : types) out.push_back(name);
  return out;
}

// Adds at most so many errors, and how many more there are.
class Listed {
 public:
  Listed(Diagnostics& errors, const Mark& mark) : errors_(errors), mark_(mark) {}

  ~Listed() {
    if (count_ > kMostListed)
      errors_.add(UserError(str("and ", count_ - kMostListed, " more tensors like it"), {}, mark_));
  }

  Listed(const Listed&) = delete;

  void add(const std::string& what, const std::string& help) {
    if (++count_ <= kMostListed) errors_.add(UserError(what, help, mark_));
  }

 private:
  Diagnostics& errors_;
  const Mark& mark_;
  size_t count_ = 0;
};

// Those of the type, the nearest names first; at most three.
std::string fitting(const std::string& name, const ValueType& type, const Types& among) {
  std::vector<std::pair<int, std::string>> found;
  for (const auto& [other, has] : among)
    if (has == type) found.emplace_back(edit_distance(name, other), other);
  std::ranges::sort(found);
  std::vector<std::string> names;
  for (size_t i = 0; i < std::min<size_t>(3, found.size()); ++i)
    names.push_back(str("'", found[i].second, "'"));
  return join_names(names, " or ");
}

class Matching {
 public:
  Matching(const InitSpec& init, Types given, const Types& wanted, Diagnostics& errors)
      : init_(init), given_(std::move(given)), wanted_(wanted), errors_(errors) {}

  std::vector<TransferRow> rows() {
    leave_unused();
    check_patterns(init_.fresh, names_in(wanted_), "tensor of the model", errors_);
    std::vector<NamePattern> resized;
    for (const ResizeRule& r : init_.resize) resized.push_back(r.match);
    check_patterns(resized, names_in(wanted_), "tensor of the model", errors_);
    if (!errors_.empty()) return {};
    for (const WarmRow& row : match_weights(given_, wanted_, rules())) sort_in(row);
    report();
    rows_.insert(rows_.end(), unused_.begin(), unused_.end());
    return std::move(rows_);
  }

 private:
  void leave_unused() {
    check_patterns(init_.unused, names_in(given_), "tensor of the source", errors_);
    std::erase_if(given_, [&](const auto& tensor) {
      const bool out = meets_any(init_.unused, tensor.first);
      if (out) unused_.push_back({TransferFate::kUnused, tensor.first, "", tensor.second, {}, {}});
      return out;
    });
  }

  // What no rule renames keeps its name.
  std::vector<WarmRule> rules() const {
    std::vector<WarmRule> out = init_.map;
    const auto renamed = [&](const std::string& name) {
      return std::ranges::any_of(init_.map,
                                 [&](const WarmRule& r) { return glob_matches(r.from, name); });
    };
    if (!out.empty() &&
        std::ranges::any_of(given_, [&](const auto& t) { return !renamed(t.first); }))
      out.push_back({"*", "*", init_.mark});
    return out;
  }

  void sort_in(const WarmRow& row) {
    if (!row.to.empty() && row.fate != WarmFate::kNotAsked && meets_any(init_.fresh, row.to)) {
      rows_.push_back({TransferFate::kFresh, "", row.to, {}, row.wants, {}});
      if (!row.from.empty())
        unused_.push_back({TransferFate::kUnused, row.from, row.to, row.has, {}, {}});
      return;
    }
    switch (row.fate) {
      case WarmFate::kCopied:
        rows_.push_back({TransferFate::kTaken, row.from, row.to, row.has, row.wants, {}});
        return;
      case WarmFate::kOtherType:
        resize(row);
        return;
      case WarmFate::kNotAsked:
        left_.emplace(row.from, row.has);
        return;
      case WarmFate::kMissing:
        missing_.emplace(row.to, row.wants);
    }
  }

  void resize(const WarmRow& row) {
    const auto rule = std::ranges::find_if(
        init_.resize, [&](const ResizeRule& r) { return meets(r.match.text, row.to); });
    const std::string what = str("'", row.to, "' is ", row.wants, " in the model and ", row.has,
                                 " in '", init_.from, "'");
    const bool floats = row.has.dtype == DType::kF32 && row.wants.dtype == DType::kF32;
    if (rule == init_.resize.end() || !floats) {
      other_shape_.emplace_back(what, floats ? ways(row) : "say fresh, so that it starts anew");
      return;
    }
    const std::string why = rule->kind->objection(row.has.shape, row.wants.shape);
    if (why.empty())
      rows_.push_back(
          {TransferFate::kResized, row.from, row.to, row.has, row.wants, rule->kind->name});
    else
      errors_.add(UserError(str(what, ": ", rule->kind->name, " does not fit, ", why), ways(row),
                            rule->match.mark));
  }

  static std::string ways(const WarmRow& row) {
    std::vector<std::string> fit;
    for (const ResizeKind& k : resize_kinds())
      if (k.objection(row.has.shape, row.wants.shape).empty()) fit.emplace_back(k.name);
    if (fit.empty()) return str("no rule resizes it: say fresh: [\"", row.to, "\"]");
    return str("say resize: {", row.to, ": ", join_names(fit, " or "), "}, or fresh: [\"", row.to,
               "\"]");
  }

  void report() {
    Listed shapes(errors_, init_.from_mark), missing(errors_, init_.from_mark),
        left(errors_, init_.from_mark);
    for (const auto& [what, help] : other_shape_) shapes.add(what, help);
    for (const auto& [name, type] : missing_) {
      const std::string near = fitting(name, type, left_);
      missing.add(
          str("'", name, "' ", type, " of the model is not in '", init_.from, "'"),
          str(near.empty() ? "nothing left there has its shape: " : str("map ", near, ", or "),
              "say fresh: [\"", name, "\"]"));
    }
    for (const auto& [name, type] : left_) {
      const std::string near = fitting(name, type, missing_);
      left.add(str("'", name, "' ", type, " of '", init_.from, "' goes nowhere"),
               str(near.empty() ? "" : str("map it to ", near, ", or "), "say unused: [\"", name,
                   "\"]"));
    }
    if (errors_.empty() && std::ranges::none_of(rows_, [](const TransferRow& r) {
          return r.fate == TransferFate::kTaken || r.fate == TransferFate::kResized;
        }))
      errors_.add(UserError(str("nothing of '", init_.from, "' is taken"),
                            "leave init out, or less of it fresh", init_.mark));
  }

  const InitSpec& init_;
  Types given_;
  const Types& wanted_;
  Diagnostics& errors_;
  std::vector<TransferRow> rows_, unused_;
  Types left_, missing_;
  std::vector<std::pair<std::string, std::string>> other_shape_;
};

// What the model's evaluation needs, which is what runs keep.
Transfer planned(const Experiment& e, InitSpec init, WeightSource source, Diagnostics& errors) {
  Transfer t{
      .init = std::move(init), .source = std::move(source.tensors), .hash = std::move(source.hash)};
  const Model& model = model_of(e, std::max<int64_t>(1, e.train.options.batch), false);
  Types wanted = weights_of(model.graph);
  for (const std::string& name : adapter_tensors(model))  // start by their method
    if (!t.source.contains(name)) wanted.erase(name);
  t.rows = Matching(t.init, types_of(t.source), wanted, errors).rows();
  return t;
}

void note_vocabulary(Experiment& e, const Transfer& t) {
  const std::optional<RunRecord> run = find_run_record(t.init.from);
  const std::string was = run ? run->data.at("vocabulary") : "", is = vocabulary_of(*e.data);
  if (!was.empty() && was != is)
    e.notes.emplace_back(str("'", t.init.from, "' was trained on other symbols: vocabulary (was ",
                             was, ", is ", is.empty() ? "none" : is, ")"),
                         "rows of an embedding stand for other symbols then, unless they were "
                         "only added at the end",
                         t.init.from_mark);
}
}  // namespace

std::string_view name_of(TransferFate fate) {
  static constexpr std::string_view kNames[] = {"taken", "resized", "fresh", "unused"};
  return kNames[size_t(fate)];
}

std::optional<Transfer> plan_transfer(const Experiment& e) {
  Diagnostics errors;
  const std::optional<InitSpec> init = parse_init(e.spec, e.vars, errors);
  errors.throw_if_any();
  if (!init) return {};
  Transfer t = planned(e, *init, load_source(*init), errors);
  errors.throw_if_any();
  return t;
}

std::optional<Transfer> find_transfer(const Experiment& e) {
  Diagnostics errors;
  const std::optional<InitSpec> init = parse_init(e.spec, e.vars, errors);
  if (!init || !source_exists(*init)) return {};
  Transfer t = planned(e, *init, load_source(*init), errors);
  if (!errors.empty() || t.hash != init->hash) return {};
  return t;
}

void check_transfer(Experiment& e) {
  Diagnostics errors;
  const std::optional<InitSpec> init = parse_init(e.spec, e.vars, errors);
  errors.throw_if_any();
  if (!init) return;
  const auto note_gone = [&](const std::string& what) {
    e.notes.emplace_back(what, "a run that has begun goes on, none begins", init->from_mark);
  };
  if (!init->hash.empty() && !source_exists(*init))
    return note_gone(str("'", init->from, "', which the weights come from, is gone"));
  WeightSource source = load_source(*init);
  if (!init->hash.empty() && init->hash != source.hash)
    return note_gone(str("the weights of '", init->from, "' have changed: hash (was ", init->hash,
                         ", is ", source.hash, ")"));
  set_hash(e.spec, source.hash);
  const Transfer t = planned(e, *init, std::move(source), errors);
  errors.throw_if_any();
  note_vocabulary(e, t);
}

void pin_source(Spec& spec, const Vars& vars) {
  Diagnostics errors;
  const std::optional<InitSpec> init = parse_init(spec, vars, errors);
  errors.throw_if_any();
  if (init && init->hash.empty()) set_hash(spec, load_source(*init).hash);
}

void require_hash(const Transfer& t) {
  if (t.init.hash.empty() || t.init.hash == t.hash) return;
  throw UserError(str("the weights of '", t.init.from, "' are not those of the spec: hash (was ",
                      t.init.hash, ", is ", t.hash, ")"),
                  "put them back, or take init.hash out of the spec", t.init.hash_mark);
}

void start_from(Store& store, const Transfer& t) {
  for (const TransferRow& row : t.rows) {
    const auto find = [&]() -> const Tensor& { return t.source.find(row.from)->second; };
    if (row.fate == TransferFate::kTaken)
      std::ranges::copy(find().raw(), store.at(row.to).raw().begin());
    if (row.fate == TransferFate::kResized)
      std::ranges::find(resize_kinds(), row.rule, &ResizeKind::name)
          ->apply(find(), store.at(row.to));
  }
  store.refresh_copies();
}
}  // namespace cambium
