// A document is a file: a map of it, or what it unpacks to.
#include "core/system/files.h"
#include "data/corpus/formats.h"

namespace cambium {
namespace {
class WholeFile final : public FileDocuments {
 public:
  WholeFile(const CorpusFile& file, const CorpusOptions& options, LinePlace from)
      : file_(file), longest_(options.longest), given_(from.lines > 0) {}

  bool next(Document& into) override {
    if (given_) return false;
    given_ = true;
    if (!file_.as_it_is && is_packed(file_.path)) {
      unpack();
      into = {file_.name, unpacked_, file_.path, 0};
      return true;
    }
    map_.emplace(file_.path);
    const auto bytes = map_->bytes();
    into = {file_.name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file_.path, 0};
    return true;
  }

  LinePlace place() const override { return given_ ? LinePlace{1, 1} : LinePlace{}; }

 private:
  void unpack() {
    if (!read_unpacked(file_.path, longest_, unpacked_))
      throw UserError(str(file_.path, ": it unpacks to more than ", longest_, " bytes"),
                      "cut it into lines or paragraphs; a document is held in memory");
  }

  const CorpusFile& file_;
  int64_t longest_;
  bool given_;
  std::optional<MappedFile> map_;
  std::string unpacked_;
};
}  // namespace

std::unique_ptr<FileDocuments> open_whole_file(const CorpusFile& file, const CorpusOptions& options,
                                               LinePlace from) {
  return std::make_unique<WholeFile>(file, options, from);
}
}  // namespace cambium
