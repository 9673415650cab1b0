// What the tests of audits share: a small corpus whose every number can be worked out by hand.
#pragma once
#include <map>
#include <set>

#include "core/rng.h"
#include "core/text/json.h"
#include "data/assembly/build.h"
#include "data/audit/audit.h"
#include "tests/data/support.h"

namespace cambium::test {
struct AuditText {
  std::string source, id, text, year, label;
};

// Prose of made-up words, lines of verse, and code: each its own words and some in common.
inline std::string made_text(const std::string& kind, Random& random, int words) {
  std::string out;
  for (int i = 0; i < words; ++i) {
    const auto word = [&](const char* stem, uint32_t most) {
      const double u = random.uniform();
      return str(stem, int(double(most) * u * u * u));
    };
    const bool common = random.uniform() < 0.4;
    static constexpr const char* kCommon[] = {"the",  "of",   "and", "to",
                                              "that", "with", "be",  "have"};
    if (kind == "code")
      out += str(word("fn", 40), "(", word("x", 12), ") {\n");
    else if (kind == "verse")
      out += str(common ? "the" : word("rose", 60), i % 4 == 3 ? "\n" : " ");
    else
      out += str(common ? kCommon[random.below(8)] : word("prose", 200), i % 12 == 11 ? ". " : " ");
  }
  return out;
}

inline std::vector<AuditText> made_texts() {
  std::vector<AuditText> out;
  Random random(7);
  for (const std::string kind : {"prose", "verse", "code"})
    for (int i = 0; i < (kind == "prose" ? 120 : 60); ++i) {
      const int words = 20 + int(random.below(kind == "prose" ? 300 : 90));
      out.push_back({kind, str(kind, "-", i), made_text(kind, random, words), str(1990 + i % 3),
                     i % 2 ? "yes" : "no"});
      if (i % 20 == 5)
        out.push_back({kind, str(kind, "-again-", i), out.back().text, "1990", "no"});
      if (i % 20 == 9) {
        AuditText near = out.back();
        near.id += "-near";
        near.text += " tail";
        out.push_back(near);
      }
    }
  out.push_back({"verse", "verse-of-prose", out.front().text, "1992", "yes"});
  return out;
}

// Builds a corpus of them without steps; the folder's path.
inline std::string built_corpus(const TempFolder& folder, const std::vector<AuditText>& texts,
                                const std::string& name = "corpus") {
  std::map<std::string, std::string> files;
  for (const AuditText& t : texts)
    files[t.source] +=
        to_text({{"id", t.id}, {"text", t.text}, {"year", std::stoi(t.year)}, {"label", t.label}}) +
        "\n";
  std::string recipe = "sources:\n";
  for (const auto& [source, lines] : files) {
    write_file(folder, name + "-" + source + ".jsonl", lines);
    recipe += str("  ", source, ": {path: ", folder.path(name + "-" + source + ".jsonl"),
                  ", id: id, meta: {year: year, label: label}}\n");
  }
  recipe += "split: {val: 10%, test: 10%}\n";
  const std::string path = write_file(folder, name + ".yaml", recipe);
  build_corpus(load_recipe(path), folder.path(name), {});
  return folder.path(name);
}

inline Audit audit_of(const std::string& corpus, const TempFolder& folder,
                      const AuditOptions& options = {}, int64_t jobs = 2) {
  const Workers workers{.count = jobs};
  const std::string work = folder.path("audit-work");
  std::filesystem::remove_all(work);
  return audit(intake_of_corpus(corpus, options.sample, workers), options, work, workers);
}

inline const AuditKey& key_named(const Audit& a, const std::string& name) {
  for (const AuditKey& k : a.keys)
    if (k.key == name) return k;
  throw std::runtime_error("no key " + name);
}

inline const AuditSlice& slice_named(const AuditKey& k, const std::string& value) {
  for (const AuditSlice& s : k.slices)
    if (s.value == value) return s;
  throw std::runtime_error("no slice " + value);
}
}  // namespace cambium::test
