// The file of a store of trials: its tables, and what is checked before one is trusted.
#pragma once
#include "search/store/sqlite.h"
#include "search/store/trial_store.h"

namespace cambium {
// RuntimeError: the file is not what we wrote.
[[noreturn]] void refuse_damage(const std::string& path, std::string_view what);

// Where there are none yet; one process at a time.
void make_tables_if_empty(Sqlite& database, const StudyRecord& study);

// Checks all and answers whose trials they are.
StudyRecord read_tables(Sqlite& database);

// The columns of a trial but for its spec, and what a row of them says.
extern const std::string_view kTrialColumns;
constexpr int kSpecColumn = 19;  // where a query asks for `spec` after them
Trial trial_of(const SqlStatement& row, const std::string& path);

// With trial.number and trial.added.
void insert_trial(Sqlite& database, const Trial& trial);
}  // namespace cambium
