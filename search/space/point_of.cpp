// The point that Space::json wrote.
#include "core/text/json.h"
#include "search/space/space.h"

namespace cambium {
namespace {
Gene gene_of(const Dimension& d, const Json& value) {
  Gene gene{.active = true};
  const auto cannot = [&] {
    return UserError(str("'", d.name, "' cannot be ", value.dump(), " in this space"));
  };
  switch (d.kind) {
    case DimensionKind::kChoices:
      for (; gene.index < count_of(d); ++gene.index)
        if (std::visit([&](const auto& v) { return value == Json(v); },
                       value_of(d, gene).variant()))
          return gene;
      throw cannot();
    case DimensionKind::kInt:
      if (!value.is_number_integer()) throw cannot();
      gene.index = (value.get<int64_t>() - d.first) / d.step;
      break;
    case DimensionKind::kFloat:
    case DimensionKind::kLog:
      if (!value.is_number()) throw cannot();
      gene.real = value.get<double>();
      break;
    case DimensionKind::kPattern:
      if (!value.is_string()) throw cannot();
      gene.letters = value.get<std::string>();
      break;
  }
  if (!in_range(d, gene)) throw cannot();
  return gene;
}
}  // namespace

SpacePoint Space::point_of(const Json& values) const {
  SpacePoint p;
  for (const Dimension& d : dimensions_) {
    const auto value = values.find(d.name);
    p.genes.push_back(value == values.end() ? Gene{} : gene_of(d, *value));
  }
  require(valid(p), "no point of the space is ", values.dump());
  return p;
}
}  // namespace cambium
