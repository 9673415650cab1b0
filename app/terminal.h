// Terminal: where commands write. Results go to the output, progress and messages to the error
// stream; one live line is redrawn in place where that can be seen.
#pragma once
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace cambium {
struct TerminalTraits {
  bool live = false;          // the error stream is a terminal that can redraw a line
  bool color = false;         // and shows colours
  int width = 80;             // columns
  bool shows_output = false;  // the output is a terminal, not a file or a pipe
};

class Terminal {
 public:
  Terminal(std::ostream& out, std::ostream& err, TerminalTraits traits = {});
  ~Terminal();

  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // To the output. Control characters but newlines and tabs are shown as \x1b, since names and
  // texts of files are in it. RuntimeError when it cannot be written.
  void print(std::string_view text);
  void print_raw(std::string_view text);  // as it is
  void note(std::string_view line);      // to the error stream, above the live line; adds a newline
  void raw_note(std::string_view text);  // as it is: it may hold colours

  // Replaces the live line, cut to the width. Nothing happens where lines cannot be redrawn.
  void status(std::string_view line);
  void end_status();  // removes the live line

  const TerminalTraits& traits() const { return traits_; }

  bool json = false;                   // the command answers in JSON
  std::vector<std::string> overrides;  // of --set, so that errors can show them

 private:
  std::ostream &out_, &err_;
  TerminalTraits traits_;
  bool has_status_ = false;
};

// What the environment says of standard error: TERM, NO_COLOR (no-color.org), COLUMNS.
TerminalTraits detect_terminal();
}  // namespace cambium
