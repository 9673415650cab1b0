// Stores of trials: a database that a viewer opens, looks at as a whole and prints.
#include "search/store/trial_store.h"

#include "tests/fuzz/target.h"

namespace cambium::fuzz_trial_store {
extern const FuzzTarget fuzz_trial_store = {
    .name = "trial_store",
    .reads = {"search/store/schema.cpp", "search/store/study_record.cpp"},
    .run = [](std::string_view bytes) {
      const std::string file = file_of("store/study.db", bytes);
      TrialStore store = TrialStore::view(file.substr(0, file.rfind('/')));
      for (const Trial& t : store.trials()) store.spec_of(t.number);
      store.finished();
      expect(store.dump().size() >= store.dump(false).size(), "outcomes take room");
    }};
}  // namespace cambium::fuzz_trial_store
