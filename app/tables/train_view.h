// Train view: a run as people watch it, as one live line or as plain lines.
#pragma once
#include "app/command_line.h"
#include "app/terminal.h"
#include "core/system/clock.h"
#include "train/run/trainer.h"

namespace cambium {
enum class ProgressMode { kBar, kPlain, kNone };

void declare_progress(CommandLine& line, std::string& to);
// "auto" is a bar where a line can be redrawn, else plain lines.
ProgressMode progress_mode(const std::string& choice, const Terminal& terminal);

std::string duration_text(double seconds);      // "3m10s"
std::string bar_text(double share, int width);  // "[=====>    ]"

class TrainView : public Progress {
 public:
  TrainView(Terminal& terminal, ProgressMode mode) : terminal_(terminal), mode_(mode) {}

  void on_start(const RunInfo& info) override;
  void on_step(const StepReport& r) override;
  void on_evaluation(const EvaluationReport& r) override;
  void on_note(const std::string& text) override;
  void finish();

 private:
  std::string line(const StepReport& r) const;

  Terminal& terminal_;
  ProgressMode mode_;
  Stopwatch since_start_, since_line_;
  int64_t first_step_ = 0;
  std::string last_evaluation_;
  bool said_any_ = false;
};
}  // namespace cambium
