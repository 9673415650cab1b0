// A small opening of every dataset, so that a new one is tested by itself.
#pragma once
#include <fstream>
#include <map>

#include "data/dataset.h"
#include "tests/support/test_data.h"

namespace cambium::test {
// The files that some datasets read, and the options that are not their defaults.
class DatasetExamples {
 public:
  DatasetExamples() {
    std::string text;
    for (int i = 0; i < 200; ++i) text += "the cat sat on the mat, and so did I\n";
    write("text.txt", text);
    std::string rows, graphs = "30\n", nodes;
    for (int i = 0; i < 40; ++i) {
      rows += str(i % 2 ? "good" : "bad", " words number ", i, i % 2 ? " fine\n" : " poor\n");
      if (i < 30) graphs += str("3 ", i % 2, "\n0 1 1\n1 2 0 2\n", i % 2, " 1 1\n");
      nodes += str(i, "\t", i % 3, "\t",
                   i % 4 == 0   ? "train"
                   : i % 4 == 1 ? "val"
                                : "test",
                   "\t", i % 5, " ", 5 + i % 2, "\n");
    }
    write("rows.txt", rows);
    write("graphs.txt", graphs);
    write("tiny.nodes.tsv", nodes);
    write("tiny.edges.tsv", "0\t1\n1\t2\n2\t3\n5\t9\n");
    for (const std::string part : {"train", "t10k"}) {
      write(part + "-images-idx3-ubyte", pictures(20, 3));
      write(part + "-labels-idx1-ubyte", labels(20));
    }
    write("tokenizer.bin", tokenizer());
  }

  // "{name: {options}}", small.
  std::string of(const DatasetKind& kind) const {
    const std::string name(kind.name);
    std::map<std::string, std::string> options;
    for (const FieldInfo& f : kind.attrs.describe()) {
      if (f.name == "train" && f.type == "whole number") options["train"] = "24";
      if ((f.name == "val" || f.name == "test") && f.type == "whole number") options[f.name] = "8";
    }
    for (const auto& [option, value] : special(name)) options[option] = value;
    std::string text = str("{", name, ": {");
    for (const auto& [option, value] : options)
      text += str(text.ends_with('{') ? "" : ", ", option, ": ", value);
    return text + "}}";
  }

  std::string path(const std::string& name) const { return folder_.path(name); }

  void write(const std::string& name, std::string_view content) const {
    std::ofstream(folder_.path(name), std::ios::binary) << content;
  }

 private:
  std::map<std::string, std::string> special(const std::string& name) const {
    const std::map<std::string, std::string> text = {{"path", path("text.txt")}, {"context", "8"}};
    if (name == "text_chars" || name == "text_bytes") return text;
    if (name == "text_tokens")
      return {{"path", path("text.txt")}, {"context", "8"}, {"tokenizer", path("tokenizer.bin")}};
    if (name == "labelled_text") return {{"path", path("rows.txt")}, {"context", "6"}};
    if (name == "planetoid") return {{"path", path("tiny")}};
    if (name == "tu_graphs") return {{"path", path("graphs.txt")}};
    if (name == "masked") return {{"of", str("{text_chars: {path: ", path("text.txt"), "}}")}};
    if (name == "mnist") return {{"path", path("")}, {"val", "4"}};
    if (name == "fashion_mnist")
      return {{"train_images", path("train-images-idx3-ubyte")},
              {"train_labels", path("train-labels-idx1-ubyte")},
              {"test_images", path("t10k-images-idx3-ubyte")},
              {"test_labels", path("t10k-labels-idx1-ubyte")},
              {"val", "4"}};
    if (name == "planted_graph") return {{"nodes", "60"}, {"edges", "120"}, {"features", "4"}};
    if (name == "planted_links") return {{"nodes", "60"}, {"edges", "120"}, {"features", "4"}};
    if (name == "random_images") return {{"height", "4"}, {"width", "4"}, {"classes", "5"}};
    if (name == "random_tokens") return {{"vocab", "40"}, {"context", "8"}};
    return {};
  }

  static std::string extents(std::initializer_list<uint32_t> sizes) {
    std::string out = {0, 0, 8, char(sizes.size())};
    for (const uint32_t e : sizes)
      for (int shift = 24; shift >= 0; shift -= 8) out += char(e >> shift);
    return out;
  }

  static std::string pictures(uint32_t n, uint32_t side) {
    std::string out = extents({n, side, side});
    for (uint32_t i = 0; i < n * side * side; ++i) out += char(i * 37 % 251);
    return out;
  }

  static std::string labels(uint32_t n) {
    std::string out = extents({n});
    for (uint32_t i = 0; i < n; ++i) out += char(i % 10);
    return out;
  }

  // <unk>, <s>, </s>, the bytes, and pairs of letters.
  static std::string tokenizer() {
    std::string out("\x08\0\0\0", 4);
    const auto add = [&](const std::string& piece, float score) {
      const auto length = int32_t(piece.size());
      out.append(reinterpret_cast<const char*>(&score), 4);
      out.append(reinterpret_cast<const char*>(&length), 4);
      out += piece;
    };
    for (const char* name : {"<unk>", "<s>", "</s>"}) add(name, 0);
    for (int byte = 0; byte < 256; ++byte) {
      constexpr std::string_view digits = "0123456789ABCDEF";
      add(str("<0x", digits[size_t(byte) / 16], digits[size_t(byte) % 16], ">"), 0);
    }
    for (const char* piece : {" ", "a", "t", "h", "e", "at", "the", " the"}) add(piece, 1);
    return out;
  }

  TempFolder folder_;
};

inline std::unique_ptr<Dataset> open_example(const std::string& text, uint64_t seed = 1) {
  return open_dataset(parse_yaml(text, "data.yaml"), Vars(), seed);
}
}  // namespace cambium::test
