// Corpora in files: which there are, and their documents one file after the other.
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <vector>

#include "core/system/files.h"
#include "data/corpus/formats.h"
#include "data/corpus/globs.h"

namespace cambium {
struct CorpusFiles {
  std::vector<CorpusFile> files;
};

namespace {
namespace fs = std::filesystem;

std::vector<CorpusFile> files_of(const CorpusOptions& o) {
  const auto one = [&](const std::string& name, const std::string& path) {
    return CorpusFile{name, path, format_of(o.format, path)};
  };
  std::vector<CorpusFile> files;
  if (fs::is_directory(o.path)) {
    for (const std::string& path : files_below(o.path))
      files.push_back(one(fs::relative(path, o.path).generic_string(), path));
    std::ranges::sort(files, {}, &CorpusFile::name);
  } else if (file_exists(o.path)) {
    files.push_back(one(fs::path(o.path).filename(), o.path));
  } else {
    for (const std::string& path : glob_files(o.path)) files.push_back(one(path, path));
  }
  return files;
}

// Three numbers: the file, the byte in it, the lines before that.
struct Position {
  int64_t file = 0;
  LinePlace place;
};

std::optional<Position> position_from(std::string_view text) {
  Position p;
  for (int64_t* n : {&p.file, &p.place.byte, &p.place.lines}) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *n);
    if (error != std::errc() || *n < 0) return std::nullopt;
    text.remove_prefix(size_t(end - text.data()));
    if (text.starts_with(' ')) text.remove_prefix(1);
  }
  return text.empty() ? std::optional(p) : std::nullopt;
}

class Corpus final : public DocumentSource {
 public:
  Corpus(CorpusOptions options, std::shared_ptr<const CorpusFiles> list)
      : options_(std::move(options)), list_(std::move(list)), files_(list_->files) {}

  // What next() gives lives in the open file's reader, which stays until the call after it.
  bool next(Document& into) override {
    if (refused_) close_file();
    for (; file_ < files_.size(); close_file()) {
      if (!open_) {
        refused_ = true;
        open_ = open_file(files_[file_], options_, from_);
        refused_ = false;
      }
      if (open_->next(into)) return true;
    }
    return false;
  }

  void skip_file() override {
    if (file_ < files_.size()) close_file();
  }

  std::optional<int64_t> total() const override {
    const auto whole = [](const CorpusFile& f) { return f.format == CorpusFormat::kFile; };
    if (!std::ranges::all_of(files_, whole)) return std::nullopt;
    return int64_t(files_.size());
  }

  std::string position() const override {
    LinePlace at = open_ ? open_->place() : from_;
    size_t file = file_;
    if (open_ && files_[file].format == CorpusFormat::kFile && at.lines > 0) {
      ++file;
      at = {};
    }
    return str(file, " ", at.byte, " ", at.lines);
  }

  void go_to(const std::string& position) override {
    const std::optional<Position> p = position.empty() ? Position{} : position_from(position);
    if (!p || p->file > int64_t(files_.size()))
      throw UserError(str("'", position, "' is no place in the documents of ", options_.path),
                      "begin again from the first document");
    open_.reset();
    file_ = size_t(p->file);
    from_ = p->place;
  }

 private:
  void close_file() {
    open_.reset();
    refused_ = false;
    from_ = {};
    ++file_;
  }

  CorpusOptions options_;
  std::shared_ptr<const CorpusFiles> list_;
  const std::vector<CorpusFile>& files_;
  size_t file_ = 0;
  bool refused_ = false;                 // it cannot be opened
  LinePlace from_;                       // in it, where it is not open
  std::unique_ptr<FileDocuments> open_;  // of the file
};
}  // namespace

std::shared_ptr<const CorpusFiles> list_corpus(const CorpusOptions& options) {
  if (options.path.empty()) throw UserError("no path given", "set path to a file or a folder");
  auto list = std::make_shared<CorpusFiles>(files_of(options));
  if (!list->files.empty()) return list;
  if (fs::is_directory(options.path))
    throw UserError(str(options.path, ": no file in this folder"), "name another folder");
  if (is_glob(options.path))
    throw UserError(str(options.path, ": no file is called so"),
                    "* stands for any part of a name, ** for any folders");
  throw UserError(str(options.path, ": no such file or folder"),
                  "set path to a text file, a jsonl file or a folder of them; it is taken from "
                  "the working directory");
}

std::vector<std::string> paths_of(const CorpusFiles& files) {
  std::vector<std::string> paths;
  for (const CorpusFile& f : files.files) paths.push_back(f.path);
  return paths;
}

std::shared_ptr<const CorpusFiles> list_of(std::span<const std::string> paths,
                                           const CorpusOptions& options) {
  auto list = std::make_shared<CorpusFiles>();
  for (const std::string& path : paths)
    list->files.push_back({path, path, format_of(options.format, path)});
  return list;
}

std::shared_ptr<const CorpusFiles> joined_files(
    std::span<const std::shared_ptr<const CorpusFiles>> lists) {
  std::map<std::string, CorpusFile> files;
  for (const auto& list : lists)
    for (const CorpusFile& f : list->files) files.emplace(f.path, f);
  auto out = std::make_shared<CorpusFiles>();
  for (auto& [path, file] : files) out->files.push_back(std::move(file));
  return out;
}

std::shared_ptr<const CorpusFiles> part_of(const CorpusFiles& files, size_t first, size_t count) {
  const auto begin = files.files.begin() + ptrdiff_t(first);
  return std::make_shared<CorpusFiles>(CorpusFiles{{begin, begin + ptrdiff_t(count)}});
}

std::unique_ptr<DocumentSource> open_corpus(const CorpusOptions& options,
                                            std::shared_ptr<const CorpusFiles> files) {
  return std::make_unique<Corpus>(options, std::move(files));
}

std::unique_ptr<DocumentSource> open_corpus(const CorpusOptions& options) {
  return open_corpus(options, list_corpus(options));
}

std::unique_ptr<DocumentSource> open_text_document(const std::string& path) {
  const std::string name = fs::path(path).filename();
  return std::make_unique<Corpus>(
      CorpusOptions{.path = path},
      std::make_shared<CorpusFiles>(CorpusFiles{{{name, path, CorpusFormat::kFile, true}}}));
}
}  // namespace cambium
