// The rules of the house, checked on the source text: who may include whom, one header for each
// third-party library, sizes, plain ASCII, and printing only in app/.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/text/fmt.h"
#include "places.h"
#include "tests/support/functions_of.h"

namespace cambium::architecture_test {
namespace {
namespace fs = std::filesystem;
const std::vector<std::string> kOrder = {"core",  "graph",  "ops", "blocks", "data",
                                         "train", "search", "viz", "app"};

struct Source {
  std::string path;  // relative to the repository
  std::vector<std::string> lines;

  std::string folder() const { return path.substr(0, path.find('/')); }
};

Source read(const fs::path& file, const fs::path& root) {
  Source s{fs::relative(file, root).generic_string(), {}};
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) s.lines.push_back(line);
  return s;
}

std::vector<Source> sources(const std::vector<std::string>& folders) {
  const fs::path root = CAMBIUM_SOURCE_DIR;
  std::vector<Source> all;
  for (const std::string& folder : folders) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder))
      if (entry.path().extension() == ".h" || entry.path().extension() == ".cpp")
        all.push_back(read(entry.path(), root));
  }
  return all;
}

std::string included(const std::string& line) {
  if (!line.starts_with("#include ")) return "";
  const std::string rest = line.substr(9);
  return rest.substr(1, rest.find_first_of("\">", 1) - 1);
}

std::string place(const Source& s, size_t line) {
  return s.path + ":" + std::to_string(line + 1);
}

// The names of the records in ops/.
std::set<std::string> operators() {
  const std::regex name("(\\.name = |RowInfo info = \\{|(row|op)<\\w+>\\()\"([a-z0-9_]+)\"");
  std::set<std::string> names;
  for (const Source& s : sources({"ops"}))
    for (const std::string& line : s.lines)
      if (std::smatch m; std::regex_search(line, m, name)) names.insert(m[3]);
  return names;
}

// The lines of a file that asks nodes for their operators' names and has such a name itself,
// otherwise than to emit it or to look its record up.
std::vector<size_t> lines_that_know(const std::vector<std::string>& lines,
                                    const std::set<std::string>& operators) {
  const std::regex asks("(\\.|->)kind\\(\\)|op->name|op\\(\\)\\.name");
  const std::regex literal("(emit\\(|op\\()?\"([a-z0-9_]+)\"");
  std::vector<size_t> out;
  if (std::ranges::none_of(lines, [&](const auto& l) { return std::regex_search(l, asks); }))
    return out;
  for (size_t i = 0; i < lines.size(); ++i)
    for (std::sregex_iterator m(lines[i].begin(), lines[i].end(), literal), end; m != end; ++m)
      if ((*m)[1].length() == 0 && operators.contains((*m)[2])) out.push_back(i);
  return out;
}

}  // namespace

TEST(Architecture, FoldersIncludeOnlyWhatStandsLeftOfThem) {
  for (const Source& s : sources(kOrder)) {
    const auto mine = std::ranges::find(kOrder, s.folder());
    for (size_t i = 0; i < s.lines.size(); ++i) {
      const std::string file = included(s.lines[i]);
      const auto theirs = std::ranges::find(kOrder, file.substr(0, file.find('/')));
      if (file.find('/') == std::string::npos || theirs == kOrder.end()) continue;
      EXPECT_LE(theirs - kOrder.begin(), mine - kOrder.begin()) << place(s, i) << ": " << file;
    }
  }
}

TEST(Architecture, EachThirdPartyLibraryIsSeenByOneFile) {
  const std::map<std::string, std::string> libraries = {{"dnnl", "oneDNN"},
                                                        {"Eigen/", "Eigen"},
                                                        {"yaml-cpp/", "yaml-cpp"},
                                                        {"fmt/", "fmt"},
                                                        {"nlohmann/", "json"},
                                                        {"CLI/", "CLI11"},
                                                        {"boost/math/", "Boost.Math"},
                                                        {"boost/graph/", "Boost.Graph"},
                                                        {"boost/random/", "Boost.Random"},
                                                        {"zlib", "zlib"},
                                                        {"zstd", "Zstandard"},
                                                        {"simdjson", "simdjson"},
                                                        {"xxhash", "xxHash"},
                                                        {"cld2/", "CLD2"},
                                                        {"sqlite3", "SQLite"},
                                                        {"unicode/", "ICU"},
                                                        {"onnx/", "ONNX"},
                                                        {"omp.h", "OpenMP"}};
  std::map<std::string, std::set<std::string>> users;
  for (const Source& s : sources(kOrder))
    for (const std::string& line : s.lines)
      for (const auto& [prefix, name] : libraries)
        if (line.starts_with("#include <" + prefix) && !line.ends_with("_fwd.hpp>"))
          users[name].insert(s.path);
  for (const auto& [name, files] : users)
    EXPECT_EQ(files.size(), 1u) << name << " is included by " << *files.begin() << " and others";
}

TEST(Architecture, FilesStayShort) {
  for (const Source& s : sources(kOrder)) EXPECT_LE(s.lines.size(), 300u) << s.path;
  for (const Source& s : sources({"tests"})) EXPECT_LE(s.lines.size(), 400u) << s.path;
}

TEST(Architecture, FunctionsStayShort) {
  size_t seen = 0;
  for (const Source& s : sources(kOrder))
    for (const FunctionLines& f : functions_of(s.lines)) {
      EXPECT_LE(f.last - f.first + 1, 60u) << place(s, f.first);
      ++seen;
    }
  EXPECT_GT(seen, 4000u) << "functions are not found any more";
}

TEST(Architecture, EveryKindOfFunctionIsSeen) {
  const std::vector<std::string> text = {
      "namespace a {",
      "struct S : T {",
      "  S(int x)",
      "      : x_{x}, y_(f(x)) {",
      "    if (x) { g(); }",
      "  }",
      "  int one() const { return 1; }  // {",
      "  static constexpr auto fields = std::tuple{field(\"{\", &S::x_)};",
      "};",
      "template <class T> auto f(const T& x) -> decltype(x) {",
      "  const auto inner = [&](int y) { return y; };",
      "  for (int i = 0; i < 3; ++i) {",
      "  }",
      "}",
      "const Op op = {.run = [](int x) {",
      "  return x; }};",
      "extern \"C\" int operator+(S a, S b) noexcept {",
      "}",
      "}"};
  std::vector<std::pair<size_t, size_t>> lines;
  for (const FunctionLines& f : functions_of(text)) lines.emplace_back(f.first, f.last);
  EXPECT_EQ(lines,
            (std::vector<std::pair<size_t, size_t>>{{2, 5}, {6, 6}, {9, 13}, {14, 15}, {16, 17}}));
}

// A room holds what can be overlooked; data of tests and examples of users lie in lists.
TEST(Architecture, RoomsStaySmall) {
  std::map<std::string, int> files;
  for (const char* top : {"core", "graph", "ops", "blocks", "data", "train", "search", "viz", "app",
                          "bench", "tests"})
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(CAMBIUM_SOURCE_DIR) / top)) {
      const std::string kind = entry.path().extension().string();
      if (kind == ".cpp" || kind == ".h") ++files[entry.path().parent_path().generic_string()];
    }
  for (const auto& [folder, count] : files) EXPECT_LE(count, 25) << folder;
}

// What is to be known of an operator stands in its record (graph/op.h).
TEST(Architecture, NobodyKnowsOperatorsByName) {
  const std::set<std::string> names = operators();
  EXPECT_GT(names.size(), 140u) << "records are not found any more";
  for (const Source& s : sources({"graph", "ops/passes", "train", "search", "viz"}))
    for (const size_t i : lines_that_know(s.lines, names))
      ADD_FAILURE() << place(s, i) << ": " << s.lines[i];
}

TEST(Architecture, EveryWayToKnowAnOperatorIsSeen) {
  const std::vector<std::string> text = {
      "constexpr std::string_view kSum = \"add\";", "if (n.kind() == \"linear\") return;",
      "g.emit(\"add\", {x, y});", "g.op(\"linear\");", "g.input(\"x\", type);"};
  EXPECT_EQ(lines_that_know(text, operators()), (std::vector<size_t>{0, 1}));
  EXPECT_TRUE(lines_that_know({text[0], text[4]}, operators()).empty());  // asks no node
}

TEST(Architecture, SourcesArePlainAscii) {
  for (const Source& s : sources(kOrder))
    for (size_t i = 0; i < s.lines.size(); ++i)
      for (unsigned char c : s.lines[i])
        ASSERT_TRUE(c == '\t' || (c >= 32 && c < 127)) << place(s, i);
}

TEST(Architecture, OnlyTheApplicationPrints) {
  for (const Source& s : sources(kOrder)) {
    if (s.folder() == "app") continue;
    for (size_t i = 0; i < s.lines.size(); ++i)
      for (const char* word : {"std::cout", "std::cerr", "printf(", "fmt::print"}) {
        const size_t at = s.lines[i].find(word);
        const bool buffer = s.lines[i].find("snprintf(") != std::string::npos;
        EXPECT_TRUE(at == std::string::npos || buffer) << place(s, i) << ": " << word;
      }
  }
}

TEST(Architecture, NoFunctionLikeMacros) {
  for (const Source& s : sources(kOrder))
    for (size_t i = 0; i < s.lines.size(); ++i) {
      if (!s.lines[i].starts_with("#define ")) continue;
      const std::string name = s.lines[i].substr(8, s.lines[i].find_first_of(" (", 8) - 8);
      EXPECT_NE(s.lines[i].substr(8 + name.size(), 1), "(") << place(s, i);
    }
}
}  // namespace cambium::architecture_test
