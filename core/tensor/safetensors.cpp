#include "core/tensor/safetensors.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>

#include "core/system/files.h"
#include "core/tensor/f16.h"
#include "core/text/json.h"

namespace cambium {
namespace {
constexpr uint64_t kLargestHeader = 100'000'000;
constexpr size_t kAlignment = 64;

struct NamedDType {
  std::string_view name;
  DType dtype;
  bool half = false;
};

constexpr NamedDType kDTypes[] = {
    {"F32", DType::kF32}, {"BF16", DType::kBf16}, {"I32", DType::kI32},      {"I64", DType::kI64},
    {"U8", DType::kU8},   {"BOOL", DType::kBool}, {"F16", DType::kF32, true}};

using Entry = SafeTensorsEntry;
using ReadAt = std::function<void(uint64_t offset, std::span<std::byte> into)>;

struct Layout {
  std::vector<Entry> entries;
  std::map<std::string, std::string> metadata;
  uint64_t data_at = 0;
};

// The header of one file; every refusal names it.
class Reader {
 public:
  Reader(const ReadAt& read_at, uint64_t size, const std::string& name)
      : read_at_(read_at), size_(size), name_(name) {}

  Layout read() {
    const Json header = parse_header();
    Layout out;
    for (const auto& [key, value] : header.items()) {
      if (key == "__metadata__")
        out.metadata = metadata(value);
      else
        out.entries.push_back(entry(key, value));
    }
    std::ranges::sort(out.entries, {}, [](const Entry& e) { return std::pair(e.begin, e.end); });
    check_layout(out.entries);
    out.data_at = size_ - data_size_;
    return out;
  }

 private:
  template <class... T> void check(bool ok, const T&... why) const {
    if (!ok)
      throw UserError(str("'", name_, "': ", why...), "the file is damaged or not safetensors");
  }

  Json parse_header() {
    check(size_ >= 8, "has ", size_, " bytes, fewer than the 8 of the header's length");
    std::array<std::byte, 8> first;
    read_at_(0, first);
    uint64_t length = 0;
    for (size_t i = 0; i < 8; ++i) length |= uint64_t(first[i]) << (8 * i);
    check(length <= kLargestHeader, "the header claims ", length, " bytes; the limit is ",
          kLargestHeader);
    check(length <= size_ - 8, "the header claims ", length, " bytes, but only ", size_ - 8,
          " follow");
    data_size_ = size_ - 8 - length;
    std::string text(length, '\0');
    read_at_(8, std::as_writable_bytes(std::span(text)));
    check(text.starts_with('{'), "the header does not start with {");
    return parse_json(text, name_, 4);
  }

  std::map<std::string, std::string> metadata(const Json& value) const {
    check(value.is_object(), "__metadata__ is not a map");
    std::map<std::string, std::string> out;
    for (const auto& [key, text] : value.items()) {
      check(text.is_string(), "metadata '", key, "' is not text");
      out[key] = text.get<std::string>();
    }
    return out;
  }

  Entry entry(const std::string& name, const Json& value) const {
    const bool complete = value.is_object() && value.size() == 3 && value.contains("dtype") &&
                          value.contains("shape") && value.contains("data_offsets");
    check(complete, "tensor '", name, "' must have dtype, shape and data_offsets, nothing else");
    check(value["dtype"].is_string(), "tensor '", name, "': dtype is not text");
    const auto dtype_name = value["dtype"].get<std::string>();
    const auto* dtype = std::ranges::find(kDTypes, dtype_name, &NamedDType::name);
    check(dtype != std::end(kDTypes), "tensor '", name, "': dtype ", dtype_name,
          " is not supported");
    uint64_t bytes = dtype->half ? 2 : uint64_t(size_of(dtype->dtype));
    const Shape shape = shape_of(name, value["shape"], bytes);
    const Json& offsets = value["data_offsets"];
    check(offsets.is_array() && offsets.size() == 2 && offsets[0].is_number_unsigned() &&
              offsets[1].is_number_unsigned(),
          "tensor '", name, "': data_offsets are not two whole numbers");
    const auto begin = offsets[0].get<uint64_t>(), end = offsets[1].get<uint64_t>();
    check(begin <= end && end <= data_size_, "tensor '", name, "': bytes ", begin, " to ", end,
          " leave the file's ", data_size_);
    check(end - begin == bytes, "tensor '", name, "': ", dtype_name, shape, " needs ", bytes,
          " bytes, its offsets span ", end - begin);
    return {name, {dtype->dtype, shape}, dtype->half, begin, end};
  }

  // Multiplies `bytes` by the extents, refusing what leaves 63 bits even when an extent is 0.
  Shape shape_of(const std::string& name, const Json& value, uint64_t& bytes) const {
    check(value.is_array() && value.size() <= size_t(Shape::kMaxRank), "tensor '", name,
          "': shape is not a list of at most ", Shape::kMaxRank, " extents");
    std::vector<int64_t> dims;
    uint64_t product = bytes;
    for (const Json& extent : value) {
      check(extent.is_number_unsigned(), "tensor '", name, "': an extent is not a whole number");
      const auto n = extent.get<uint64_t>();
      const bool over = __builtin_mul_overflow(product, std::max<uint64_t>(n, 1), &product);
      check(!over && product <= uint64_t(INT64_MAX), "tensor '", name, "': its size overflows");
      dims.push_back(int64_t(n));
      if (n == 0) bytes = 0;
    }
    if (bytes) bytes = product;
    return Shape(dims);
  }

  void check_layout(const std::vector<Entry>& entries) const {
    uint64_t at = 0;
    for (const Entry& e : entries) {
      check(e.begin >= at, "tensor '", e.name, "' overlaps the one before it");
      check(e.begin == at, "there is a hole of ", e.begin - at, " bytes before tensor '", e.name,
            "'");
      at = e.end;
    }
    check(at == data_size_, data_size_ - at, " bytes follow the last tensor");
  }

  const ReadAt& read_at_;
  uint64_t size_, data_size_ = 0;
  const std::string& name_;
};

Tensor tensor_of(const Entry& e, const ReadAt& read_at, uint64_t data_at) {
  Tensor t(e.type);
  if (e.end == e.begin) return t;
  if (!e.half) {
    read_at(data_at + e.begin, t.raw());
    return t;
  }
  std::vector<uint16_t> halves(size_t(t.count()));
  read_at(data_at + e.begin, std::as_writable_bytes(std::span(halves)));
  std::ranges::transform(halves, t.f32().begin(), from_f16);
  return t;
}

SafeTensors all_of(const ReadAt& read_at, uint64_t size, const std::string& name) {
  Layout layout = Reader(read_at, size, name).read();
  SafeTensors out{{}, std::move(layout.metadata)};
  for (const Entry& e : layout.entries)
    out.tensors.emplace(e.name, tensor_of(e, read_at, layout.data_at));
  return out;
}

ReadAt reader_of(const OpenFile& file) {
  return
      [&file](uint64_t offset, std::span<std::byte> into) { file.read_at(int64_t(offset), into); };
}

std::string_view dtype_name(const std::string& tensor, DType dtype) {
  const auto* found = std::ranges::find(kDTypes, dtype, &NamedDType::dtype);
  ensure(found != std::end(kDTypes), "tensor '", tensor, "' of dtype ", name_of(dtype),
         " cannot be saved");
  return found->name;
}
}  // namespace

SafeTensors parse_safetensors(std::span<const std::byte> bytes, const std::string& name) {
  const ReadAt read_at = [&](uint64_t offset, std::span<std::byte> into) {
    if (!into.empty()) std::memcpy(into.data(), bytes.data() + offset, into.size());
  };
  return all_of(read_at, bytes.size(), name);
}

SafeTensors read_safetensors(const std::string& path) {
  const OpenFile file(path);
  return all_of(reader_of(file), uint64_t(file.size()), path);
}

SafeTensorsFile::SafeTensorsFile(const std::string& path) : file_(path) {
  Layout layout = Reader(reader_of(file_), uint64_t(file_.size()), path).read();
  entries_ = std::move(layout.entries);
  data_at_ = layout.data_at;
}

Tensor SafeTensorsFile::read(const SafeTensorsEntry& entry) const {
  return tensor_of(entry, reader_of(file_), data_at_);
}

void write_safetensors(const std::string& path,
                       const std::map<std::string, const Tensor*, std::less<>>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  int64_t at = 0;
  for (const auto& [name, tensor] : tensors) {
    ensure(name != "__metadata__", "a tensor cannot be called __metadata__");
    const auto dims = tensor->shape().dims();
    header[name] = {{"dtype", dtype_name(name, tensor->type().dtype)},
                    {"shape", std::vector<int64_t>(dims.begin(), dims.end())},
                    {"data_offsets", {at, at + tensor->bytes()}}};
    at += tensor->bytes();
  }
  std::string text = to_text(header);
  text.resize((text.size() + 8 + kAlignment - 1) / kAlignment * kAlignment - 8, ' ');
  std::string length(8, '\0');
  for (size_t i = 0; i < 8; ++i) length[i] = char(text.size() >> (8 * i) & 0xff);
  std::vector<std::span<const std::byte>> pieces = {std::as_bytes(std::span(length)),
                                                    std::as_bytes(std::span(text))};
  for (const auto& [name, tensor] : tensors) pieces.push_back(tensor->raw());
  replace_file(path, std::span<const std::span<const std::byte>>(pieces));
}
}  // namespace cambium
