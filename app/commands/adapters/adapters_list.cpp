// cambium adapters list: what each method does on each kind of block.
#include "app/command.h"
#include "app/run.h"
#include "app/tables/transfer/adapter_table.h"
#include "core/text/json.h"

namespace cambium::command_adapters_list {
namespace {
int list(Context& context) {
  context.answer(adapter_matrix_json(), adapter_matrix());
  return kExitOk;
}
}  // namespace

extern const Command command_adapters_list = {
    .name = "adapters list",
    .doc = "adapter methods against kinds of blocks: exact start, mergeable, or why refused",
    .examples = {"cambium adapters list", "cambium explain lora"},
    .declare = [](CommandLine&) -> Action { return list; },
};
}  // namespace cambium::command_adapters_list
