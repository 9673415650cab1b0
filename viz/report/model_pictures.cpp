#include "viz/report/model_pictures.h"

#include "train/spec/experiment.h"

namespace cambium {
namespace {
// Narrow enough for three models side by side.
constexpr PictureOptions kSmall{.max_boxes = 24};

struct OpenData {  // the dataset opened last; variants of a study mostly share it
  std::string key;
  std::shared_ptr<const Dataset> data;
};

std::string draw(const DescribedVariant& v, OpenData& open, const GraphvizOptions& options) {
  Spec spec{str("spec of ", v.name), parse_yaml(v.spec_yaml, str("spec of ", v.name))};
  const Yaml* data = spec.section("data");
  const std::string key = data ? canonical_text(*data) : "";
  const bool same = open.data && key == open.key;
  const Experiment e = open_experiment(std::move(spec), same ? open.data : nullptr);
  open = {key, e.data};
  PictureOptions picture = kSmall;
  picture.spec = &e.spec.root;
  return inline_picture(model_picture(model_graph(e, e.train.options.batch, true), v.name, picture),
                        options);
}
}  // namespace

std::vector<InlinePicture> model_pictures(const StudyFolder& r, const GraphvizOptions& options) {
  OpenData open;
  std::vector<InlinePicture> out(r.study.variants.size());
  for (size_t i = 0; i < out.size(); ++i) {
    const DescribedVariant& v = r.study.variants[i];
    if (v.spec_yaml.empty()) continue;
    try {
      out[i].svg = draw(v, open, options);
    } catch (const InternalError&) {
      throw;
    } catch (const Error& e) {
      out[i].problem = e.what();
    }
  }
  return out;
}
}  // namespace cambium
