#include "search/store/schema.h"

#include <algorithm>
#include <filesystem>

#include "search/store/study_record.h"

namespace cambium {
namespace {
constexpr int64_t kApplication = 0x43616D62;  // "Camb"
constexpr int64_t kSchema = 1;

constexpr std::string_view kTables[] = {
    "CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT",
    "CREATE TABLE trials (number INTEGER PRIMARY KEY, arm TEXT NOT NULL, point TEXT NOT NULL, "
    "origin TEXT NOT NULL, key TEXT NOT NULL, seed INTEGER NOT NULL, rung INTEGER NOT NULL, "
    "steps INTEGER NOT NULL, pause_at INTEGER NOT NULL, needed_bytes INTEGER NOT NULL, cost REAL "
    "NOT NULL, folder TEXT NOT NULL, state TEXT NOT NULL "
    "CHECK (state IN ('waiting', 'running', 'stopped', 'done', 'failed', 'refused')), "
    "results TEXT NOT NULL, reason TEXT NOT NULL, attempts INTEGER NOT NULL, added REAL NOT NULL, "
    "started REAL NOT NULL, ended REAL NOT NULL, spec TEXT NOT NULL) STRICT",
    "CREATE INDEX trials_open ON trials (number) WHERE state IN ('waiting', 'running', 'stopped')",
    "CREATE INDEX trials_key ON trials (key)",
    "CREATE TABLE claims (trial INTEGER PRIMARY KEY REFERENCES trials, worker TEXT NOT NULL, "
    "attempt INTEGER NOT NULL, pid INTEGER NOT NULL, start INTEGER NOT NULL, "
    "machine TEXT NOT NULL, host TEXT NOT NULL, beats INTEGER NOT NULL, beaten REAL NOT NULL) "
    "STRICT"};

bool is_empty(Sqlite& database) {
  return database.integer("SELECT count(*) FROM sqlite_schema") == 0;
}

void make_tables(Sqlite& database, const StudyRecord& study) {
  SqlTransaction all(database, SqlTransaction::kWritesForGood);
  for (const std::string_view sql : kTables) database.run(sql);
  for (const auto& [key, value] : entries_of(study))
    database.prepare("INSERT INTO meta VALUES (?, ?)").bind(key).bind(value).run();
  database.run(str("PRAGMA application_id = ", kApplication));
  database.run(str("PRAGMA user_version = ", kSchema));
  all.commit();
}

void check_kind(Sqlite& database) {
  const std::string& path = database.path();
  if (database.integer("PRAGMA application_id") != kApplication)
    throw UserError(str("'", path, "' is a database of something else, not a store of trials"),
                    "name another folder for the study");
  const int64_t schema = database.integer("PRAGMA user_version");
  if (schema > kSchema)
    throw UserError(str("'", path, "' was written by a newer cambium: its schema is ", schema,
                        ", this program knows ", kSchema),
                    "use the newer program, or name another folder for the study");
  if (schema < kSchema) refuse_damage(path, str("there is no schema ", schema));
}

// The library fills up a last page that is cut. Where a journal stands, it may hold the rest.
bool is_cut(Sqlite& database) {
  std::error_code none;
  const auto size_of = [&](const char* end) {
    const auto size = std::filesystem::file_size(database.path() + end, none);
    return none ? 0 : int64_t(size);
  };
  return size_of("") % std::max<int64_t>(database.integer("PRAGMA page_size"), 1) != 0 &&
         size_of("-wal") == 0;
}

void check_whole(Sqlite& database) {
  if (is_cut(database)) refuse_damage(database.path(), "it is cut short");
  SqlStatement check = database.prepare("PRAGMA quick_check(1)");
  const bool said = check.step();
  if (!said || check.text(0) != "ok") refuse_damage(database.path(), said ? check.text(0) : "");
  std::vector<std::string> tables;
  SqlStatement schema = database.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL");
  while (schema.step()) tables.push_back(schema.text(0));
  // In any order: VACUUM changes it.
  std::vector<std::string> expected(std::begin(kTables), std::end(kTables));
  std::ranges::sort(tables);
  std::ranges::sort(expected);
  if (tables != expected)
    refuse_damage(database.path(), str("its tables are not those of schema ", kSchema));
}

StudyRecord read_study(Sqlite& database) {
  std::map<std::string, std::string> entries;
  SqlStatement rows = database.prepare("SELECT key, value FROM meta");
  while (rows.step()) entries[rows.text(0)] = rows.text(1);
  return study_of(entries, database.path());
}
}  // namespace

const std::string_view kTrialColumns =
    "number, arm, point, origin, key, seed, rung, steps, pause_at, needed_bytes, cost, "
    "folder, state, results, reason, attempts, added, started, ended";

void refuse_damage(const std::string& path, std::string_view what) {
  throw RuntimeError(str("'", path, "' is damaged: ", what),
                     "copy it from a backup, or move it away and begin the study anew");
}

void make_tables_if_empty(Sqlite& database, const StudyRecord& study) {
  if (!is_empty(database)) return;
  if (SqlStatement mode = database.prepare("PRAGMA journal_mode = WAL");
      !mode.step() || mode.text(0) != "wal")
    throw RuntimeError(str("'", database.path(), "' cannot be shared by processes there"),
                       "put the study's folder on another disk");
  make_tables(database, study);
}

StudyRecord read_tables(Sqlite& database) {
  SqlTransaction one(database, SqlTransaction::kReads);
  if (is_empty(database))
    throw UserError(str("'", database.path(), "' holds no study yet"),
                    "wait until a study has begun, or name another folder");
  check_kind(database);
  check_whole(database);
  return read_study(database);
}

Trial trial_of(const SqlStatement& row, const std::string& path) {
  Trial t;
  t.number = row.integer(0);
  const std::string name = str(path, ", trial ", t.number);
  t.arm = row.text(1);
  t.point = parse_json(row.text(2), name);
  t.origin = parse_json(row.text(3), name);
  t.key = row.text(4);
  t.seed = row.integer(5);
  t.rung = row.integer(6);
  t.steps = row.integer(7);
  t.pause_at = row.integer(8);
  t.needed_bytes = row.integer(9);
  t.cost = row.number(10);
  t.folder = row.text(11);
  t.state = trial_state(row.text(12));
  t.values = parse_json(row.text(13), name);
  t.reason = row.text(14);
  t.attempts = row.integer(15);
  t.added = row.number(16);
  t.started = row.number(17);
  t.ended = row.number(18);
  return t;
}

void insert_trial(Sqlite& database, const Trial& t) {
  database
      .prepare(str("INSERT INTO trials (", kTrialColumns,
                   ", spec) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"))
      .bind(t.number)
      .bind(t.arm)
      .bind(to_text(t.point))
      .bind(to_text(t.origin))
      .bind(t.key)
      .bind(t.seed)
      .bind(t.rung)
      .bind(t.steps)
      .bind(t.pause_at)
      .bind(t.needed_bytes)
      .bind(t.cost)
      .bind(t.folder)
      .bind(name_of(t.state))
      .bind(to_text(t.values))
      .bind(t.reason)
      .bind(t.attempts)
      .bind(t.added)
      .bind(t.started)
      .bind(t.ended)
      .bind(t.spec)
      .run();
}
}  // namespace cambium
