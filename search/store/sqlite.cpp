#include "search/store/sqlite.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>
#include <thread>
#include <utility>

#include <sqlite3.h>
#include <unistd.h>

#include "core/system/clock.h"
#include "core/system/files.h"
#include "core/system/memory.h"

namespace cambium {
namespace {
struct Waiting {
  double patience_seconds;
  Stopwatch clock;  // since the first try for one lock
};

// Whether to try again for what another process holds.
int wait_for_others(void* waiting, int tries) {
  auto& w = *static_cast<Waiting*>(waiting);
  if (tries == 0) w.clock.restart();
  if (w.clock.seconds() > w.patience_seconds) return 0;
  // From a tenth of a millisecond to 25; processes that began together part by their ids.
  const int64_t most = int64_t(200) << std::min(tries, 7);
  const int64_t microseconds =
      most / 2 + (int64_t(::getpid()) * 7919 + int64_t(tries) * 104729) % (most / 2 + 1);
  std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
  return 1;
}

std::string_view first_line(std::string_view text) {
  return text.substr(0, text.find('\n'));
}

// `left` is what the library's last call left in errno: it does not keep what a commit met.
[[noreturn]] void fail_on_disk(sqlite3* database, int code, const std::string& path, int left) {
  const int kept = database ? sqlite3_system_errno(database) : 0;
  const bool telling = left == EFBIG || left == ENOSPC || left == EDQUOT || left == EROFS;
  const int kind = code & 0xff;
  const bool reading =
      code == SQLITE_IOERR_READ || code == SQLITE_IOERR_SHORT_READ || kind == SQLITE_CANTOPEN;
  errno = kind == SQLITE_FULL       ? ENOSPC
          : kind == SQLITE_READONLY ? EACCES
          : kept != 0               ? kept
          : telling                 ? left
          : kind == SQLITE_CANTOPEN ? ENOENT
                                    : EIO;
  fail_with_errno(reading ? "open or read" : "write", path);
}

[[noreturn]] void fail(sqlite3* database, int code, const std::string& path) {
  const int left = errno;
  const std::string why = database ? sqlite3_errmsg(database) : sqlite3_errstr(code);
  if (code == SQLITE_READONLY_DBMOVED)
    throw RuntimeError(str("'", path, "' was moved or removed while it was in use"),
                       "leave a study's folder where it is until its processes have ended");
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      throw RuntimeError(str("'", path, "' is kept by another process and does not come free"),
                         "look for one that hangs or was halted (Ctrl-Z), end it and try again");
    case SQLITE_NOTADB:
      throw UserError(str("'", path, "' is not a database"),
                      "it is something else or damaged: move it away, or name another folder");
    case SQLITE_CORRUPT:
      throw RuntimeError(str("'", path, "' is damaged: ", first_line(why)),
                         "copy it from a backup, or move it away and begin the study anew");
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
      fail_on_disk(database, code, path, left);
    case SQLITE_NOMEM:
      throw out_of_memory();
    default:
      throw InternalError(str("'", path, "': ", why));
  }
}

// A file that nobody can be writing: its folder is read-only, and no journal stands beside it.
bool is_left_alone(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path();
  std::error_code none;
  return ::access(folder.empty() ? "." : folder.c_str(), W_OK) != 0 && file_exists(path) &&
         std::filesystem::file_size(path + "-wal", none) + 1 <= 1;  // not there, or empty
}

// For the library's URI: all but plain characters as %XX.
std::string uri_of(const std::string& path) {
  std::string out = "file:";
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '/' || c == '.' || c == '-' || c == '_';
    constexpr std::string_view digits = "0123456789ABCDEF";
    if (plain)
      out += c;
    else
      out += str("%", digits[uint8_t(c) >> 4], digits[uint8_t(c) & 15]);
  }
  return out + "?immutable=1";
}
}  // namespace

struct Sqlite::Fixed {
  std::string path;
  Waiting waiting;
};

SqlStatement::SqlStatement(sqlite3* database, const std::string& path, std::string_view sql)
    : database_(database), path_(&path) {
  const int code = sqlite3_prepare_v2(database, sql.data(), int(sql.size()), &statement_, nullptr);
  if (code != SQLITE_OK) fail(database, sqlite3_extended_errcode(database), path);
}

SqlStatement::SqlStatement(SqlStatement&& o) noexcept
    : database_(o.database_),
      path_(o.path_),
      statement_(std::exchange(o.statement_, nullptr)),
      bound_(o.bound_) {}

SqlStatement::~SqlStatement() {
  sqlite3_finalize(statement_);
}

SqlStatement& SqlStatement::bind(int64_t value) {
  ensure(sqlite3_bind_int64(statement_, ++bound_, value) == SQLITE_OK, "an SQL parameter too many");
  return *this;
}

SqlStatement& SqlStatement::bind(double value) {
  ensure(sqlite3_bind_double(statement_, ++bound_, value) == SQLITE_OK,
         "an SQL parameter too many");
  return *this;
}

SqlStatement& SqlStatement::bind(std::string_view value) {
  // A text that is empty must not be a null pointer, which the library takes for NULL.
  const char* data = value.empty() ? "" : value.data();
  const int code =
      sqlite3_bind_text64(statement_, ++bound_, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  if (code != SQLITE_OK) fail(database_, code, *path_);
  return *this;
}

bool SqlStatement::step() {
  errno = 0;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) fail(database_, sqlite3_extended_errcode(database_), *path_);
  return false;
}

void SqlStatement::run() {
  while (step()) continue;
}

int64_t SqlStatement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

double SqlStatement::number(int column) const {
  return is_null(column) ? std::numeric_limits<double>::quiet_NaN()
                         : sqlite3_column_double(statement_, column);
}

std::string SqlStatement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return data ? std::string(data, size_t(sqlite3_column_bytes(statement_, column))) : "";
}

bool SqlStatement::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

Sqlite::Sqlite(const std::string& path, Mode mode, double patience_seconds)
    : fixed_(new Fixed{path, {patience_seconds, {}}}) {
  const auto open = [&](const std::string& name, int flags) {
    sqlite3_close(std::exchange(database_, nullptr));
    const int code =
        sqlite3_open_v2(name.c_str(), &database_, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    if (code != SQLITE_OK) fail(database_, sqlite3_extended_errcode(database_), path);
    sqlite3_busy_handler(database_, wait_for_others, &fixed_->waiting);
    // What stands in a file is data: it may not run what its schema says.
    sqlite3_db_config(database_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(database_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    run("PRAGMA cell_size_check = ON");
  };
  try {
    require(path.find('\0') == path.npos, "a path holds a byte of value 0");
    if (mode == kWrite) {
      open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
      errno = EACCES;  // the library opens what it may not write without a word
      if (sqlite3_db_readonly(database_, "main") != 0) fail_with_errno("write", path);
    } else if (is_left_alone(path)) {
      open(uri_of(path), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
    } else {
      open(path, SQLITE_OPEN_READONLY);
    }
  } catch (...) {
    sqlite3_close(database_);
    throw;
  }
}

Sqlite::Sqlite(Sqlite&& o) noexcept
    : fixed_(std::move(o.fixed_)), database_(std::exchange(o.database_, nullptr)) {}

Sqlite::~Sqlite() {
  sqlite3_close(database_);
}

const std::string& Sqlite::path() const {
  return fixed_->path;
}

void Sqlite::run(std::string_view sql) {
  prepare(sql).run();
}

SqlStatement Sqlite::prepare(std::string_view sql) {
  return {database_, fixed_->path, sql};
}

int64_t Sqlite::integer(std::string_view sql) {
  SqlStatement s = prepare(sql);
  return s.step() ? s.integer(0) : 0;
}

int64_t Sqlite::changes() {
  return sqlite3_changes(database_);
}

SqlTransaction::SqlTransaction(Sqlite& database, Kind kind) : database_(database) {
  if (kind != kReads)
    database.run(kind == kWrites ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL");
  database.run(kind == kReads ? "BEGIN" : "BEGIN IMMEDIATE");
}

SqlTransaction::~SqlTransaction() {
  if (!open_) return;
  try {
    database_.run("ROLLBACK");
  } catch (const Error&) {
    return;  // the library has rolled back already, as it does when a disk is full
  }
}

void SqlTransaction::commit() {
  database_.run("COMMIT");
  open_ = false;
}
}  // namespace cambium
