// A profile as a file, written and read.
#include "core/system/files.h"
#include "core/text/json.h"
#include "train/profile/profile.h"

namespace cambium {
namespace {
constexpr std::string_view kHelp = "`cambium profile SPEC -o FILE` makes a profile";

Json work_json(const Work& w) {
  return {{"ms", w.ms},
          {"roofline_share", w.share()},
          {"gflops_per_s", w.gflops()},
          {"gbytes_per_s", w.gbytes()},
          {"flops", w.flops},
          {"bytes", w.bytes},
          {"roofline_ms", w.least_ms}};
}

Json groups_json(const std::vector<GroupTime>& groups) {
  Json out = Json::array();
  for (const GroupTime& g : groups) {
    Json j = {{"name", g.name}, {"kernels", g.kernels}};
    j.update(work_json(g));
    j["forward_ms"] = g.forward_ms;
    j["backward_ms"] = g.backward_ms;
    j["update_ms"] = g.update_ms;
    out.push_back(std::move(j));
  }
  return out;
}

Phase phase_from(const Json& j) {
  for (Phase p : {Phase::kForward, Phase::kBackward, Phase::kUpdate})
    if (j.get<std::string>() == name_of(p)) return p;
  throw UserError(str("there is no phase ", to_text(j)));
}

KernelTime kernel_from(const Json& j) {
  KernelTime k;
  k.path = j.at("path");
  k.op = j.at("op");
  k.out = j.at("out");
  k.impl = j.at("impl");
  k.phase = phase_from(j.at("phase"));
  k.line = j.at("line");
  k.ms = j.at("ms");
  k.flops = j.at("flops");
  k.bytes = j.at("bytes");
  k.least_ms = j.at("roofline_ms");
  return k;
}

Json read_json(const std::string& path) {
  if (!file_exists(path)) throw UserError(str("there is no file '", path, "'"), std::string(kHelp));
  try {
    return load_json(path);
  } catch (const UserError& e) {
    throw UserError(e.what(), std::string(kHelp), e.mark);
  }
}
}  // namespace

Json to_json(const Profile& p) {
  Json kernels = Json::array();
  for (const KernelTime& k : p.kernels) {
    Json j = {{"path", k.path}, {"op", k.op},   {"phase", name_of(k.phase)},    {"line", k.line},
              {"impl", k.impl}, {"out", k.out}, {"reference", k.is_reference()}};
    j.update(work_json(k));
    kernels.push_back(std::move(j));
  }
  return {{"kind", "profile"},
          {"spec", p.spec},
          {"spec_hash", p.hash},
          {"machine", p.machine},
          {"steps", p.steps},
          {"gemm_gflops", p.roofline.gemm_gflops},
          {"stream_gbytes", p.roofline.stream_gbytes},
          {"median_ms", p.median_ms},
          {"step_ms", p.step_ms},
          {"outside_ms", p.outside_ms},
          {"predicted_bytes", p.predicted_bytes},
          {"peak_bytes", p.peak_bytes},
          {"total", work_json(p.total())},
          {"blocks", groups_json(times_by_block(p))},
          {"ops", groups_json(times_by_op(p))},
          {"kernels", kernels}};
}

Profile load_profile(const std::string& path) {
  const Json j = read_json(path);
  if (!j.is_object() || j.value("kind", Json()) != "profile")
    throw UserError(str("'", path, "' is not a profile"), std::string(kHelp));
  try {
    Profile p{.spec = j.at("spec"),
              .hash = j.at("spec_hash"),
              .machine = j.at("machine"),
              .steps = j.at("steps"),
              .median_ms = j.at("median_ms"),
              .step_ms = j.at("step_ms"),
              .outside_ms = j.at("outside_ms"),
              .predicted_bytes = j.at("predicted_bytes"),
              .peak_bytes = j.at("peak_bytes"),
              .roofline = {j.at("gemm_gflops"), j.at("stream_gbytes")}};
    for (const Json& k : j.at("kernels")) p.kernels.push_back(kernel_from(k));
    return p;
  } catch (const Json::exception& e) {
    throw UserError(str("the profile '", path, "' is damaged: ", e.what()), std::string(kHelp));
  }
}
}  // namespace cambium
