#include "app/tables/data/workers_view.h"

#include "app/tables/train_view.h"
#include "core/system/cancel.h"
#include "core/system/threads.h"

namespace cambium {
Workers workers_of(int64_t jobs, const std::string& progress, Terminal& terminal) {
  Workers w{jobs > 0 ? jobs : thread_count(), cancel_requested, {}};
  const ProgressMode mode = progress_mode(progress, terminal);
  auto shown = std::make_shared<std::pair<Stopwatch, std::string>>();
  w.progress = [mode, shown, &terminal](std::string_view stage, int64_t done, int64_t of) {
    auto& [since, last] = *shown;
    const std::string text = str(stage, "  ", done, "/", of);
    if (mode == ProgressMode::kBar)
      terminal.status(str(bar_text(double(done) / double(of), 20), " ", text));
    if (mode == ProgressMode::kPlain && (since.seconds() > 5 || last != stage)) {
      terminal.note(text);
      since.restart();
    }
    last = stage;
  };
  return w;
}
}  // namespace cambium
