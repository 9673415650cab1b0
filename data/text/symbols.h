// Symbols: a text as a sequence of ids, whatever a symbol is.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cambium {
class Symbols {
 public:
  virtual ~Symbols() = default;

  virtual int64_t size() const = 0;           // of the text
  virtual int64_t classes() const = 0;        // of the vocabulary
  virtual std::string_view unit() const = 0;  // "bytes", "characters", "tokens"

  virtual uint64_t content() const = 0;  // a hash of the text; of its file where there is one

  // Writes the ids from `begin` on; needs begin + to.size() <= size().
  virtual void copy(int64_t begin, std::span<int32_t> to) const = 0;

  virtual std::string decode(std::span<const int32_t> ids) const = 0;
  virtual std::vector<int32_t> symbol_bytes() const = 0;  // as of Dataset
  virtual std::vector<int32_t> encode(
      std::string_view text) const = 0;  // UserError: unknown symbol
};
}  // namespace cambium
