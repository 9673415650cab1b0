// Personal data: e-mails, public IP addresses and telephone numbers.
#include <algorithm>

#include "data/curation/support/personal.h"
#include "data/curation/support/step.h"

namespace cambium::step_pii {
namespace {
struct Options {
  std::string email = "mask", ip = "mask", phone = "mask";
  std::string email_mask = "email@example.com", ip_mask = "192.0.2.1", phone_mask = "555-0100",
              ipv6_mask = "2001:db8::1";
  static constexpr auto fields = std::tuple{
      field("email", &Options::email,
            "mask puts another text in its place, drop drops the document")
          .one_of("mask|drop|keep"),
      field("ip", &Options::ip, "of public addresses, IPv4 and IPv6").one_of("mask|drop|keep"),
      field("phone", &Options::phone, "of telephone numbers").one_of("mask|drop|keep"),
      field("email_mask", &Options::email_mask, "what stands in its place"),
      field("ip_mask", &Options::ip_mask,
            "the same of IPv4 addresses; one that is kept for examples"),
      field("ipv6_mask", &Options::ipv6_mask, "the same of IPv6 addresses"),
      field("phone_mask", &Options::phone_mask,
            "the same of numbers; one that is kept for fiction")};
};

constexpr int kKinds = 4;

class Rules {
 public:
  explicit Rules(const Options& o)
      : actions_{o.email, o.ip, o.phone, o.ip},
        masks_{o.email_mask, o.ip_mask, o.phone_mask, o.ipv6_mask} {}

  bool operator()(Draft& d, Tally& tally) const {
    static constexpr const char* kNames[kKinds] = {"email", "ip", "phone", "ipv6"};
    thread_local std::vector<PersonalStretch> found;
    find_personal(d.text, found);
    int64_t counts[kKinds] = {};
    std::string out;
    size_t from = 0;
    for (const PersonalStretch& s : found) {
      if (actions_[s.kind] == "keep") continue;
      if (actions_[s.kind] == "drop") {
        tally.drop(kNames[s.kind], d);
        return false;
      }
      out.append(d.text, from, s.begin - from).append(masks_[s.kind]);
      from = s.end;
      ++counts[s.kind];
    }
    if (from == 0) return true;
    out.append(d.text, from);
    d.text = std::move(out);
    for (int k = 0; k < kKinds; ++k)  // samples show the text as it became
      if (counts[k] > 0) tally.change(kNames[k], d, counts[k]);
    return true;
  }

 private:
  std::string actions_[kKinds], masks_[kKinds];
};
}  // namespace

extern const CurationKind step_pii = {
    .name = "pii",
    .doc = "masks e-mails, public IP addresses and telephone numbers",
    .source =
        "what FineWeb masks (Penedo et al. 2024, arXiv 2406.17557), and telephone numbers; "
        "data/curation/support/personal.h says what counts as one",
    .version = 2,
    .attrs = fields_of<Options>,
    .open = [](const Attrs& attrs, const StepPlace&) -> std::unique_ptr<CurationStep> {
      return each_document(Rules(attrs.as<Options>()));
    }};
}  // namespace cambium::step_pii
