#include "data/corpus/stages.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <string_view>

#include "core/fields.h"
#include "core/text/suggest.h"

namespace cambium {
namespace {
constexpr std::string_view kUntil = "until";

double number_of(std::string_view text) {
  double value = NAN;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : NAN;
}

size_t source_named(const std::string& option, std::string_view name,
                    const std::vector<std::string>& sources) {
  const auto at = std::ranges::find(sources, name);
  if (at == sources.end())
    throw OptionError(option, str("the corpus has no source '", name, "'"),
                      suggestion(std::string(name), sources));
  return size_t(at - sources.begin());
}

// 50%, 0.5 of it (with the sign alone), or 20000 examples, 20k.
StageEnd end_of(std::string_view text) {
  StageEnd end;
  const std::string whole(text);
  double factor = 1;
  if (text.ends_with('%')) {
    end.is_share = true;
    factor = 0.01;
  } else if (text.ends_with('k')) {
    factor = 1e3;
  } else if (text.ends_with('M')) {
    factor = 1e6;
  }
  if (factor != 1) text.remove_suffix(1);
  end.value = number_of(text) * factor;
  if (!(end.value > 0) || (end.is_share && end.value >= 1) || end.value > 1e15)
    throw OptionError("mixture", str("a stage ends at '", whole, "'"),
                      "write until: 50%, of the training, or until: 20k, its examples");
  return end;
}

// The words of a stage, "until=50%" among them.
std::vector<std::string> words_of(const std::string& entry) {
  std::vector<std::string> words;
  for (size_t begin = 0; begin < entry.size();) {
    const size_t end = std::min(entry.find(' ', begin), entry.size());
    if (end > begin) words.push_back(entry.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

std::vector<double> shares_of(const std::vector<std::string>& entries,
                              const std::vector<std::string>& sources,
                              const std::vector<int64_t>& sizes) {
  std::vector<double> shares = numbers_by_source("mixture", entries, sources, 0);
  for (size_t s = 0; s < shares.size(); ++s)
    if (sizes[s] == 0 && shares[s] > 0)
      throw OptionError("mixture", str("source '", sources[s], "' has nothing to train on"));
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  if (sum <= 0) throw OptionError("mixture", "no source has a share", "give one a share above 0");
  for (double& share : shares) share /= sum;
  return shares;
}

// Each after the one before it, and only the last without an end.
void check_ends(const std::vector<MixtureStage>& stages) {
  for (size_t i = 0; i < stages.size(); ++i) {
    const bool last = i + 1 == stages.size(), ends = std::isfinite(stages[i].until.value);
    if (last && ends)
      throw OptionError("mixture", "the last stage has an end, and nothing says what follows",
                        "leave its until: out");
    if (!last && !ends)
      throw OptionError("mixture", str("stage ", i + 1, " has no end, and others follow it"),
                        "say where it ends: until: 50%");
    if (i == 0 || last) continue;
    if (stages[i].until.is_share != stages[i - 1].until.is_share)
      throw OptionError("mixture", "some stages end at a share of the training, others at examples",
                        "write all ends alike");
    if (stages[i].until.value <= stages[i - 1].until.value)
      throw OptionError("mixture",
                        str("stage ", i + 1, " ends where the one before it does, or before"),
                        "write stages in their order");
  }
}
}  // namespace

std::vector<double> numbers_by_source(const std::string& option,
                                      const std::vector<std::string>& entries,
                                      const std::vector<std::string>& sources, double otherwise) {
  std::vector<double> out(sources.size(), otherwise);
  for (const std::string& entry : entries) {
    const size_t equals = std::min(entry.find('='), entry.size());
    const std::string_view name = std::string_view(entry).substr(0, equals);
    const double value =
        number_of(std::string_view(entry).substr(std::min(equals + 1, entry.size())));
    const size_t s = source_named(option, name, sources);
    if (!(value >= 0) || value > 1e9)
      throw OptionError(option, str("what stands for '", name, "' is no number from 0 on"),
                        str("write ", option, ": {docs: 0.6, books: 0.4}"));
    out[s] = value;
  }
  return out;
}

std::vector<MixtureStage> parse_stages(const std::vector<std::string>& entries,
                                       const std::vector<std::string>& sources,
                                       const std::vector<int64_t>& sizes) {
  const bool staged = std::ranges::any_of(entries, [](const std::string& entry) {
    return entry.starts_with(str(kUntil, "=")) || entry.find(str(" ", kUntil, "=")) != entry.npos;
  });
  if (!staged) return {{{}, shares_of(entries, sources, sizes)}};
  std::vector<MixtureStage> stages;
  for (const std::string& entry : entries) {
    std::vector<std::string> words = words_of(entry);
    MixtureStage stage;
    std::erase_if(words, [&](const std::string& word) {
      if (!word.starts_with(str(kUntil, "="))) return false;
      stage.until = end_of(std::string_view(word).substr(kUntil.size() + 1));
      return true;
    });
    stage.shares = shares_of(words, sources, sizes);
    stages.push_back(std::move(stage));
  }
  check_ends(stages);
  return stages;
}

std::vector<MixtureStage> stages_by_size(const std::vector<int64_t>& sizes, double temperature) {
  MixtureStage stage;
  double sum = 0;
  for (const int64_t n : sizes)
    sum += stage.shares.emplace_back(n > 0 ? std::pow(double(n), 1 / temperature) : 0);
  if (sum > 0)
    for (double& share : stage.shares) share /= sum;
  return {std::move(stage)};
}

std::vector<double> mean_shares(const std::vector<MixtureStage>& stages, double examples,
                                double of) {
  std::vector<double> mean(stages.front().shares.size(), 0);
  if (stages.size() == 1 || examples <= 0) return stages.front().shares;
  double begin = 0;
  for (const MixtureStage& stage : stages) {
    const double end = std::min(examples, stage.until.examples(of));
    for (size_t s = 0; s < mean.size(); ++s)
      mean[s] += std::max(0.0, end - begin) / examples * stage.shares[s];
    begin = std::max(begin, end);
  }
  return mean;
}

std::string stages_text(const std::vector<MixtureStage>& stages,
                        const std::vector<std::string>& sources) {
  std::string out;
  for (const MixtureStage& stage : stages) {
    if (stages.size() > 1) {
      const StageEnd& end = stage.until;
      if (!out.empty()) out += "; ";
      out += !std::isfinite(end.value) ? std::string("then ")
             : end.is_share            ? str("until ", std::round(1000 * end.value) / 10, "%: ")
                                       : str("until example ", end.value, ": ");
    }
    for (size_t s = 0, n = 0; s < sources.size(); ++s)
      if (stages.size() == 1 || stage.shares[s] > 0)
        out += str(n++ ? ", " : "", sources[s], " ", std::round(1000 * stage.shares[s]) / 10, "%");
  }
  return out;
}
}  // namespace cambium
