// Repair: texts in other encodings, in several forms of the same letters, with characters that
// nobody sees.
#include <algorithm>

#include "core/text/unicode.h"
#include "core/text/utf8.h"
#include "data/curation/support/step.h"

namespace cambium::step_repair {
namespace {
struct Options {
  std::string encoding = "auto", unicode = "NFC", control = "drop", newlines = "lf";
  static constexpr auto fields = std::tuple{
      field("encoding", &Options::encoding,
            "of texts that are no UTF-8: auto guesses by the letters; utf-8 drops them; else a "
            "name such as latin1 or windows-1251"),
      field("unicode", &Options::unicode,
            "one form for letters with accents (NFC), and for wide and narrow ones too (NFKC)")
          .one_of("NFC|NFKC|keep"),
      field("control", &Options::control,
            "characters that control a terminal, zeros and byte order marks")
          .one_of("drop|keep"),
      field("newlines", &Options::newlines, "lf: CR LF and CR become LF").one_of("lf|keep")};
};

// Tabs, newlines and form feeds are texts'.
bool is_unwanted(char32_t c) {
  return (c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f') ||
         (c >= 0x7F && c < 0xA0) || c == 0xFEFF;
}

class Rules {
 public:
  explicit Rules(const Options& o) : o_(o) {}

  bool operator()(Draft& d, Tally& tally) const {
    if (first_invalid_utf8(d.text) >= 0 && !decode(d, tally)) return false;
    if (o_.newlines == "lf") one_newline(d, tally);
    if (o_.control == "drop") drop_controls(d, tally);
    if (o_.unicode == "keep" || is_ascii(d.text)) return true;
    std::string text = composed(d.text, o_.unicode == "NFKC");
    if (text == d.text) return true;
    d.text = std::move(text);
    tally.change("unicode", d);
    return true;
  }

 private:
  static bool is_ascii(std::string_view text) {
    return std::ranges::none_of(text, [](char c) { return uint8_t(c) >= 0x80; });
  }

  bool decode(Draft& d, Tally& tally) const {
    const std::string encoding = o_.encoding == "auto" ? detect_encoding(d.text) : o_.encoding;
    std::string text;
    if (o_.encoding == "utf-8" || encoding.empty() || !to_utf8(d.text, encoding, text)) {
      tally.drop("encoding", d);
      return false;
    }
    d.text = std::move(text);
    tally.change(str("encoding.", encoding), d);
    return true;
  }

  static void one_newline(Draft& d, Tally& tally) {
    int64_t places = 0;
    std::string out;
    if (d.text.find('\r') == d.text.npos) return;
    for (size_t i = 0; i < d.text.size(); ++i) {
      if (d.text[i] != '\r') {
        out += d.text[i];
        continue;
      }
      ++places;
      if (i + 1 == d.text.size() || d.text[i + 1] != '\n') out += '\n';
    }
    d.text = std::move(out);
    tally.change("newlines", d, places);
  }

  static void drop_controls(Draft& d, Tally& tally) {
    int64_t places = 0;
    std::string out;
    for (size_t i = 0; i < d.text.size();) {
      const Character c = character_at(d.text, i);
      if (is_unwanted(c.code))
        ++places;
      else
        out.append(d.text, i, c.bytes);
      i += c.bytes;
    }
    if (places == 0) return;
    d.text = std::move(out);
    tally.change("control", d, places);
  }

  Options o_;
};
}  // namespace

extern const CurationKind step_repair = {
    .name = "repair",
    .doc = "makes texts UTF-8 of one form, without characters that nobody sees",
    .source = "ICU (Unicode's own library) detects, converts and composes",
    .attrs = fields_of<Options>,
    .primary = "encoding",
    .open = [](const Attrs& attrs, const StepPlace&) -> std::unique_ptr<CurationStep> {
      const auto& o = attrs.as<Options>();
      std::string text;
      if (o.encoding != "auto" && !to_utf8("a", o.encoding, text))
        throw OptionError("encoding", str("'", o.encoding, "' is no encoding that is known"),
                          "use auto, utf-8, latin1, windows-1252, windows-1251, Shift_JIS ...");
      return each_document(Rules(o));
    }};
}  // namespace cambium::step_repair
