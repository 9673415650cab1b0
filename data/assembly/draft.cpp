#include "data/assembly/draft.h"

#include <cstring>

#include "core/error.h"

namespace cambium {
namespace {
constexpr size_t kDraftFrame = 1 << 20;  // bytes of drafts that are packed together

struct Head {
  uint64_t key, cluster;
  uint32_t id, meta, text, none;
};
}  // namespace

void append_draft(std::string& bytes, const Draft& d) {
  const Head head{
      d.key, d.cluster, uint32_t(d.id.size()), uint32_t(d.meta.size()), uint32_t(d.text.size()), 0};
  bytes.append(reinterpret_cast<const char*>(&head), sizeof(head));
  bytes.append(d.id).append(d.meta).append(d.text);
}

void take_draft(std::string_view& bytes, Draft& into) {
  Head head{};
  ensure(bytes.size() >= sizeof(head), "a draft of ", bytes.size(), " bytes");
  std::memcpy(&head, bytes.data(), sizeof(head));
  bytes.remove_prefix(sizeof(head));
  into.key = head.key;
  into.cluster = head.cluster;
  for (const auto& [to, n] : {std::pair(&into.id, head.id), std::pair(&into.meta, head.meta),
                              std::pair(&into.text, head.text)}) {
    ensure(bytes.size() >= n, "a draft ends early");
    to->assign(bytes.substr(0, n));
    bytes.remove_prefix(n);
  }
}

void PartWriter::add(const Draft& draft) {
  append_draft(bytes_, draft);
  if (bytes_.size() < kDraftFrame) return;
  frames_.add(bytes_);
  bytes_.clear();
}

void PartWriter::commit() {
  if (!bytes_.empty()) frames_.add(bytes_);
  bytes_.clear();
  frames_.commit();
}

bool PartReader::next(Draft& into) {
  if (rest_.empty()) {
    if (!frames_.next(bytes_)) return false;
    rest_ = bytes_;
  }
  take_draft(rest_, into);
  return true;
}
}  // namespace cambium
