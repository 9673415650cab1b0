// A fuzz target: any bytes, given to one reader. A reader may refuse them with a UserError or a
// RuntimeError; everything else is a fault. One file in tests/fuzz/targets/ defines one:
// `extern const FuzzTarget fuzz_yaml`. tests/fuzz/corpus/<name>/ holds inputs that reach far or
// once failed; replay_test.cpp runs them all, and with CAMBIUM_FUZZ libFuzzer looks for more:
//   cmake -B build/fuzz -G Ninja -DCAMBIUM_FUZZ=ON -DCMAKE_CXX_COMPILER=clang++
//   CAMBIUM_FUZZ_TARGET=yaml build/fuzz/tests/cambium_fuzz tests/fuzz/corpus/yaml
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cambium {
struct FuzzTarget {
  std::string_view name;
  std::vector<std::string_view> reads;  // the source files that look at the bytes
  void (*run)(std::string_view bytes) = nullptr;
};

std::span<const FuzzTarget* const> fuzz_targets();

// Runs it; false when the reader refused.
bool accepts(const FuzzTarget& target, std::string_view bytes);

// The path of a file with this content, in a folder of this process's own in memory. The folder
// keeps one file of a name.
std::string file_of(const std::string& name, std::string_view bytes);

// The parts of an input that stands for several files, cut at lines that hold "====" alone; `count`
// of them, the missing ones empty.
std::vector<std::string_view> parts_of(std::string_view bytes, size_t count);

// A property that the reader must have broken otherwise.
void expect(bool holds, std::string_view what);
}  // namespace cambium
