#include "train/weights/matching.h"

#include <algorithm>

#include "core/text/suggest.h"
#include "train/adapters/adapt.h"
#include "train/spec/glob.h"
#include "train/weights/facts.h"
#include "train/weights/structure.h"

namespace cambium {
namespace {
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
  Matching(const InitSpec& init, Types given, const Types& wanted, Facts facts, Diagnostics& errors)
      : init_(init),
        given_(std::move(given)),
        wanted_(wanted),
        facts_(std::move(facts)),
        errors_(errors),
        used_(init.resize.size()) {}

  Matched matched() {
    leave_unused();
    check_patterns(init_.fresh, names_in(wanted_), "tensor of the model", errors_);
    std::vector<NamePattern> resized;
    for (const ResizeRule& r : init_.resize) resized.push_back(r.match);
    check_patterns(resized, names_in(wanted_), "tensor of the model", errors_);
    if (!errors_.empty()) return {};
    for (const WarmRow& row : match_weights(given_, wanted_, rules())) sort_in(row);
    take_by_structure();
    report();
    std::ranges::sort(rows_, {}, &TransferRow::to);
    rows_.insert(rows_.end(), unused_.begin(), unused_.end());
    out_.rows = std::move(rows_);
    if (errors_.empty()) note_idle_rules();
    return std::move(out_);
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

  bool renamed(const std::string& name) const {
    return std::ranges::any_of(init_.map,
                               [&](const WarmRule& r) { return glob_matches(r.from, name); });
  }

  // What no rule renames keeps its name.
  std::vector<WarmRule> rules() const {
    std::vector<WarmRule> out = init_.map;
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
        take(row, false);
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

  std::vector<ResizeRule>::const_iterator rule_of(const std::string& name) const {
    return std::ranges::find_if(init_.resize,
                                [&](const ResizeRule& r) { return meets(r.match.text, name); });
  }

  // Of equal types; rules by names have something to do all the same.
  void take(const WarmRow& row, bool by_structure) {
    const auto rule = rule_of(row.to);
    if (rule != init_.resize.end() && rule->kind->by != ResizeBy::kShape)
      return resize(row, by_structure);
    rows_.push_back(
        {TransferFate::kTaken, row.from, row.to, row.has, row.wants, {}, {}, by_structure});
  }

  void resize(const WarmRow& row, bool by_structure = false) {
    const auto rule = rule_of(row.to);
    const std::string what = str("'", row.to, "' is ", row.wants, " in the model and ", row.has,
                                 " in '", init_.from, "'");
    const bool floats = row.has.dtype == DType::kF32 && row.wants.dtype == DType::kF32;
    if (rule == init_.resize.end() || !floats) {
      other_shape_.emplace_back(what, floats ? ways(row) : "say fresh, so that it starts anew");
      return;
    }
    used_[size_t(rule - init_.resize.begin())] = true;
    const ResizeCase c = facts_.of(row);
    if (const std::string why = rule->kind->objection(c); !why.empty()) {
      errors_.add(UserError(str(what, ": ", rule->kind->name, " does not fit, ", why), ways(row),
                            rule->match.mark));
      return;
    }
    try {
      ResizeHow how{.head_width = c.head_width};
      if (rule->kind->by != ResizeBy::kShape) how = facts_.by_names(c, rule->kind->by);
      rows_.push_back({TransferFate::kResized, row.from, row.to, row.has, row.wants,
                       rule->kind->name, std::move(how), by_structure});
    } catch (const NamesGone& e) {
      out_.names_gone = e.what();
      errors_.add(UserError(e.what(), e.help, rule->match.mark));
    } catch (const UserError& e) {
      errors_.add(UserError(str("'", row.to, "': ", rule->kind->name, ": ", e.what()), e.help,
                            rule->match.mark));
    }
  }

  // Of what names leave on both sides; what a rule of the spec renamed was meant otherwise.
  void take_by_structure() {
    Types from = left_;
    std::erase_if(from, [&](const auto& t) { return renamed(t.first); });
    for (const auto& [was, is] : match_by_structure(std::move(from), missing_)) {
      take({WarmFate::kCopied, was, is, left_.at(was), missing_.at(is)}, true);
      left_.erase(was);
      missing_.erase(is);
    }
  }

  void note_idle_rules() {
    for (size_t i = 0; i < used_.size(); ++i)
      if (!used_[i])
        out_.notes.emplace_back(
            str("the rule '", init_.resize[i].match.text, ": ", init_.resize[i].kind->name,
                "' resizes nothing: what it meets has the source's shape, is fresh, or is met by "
                "an earlier rule"),
            "leave it out", init_.resize[i].match.mark);
  }

  std::string ways(const WarmRow& row) const {
    std::vector<std::string> fit;
    const ResizeCase c = facts_.of(row);
    for (const ResizeKind& k : resize_kinds())
      if (k.objection(c).empty()) fit.emplace_back(k.name);
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
  Facts facts_;
  Diagnostics& errors_;
  std::vector<bool> used_;  // of the rules to resize by
  Matched out_;
  std::vector<TransferRow> rows_, unused_;
  Types left_, missing_;
  std::vector<std::pair<std::string, std::string>> other_shape_;
};

}  // namespace

Matched match_transfer(const InitSpec& init, const WeightFiles& source, const Experiment& e,
                       const Model& model, Diagnostics& errors) {
  Types wanted = weights_of(model.graph);
  Types given(source.types().begin(), source.types().end());
  for (const std::string& name : adapter_tensors(model))  // start by their method
    if (!given.contains(name)) wanted.erase(name);
  return Matching(init, std::move(given), wanted, Facts(init, e, model.graph), errors).matched();
}
}  // namespace cambium
