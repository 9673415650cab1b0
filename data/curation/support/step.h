// CurationStep: one thing that is done to the documents of a corpus on their way into it.
#pragma once
#include <memory>
#include <span>

#include "core/fields.h"
#include "data/assembly/tasks.h"
#include "data/curation/support/tally.h"

namespace cambium {
// The drafts that a step sees before it judges any: parts in their order, each a file. A draft's
// place is its part and its index in it. Order and places depend on the documents' contents and
// sources (of equal texts, on their ids), never on the order of files or on workers.
struct StagedDrafts {
  struct Part {
    std::string path;
    int64_t source = 0;  // index in `sources`
    int64_t documents = 0, bytes = 0;
    bool held_out = false;  // of a settled part: of validation or test
  };

  std::vector<std::string> sources;  // names, as the recipe lists them
  std::vector<Part> parts;           // those of one source stand together
  // The last parts are what a corpus holds that this one adds to (`append:`), and stay as they are:
  // no judge sees them. They are of one more source, behind the others.
  int64_t settled = 0;

  int64_t own() const { return int64_t(parts.size()) - settled; }

  StagedDrafts without_settled() const {
    StagedDrafts out{sources, {parts.begin(), parts.end() - settled}, 0};
    if (settled > 0) out.sources.pop_back();
    return out;
  }
};

// What a step does to the drafts of one part, in their order.
class Judge {
 public:
  virtual ~Judge() = default;

  // Whether it goes on; it may be changed. Says both to the tally, under a rule's name.
  virtual bool keep(Draft& draft, Tally& tally) = 0;
};

class CurationStep {
 public:
  virtual ~CurationStep() = default;

  // Whether it must see all drafts before it can judge one.
  virtual bool looks() const { return false; }

  // Whether it compares documents with one another: where looks(), it is then shown settled parts
  // too.
  virtual bool compares() const { return false; }

  // Before any judge, where looks(): finds out what it has to. Writes into `folder` alone, each
  // file so that it is whole or not there, and answers the same after being killed and begun anew.
  virtual void look(const StagedDrafts&, const std::string& /*folder*/, const Workers&) {}

  // Several may be at work at once, each in a thread.
  virtual std::unique_ptr<Judge> judge(int64_t part) const = 0;

  // What else is to be told of it in the end, such as sizes of clusters; null: nothing.
  virtual Json findings() const { return nullptr; }
};

// What a step may ask of the recipe it stands in.
struct StepPlace {
  std::vector<std::string> sources;  // names
  bool appends = false;              // one more stands behind them, of settled parts
  bool holds_out = true;             // the split leaves something for validation or test
};

// Each source's rank: that of its name in `prefer`; those that are not named come after, in the
// recipe's order. Settled parts come before all. OptionError for `prefer` where it names no source
// or one twice.
std::vector<int64_t> ranks_of(std::span<const std::string> prefer, const StepPlace& place);

// One file in data/curation/steps/ defines one: `extern const CurationKind step_repair`.
struct CurationKind {
  std::string_view name, doc, source;
  int64_t version = 1;  // of its rules: another one, other corpora
  FieldSet attrs = {};
  std::string_view primary = "";
  std::string_view maps = "";  // the option that is a map, {a: b}, and comes as a list, ["a=b"]
  std::unique_ptr<CurationStep> (*open)(const Attrs&, const StepPlace&) = nullptr;  // OptionErrors
};

std::span<const CurationKind* const> builtin_steps();

// For steps that judge each document by itself: `f(draft, tally)` answers whether it goes on.
template <class F> class EachDocument final : public CurationStep {
 public:
  explicit EachDocument(F f) : f_(std::move(f)) {}

  std::unique_ptr<Judge> judge(int64_t) const override {
    struct Call final : Judge {
      explicit Call(const F& f) : f(f) {}

      bool keep(Draft& d, Tally& t) override { return f(d, t); }

      const F& f;
    };

    return std::make_unique<Call>(f_);
  }

 private:
  F f_;
};

template <class F> std::unique_ptr<CurationStep> each_document(F f) {
  return std::make_unique<EachDocument<F>>(std::move(f));
}

// For steps that only drop: `rules.broken(text)` names the rule that drops it, or none, "".
template <class Rules> std::unique_ptr<CurationStep> drop_broken(Rules rules) {
  return each_document([rules = std::move(rules)](const Draft& d, Tally& tally) {
    const std::string rule(rules.broken(d.text));
    if (!rule.empty()) tally.drop(rule, d);
    return rule.empty();
  });
}
}  // namespace cambium
