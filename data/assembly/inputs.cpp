#include "data/assembly/inputs.h"

#include <sys/stat.h>
#include <unistd.h>

#include "core/system/files.h"

namespace cambium {
namespace {
// Standard input cannot be read again.
std::string kept_input(const std::string& work) {
  const std::string path = work + "/stdin";
  if (file_exists(path)) return path;
  if (::isatty(STDIN_FILENO))
    throw UserError("a source is standard input, and that is a terminal",
                    "pipe the documents in: zcat texts.gz | cambium data build RECIPE -o FOLDER");
  NewFile out(path);
  std::string chunk(1 << 20, '\0');
  for (ssize_t n = 1; n != 0;) {
    n = ::read(STDIN_FILENO, chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_with_errno("read", "standard input");
    out.write(std::string_view(chunk).substr(0, size_t(n)));
  }
  out.commit();
  return path;
}

SourceFiles list_source(const RecipeSource& source, const std::string& work) {
  std::vector<std::shared_ptr<const CorpusFiles>> lists;
  for (const std::string& path : source.paths) {
    CorpusOptions options = source.corpus;
    options.path = path == "-" ? kept_input(work) : path;
    lists.push_back(list_corpus(options));
  }
  SourceFiles out{joined_files(lists), {}};
  for (const std::string& path : paths_of(*out.list)) {
    struct stat info = {};
    if (::stat(path.c_str(), &info) != 0) fail_with_errno("read", path);
    out.files.push_back({path, int64_t(info.st_size),
                         int64_t(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec});
  }
  return out;
}
}  // namespace

std::vector<SourceFiles> list_sources(const Recipe& recipe, const std::string& work) {
  std::vector<SourceFiles> all;
  Diagnostics errors;
  for (const RecipeSource& s : recipe.sources) try {
      all.push_back(list_source(s, work));
    } catch (UserError& e) {
      if (!e.mark.known()) e.mark = s.mark;
      errors.add(e);
    }
  errors.throw_if_any();
  return all;
}

Json inputs_json(const std::vector<SourceFiles>& sources) {
  Json all = Json::array();
  for (const SourceFiles& s : sources) {
    Json files = Json::array();
    for (const SourceFiles::File& f : s.files) files.push_back({f.path, f.bytes, f.modified});
    all.push_back(std::move(files));
  }
  return all;
}
}  // namespace cambium
