#include "app/terminal.h"

#include <cstdlib>
#include <ostream>

#include <sys/ioctl.h>
#include <unistd.h>

#include "core/error.h"
#include "core/text/utf8.h"
#include "viz/plot/text.h"

namespace cambium {
Terminal::Terminal(std::ostream& out, std::ostream& err, TerminalTraits traits)
    : out_(out), err_(err), traits_(traits) {}

Terminal::~Terminal() {
  end_status();
}

void Terminal::print(std::string_view text) {
  print_raw(visible(text));
}

void Terminal::print_raw(std::string_view text) {
  end_status();
  out_ << text << std::flush;
  // A full disk or a closed file; the answer is lost, and exit code 0 would hide it.
  if (!out_)
    throw RuntimeError("the answer cannot be written to standard output",
                       "free space where it goes, or send it elsewhere");
}

void Terminal::note(std::string_view line) {
  end_status();
  err_ << visible(line) << '\n' << std::flush;
}

void Terminal::raw_note(std::string_view text) {
  end_status();
  err_ << text << std::flush;
}

void Terminal::status(std::string_view text) {
  if (!traits_.live) return;
  const std::string line = printable(text);
  std::string shown;
  int columns = 0;
  for (size_t i = 0; i < line.size() && columns < traits_.width - 1; ++columns) {
    size_t n = 1;
    while (i + n < line.size() && (uint8_t(line[i + n]) & 0xc0) == 0x80) ++n;
    shown += line.substr(i, n);
    i += n;
  }
  err_ << '\r' << shown << "\x1b[K" << std::flush;
  has_status_ = true;
}

void Terminal::end_status() {
  if (!has_status_) return;
  err_ << "\r\x1b[K" << std::flush;
  has_status_ = false;
}

TerminalTraits detect_terminal() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string_view(value ? value : "");
  };
  TerminalTraits t;
  const bool dumb = variable("TERM").empty() || variable("TERM") == "dumb";
  t.live = ::isatty(STDERR_FILENO) && !dumb;
  t.color = t.live && variable("NO_COLOR").empty();
  t.shows_output = ::isatty(STDOUT_FILENO);
  winsize size{};
  if (t.live && ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20)
    t.width = size.ws_col;
  return t;
}
}  // namespace cambium
