#include <algorithm>

#include "blocks/compose/entry.h"
#include "blocks/compose/lost.h"
#include "blocks/compose/restore.h"
#include "blocks/domains.h"
#include "blocks/padding.h"
#include "core/text/suggest.h"

namespace cambium {
namespace {
constexpr size_t kMostErrors = 100;
constexpr size_t kMostNodes = 20'000;  // a spec of nested repeats must not eat the machine

// A block that makes other places of a padded stream must say which of them are real.
void check_padding(Stream& out) {
  if (out.domain == Domain::kVector) out.mask = {};
  if (mask_fits(out)) return;
  throw UserError(str("the data is padded, and which of the ", out.shape().rows(),
                      " places that leave here are real is not known"),
                  "pool before it, or use data without padding");
}

// Adds the block, its path, its place and where C was set to an error that lacks them.
UserError placed(const UserError& error, const Entry& e, const std::string& path,
                 const Stream& in) {
  const std::string text = error.what();
  UserError out(error.named ? text : str(e.use.name, " '", path, "': ", text), error.help,
                error.mark);
  out.named = true;
  out.option = error.option;
  out.notes = error.notes;
  if (!out.mark.known()) {
    const auto option = std::ranges::find(e.use.options, error.option, &YamlEntry::key);
    out.mark = option == e.use.options.end() ? e.use.mark : option->key_mark;
  }
  if (in.domain != Domain::kIds && error.channels > 0 && error.channels == in.channels())
    out.notes.push_back({str("C = ", in.channels(), " was set by ",
                             in.width_mark.known() ? str("'", in.width_by, "'") : in.width_by),
                         in.width_mark});
  return out;
}
}  // namespace

Builder::Builder(Graph& graph, const Vars& vars, bool training)
    : graph(graph), training(training), differentiated(training), root_(&vars), vars_(&vars) {}

void Builder::report(UserError error) {
  // The same mistake in another copy of a repeated body differs in its path only: 'a.0.b', 'a.1.b'.
  std::string text = error.what();
  if (const size_t quote = text.find(" '"); quote != std::string::npos)
    if (const size_t end = text.find("': ", quote); end != std::string::npos)
      text.erase(quote, end - quote);
  const Mark m = error.mark;
  if (!reported_.insert(str(m.file, ":", m.line, ":", m.column, ":", text)).second) return;
  errors_.add(std::move(error));
  if (errors_.errors().size() < kMostErrors) return;
  // Nobody reads the next, and finding all of a hostile file may take for ever.
  errors_.add(UserError("the search for errors ends here", "mend those above first", m));
  errors_.throw_if_any();
}

std::string Builder::unique_path(const Entry& e) const {
  std::string base = path_of(e.name.text.empty() ? e.use.name : e.name.text);
  if (!paths_.contains(base)) return base;
  if (!e.name.text.empty())
    throw UserError(str("the name '", e.name.text, "' is taken in this list"), "names are unique",
                    e.name.mark);
  return path_of(free_segment(e.use.name));
}

std::string Builder::free_segment(std::string_view segment) const {
  if (!paths_.contains(path_of(segment))) return std::string(segment);
  const auto taken = [&](int k) { return paths_.contains(path_of(str(segment, "_", k))); };
  int k = 2;
  while (k < 64 && taken(k)) ++k;
  if (!taken(k)) return str(segment, "_", k);
  int free = 2 * k;  // there are many: the end of the row is found by halving
  while (taken(free)) free *= 2;
  while (free - k > 1) (taken((k + free) / 2) ? k : free) = (k + free) / 2;
  return str(segment, "_", free);
}

Stream Builder::build_list(const Yaml& list, Stream in, const Vars& vars) {
  const Restore start(weight_start, weight_start);
  if (!list.is_list()) return build_entry(list, std::move(in), vars);
  for (const Yaml& item : list.items)
    in = item.is_list() ? build_list(item, std::move(in), vars)
                        : build_entry(item, std::move(in), vars);
  return in;
}

Stream Builder::build_entry(const Yaml& item, Stream in, const Vars& vars) {
  const Restore<const Vars*> site(vars_, &vars);
  const auto reported = [&](const UserError& e) { report(e); };
  const std::optional<Entry> e = read_entry(item, vars, definitions, reported);
  if (!e) throw StreamLost{};
  if (!e->from.text.empty()) in = tap(e->from.text, e->from.mark);
  std::string path = path_of(e->use.name);
  try {
    if (!e->good) throw StreamLost{};
    path = unique_path(*e);
    in = build_checked(*e, in, path);
  } catch (const StreamLost& lost) {
    if (!lost.recoverable || !e->block || !e->block->keeps_shape) throw;
  } catch (const UserErrors& all) {
    for (const UserError& error : all.all) report(placed(error, *e, path, in));
    throw StreamLost{};
  } catch (const UserError& error) {
    report(placed(error, *e, path, in));
    if (!e->block || !e->block->keeps_shape) throw StreamLost{};
  }
  if (!e->as.text.empty()) set_tap(e->as.text, e->as.mark, in);
  return in;
}

Stream Builder::build_checked(const Entry& e, Stream in, const std::string& path) {
  if (e.block) try {
      check_domain(*e.block, in, e.use.mark);
    } catch (const UserError& error) {
      report(error);
      throw StreamLost{false};  // the blocks that follow would only say the same
    }
  if (graph.nodes().size() >= kMostNodes) {
    report(UserError(str("the model has more than ", kMostNodes, " operations here"),
                     "lower the counts of its repeats", e.use.mark));
    throw StreamLost{false};
  }
  if (scaling && e.block && !e.block->no_width_rule.empty())
    throw UserError(str("no rule of ", scaling->name, " is known for it: ", e.block->no_width_rule),
                    "use another block, or parameterisation: standard");
  if (step && e.block && !e.block->steps) throw UserError("it does not work one token at a time");
  paths_.insert(path);
  if (e.block) blocks[path] = e.block;
  if (e.recompute)
    recompute.push_back({path, *e.recompute, e.block && e.block->repeats, e.use.mark});
  Scope scope = graph.scope;
  scope.path = path;
  scope.mark = e.use.mark;
  const ScopeGuard guard(graph, std::move(scope));
  const bool shares = !e.share.text.empty();
  std::set<std::string> asked;
  const Restore name(share_name_, shares ? e.share.text : share_name_);
  const Restore root(share_root_, shares ? path : share_root_);
  const Restore asks(asked_, shares ? &asked : asked_);
  if (shares) share_roots_.try_emplace(e.share.text, path);
  const Restore frozen(frozen_, frozen_ || e.freeze);
  const Settled here(*this, path);
  const Stream before = in;
  Stream out = e.block ? e.block->build(*this, e.use, std::move(in)) : build_definition(e, in);
  if (shares) check_shared(e.share.text, e.share.mark, asked);
  if (out.domain != Domain::kIds && out.channels() > kMostChannels)
    throw UserError(str("it makes ", out.channels(), " channels, more than ", kMostChannels),
                    "use a smaller width, or fewer places before it is flattened");
  check_padding(out);
  const bool structure = !e.block || !e.block->bodies.empty();
  if (structure) return out;  // what is inside has said who set the width
  const bool same = out.domain == before.domain && out.channels() == before.channels();
  out.width_by = same ? before.width_by : std::string(e.use.name);
  out.width_mark = same ? before.width_mark : e.use.mark;
  return out;
}

Stream Builder::build_definition(const Entry& e, Stream in) {
  if (std::ranges::count(defining_, e.use.name)) throw StreamLost{};  // reported by the check
  Vars local(root_);
  if (!bind_parameters(e, *vars_, local, [&](const UserError& error) { report(error); }))
    throw StreamLost{};
  const Yaml* body = definition_of(*e.definition).body;
  if (!body) throw StreamLost{};
  defining_.push_back(e.use.name);
  try {
    in = build_list(*body, std::move(in), local);
  } catch (...) {
    defining_.pop_back();
    throw;
  }
  defining_.pop_back();
  return in;
}

Stream Builder::tap(const std::string& name, const Mark& mark) {
  if (const auto found = taps_.find(name); found != taps_.end()) return found->second.first;
  if (!errors_.empty()) throw StreamLost{};  // its setter may be what is wrong
  std::vector<std::string> known;
  for (const auto& [n, s] : taps_) known.push_back(n);
  report(unknown_tap(name, mark, known));
  throw StreamLost{};
}

void Builder::set_tap(const std::string& name, const Mark& mark, const Stream& s) {
  // A tap inside a repeated body is set once a copy, by the same line; the last copy stands.
  const auto same = [](const Mark& a, const Mark& b) {
    return a.file == b.file && a.line == b.line && a.column == b.column;
  };
  if (const auto old = taps_.find(name); old != taps_.end() && !same(old->second.second, mark)) {
    UserError error(str("the tap '", name, "' is set twice"), "give one of them another name",
                    mark);
    error.notes.push_back({"first set", old->second.second});
    report(error);
  }
  taps_[name] = {s, mark};
}
}  // namespace cambium
