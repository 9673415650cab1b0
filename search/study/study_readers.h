// Study readers: what each key of a study makes of its value (StudyKey::read). What comes before a
// key in the list has been read: `metric` before `tasks`
// and `least_effect`, `variants` before `baseline`.
#pragma once
#include "search/study/study_keys.h"

namespace cambium {
void read_name(const Yaml& yaml, StudyFile& file);
void read_base(const Yaml& yaml, StudyFile& file);
void read_variants(const Yaml& yaml, StudyFile& file);
void read_set(const Yaml& yaml, StudyFile& file);
void read_parameterisation(const Yaml& yaml, StudyFile& file);
void read_evaluate(const Yaml& yaml, StudyFile& file);
void read_match(const Yaml& yaml, StudyFile& file);
void read_budget(const Yaml& yaml, StudyFile& file);
void read_seeds(const Yaml& yaml, StudyFile& file);
void read_metric(const Yaml& yaml, StudyFile& file);
void read_alpha(const Yaml& yaml, StudyFile& file);
void read_tasks(const Yaml& yaml, StudyFile& file);
void read_least_effect(const Yaml& yaml, StudyFile& file);
void read_vary(const Yaml& yaml, StudyFile& file);
void read_baseline(const Yaml& yaml, StudyFile& file);
void read_tune(const Yaml& yaml, StudyFile& file);
void read_published(const Yaml& yaml, StudyFile& file);
void read_scale(const Yaml& yaml, StudyFile& file);
void read_mix(const Yaml& yaml, StudyFile& file);
// The same for `mix:` as settle_ladder.
void settle_mixtures(StudyFile& file);
// Once all keys of a study with `scale:` are read: what follows from them, and errors for keys that
// say nothing there.
void settle_ladder(StudyFile& file);

// The path that a file names, which is relative to it.
std::string path_beside(const Yaml& value);

// Whether a variant or a task may be named so: the name becomes that of folders.
bool is_folder_name(std::string_view name);
inline constexpr std::string_view kFolderNameHelp =
    "it becomes the name of a folder: use at most 100 letters, digits, spaces and _ - + = . , ( ), "
    "and begin with none of space . -";

// val.loss, or {val.loss: min}.
Metric metric_from(const Yaml& yaml);

// Adds an error for each key of the map that is none of the known ones.
void check_names(const Yaml& map, std::span<const std::string> known, std::string_view what,
                 Diagnostics& errors);
}  // namespace cambium
