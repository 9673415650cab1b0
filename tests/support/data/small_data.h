// A small `data:` section for every dataset, with generated files where it reads some, and a small
// model that fits it. For tests over all datasets: a new one that needs options has a line here.
#pragma once
#include <cmath>
#include <cstring>
#include <map>

#include "core/system/files.h"
#include "data/assembly/build.h"
#include "data/dataset.h"
#include "tests/support/data/test_data.h"

namespace cambium::test {
inline std::string big_endian(std::initializer_list<uint32_t> numbers) {
  std::string out;
  for (const uint32_t n : numbers)
    for (int shift = 24; shift >= 0; shift -= 8) out += char(n >> shift);
  return out;
}

// `n` grey pictures of 8 x 8 and their labels, in IDX files "<name>-images-idx3-ubyte" and so on.
inline void write_pictures(const TempFolder& folder, const std::string& name, uint32_t n) {
  std::string pixels, labels;
  for (uint32_t i = 0; i < n * 64; ++i) pixels += char(i * i * 7 % 251);
  for (uint32_t i = 0; i < n; ++i) labels += char(i * 3 % 10);
  replace_file(folder.path(name + "-images-idx3-ubyte"), big_endian({0x803, n, 8, 8}) + pixels);
  replace_file(folder.path(name + "-labels-idx1-ubyte"), big_endian({0x801, n}) + labels);
}

// `n` graphs of 2 to 5 nodes in a ring, with tags and one of two labels.
inline std::string ring_graphs(int n) {
  std::string text = str(n, "\n");
  for (int g = 0; g < n; ++g) {
    const int nodes = 2 + g % 4;
    text += str(nodes, " ", g % 2, "\n");
    for (int i = 0; i < nodes; ++i)
      text += nodes == 2
                  ? str((g + i) % 3, " 1 ", 1 - i, "\n")
                  : str((g + i) % 3, " 2 ", (i + nodes - 1) % nodes, " ", (i + 1) % nodes, "\n");
  }
  return text;
}

// A tokenizer of llama2.c that knows single bytes alone.
inline std::string byte_tokenizer() {
  std::string out;
  const auto add = [&](std::string_view piece, float score) {
    const auto length = int32_t(piece.size());
    out.append(reinterpret_cast<const char*>(&score), 4);
    out.append(reinterpret_cast<const char*>(&length), 4);
    out.append(piece);
  };
  const int32_t longest = 6;
  out.append(reinterpret_cast<const char*>(&longest), 4);
  for (const char* piece : {"<unk>", "<s>", "</s>"}) add(piece, 0);
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (int b = 0; b < 256; ++b)
    add(std::string("<0x") + digits[size_t(b / 16)] + digits[size_t(b % 16)] + ">", 0);
  return out;
}

// Texts of 1 to 9 words, so that rows are ragged, with a label of which one is rare.
inline std::string ragged_rows(int n) {
  std::string text;
  for (int i = 0; i < n; ++i) {
    text += i % 5 == 0 ? "rare" : "usual";
    for (int w = 0; w <= i * 5 % 9; ++w) text += str(" w", (i * 7 + w * 3) % 11);
    text += "\n";
  }
  return text;
}

// Lines of JSON, each with a name and a text of its own length.
inline std::string json_texts(int n) {
  std::string text;
  for (int i = 0; i < n; ++i) {
    text += str("{\"name\": \"n", i, "\", \"text\": \"");
    for (int w = 0; w <= i * 5 % 7; ++w) text += str(char('a' + (i * 7 + w * 3) % 26), w, " ");
    text += "\"}\n";
  }
  return text;
}

// Two sources, of which the first gives two thirds of the windows.
inline std::string small_corpus(const TempFolder& folder) {
  replace_file(folder.path("a.jsonl"), json_texts(24));
  replace_file(folder.path("b.txt"), "one line of b\nanother\na third line of it\nand one more\n");
  replace_file(folder.path("recipe.yaml"),
               str("sources: {a: {path: '", folder.path("a.jsonl"), "', id: name}, b: {path: '",
                   folder.path("b.txt"), "', split: line}}\nsplit: {val: 20%, test: 20%}\n"));
  build_corpus(load_recipe(folder.path("recipe.yaml")), folder.path("built"), {});
  return str("{path: '", folder.path("built"),
             "', context: 7, shuffle: 6, mixture: {a: 0.6, b: 0.3}}");
}

// The options of `data: {name: ...}`, as a flow map; writes what it reads into the folder. At least
// 24 training examples where the dataset has that many.
inline std::string small_data(std::string_view name, const TempFolder& folder) {
  const std::string counts = "train: 26, val: 11, test: 7";
  const auto with_counts = [&](const std::string& more) {
    return str("{", more, ", ", counts, "}");
  };
  static const std::map<std::string, std::string, std::less<>> generated = {
      {"adding", "length: 4"},
      {"bars_and_shapes", "size: 12"},
      {"block_model", "nodes: 8, communities: 2, p_in: 0.7, p_out: 0.2"},
      {"compression", "length: 8, vocab: 6"},
      {"copy", "tokens: 4, vocab: 6"},
      {"fuzzy_in_context_recall", "length: 24, vocab: 8"},
      {"in_context_recall", "length: 12, vocab: 8"},
      {"markov_text", "symbols: 5, order: 1, context: 6"},
      {"memorization", "length: 8, vocab: 8"},
      {"mqar", "length: 16, vocab: 12, pairs: 3"},
      {"noisy_in_context_recall", "length: 16, vocab: 12, noise_vocab: 4"},
      {"parity", "length: 6"},
      {"random_images", "height: 4, width: 4, classes: 3"},
      {"random_tokens", "vocab: 7, context: 5"},
      {"reverse", "tokens: 5, vocab: 7, seq2seq: true, least: 2"},
      {"ring_vs_chain", "nodes: 6"},
      {"s5", "length: 4"},
      {"selective_copying", "length: 12, vocab: 6, copied: 3"},
      {"sort", "tokens: 4, vocab: 6, seq2seq: true"},
      {"stretched_symbols", "symbols: 3, length: 3, stretch: 3, channels: 4, padded: true"},
      {"subgraph_counts", "nodes: 6, kinds: 2"}};
  if (const auto found = generated.find(name); found != generated.end())
    return with_counts(found->second);
  if (name == "documents") {
    make_folders(folder.path("corpus/more"));
    replace_file(folder.path("corpus/a.jsonl"), json_texts(24));
    replace_file(folder.path("corpus/more/b.txt"), "A text that is a document of its own.\n");
    return str("{path: '", folder.path("corpus"),
               "', id: name, context: 7, shuffle: 6, val: 0.2, test: 0.2}");
  }
  if (name == "corpus") return small_corpus(folder);
  if (name == "masked") {
    replace_file(folder.path("rows.txt"), ragged_rows(90));
    return str("{rate: 0.3, of: {labelled_text: {path: '", folder.path("rows.txt"),
               "', context: 9, format: space, least: 1}}}");
  }
  if (name == "modular_addition") return "{modulus: 7}";
  if (name == "planted_graph") return "{nodes: 30, edges: 60, features: 4, classes: 3}";
  if (name == "planted_links") return "{nodes: 30, edges: 80, features: 4}";
  if (name == "labelled_text") {
    replace_file(folder.path("rows.txt"), ragged_rows(90));
    return str("{path: '", folder.path("rows.txt"), "', context: 9, format: space, least: 1}");
  }
  if (name == "mnist" || name == "fashion_mnist") {
    write_pictures(folder, "train", 36);
    write_pictures(folder, "t10k", 9);
    if (name == "mnist") return str("{path: '", folder.path(), "', val: 10}");
    return str("{train_images: '", folder.path("train-images-idx3-ubyte"), "', train_labels: '",
               folder.path("train-labels-idx1-ubyte"), "', test_images: '",
               folder.path("t10k-images-idx3-ubyte"), "', test_labels: '",
               folder.path("t10k-labels-idx1-ubyte"), "', val: 10}");
  }
  if (name == "planetoid") {
    std::string nodes, edges;
    constexpr const char* splits[] = {"train", "val", "test", "train"};
    for (int i = 0; i < 24; ++i) {
      nodes += str(i, "\t", i % 3, "\t", splits[i % 4], "\t", i % 5, " ", 5 + i % 2, "\n");
      edges += str(i, "\t", (i + 1) % 24, "\n");
    }
    replace_file(folder.path("g.nodes.tsv"), nodes);
    replace_file(folder.path("g.edges.tsv"), edges);
    return str("{path: '", folder.path(), "'}");
  }
  if (name == "tu_graphs") {
    replace_file(folder.path("graphs.txt"), ring_graphs(40));
    return str("{path: '", folder.path("graphs.txt"), "', folds: 4}");
  }
  if (name.starts_with("text_")) {
    std::string text;
    for (int i = 0; i < 400; ++i) text += char('a' + i * i % 17 % 9);
    replace_file(folder.path("text.txt"), text);
    if (name == "text_tokens") replace_file(folder.path("tok.bin"), byte_tokenizer());
    return str("{path: '", folder.path("text.txt"), "', context: 8, val: 0.2, floor_order: 2",
               name == "text_tokens" ? str(", tokenizer: '", folder.path("tok.bin"), "'") : "",
               "}");
  }
  ADD_FAILURE() << "dataset '" << name << "' has no small form in tests/support/data/small_data.h";
  return "{}";
}

// The whole section, "{name: {options}}", for open_example.
inline std::string small_section(std::string_view name, const TempFolder& folder) {
  return str("{", name, ": ", small_data(name, folder), "}");
}

inline std::unique_ptr<Dataset> open_example(const std::string& section, uint64_t seed = 1) {
  return open_dataset(parse_yaml(section, "data.yaml"), Vars(), seed);
}

// The sections of a small model for this data, ending in what it asks for; `more`: blocks of
// tokens, nodes or pictures before its end, each on a line of its own.
inline std::string small_model(const DataShape& s, const std::string& more = "") {
  if (s.decoder)
    return str("encoder:\n  - embed: 8\n", more, "decoder:\n  - embed: 8\n", more,
               "  - residual: [{cross_attention: {heads: 2}}]\n  - linear: $classes\n");
  std::string text = "model:\n";
  if (s.domain == Domain::kIds) text += "  - embed: 8\n";
  if (s.domain == Domain::kTokens) text += "  - linear: 8\n";
  if (s.domain == Domain::kGrid) text += "  - linear: 4\n";
  if (s.domain == Domain::kGraph) text += "  - gcn: 8\n";
  text += more;
  if (s.pairs) return text + "  - link: dot\n";
  const bool each = s.target_kind() == TargetKind::kSequences ||
                    (s.domain == Domain::kGraph ? s.target.shape[0] == s.x.shape[0]
                                                : s.target.shape.rank() == s.x.shape.rank());
  if (!each) text += "  - pool: mean\n";
  return text + (s.target_kind() == TargetKind::kValues ? "  - linear: $outputs\n"
                                                        : "  - linear: $classes\n");
}
}  // namespace cambium::test
