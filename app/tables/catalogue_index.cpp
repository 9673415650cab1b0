// What there is to explain, in lists: all names by kind, one kind with its first sentences, and the
// places where an option of one name stands.
#include "app/tables/catalogue.h"
#include "app/tables/table.h"
#include "core/error.h"

namespace cambium {
namespace {
constexpr size_t kLine = 100;  // columns

// A kind's name as a heading, in the order of the index.
struct Heading {
  std::string_view kind, plural;
};

constexpr Heading kHeadings[] = {{"section", "sections of a spec"},
                                 {"study key", "keys of a study"},
                                 {"search key", "keys of a search"},
                                 {"method", "methods of a search"},
                                 {"rung", "rungs"},
                                 {"proxy", "proxies"},
                                 {"law", "scaling laws"},
                                 {"recipe key", "keys of a recipe"},
                                 {"curation step", "curation steps"},
                                 {"modifier", "beside any block"},
                                 {"block", "blocks"},
                                 {"dataset", "datasets"},
                                 {"optimizer", "optimizers"},
                                 {"schedule", "schedules"},
                                 {"loss", "losses"},
                                 {"parameterisation", "parameterisations"},
                                 {"adapter", "adapters"},
                                 {"metric", "metrics"},
                                 {"operator", "operators"},
                                 {"command", "commands"},
                                 {"topic", "topics"}};

std::string wrapped(const std::vector<std::string>& names, std::string_view indent) {
  std::string out, line(indent);
  for (const std::string& name : names) {
    if (line.size() + name.size() > kLine) {
      out += line + "\n";
      line = indent;
    }
    line += (line.size() > indent.size() ? "  " : "") + name;
  }
  return out + line + "\n";
}

std::string first_sentence(const std::string& doc) {
  std::string text = doc.substr(0, doc.find(". "));
  for (char& c : text)
    if (c == '\n') c = ' ';
  constexpr size_t kMost = 90;
  if (text.size() <= kMost) return text;
  return text.substr(0, text.rfind(' ', kMost)) + " ...";
}

// The blocks of one family stand together.
std::string block_index(const std::vector<CatalogueEntry>& entries) {
  std::string out, family;
  std::vector<std::string> names;
  const auto flush = [&] {
    if (!names.empty()) out += str("  ", family, "\n", wrapped(names, "    "));
    names.clear();
  };
  for (const CatalogueEntry& e : entries) {
    if (e.kind != "block") continue;
    if (e.family != family) flush();
    family = e.family;
    names.push_back(e.name);
  }
  flush();
  return out;
}
}  // namespace

std::string index_text(const std::vector<CatalogueEntry>& entries) {
  std::string out;
  for (const Heading& h : kHeadings) {
    out += str(h.plural, "\n");
    if (h.kind == "block") {
      out += block_index(entries) + "\n";
      continue;
    }
    std::vector<std::string> names;
    for (const CatalogueEntry& e : entries)
      if (e.kind == h.kind) names.push_back(e.name);
    out += wrapped(names, "  ") + "\n";
  }
  return out +
         "`cambium explain NAME` explains one of them, or an option such as lr; `cambium explain "
         "datasets`\nlists one kind with its first sentences\n";
}

std::string kind_named(std::string_view name) {
  for (const Heading& h : kHeadings)
    if (name == h.plural || name == str(h.kind, "s")) return std::string(h.kind);
  return {};
}

std::string kind_text(const std::vector<CatalogueEntry>& entries) {
  Table table;
  for (const CatalogueEntry& e : entries)
    table.row({e.name, e.family, e.kind == "block" ? e.accepts : "", first_sentence(e.doc)});
  return table.text();
}

std::string option_text(const std::vector<CatalogueEntry>& entries, std::string_view name) {
  Table table;
  for (const CatalogueEntry& e : entries)
    for (const FieldInfo& f : e.options)
      if (f.name == name)
        table.row(
            {str("  ", e.name), e.kind, f.type,
             f.default_text.empty() || f.default_text == "-" ? "" : str("default ", f.default_text),
             f.doc});
  const std::string rows = table.text();
  return rows.empty() ? "" : str(name, " (option)\n", rows);
}
}  // namespace cambium
