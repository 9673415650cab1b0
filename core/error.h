// Errors carry what happened (one sentence), where (a YAML mark), why (notes) and how to mend it.
#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/text/format.h"

namespace cambium {
// A place in a file, 1-based. line 0 = unknown. `length` is how many columns the caret underlines.
struct Mark {
  std::string file;
  int line = 0, column = 0, length = 1;
  bool override = false;  // in the text number `line` of --set; `file` only says so to people

  bool known() const { return line > 0; }
};

struct Note {  // a computed fact that explains an error, with the place it comes from
  std::string text;
  Mark mark;
};

// The base of the three kinds of error; the kind says who is to blame and which exit code follows.
struct Error : std::runtime_error {
  Mark mark;
  std::string help;
  std::vector<Note> notes;

  explicit Error(const std::string& what, std::string help = {}, Mark mark = {})
      : std::runtime_error(what), mark(std::move(mark)), help(std::move(help)) {}
};

struct UserError : Error {
  using Error::Error;

  std::string option;    // that is wrong, where who throws does not know its place; may be empty
  bool named = false;    // its text begins with the block or operator it is about
  int64_t channels = 0;  // C of the incoming stream, where it is part of what is wrong; else 0
};                       // the input is wrong; exit 1

// A mistake in one option of a block or dataset, which know no YAML: who reads the spec catches it
// and marks the option's place.
struct OptionError : UserError {
  OptionError(std::string name, const std::string& what, std::string help = {}, int64_t width = 0)
      : UserError(what, std::move(help)) {
    option = std::move(name);
    channels = width;
  }
};

struct RuntimeError : Error {
  using Error::Error;
};  // disk, memory, NaN, a child process; exit 2

struct InternalError : Error {
  using Error::Error;
};  // we are wrong; exit 3

// All errors of one file, found in one pass. Never empty.
struct UserErrors : UserError {
  std::vector<UserError> all;

  explicit UserErrors(std::vector<UserError> errors)
      : UserError(errors.front()), all(std::move(errors)) {}
};

// Collects errors so that a file is checked in one pass instead of one error at a time.
class Diagnostics {
 public:
  void add(UserError error) { errors_.push_back(std::move(error)); }

  void add_all(const UserErrors& e) { errors_.insert(errors_.end(), e.all.begin(), e.all.end()); }

  bool empty() const { return errors_.empty(); }

  const std::vector<UserError>& errors() const { return errors_; }

  void throw_if_any() const {
    if (!errors_.empty()) throw UserErrors(errors_);
  }

 private:
  std::vector<UserError> errors_;
};

// States a condition on user input; the message must name the values.
template <class... T> void require(bool ok, const T&... why) {
  if (!ok) throw UserError(str(why...));
}

// The same on one option of a block or dataset.
template <class... T> void require_option(std::string_view option, bool ok, const T&... why) {
  if (!ok) throw OptionError(std::string(option), str(why...));
}

// States an invariant of our own code; a failure is our bug.
template <class... T> void ensure(bool ok, const T&... why) {
  if (!ok) throw InternalError(str(why...));
}
}  // namespace cambium
