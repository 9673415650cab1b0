// Draft: a document on its way into a corpus, and files of them.
#pragma once
#include "core/packing/frames.h"

namespace cambium {
// The cluster of what is to be trained on, wherever it fell otherwise.
inline constexpr uint64_t kTrainCluster = 0;

struct Draft {
  uint64_t key = 0;      // content_hash of the text as it was read: its rank in its source
  uint64_t cluster = 0;  // equal for drafts that are alike: one of their keys
  std::string id = {}, meta = {}, text = {};  // meta: an object of JSON, or empty
};

// Appends a draft to bytes, and takes one off their front.
void append_draft(std::string& bytes, const Draft& draft);
void take_draft(std::string_view& bytes, Draft& into);

// Drafts of one part in their order.
class PartWriter {
 public:
  explicit PartWriter(const std::string& path) : frames_(path) {}

  void add(const Draft& draft);
  void commit();

 private:
  FrameWriter frames_;
  std::string bytes_;
};

class PartReader {
 public:
  explicit PartReader(const std::string& path) : frames_(path) {}

  bool next(Draft& into);  // false behind the last

 private:
  FrameReader frames_;
  std::string bytes_;
  std::string_view rest_;
};
}  // namespace cambium
