// tokens_to_grid: lays tokens out in rows and columns. [B,Y*X,C] -> [B,Y,X,C], a view
#include <cmath>

#include "blocks/padding.h"

namespace cambium::block_tokens_to_grid {
namespace {
struct TokensToGrid {
  int64_t rows = 0, columns = 0;
  static constexpr auto fields = std::tuple{
      field("rows", &TokensToGrid::rows, "rows; 0: what the tokens remember, or T / columns").in(0),
      field("columns", &TokensToGrid::columns, "columns; 0: what the tokens remember, or T / rows")
          .in(0)};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<TokensToGrid>();
  const int64_t t = s.shape()[1];
  int64_t rows = a.rows, columns = a.columns;
  if (!rows && !columns) {
    rows = s.rows;
    columns = s.columns;
    if (!rows)
      throw UserError(str("these ", t, " tokens never were a grid"), "give rows and columns");
  }
  if (!columns)
    refuse_padding(s, str("rows = ", rows, " alone makes the columns a matter of its length"),
                   "give columns");
  if (!rows) rows = t / columns;
  if (!columns) columns = t / rows;
  require_option("rows", rows * columns == t, "rows = ", rows, " times columns = ", columns,
                 " is not the ", t, " tokens");
  s.x = b.emit("reshape", {s.x},
               {{"shape", std::vector<int64_t>{s.shape()[0], rows, columns, s.channels()}}});
  s.domain = Domain::kGrid;
  s.rows = s.columns = 0;
  return s;
}
}  // namespace

extern const Block block_tokens_to_grid = {
    .name = "tokens_to_grid",
    .family = "adapters",
    .doc = "Lays tokens out as a grid again; costs nothing",
    .formula = "y[b,i,j] = x[b, i X + j]",
    .paper = "",
    .attrs = fields_of<TokensToGrid>,
    .accepts = {Domain::kTokens},
    .build = build,
    .samples = {
        {"tokens_to_grid: {rows: 2, columns: 3}", Domain::kTokens, {2, 6, 4}},
        {"tokens_to_grid: {columns: 1}", Domain::kTokens, {1, 5, 2}},
        {"{repeat: 1, body: [grid_to_tokens, tokens_to_grid]}", Domain::kGrid, {1, 2, 3, 2}}}};
}  // namespace cambium::block_tokens_to_grid
