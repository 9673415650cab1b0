// The JSON form of a run's state. Doubles are written in their shortest exact form, so that they
// come back with the same bits.
#include "core/hash.h"
#include "core/text/json.h"
#include "train/run/checkpoint.h"

namespace cambium {
namespace {
Metrics metrics_from(const Json& j);

std::vector<PartMetrics> parts_from(const Json& j) {
  std::vector<PartMetrics> parts;
  for (const Json& part : j.at("parts"))
    parts.push_back(
        {part.at("name"), metrics_from(part.at("metrics")), part.value("within", false)});
  return parts;
}

Metrics metrics_from(const Json& j) {
  Metrics m{.loss = j.at("loss"), .scored = j.at("scored")};
  if (j.contains("parts")) m.parts = parts_from(j);  // the data itself may score nothing
  if (j.contains("r2")) {
    m.kind = TargetKind::kValues;
    m.mae = j.at("mae");
    m.r2 = j.at("r2");
    return m;
  }
  m.accuracy = j.at("accuracy");
  if (j.contains("bits_per_byte")) m.bits_per_byte = j["bits_per_byte"];
  if (!j.contains("label_error_rate")) return m;
  m.kind = TargetKind::kSequences;
  m.label_error_rate = j.at("label_error_rate");
  return m;
}

Json to_json(const ScheduleState& s) {
  Json j = {{"scale", s.scale}, {"stale", s.stale}, {"cooldown", s.cooldown}};
  if (s.best) j["best"] = *s.best;
  return j;
}

ScheduleState schedule_from(const Json& j) {
  ScheduleState s{.scale = j.at("scale"), .stale = j.at("stale"), .cooldown = j.at("cooldown")};
  if (j.contains("best")) s.best = j["best"].get<double>();
  return s;
}
}  // namespace

Json to_json(const Metrics& m) {
  Metrics own = m;
  own.parts.clear();
  Json j = {{"scored", m.scored}};
  for (const auto& [name, value] : own.numbers()) j[name] = value;
  if (!m.parts.empty()) j["parts"] = Json::array();
  for (const PartMetrics& part : m.parts)
    j["parts"].push_back(
        {{"name", part.name}, {"metrics", to_json(part.metrics)}, {"within", part.within}});
  return j;
}

Json to_json(const Identity& id) {
  Json j = Json::object();
  for (const auto& [name, value] : id.parts) j[name] = value;
  return j;
}

Identity identity_from(const Json& j) {
  Identity id;
  try {
    for (const auto& [name, value] : j.items()) id.parts.emplace_back(name, value);
  } catch (const Json::exception& e) {
    throw UserError(str("what the run says of its data cannot be read: ", e.what()));
  }
  return id;
}

Json to_json(const RunState& s) {
  Json j = {{"step", s.step},
            {"examples", s.examples},
            {"loss_sum", s.loss_sum},
            {"loss_count", s.loss_count},
            {"evaluated", to_json(s.evaluated)},
            {"stale", s.stale},
            {"schedule", to_json(s.schedule)},
            {"seconds", s.seconds},
            {"train_seconds", s.train_seconds},
            {"log_bytes", s.log_bytes},
            {"timing_bytes", s.timing_bytes},
            {"seed", s.seed},
            {"spec_hash", hash_name(s.spec_hash)},
            {"data", to_json(s.data)},
            {"machine", s.machine}};
  if (!s.stream.empty()) j["stream"] = s.stream;
  if (s.best) j["best"] = {{"step", s.best->step}, {"metrics", to_json(s.best->metrics)}};
  return j;
}

RunState run_state_from(const Json& j) {
  try {
    RunState s;
    s.step = j.at("step");
    s.examples = j.at("examples");
    s.loss_sum = j.at("loss_sum");
    s.loss_count = j.at("loss_count");
    s.evaluated = metrics_from(j.at("evaluated"));
    s.stale = j.at("stale");
    if (j.contains("schedule")) s.schedule = schedule_from(j["schedule"]);  // not in older runs
    s.seconds = j.at("seconds");
    s.train_seconds = j.value("train_seconds", s.seconds);  // not in older runs
    s.log_bytes = j.at("log_bytes");
    s.timing_bytes = j.at("timing_bytes");
    s.seed = j.at("seed");
    s.spec_hash = std::stoull(j.at("spec_hash").get<std::string>(), nullptr, 16);
    if (j.contains("data")) s.data = identity_from(j["data"]);  // not in older runs
    s.machine = j.at("machine");
    s.stream = j.value("stream", std::string());  // of data that comes in a stream
    if (j.contains("best"))
      s.best = BestEvaluation{j["best"].at("step"), metrics_from(j["best"].at("metrics"))};
    return s;
  } catch (const Json::exception& e) {
    throw UserError(str("the state of the run is incomplete: ", e.what()));
  } catch (const std::logic_error& e) {
    throw UserError(str("the state of the run has a bad spec_hash: ", e.what()));
  }
}
}  // namespace cambium
