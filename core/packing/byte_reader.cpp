#include "core/packing/byte_reader.h"

#include <algorithm>
#include <cerrno>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "core/packing/zlib.h"
#include "core/packing/zstd.h"
#include "core/system/descriptor.h"
#include "core/system/files.h"

namespace cambium {
class ByteReader::Bytes {
 public:
  virtual ~Bytes() = default;
  virtual size_t read(char* to, size_t most) = 0;

  // Reads and forgets, where nothing better is known.
  virtual bool seek(int64_t byte) {
    std::vector<char> forgotten(1 << 16);
    while (byte > 0) {
      const size_t n = read(forgotten.data(), size_t(std::min<int64_t>(byte, 1 << 16)));
      if (n == 0) return false;
      byte -= int64_t(n);
    }
    return true;
  }
};

namespace {
constexpr std::string_view kAgain = "fetch or copy the file again";

[[noreturn]] void fail(const std::string& path, std::string_view what) {
  throw RuntimeError(str("'", path, "' ", what), std::string(kAgain));
}

// Plain files too: zlib hands on what is not packed.
class Gzip final : public ByteReader::Bytes {
 public:
  explicit Gzip(const std::string& path) : path_(path), file_(gzopen(path.c_str(), "rbe")) {
    if (!file_) fail_with_errno("read", path);
    gzbuffer(file_, 1 << 17);
  }

  ~Gzip() override { gzclose(file_); }

  size_t read(char* to, size_t most) override {
    const int n = gzread(file_, to, unsigned(std::min(most, size_t(1) << 30)));
    int state = Z_OK;
    const char* why = gzerror(file_, &state);
    if (n < 0 && state == Z_ERRNO) fail_with_errno("read", path_);
    if (n < 0) fail(path_, str("is damaged: its gzip data does not unpack (", why, ")"));
    if (n == 0 && state == Z_BUF_ERROR) fail(path_, "is cut short: its gzip data ends too early");
    if (n > 0 && path_.ends_with(".gz") && gzdirect(file_)) fail(path_, "is not a gzip file");
    return size_t(n);
  }

  // zlib seeks in a plain file. It would go behind the end, so that the byte before is asked for.
  bool seek(int64_t byte) override {
    if (byte == 0) return true;
    char last = 0;
    return gzseek(file_, z_off_t(byte - 1), SEEK_SET) >= 0 && read(&last, 1) == 1;
  }

 private:
  std::string path_;
  gzFile file_;
};

class Zstd final : public ByteReader::Bytes {
 public:
  explicit Zstd(const std::string& path)
      : path_(path),
        file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)),
        stream_(ZSTD_createDStream(), ZSTD_freeDStream),
        packed_(ZSTD_DStreamInSize()) {
    if (file_.fd() < 0) fail_with_errno("read", path);
    ensure(stream_ != nullptr, "Zstandard does not start");
  }

  size_t read(char* to, size_t most) override {
    ZSTD_outBuffer out{to, most, 0};
    while (out.pos == 0) {
      if (in_.pos == in_.size && !fill()) {
        if (inside_) fail(path_, "is cut short: its Zstandard data ends too early");
        return 0;
      }
      const size_t left = ZSTD_decompressStream(stream_.get(), &out, &in_);
      if (ZSTD_isError(left))
        fail(path_, began_ ? str("is damaged: its Zstandard data does not unpack (",
                                 ZSTD_getErrorName(left), ")")
                           : std::string("is not a Zstandard file"));
      began_ = true;
      inside_ = left != 0;
    }
    return out.pos;
  }

 private:
  bool fill() {
    ssize_t n = 0;
    do n = ::read(file_.fd(), packed_.data(), packed_.size());
    while (n < 0 && errno == EINTR);
    if (n < 0) fail_with_errno("read", path_);
    in_ = {packed_.data(), size_t(n), 0};
    return n > 0;
  }

  std::string path_;
  Descriptor file_;
  std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> stream_;
  std::vector<char> packed_;
  ZSTD_inBuffer in_{nullptr, 0, 0};
  bool began_ = false, inside_ = false;  // of a frame
};

std::unique_ptr<ByteReader::Bytes> open_bytes(const std::string& path) {
  read_file(path, 0);  // refuses what is no regular file
  if (path.ends_with(".zst")) return std::make_unique<Zstd>(path);
  return std::make_unique<Gzip>(path);
}
}  // namespace

ByteReader::ByteReader(const std::string& path) : bytes_(open_bytes(path)) {}

ByteReader::~ByteReader() = default;

size_t ByteReader::read(char* to, size_t most) {
  return bytes_->read(to, most);
}

bool ByteReader::seek(int64_t byte) {
  return bytes_->seek(byte);
}

bool read_unpacked(const std::string& path, int64_t most, std::string& into) {
  constexpr size_t kStep = 1 << 18;
  ByteReader from(path);
  into.clear();
  for (size_t n = 1; n > 0;) {
    const size_t have = into.size();
    if (int64_t(have) > most) return false;
    into.resize(have + kStep);
    n = from.read(into.data() + have, kStep);
    into.resize(have + n);
  }
  return true;
}
}  // namespace cambium
