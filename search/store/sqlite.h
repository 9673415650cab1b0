// Sqlite: one database file, its statements and transactions. Only sqlite.cpp sees the library.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace cambium {
// A prepared statement. Move-only; must go before its database.
class SqlStatement {
 public:
  SqlStatement(SqlStatement&& o) noexcept;
  SqlStatement& operator=(SqlStatement&&) = delete;
  ~SqlStatement();

  // The next parameter, from the first; text is copied.
  SqlStatement& bind(int64_t value);
  SqlStatement& bind(double value);
  SqlStatement& bind(std::string_view value);

  bool step();  // true: there is a row, whose columns can be asked for
  void run();   // to the end, rows or none

  int64_t integer(int column) const;
  double number(int column) const;  // NaN for NULL
  std::string text(int column) const;
  bool is_null(int column) const;

 private:
  friend class Sqlite;
  SqlStatement(sqlite3* database, const std::string& path, std::string_view sql);

  sqlite3* database_;
  const std::string* path_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

// An open file, of one thread. Not to be carried through fork().
// Errors, from here and from statements, name the file:
//   RuntimeError: disk (full, read-only, a limit on file sizes, not there), a damaged file, or
//   another process that keeps the file to itself for longer than `patience_seconds`. UserError:
//   the file is no database.
class Sqlite {
 public:
  enum Mode {
    kWrite,  // makes the file when it is not there
    kView    // reads while others write; also where the folder is read-only
  };

  Sqlite(const std::string& path, Mode mode, double patience_seconds = 60);
  Sqlite(Sqlite&& o) noexcept;
  Sqlite& operator=(Sqlite&&) = delete;
  ~Sqlite();

  const std::string& path() const;

  void run(std::string_view sql);  // one statement
  SqlStatement prepare(std::string_view sql);
  int64_t integer(std::string_view sql);  // the first column of the first row; 0 when there is none
  int64_t changes();                      // rows that the last insert, update or delete touched

 private:
  struct Fixed;  // stands still when this moves: statements and the library point at it
  std::unique_ptr<Fixed> fixed_;
  sqlite3* database_ = nullptr;
};

// What is done while one lives is done as a whole, or, without commit(), not at all.
class SqlTransaction {
 public:
  // Each sees one state of the file. The others wait until they alone write, and what they write
  // outlasts a kill of the process at once; kWritesForGood outlasts a loss of power, too.
  enum Kind { kReads, kWrites, kWritesForGood };

  SqlTransaction(Sqlite& database, Kind kind);
  SqlTransaction(const SqlTransaction&) = delete;
  SqlTransaction& operator=(const SqlTransaction&) = delete;
  ~SqlTransaction();

  void commit();

 private:
  Sqlite& database_;
  bool open_ = true;
};
}  // namespace cambium
