// Feature file: what a frozen prefix answers to each training example, with the rest that a batch
// brings of it, one record an example. <key>.features:
//   "CBMFEAT1", bytes of a record u64, records u64, checksum of the records u64, then the records
#pragma once
#include <memory>

#include "data/dataset.h"

namespace cambium {
class FeatureFile {
 public:
  // None when the file is missing, or is not whole: it is made again then. RuntimeError when it
  // cannot be read.
  static std::unique_ptr<FeatureFile> open(const std::string& path, int64_t record_bytes,
                                           int64_t records);
  ~FeatureFile();
  FeatureFile(const FeatureFile&) = delete;
  FeatureFile& operator=(const FeatureFile&) = delete;

  // Record i. Safe from several threads. RuntimeError when the disk fails.
  void read(int64_t i, std::span<std::byte> into) const;

 private:
  FeatureFile(int file, std::string path, int64_t record_bytes)
      : file_(file), path_(std::move(path)), record_bytes_(record_bytes) {}

  int file_;
  std::string path_;
  int64_t record_bytes_;
};

// Writes such a file record by record, under another name until it is whole.
class FeatureWriter {
 public:
  // RuntimeError from here on when the disk is full or gone.
  FeatureWriter(std::string path, int64_t record_bytes, int64_t records);
  ~FeatureWriter();  // removes what was not finished
  FeatureWriter(const FeatureWriter&) = delete;
  FeatureWriter& operator=(const FeatureWriter&) = delete;

  void add(std::span<const std::byte> records);
  void finish();  // all were added

 private:
  void flush();

  std::string path_, temporary_;
  int64_t record_bytes_, records_, added_ = 0;
  int file_ = -1;
  Checksum sum_;
  std::vector<std::byte> pending_;
};
}  // namespace cambium
