#include "train/slices/slice_scores.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "core/rng.h"
#include "core/text/csv.h"
#include "core/text/json.h"

namespace cambium {
namespace {
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// Of one document: what is summed, by what it is divided.
struct Part {
  double sum, of;
};

double ratio(double sum, double of) {
  return of > 0 ? sum / of : kNone;
}

// sum of sums / sum of ofs, for documents drawn with replacement; the same for the same parts.
ScoreInterval drawn_interval(const std::vector<Part>& parts) {
  double sum = 0, of = 0;
  for (const Part& p : parts) {
    sum += p.sum;
    of += p.of;
  }
  ScoreInterval out{ratio(sum, of), kNone, kNone};
  if (parts.size() < ScoreInterval::kLeastDrawn || !(of > 0)) return out;
  std::vector<double> means;
  Random random(0, stream_of("slices.draw"));
  for (int r = 0; r < ScoreInterval::kDraws; ++r) {
    double drawn = 0, by = 0;
    for (size_t i = 0; i < parts.size(); ++i) {
      const Part& p = parts[random.below(uint32_t(parts.size()))];
      drawn += p.sum;
      by += p.of;
    }
    if (by > 0) means.push_back(drawn / by);
  }
  std::ranges::sort(means);
  const auto at = [&](double share) { return means[size_t(share * double(means.size() - 1))]; };
  out.low = at(0.025);
  out.high = at(0.975);
  return out;
}

SliceScore score_of(std::string value, const std::vector<const DocumentScore*>& documents) {
  SliceScore s{.value = std::move(value)};
  std::vector<Part> loss, accuracy, bits;
  for (const DocumentScore* d : documents) {
    if (d->targets == 0) continue;
    ++s.documents;
    s.targets += d->targets;
    s.bytes += d->bytes;
    loss.push_back({d->loss, double(d->targets)});
    accuracy.push_back({d->correct, double(d->targets)});
    bits.push_back({d->loss / std::numbers::ln2, double(d->bytes)});
  }
  s.loss = drawn_interval(loss);
  s.accuracy = drawn_interval(accuracy);
  s.bits = drawn_interval(bits);
  return s;
}

// Documents of each slice by their places; of what has no scores none.
std::vector<std::vector<size_t>> members_of(const AuditSlicing& slicing, size_t documents) {
  ensure(documents <= slicing.of.size(), "scores of ", documents, " documents, there are ",
         slicing.of.size());
  std::vector<std::vector<size_t>> out(slicing.values.size());
  for (size_t i = 0; i < documents; ++i) out[slicing.of[i]].push_back(i);
  return out;
}

Json number(double v) {
  return std::isfinite(v) ? Json(v) : Json(nullptr);
}

Json interval_json(const ScoreInterval& i) {
  return {{"mean", number(i.mean)}, {"low", number(i.low)}, {"high", number(i.high)}};
}

Json score_json(const SliceScore& s) {
  return {{"value", s.value},
          {"documents", s.documents},
          {"targets", s.targets},
          {"bytes", s.bytes},
          {"loss", interval_json(s.loss)},
          {"accuracy", interval_json(s.accuracy)},
          {"bits_per_byte", interval_json(s.bits)}};
}

Json difference_json(const SliceDifference& d) {
  return {
      {"value", d.value}, {"documents", d.documents}, {"difference", interval_json(d.difference)}};
}
}  // namespace

std::vector<SliceScores> slice_scores(const std::vector<DocumentScore>& documents,
                                      const std::vector<AuditSlicing>& slicings) {
  std::vector<SliceScores> out;
  std::vector<const DocumentScore*> all;
  for (const DocumentScore& d : documents) all.push_back(&d);
  const SliceScore whole = score_of("all", all);
  for (const AuditSlicing& slicing : slicings) {
    out.push_back({slicing.key, {}, whole});
    const auto members = members_of(slicing, documents.size());
    for (size_t s = 0; s < members.size(); ++s) {
      std::vector<const DocumentScore*> mine;
      for (const size_t i : members[s]) mine.push_back(&documents[i]);
      SliceScore score = score_of(slicing.values[s], mine);
      if (score.documents > 0) out.back().slices.push_back(std::move(score));
    }
  }
  return out;
}

std::vector<SliceDifferences> slice_differences(const std::vector<DocumentScore>& first,
                                                const std::vector<DocumentScore>& second,
                                                const std::vector<AuditSlicing>& slicings) {
  const size_t n = std::min(first.size(), second.size());
  bool of_bytes = n > 0;
  for (size_t i = 0; i < n; ++i) of_bytes &= first[i].targets == 0 || first[i].bytes > 0;
  const auto of = [&](const DocumentScore& d) { return double(of_bytes ? d.bytes : d.targets); };
  const auto difference_of = [&](std::string value, const std::vector<size_t>& members) {
    SliceDifference d{.value = std::move(value)};
    std::vector<Part> parts;
    for (const size_t i : members)
      if (of(first[i]) > 0 && of(first[i]) == of(second[i]))
        parts.push_back(
            {(second[i].loss - first[i].loss) / (of_bytes ? std::numbers::ln2 : 1), of(first[i])});
    d.documents = int64_t(parts.size());
    d.difference = drawn_interval(parts);
    return d;
  };
  std::vector<size_t> all;
  for (size_t i = 0; i < n; ++i) all.push_back(i);
  const SliceDifference whole = difference_of("all", all);
  std::vector<SliceDifferences> out;
  for (const AuditSlicing& slicing : slicings) {
    out.push_back({slicing.key, of_bytes, {}, whole});
    const auto members = members_of(slicing, n);
    for (size_t s = 0; s < members.size(); ++s) {
      SliceDifference d = difference_of(slicing.values[s], members[s]);
      if (d.documents > 0) out.back().slices.push_back(std::move(d));
    }
  }
  return out;
}

Json to_json(const std::vector<SliceScores>& scores) {
  Json out = Json::array();
  for (const SliceScores& k : scores) {
    Json slices = Json::array();
    for (const SliceScore& s : k.slices) slices.push_back(score_json(s));
    out.push_back({{"key", k.key}, {"slices", std::move(slices)}, {"all", score_json(k.all)}});
  }
  return out;
}

Json to_json(const std::vector<SliceDifferences>& differences) {
  Json out = Json::array();
  for (const SliceDifferences& k : differences) {
    Json slices = Json::array();
    for (const SliceDifference& d : k.slices) slices.push_back(difference_json(d));
    out.push_back({{"key", k.key},
                   {"unit", k.of_bytes ? "bits a byte" : "nats a target"},
                   {"slices", std::move(slices)},
                   {"all", difference_json(k.all)}});
  }
  return out;
}

std::string to_csv(const std::vector<SliceScores>& scores) {
  std::string out =
      "key,slice,documents,targets,bytes,loss,loss_low,loss_high,accuracy,accuracy_low,"
      "accuracy_high,bits_per_byte,bits_low,bits_high\n";
  const auto cell = [](double v) { return std::isfinite(v) ? str(v) : ""; };
  const auto add = [&](const std::string& key, const SliceScore& s) {
    // A text that a spreadsheet would take for a formula is none.
    const bool formula =
        !s.value.empty() && std::string_view("=+-@").find(s.value[0]) != std::string_view::npos;
    out += str(csv_cell(key), ",", csv_cell((formula ? "'" : "") + s.value), ",", s.documents, ",",
               s.targets, ",", s.bytes);
    for (const ScoreInterval* i : {&s.loss, &s.accuracy, &s.bits})
      for (const double v : {i->mean, i->low, i->high}) out += "," + cell(v);
    out += "\n";
  };
  for (const SliceScores& k : scores) {
    for (const SliceScore& s : k.slices) add(k.key, s);
    add(k.key, k.all);
  }
  return out;
}
}  // namespace cambium
