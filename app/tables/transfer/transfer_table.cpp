#include "app/tables/transfer/transfer_table.h"

#include "app/tables/transfer/adapter_table.h"
#include "core/text/json.h"
#include "train/graphs/freeze.h"
#include "train/weights/transfer.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
void add_frozen(const Graph& model, std::string_view before, std::string& text, Json& answer) {
  const FrozenShare share = frozen_share(model);
  if (share.tensors == 0) return;
  text += str(before, "frozen: ", share.tensors, share.tensors == 1 ? " tensor, " : " tensors, ",
              compact(double(share.frozen)), " of ", compact(double(share.parameters)),
              " parameters; ", compact(double(share.parameters - share.frozen)), " are trained\n");
  answer["frozen"] = {{"tensors", share.tensors},
                      {"parameters", share.frozen},
                      {"trained", share.parameters - share.frozen}};
}

void add_all(const Experiment& e, const Graph& model, std::string& text, Json& answer, bool table) {
  const std::string_view before = table ? "\n" : "      ";
  if (const std::optional<Transfer> t = find_transfer(e)) {
    text += str(before, table ? to_text(*t) : str("init: ", summary(*t), "\n"));
    answer["init"] = to_json(*t);
  } else if (e.spec.section("init")) {
    text += str(before, "init: what the weights came from is gone or has changed since\n");
  }
  add_frozen(model, before, text, answer);
  if (model_of(e, e.train.options.batch, true).adapters)
    add_adapters(*model_of(e, e.train.options.batch, true).adapters, before, text, answer, table);
}
}  // namespace

void add_transfer(const Experiment& e, const Graph& model, std::string& text, Json& answer) {
  add_all(e, model, text, answer, true);
}

void add_transfer_line(const Experiment& e, const Graph& model, std::string& text, Json& answer) {
  add_all(e, model, text, answer, false);
}
}  // namespace cambium
