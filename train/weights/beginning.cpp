#include "train/weights/beginning.h"

#include "core/text/json.h"
#include "train/adapters/source.h"
#include "train/run/run_folder.h"

namespace cambium {
void begin_run(Session& session, const Experiment& e, const std::string& folder,
               const Identity& data, Progress& progress) {
  if (const std::optional<Transfer> t = plan_transfer(e)) {
    require_hash(*t);
    session.start_from(*t);
    forget_models(e);  // which the plan made once more
    if (!folder.empty()) set_run_key(folder, "init", to_json(*t));
    progress.on_note("init: " + summary(*t));
    if (const std::string other = other_data(*t, e.spec, data); !other.empty())
      progress.on_note(other);
  }
  if (const std::optional<AdapterStart> adapters = adapter_start(e)) {
    session.start_from(adapters->tensors);
    forget_models(e);
    progress.on_note(
        str("adapt: ", adapters->tensors.size(), " tensors from '", adapters->folder, "'"));
  }
  session.start(0);
}
}  // namespace cambium
