#include "data/generated/state_tracking.h"

namespace cambium {
std::unique_ptr<Dataset> open_state_tracking(std::string_view name, const StateTracking& options,
                                             uint64_t seed, StateMachine machine) {
  if (options.train_length > options.length)
    throw OptionError(
        "train_length",
        str("train_length = ", options.train_length, " is more than length = ", options.length),
        str("use train_length: ", options.length, " or less"));
  SequenceTask task{.name = std::string(name),
                    .options = std::move(machine.options),
                    .vocab = machine.vocab,
                    .context = options.length,
                    .counts = options};
  const auto taught = size_t(options.train_length > 0 ? options.train_length : options.length);
  task.write = [taught, m = std::move(machine)](const SequenceExample& e) {
    int32_t state = m.start;
    for (size_t t = 0; t < e.x.size(); ++t) {
      e.x[t] = m.token(e.random);
      state = m.next(state, e.x[t]);
      if (e.split != Split::kTrain || t < taught) e.target[t] = state;
    }
  };
  return open_sequences(std::move(task), seed);
}
}  // namespace cambium
