#include "core/diagnostics.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "core/system/files.h"
#include "core/text/fmt.h"
#include "core/text/utf8.h"

namespace cambium {
namespace {
constexpr int kWidest = 120;  // columns of a source line that are shown

// Safe and short enough to show, whatever the user's file put into a message.
std::string shown(std::string_view text) {
  return printable(shortened(text));
}

std::string place(const Mark& m) {
  return str(shown(m.file), ":", m.line, ":", m.column);
}

std::optional<std::string> source_line(const Mark& m, const RenderOptions& options) {
  if (m.override) {
    const auto i = size_t(m.line) - 1;
    if (i >= options.overrides.size()) return std::nullopt;
    return options.overrides[i];
  }
  std::string text;
  try {
    text = read_file(m.file, 8 << 20);
  } catch (const Error&) {
    return std::nullopt;
  }
  std::string_view rest = text;
  if (rest.starts_with("\xef\xbb\xbf")) rest.remove_prefix(3);
  for (int line = 1; line < m.line; ++line) {
    const size_t end = rest.find('\n');
    if (end == rest.npos) return std::nullopt;
    rest.remove_prefix(end + 1);
  }
  return std::string(rest.substr(0, rest.find_first_of("\r\n")));
}

// Whole characters [first, first + most) of a line, each in one column where it has one.
std::vector<std::string> columns_of(const std::string& line, int first, int most) {
  std::vector<std::string> out;
  int column = 0;
  for (size_t i = 0; i < line.size() && column < first + most; ++column) {
    size_t n = 1;
    while (i + n < line.size() && (uint8_t(line[i + n]) & 0xc0) == 0x80) ++n;
    if (column >= first) out.push_back(line[i] == '\t' ? " " : printable(line.substr(i, n)));
    i += n;
  }
  return out;
}

// The source line with its number, and the caret below it.
std::string picture(const Mark& m, const std::string& line, const RenderOptions& options) {
  const int first = m.column <= kWidest - 20 ? 0 : m.column - kWidest / 2;  // 0-based column shown
  const std::vector<std::string> cells = columns_of(line, first, kWidest + 1);
  const int last = first + std::min(int(cells.size()), kWidest);
  std::string shown = first > 0 ? "..." : "", under(shown.size(), ' ');
  for (int i = first; i < last; ++i) {
    shown += cells[size_t(i - first)];
    const bool marked = i >= m.column - 1 && i < m.column - 1 + std::max(1, m.length);
    const std::string mark = i == m.column - 1 ? "^" : marked ? "~" : " ";
    // An escaped control character is wider than one column.
    const auto width = size_t(std::max<int64_t>(1, characters(cells[size_t(i - first)])));
    under += mark + std::string(width - 1, marked ? '~' : ' ');
  }
  if (m.column > last) under += std::string(size_t(std::min(m.column - 1 - last, 1)), ' ') + "^";
  if (int(cells.size()) > kWidest) shown += "...";
  under.erase(under.find_last_not_of(' ') + 1);
  const std::string green = options.color ? "\x1b[1;32m" : "",
                    reset = options.color ? "\x1b[0m" : "";
  return fmt::format("{:>5} | {}\n      | {}{}{}\n", m.line, shown, green, under, reset);
}

std::string render_one(const Error& e, const RenderOptions& options) {
  const auto paint = [&](std::string_view code, std::string_view text) {
    return options.color ? str("\x1b[", code, "m", text, "\x1b[0m") : std::string(text);
  };
  std::string out;
  if (e.mark.known()) out += str(paint("1", str(place(e.mark), ":")), " ");
  out += str(options.notes ? paint("1;36", "note:") : paint("1;31", "error:"), " ",
             paint("1", shown(e.what())), "\n");
  if (e.mark.known())
    if (const auto line = source_line(e.mark, options)) out += picture(e.mark, *line, options);
  for (const Note& n : e.notes) {
    out += str("  ", paint("1;36", "note:"), " ", shown(n.text));
    out += n.mark.known() ? str(" at ", place(n.mark), "\n") : "\n";
  }
  if (!e.help.empty()) out += str("  ", paint("1;36", "help:"), " ", shown(e.help), "\n");
  return out;
}
}  // namespace

std::string render(const Error& error, const RenderOptions& options) {
  const auto* several = dynamic_cast<const UserErrors*>(&error);
  if (!several) return render_one(error, options);
  std::vector<UserError> all = several->all;
  std::ranges::stable_sort(all, {}, [](const UserError& e) {
    return std::tuple(e.mark.file, e.mark.line, e.mark.column);
  });
  std::string out;
  const size_t shown_errors = std::min(all.size(), kMostErrors);
  for (size_t i = 0; i < shown_errors; ++i) out += render_one(all[i], options);
  if (all.size() > shown_errors) out += str("and ", all.size() - shown_errors, " more errors\n");
  return out;
}
}  // namespace cambium
