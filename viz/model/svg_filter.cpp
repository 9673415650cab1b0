#include "viz/model/svg_filter.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "core/error.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
constexpr std::array<std::string_view, 7> kElements = {"svg",      "g",       "path", "polygon",
                                                       "polyline", "ellipse", "text"};
constexpr std::array<std::string_view, 26> kAttributes = {"class",
                                                          "d",
                                                          "points",
                                                          "cx",
                                                          "cy",
                                                          "rx",
                                                          "ry",
                                                          "x",
                                                          "y",
                                                          "fill",
                                                          "fill-opacity",
                                                          "stroke",
                                                          "stroke-width",
                                                          "stroke-dasharray",
                                                          "stroke-opacity",
                                                          "font-family",
                                                          "font-size",
                                                          "font-weight",
                                                          "font-style",
                                                          "text-anchor",
                                                          "transform",
                                                          "viewBox",
                                                          "width",
                                                          "height",
                                                          "opacity",
                                                          "text-decoration"};

[[noreturn]] void malformed(std::string_view why) {
  throw RuntimeError(str("the SVG is malformed: ", why),
                     "check that `dot` is Graphviz's own program");
}

std::string utf8(unsigned c) {
  std::string out;
  if (c < 0x80) return std::string(1, char(c));
  if (c < 0x800) return out + char(0xC0 | c >> 6) + char(0x80 | (c & 0x3F));
  if (c < 0x10000)
    return out + char(0xE0 | c >> 12) + char(0x80 | (c >> 6 & 0x3F)) + char(0x80 | (c & 0x3F));
  return out + char(0xF0 | c >> 18) + char(0x80 | (c >> 12 & 0x3F)) + char(0x80 | (c >> 6 & 0x3F)) +
         char(0x80 | (c & 0x3F));
}

std::string entity(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, char>, 5> known = {
      {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};
  for (const auto& [word, c] : known)
    if (word == name) return std::string(1, c);
  if (name.size() < 2 || name[0] != '#') malformed(str("unknown entity &", visible(name), ";"));
  const bool hex = name[1] == 'x';
  unsigned value = 0;
  for (char c : name.substr(hex ? 2 : 1)) {
    const int digit = c >= '0' && c <= '9'          ? c - '0'
                      : hex && c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : hex && c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                    : -1;
    if (digit < 0 || value > 0x10FFFF) malformed("a bad character reference");
    value = value * (hex ? 16 : 10) + unsigned(digit);
  }
  if (value > 0x10FFFF) malformed("a bad character reference");
  return utf8(value);
}

std::string decode(std::string_view s) {
  std::string out;
  for (size_t i = 0; i < s.size();) {
    if (s[i] != '&') {
      out += s[i++];
      continue;
    }
    const size_t end = s.find(';', i);
    if (end == std::string_view::npos) malformed("an entity without end");
    out += entity(s.substr(i + 1, end - i - 1));
    i = end + 1;
  }
  return out;
}

// Geometry, colours, names: no quotes, colons, url(...) or scripts fit through this.
bool harmless(std::string_view value) {
  const bool plain = std::ranges::all_of(value, [](unsigned char c) {
    return std::isalnum(c) ||
           std::string_view(" .,#()%+-_\n\t").find(char(c)) != std::string_view::npos;
  });
  return plain && value.find("url") == std::string_view::npos;
}

struct Tag {
  std::string name;
  bool closing = false, empty = false;
  std::vector<std::pair<std::string, std::string>> attributes;  // decoded
};

class Reader {
 public:
  explicit Reader(std::string_view s) : s_(s) {}

  bool done() const { return at_ >= s_.size(); }

  std::string text() {  // up to the next tag, decoded
    const size_t end = std::min(s_.find('<', at_), s_.size());
    const std::string_view raw = s_.substr(at_, end - at_);
    at_ = end;
    return decode(raw);
  }

  std::optional<Tag> tag() {  // nullopt: a comment or a declaration, skipped
    if (starts("<!--")) return skip("-->");
    if (starts("<?")) return skip("?>");
    if (starts("<!DOCTYPE")) return skip(">");
    if (starts("<!")) malformed("an unknown declaration");
    ++at_;
    Tag t;
    t.closing = take('/');
    t.name = word();
    if (t.name.empty()) malformed("a tag without a name");
    for (;;) {
      spaces();
      if (take('>')) return t;
      if (take('/')) {
        if (!take('>')) malformed("a stray /");
        t.empty = true;
        return t;
      }
      attribute(t);
    }
  }

 private:
  bool starts(std::string_view w) const { return s_.substr(at_).starts_with(w); }

  std::optional<Tag> skip(std::string_view end) {
    const size_t found = s_.find(end, at_);
    if (found == std::string_view::npos) malformed("a comment or declaration without end");
    at_ = found + end.size();
    return std::nullopt;
  }

  bool take(char c) {
    if (at_ >= s_.size() || s_[at_] != c) return false;
    ++at_;
    return true;
  }

  void spaces() {
    while (at_ < s_.size() && std::isspace(static_cast<unsigned char>(s_[at_]))) ++at_;
  }

  std::string word() {
    const size_t begin = at_;
    while (at_ < s_.size() && (std::isalnum(static_cast<unsigned char>(s_[at_])) ||
                               std::string_view(":-_.").find(s_[at_]) != std::string_view::npos))
      ++at_;
    return std::string(s_.substr(begin, at_ - begin));
  }

  void attribute(Tag& t) {
    const std::string name = word();
    if (name.empty() || !take('=')) malformed("a bad attribute");
    const char quote = take('"') ? '"' : take('\'') ? '\'' : '\0';
    const size_t end = quote ? s_.find(quote, at_) : std::string_view::npos;
    if (end == std::string_view::npos) malformed("an attribute without quotes");
    t.attributes.emplace_back(name, decode(s_.substr(at_, end - at_)));
    at_ = end + 1;
  }

  std::string_view s_;
  size_t at_ = 0;
};

std::string opening(const Tag& t) {
  std::string out = "<" + t.name;
  if (t.name == "svg") out += " xmlns=\"http://www.w3.org/2000/svg\"";
  for (const auto& [name, value] : t.attributes)
    if (std::ranges::find(kAttributes, name) != kAttributes.end() && harmless(value))
      out += str(" ", name, "=\"", escape_markup(value), "\"");
  return out + (t.empty ? "/>" : ">");
}

bool allowed(const std::string& name) {
  return std::ranges::find(kElements, name) != kElements.end();
}

std::string tooltip_of(const Tag& t) {
  for (const auto& [name, value] : t.attributes)
    if (name == "xlink:title") return str("<title>", escape_markup(value), "</title>");
  return {};
}
}  // namespace

std::string filter_svg(std::string_view svg) {
  Reader in(svg);
  std::string out;
  std::vector<std::string> open;
  size_t dropping = 0;  // depth of `open` at which dropped content began; 0: not dropping
  while (!in.done()) {
    const std::string text = in.text();
    if (!dropping && !open.empty() && open.back() == "text") out += escape_markup(text);
    if (in.done()) break;
    const std::optional<Tag> tag = in.tag();
    if (!tag) continue;
    const bool link = tag->name == "a";  // loses its target, keeps its content
    if (tag->closing) {
      if (open.empty() || open.back() != tag->name) malformed("tags that do not nest");
      open.pop_back();
      if (!dropping && !link) out += str("</", tag->name, ">\n");
      if (dropping > open.size()) dropping = 0;
      continue;
    }
    const bool keep =
        !dropping && (link || (allowed(tag->name) && (!open.empty() || tag->name == "svg")));
    if (keep) out += link ? tooltip_of(*tag) : opening(*tag);
    if (tag->empty) continue;
    open.push_back(tag->name);
    if (!keep && !dropping) dropping = open.size();
  }
  if (!open.empty()) malformed("it ends inside <" + visible(open.back()) + ">");
  if (!out.starts_with("<svg")) malformed("there is no <svg> element");
  return out;
}
}  // namespace cambium
