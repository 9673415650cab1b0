#include "data/dataset.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "core/text/suggest.h"
#include "core/yaml/listed.h"

namespace cambium {
namespace {
constexpr std::string_view kHow =
    "write `data: fashion_mnist` or `data: {text_chars: {path: input.txt}}`";

// The name, its place and its options, whichever way they were written.
struct DataUse {
  std::string name;
  Mark mark;
  std::vector<YamlEntry> options;
  const Yaml* primary = nullptr;  // the value of `name: value`
};

DataUse parse_use(const Yaml& data) {
  if (data.is_scalar()) return {data.text, data.mark, {}, nullptr};
  if (!data.is_map() || data.entries.empty())
    throw UserError("data: names no dataset", std::string(kHow), data.mark);
  const YamlEntry& first = data.entries.front();
  DataUse use{first.key, first.key_mark, {}, nullptr};
  const std::span<const YamlEntry> rest = std::span(data.entries).subspan(1);
  if (first.value.is_map()) {
    use.options = first.value.entries;
    if (!rest.empty())
      throw UserError(
          str("data: has options inside '", first.key, "' and '", rest[0].key, "' beside it"),
          str("move '", rest[0].key, "' into the options of '", first.key, "'"), rest[0].key_mark);
  } else {
    use.options.assign(rest.begin(), rest.end());
    if (!first.value.is_null()) use.primary = &first.value;
  }
  return use;
}

const DatasetKind& find_kind(const DataUse& use) {
  std::vector<std::string> names;
  for (const DatasetKind* kind : builtin_datasets()) {
    if (kind->name == use.name) return *kind;
    names.emplace_back(kind->name);
  }
  throw UserError(str("unknown dataset '", use.name, "'"), suggestion(use.name, names), use.mark);
}

Mark mark_of_option(const Args& args, const std::string& option, const Mark& fallback) {
  const auto it = std::ranges::find(args, option, &Arg::name);
  return it == args.end() ? fallback : it->mark;
}

// One a node or token.
ValueType mask_type(const DataShape& shape) {
  const Shape& x = shape.x.shape;
  return {DType::kF32,
          shape.domain == Domain::kIds ? x : Shape(x.dims().first(size_t(x.rank() - 1)))};
}

using MaybeType = std::optional<ValueType>;

// In this order graphs have them; identities of data hash them so (data/identity.cpp).
constexpr BatchInput kInputs[] = {
    {BatchInput::kContent, "x", [](const DataShape& s) { return MaybeType(s.x); }, &Batch::x},
    {BatchInput::kAnswer, kTarget, [](const DataShape& s) { return MaybeType(s.target); },
     &Batch::target},
    {BatchInput::kAbout, "mask",
     [](const DataShape& s) { return s.masked ? MaybeType(mask_type(s)) : std::nullopt; },
     &Batch::mask},
    {BatchInput::kContent, "decoder", [](const DataShape& s) { return s.decoder; },
     &Batch::decoder},
    {BatchInput::kAbout, "pairs", [](const DataShape& s) { return s.pairs; }, &Batch::pairs},
    {BatchInput::kAbout, "edges", [](const DataShape& s) { return s.edges; }, &Batch::edges},
    {BatchInput::kAbout, "adjacency",
     [](const DataShape& s) {
       return s.domain == Domain::kGraph ? MaybeType({DType::kAdjacency, s.adjacency.shape})
                                         : std::nullopt;
     },
     nullptr},
    {BatchInput::kAnswer, kGroup,
     [](const DataShape& s) {
       return s.group_weights.empty() ? std::nullopt : MaybeType({DType::kI32, s.target.shape});
     },
     &Batch::group}};
}  // namespace

std::span<const BatchInput> batch_inputs() {
  return kInputs;
}

std::vector<InputType> DataShape::inputs() const {
  std::vector<InputType> out;
  for (const BatchInput& input : kInputs)
    if (const MaybeType type = input.type(*this)) out.push_back({input.name, *type});
  return out;
}

int64_t DataShape::bytes() const {
  int64_t sum = 0;
  for (const BatchInput& input : kInputs)
    if (const MaybeType type = input.type(*this); type && input.tensor) sum += type->bytes();
  return sum;
}

Batch allocate_batch(const DataShape& shape) {
  Batch batch;
  for (const BatchInput& input : kInputs)
    if (const MaybeType type = input.type(shape); type && input.tensor)
      batch.*input.tensor = Tensor(*type);
  return batch;
}

bool ReferenceLoss::undercut_by(double mean, int64_t targets) const {
  constexpr double kChanceNats = 14;  // about one in a million
  constexpr double kDeviations = 6;   // neighbouring targets are not independent
  if (!floor || targets <= 0) return false;
  const double n = double(targets);
  return mean < loss - kChanceNats / n - kDeviations * deviation / std::sqrt(n);
}

Shape DataShape::output() const {
  if (target_kind() == TargetKind::kValues) return target.shape;
  if (target_kind() == TargetKind::kSequences) return {x.shape[0], x.shape[1], classes};
  std::vector<int64_t> extents(target.shape.dims().begin(), target.shape.dims().end());
  extents.push_back(classes);
  return Shape(std::span<const int64_t>(extents));
}

void clear_target(Tensor& target) {
  if (target.type().dtype == DType::kF32)
    std::ranges::fill(target.f32(), kNotScored);
  else
    std::ranges::fill(target.i32(), -1);
}

void require_room(const std::string& option, double numbers) {
  constexpr double kMost = 1 << 26;
  if (numbers <= kMost) return;
  throw OptionError(option, str("the data would hold ", numbers, " numbers, more than ", kMost),
                    "make it smaller; it is all drawn when it is opened");
}

std::unique_ptr<Dataset> only_one(std::vector<std::unique_ptr<Dataset>> of) {
  if (of.size() != 1)
    throw OptionError("of", str("one data is changed, and ", of.size(), " are named"),
                      "name one of them");
  return std::move(of.front());
}

uint64_t new_version() {
  static std::atomic<uint64_t> last = 0;
  return ++last;
}

namespace {
// One, or those of a list.
std::vector<std::unique_ptr<Dataset>> open_inner(const Yaml& of, const Vars& vars, uint64_t seed) {
  std::vector<std::unique_ptr<Dataset>> inner;
  if (!of.is_list() || of.items.empty()) inner.push_back(open_dataset(of, vars, seed));
  for (const Yaml& item : of.items) inner.push_back(open_dataset(item, vars, seed));
  return inner;
}
}  // namespace

bool DatasetKind::is_map(std::string_view option) const {
  return !option.empty() && str(" ", maps, " ").find(str(" ", option, " ")) != std::string::npos;
}

std::unique_ptr<Dataset> open_dataset(const Yaml& data, const Vars& vars, uint64_t seed) {
  DataUse use = parse_use(data);
  const DatasetKind& kind = find_kind(use);
  if (use.primary) {
    if (kind.primary.empty())
      throw UserError(str("'", kind.name, "' takes its options as a map"),
                      str("write `data: {", kind.name, ": {option: value}}`"), use.primary->mark);
    use.options.insert(use.options.begin(),
                       YamlEntry{std::string(kind.primary), use.mark, *use.primary});
  }
  for (YamlEntry& e : use.options)
    if (kind.is_map(e.key)) e.value = listed(e.value);
  // Opened last, so that a mistake in an option of the outer one is found without reading files.
  Yaml of;
  if (kind.wrap) {
    const auto entry = std::ranges::find(use.options, "of", &YamlEntry::key);
    if (entry == use.options.end())
      throw UserError(str("'", kind.name, "' needs data to change"),
                      str("write data: {", kind.name, ": {of: {text_chars: {path: input.txt}}}}"),
                      use.mark);
    of = entry->value;
    use.options.erase(entry);
  }
  Diagnostics errors;
  const Args args = evaluate_entries(use.options, vars, &errors);
  const Attrs attrs = kind.attrs.parse(args, &errors);
  errors.throw_if_any();
  try {
    auto data =
        kind.wrap ? kind.wrap(attrs, open_inner(of, vars, seed), seed) : kind.open(attrs, seed);
    const DataShape one = data->shape(1);
    for (const ValueType& t : {one.x, one.target}) t.bytes();  // refuses what no machine holds
    return data;
  } catch (const OptionError& e) {
    const Mark mark = e.option == "of" ? of.mark : mark_of_option(args, e.option, use.mark);
    UserError out(str(kind.name, ": ", e.what()), e.help, mark);
    out.notes = e.notes;
    throw out;
  } catch (Error& e) {
    if (!e.mark.known()) e.mark = use.mark;
    throw;
  }
}
}  // namespace cambium
