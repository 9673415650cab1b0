#include "train/weights/transfer.h"

#include <algorithm>

#include "blocks/compose/weight_ends.h"
#include "train/record/run_record.h"
#include "train/weights/matching.h"

namespace cambium {
namespace {
// What the model's evaluation needs, which is what runs keep.
const Model& kept_model(const Experiment& e) {
  return model_of(e, std::max<int64_t>(1, e.train.options.batch), false);
}

// Some parameters count from numbers that follow from their place and size, so those of another
// place or size stand for others.
void refuse_other_starts(const Experiment& e, const Transfer& t, Diagnostics& errors) {
  const auto starts = start_offsets(kept_model(e).graph);
  for (const TransferRow& row : t.rows) {
    const bool comes = row.fate == TransferFate::kTaken || row.fate == TransferFate::kResized;
    if (!comes || !starts.contains(row.to)) continue;
    if (row.from != row.to || row.fate == TransferFate::kResized)
      errors.add(UserError(
          str("'", row.to, "' counts from numbers that follow from its name and ", "size, and '",
              row.from, "' ", row.has, " of '", t.init.from, "' from others"),
          str("keep its name and size, or say fresh: [\"", row.to, "\"]"), t.init.from_mark));
  }
}

Transfer planned(const Experiment& e, InitSpec init, WeightSource source, Diagnostics& errors) {
  Transfer t{.init = std::move(init), .source = std::move(source)};
  Matched m = match_transfer(t.init, t.source.files, e, kept_model(e), errors);
  t.rows = std::move(m.rows);
  t.notes = std::move(m.notes);
  t.names_gone = std::move(m.names_gone);
  refuse_other_starts(e, t, errors);
  return t;
}

// Whether the model takes numbers that stand for tokens, by their places.
bool takes_tokens(const Experiment& e, const Transfer& t) {
  const Graph& model = kept_model(e).graph;
  const DataShape shape = e.data->shape(1);
  return std::ranges::any_of(t.rows, [&](const TransferRow& row) {
    const bool comes = row.fate == TransferFate::kTaken || row.fate == TransferFate::kResized;
    const auto node = comes ? model.find(Role::kParameter, row.to) : std::nullopt;
    if (!node || row.rule == "by_token") return false;
    const ParameterKind kind = model.node(*node).parameter.kind;
    return kind == ParameterKind::kEmbedding ||
           (kind == ParameterKind::kOutput && shape.target.shape == shape.x.shape);
  });
}

void note_vocabulary(Experiment& e, const Transfer& t) {
  const std::optional<RunRecord> run = find_run_record(t.init.from);
  const std::string was = run ? run->data.at("vocabulary") : "", is = vocabulary_of(*e.data);
  if (!was.empty() && was != is && takes_tokens(e, t))
    e.notes.emplace_back(str("'", t.init.from, "' was trained on other symbols: vocabulary (was ",
                             was, ", is ", is.empty() ? "none" : is, ")"),
                         "rows of an embedding stand for other symbols then, unless they were "
                         "only added at the end: say resize: {...: by_token}",
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
  try {
    WeightSource source = load_source(*init);
    if (source.hash != init->hash) return {};
    Transfer t = planned(e, *init, std::move(source), errors);
    if (!errors.empty()) return {};
    return t;
  } catch (const InternalError&) {
    throw;
  } catch (const Error&) {  // whoever begins a run is told
    return {};
  }
}

namespace {
// The source of a spec that may belong to a run that has begun; none, and why, where it is no
// longer there as it was.
std::optional<WeightSource> source_as_it_was(const InitSpec& init, std::string& why) {
  if (!source_exists(init)) {
    why = str("'", init.from, "', which the weights come from, is gone");
    return {};
  }
  try {
    WeightSource source = load_source(init);
    if (source.hash == init.hash) return source;
    why = str("the weights of '", init.from, "' have changed: hash (was ", init.hash, ", is ",
              source.hash, ")");
  } catch (const InternalError&) {
    throw;
  } catch (const Error& e) {
    why = str("'", init.from, "', which the weights come from, can no longer be read: ", e.what());
  }
  return {};
}
}  // namespace

void check_transfer(Experiment& e) {
  Diagnostics errors;
  const std::optional<InitSpec> init = parse_init(e.spec, e.vars, errors);
  errors.throw_if_any();
  if (!init) return;
  const auto note_gone = [&](const std::string& what) {
    e.notes.emplace_back(what, "a run goes on from its own checkpoint, without one it cannot begin",
                         init->from_mark);
  };
  std::optional<WeightSource> source;
  if (init->hash.empty()) {
    source = load_source(*init);
  } else {
    std::string why;
    source = source_as_it_was(*init, why);
    if (!source) return note_gone(why);
  }
  set_hash(e.spec, source->hash);
  const Transfer t = planned(e, *init, std::move(*source), errors);
  if (!init->hash.empty() && !t.names_gone.empty()) return note_gone(t.names_gone);
  errors.throw_if_any();
  e.notes.insert(e.notes.end(), t.notes.begin(), t.notes.end());
  note_vocabulary(e, t);
}

void check_source(const Experiment& e, Diagnostics& errors) {
  parse_freeze(e.spec, e.vars, errors);
  const std::optional<InitSpec> init = parse_init(e.spec, e.vars, errors);
  if (!init || !init->hash.empty()) return;
  try {
    load_source(*init);
  } catch (const UserError& error) {
    errors.add(error);
  }
}

void pin_source(Spec& spec, const Vars& vars) {
  Diagnostics errors;
  const std::optional<InitSpec> init = parse_init(spec, vars, errors);
  errors.throw_if_any();
  if (init && init->hash.empty()) set_hash(spec, load_source(*init).hash);
}

void require_hash(const Transfer& t) {
  if (t.init.hash.empty() || t.init.hash == t.source.hash) return;
  throw UserError(str("the weights of '", t.init.from, "' are not those of the spec: hash (was ",
                      t.init.hash, ", is ", t.source.hash, ")"),
                  "put them back, or take init.hash out of the spec", t.init.hash_mark);
}

void start_from(Store& store, const Transfer& t) {
  for (const TransferRow& row : t.rows) {
    if (row.fate != TransferFate::kTaken && row.fate != TransferFate::kResized) continue;
    const Tensor from = t.source.files.read(row.from);
    if (row.fate == TransferFate::kTaken)
      std::ranges::copy(from.raw(), store.at(row.to).raw().begin());
    else
      std::ranges::find(resize_kinds(), row.rule, &ResizeKind::name)
          ->apply(row.how, from, store.at(row.to));
  }
  store.refresh_copies();
}
}  // namespace cambium
