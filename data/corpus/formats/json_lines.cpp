// A document is an object: on a line of its own, or in a list that is the whole file.
#include "core/text/json.h"
#include "core/text/json_fields.h"
#include "data/corpus/formats.h"

namespace cambium {
namespace {
// What a document takes from an object.
class ObjectReader {
 public:
  explicit ObjectReader(const CorpusOptions& options)
      : options_(options), fields_(paths_of(options)) {}

  // Sets the text, the meta and, where the options name one, the id.
  void read(std::string_view object, Document& into) {
    if (!fields_.read(object, values_)) explain(object, into);
    JsonField& text = values_[0];
    if (text.kind == JsonField::kMissing)
      fail(into, str("the object has no '", options_.key, "'"),
           "set `key` to where the text stands in each object");
    if (text.kind != JsonField::kText)
      fail(into, str("'", options_.key, "' is no text"), "set `key` to where the text stands");
    text_.swap(text.text);
    into.text = text_;
    if (!options_.id.empty()) {
      JsonField& id = values_[1];
      if (id.kind != JsonField::kText && id.kind != JsonField::kWhole)
        fail(into, str("the object has no text or whole number '", options_.id, "'"),
             "set `id` to what names each document, or leave it out");
      into.id = std::move(id.text);
    }
    into.meta = meta();
  }

 private:
  static std::vector<std::string> paths_of(const CorpusOptions& o) {
    std::vector<std::string> paths = {o.key, o.id.empty() ? o.key : o.id};
    for (const auto& [name, path] : o.meta) paths.push_back(path);
    return paths;
  }

  [[noreturn]] static void fail(const Document& at, const std::string& what, std::string help) {
    throw UserError(str(at.path, ":", at.line, ": ", what), std::move(help));
  }

  [[noreturn]] void explain(std::string_view object, const Document& at) const {
    Json record;
    try {
      record = parse_json(object, at.path);
    } catch (const UserError& e) {
      fail(at, str(e.what(), e.mark.known() ? str(" at column ", e.mark.column) : ""),
           "each line of a jsonl file is an object of its own, such as {\"text\": \"...\"}");
    }
    fail(at, record.is_object() ? "the object cannot be read" : "the line is no object",
         "write {\"text\": \"...\"} on each line");
  }

  std::string meta() const {
    if (options_.meta.empty()) return {};
    Json all = Json::object();
    for (size_t i = 0; i < options_.meta.size(); ++i) {
      const JsonField& f = values_[i + 2];
      if (f.kind == JsonField::kMissing) continue;
      all[options_.meta[i].first] = f.kind == JsonField::kText ? Json(f.text) : Json::parse(f.text);
    }
    return to_text(all);
  }

  const CorpusOptions& options_;
  JsonFields fields_;
  std::vector<JsonField> values_;
  std::string text_;
};

class JsonLines final : public FileDocuments {
 public:
  JsonLines(const CorpusFile& file, const CorpusOptions& options, LinePlace from)
      : file_(file), lines_(file.path, from, options.longest), object_(options) {}

  bool next(Document& into) override {
    std::string_view line;
    while (lines_.next(line)) {
      if (line.empty()) continue;
      const int64_t at = lines_.place().lines;
      into = {line_id(file_, at), {}, file_.path, at};
      object_.read(line, into);
      return true;
    }
    return false;
  }

  LinePlace place() const override { return lines_.place(); }

 private:
  const CorpusFile& file_;
  LineReader lines_;
  ObjectReader object_;
};

// Places and ids count items.
class JsonFile final : public FileDocuments {
 public:
  JsonFile(const CorpusFile& file, const CorpusOptions& options, LinePlace from)
      : file_(file), options_(options), object_(options), at_(from.lines) {}

  bool next(Document& into) override {
    if (!items_) load();
    if (at_ >= int64_t(items_->size())) return false;
    const std::string object = to_text((*items_)[size_t(at_++)]);
    into = {line_id(file_, at_), {}, file_.path, at_};
    object_.read(object, into);
    return true;
  }

  LinePlace place() const override { return {at_, at_}; }

 private:
  void load() {
    items_ = Json::array();  // where what follows ends in an error
    std::string text;
    if (!read_unpacked(file_.path, options_.longest, text))
      throw UserError(str(file_.path, ": a list of more than ", options_.longest, " bytes"),
                      "write it as JSON lines, an object on each line; a list is held in memory");
    items_ = parse_json(text, file_.path);
    if (!items_->is_array()) items_ = Json::array({std::move(*items_)});
  }

  const CorpusFile& file_;
  const CorpusOptions& options_;
  ObjectReader object_;
  std::optional<Json> items_;
  int64_t at_;  // of the next
};
}  // namespace

std::unique_ptr<FileDocuments> open_json_lines(const CorpusFile& file, const CorpusOptions& options,
                                               LinePlace from) {
  return std::make_unique<JsonLines>(file, options, from);
}

std::unique_ptr<FileDocuments> open_json(const CorpusFile& file, const CorpusOptions& options,
                                         LinePlace from) {
  return std::make_unique<JsonFile>(file, options, from);
}
}  // namespace cambium
