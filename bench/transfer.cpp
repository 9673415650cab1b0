// Which learning rate is best at which size, in the spec's parameterisation and in the standard
// one; the tables of docs/mup.md.
//   transfer SPEC PATH SIZE,SIZE,... LEAST_RATE RATES [SEEDS] [JSON]
// Rates are LEAST_RATE times powers of 2. A run counts by the mean loss of its last quarter of
// steps, infinite where it did not stay finite; the best rate is the one whose mean over seeds is
// least.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "app/scale/coordinates_view.h"
#include "core/system/files.h"
#include "core/text/fmt.h"
#include "core/text/json.h"
#include "search/study/spec_edit.h"
#include "train/run/session.h"

namespace cambium {
namespace {
struct Options {
  std::string spec, path, json;
  std::vector<int64_t> sizes;
  std::vector<double> rates;
  int64_t seeds = 2;
};

double last_loss(Spec spec, const Options& o, int64_t size, double rate, int64_t seed) {
  apply_override(spec.root, o.path, scalar_yaml(str(size)), {});
  set_train(spec.root, "seed", str(seed));
  const Experiment e = open_experiment(spec);
  const double peak = e.train.optimizer.record->peak_lr(e.train.optimizer.attrs);
  Session session(e, usable_memory_bytes());
  session.start(0);
  const int64_t steps = e.total_steps(), from = steps - steps / 4;
  double sum = 0;
  try {
    for (int64_t step = 1; step <= steps; ++step) {
      const double lr = e.train.lr(step, steps) / peak * rate;
      const double loss = session.step(step, lr).loss;
      if (step > from) sum += loss;
    }
  } catch (const RuntimeError&) {
    return std::numeric_limits<double>::infinity();
  }
  return sum / double(steps - from);
}

struct Answer {
  std::vector<std::vector<double>> losses;  // [size][rate]
  std::vector<size_t> best;                 // of each size, the place of its rate
};

Answer measure(const Spec& spec, const Options& o) {
  Answer out;
  for (const int64_t size : o.sizes) {
    std::vector<double> row;
    for (const double rate : o.rates) {
      double sum = 0;
      for (int64_t seed = 0; seed < o.seeds; ++seed) sum += last_loss(spec, o, size, rate, seed);
      row.push_back(sum / double(o.seeds));
    }
    out.best.push_back(size_t(std::ranges::min_element(row) - row.begin()));
    out.losses.push_back(std::move(row));
  }
  return out;
}

Json print(const Answer& a, const Options& o, std::string_view name) {
  fmt::print("\n{}\n\n| {} |", name, o.path);
  for (const double r : o.rates) fmt::print(" {:.3g} |", r);
  fmt::print(" best |\n|---|");
  for (size_t i = 0; i <= o.rates.size(); ++i) fmt::print("---|");
  for (size_t i = 0; i < o.sizes.size(); ++i) {
    fmt::print("\n| {} |", o.sizes[i]);
    for (size_t j = 0; j < o.rates.size(); ++j)
      fmt::print(" {0}{1:.4g}{0} |", j == a.best[i] ? "**" : "", a.losses[i][j]);
    fmt::print(" {:.3g} |", o.rates[a.best[i]]);
  }
  const auto [least, most] = std::ranges::minmax(a.best);
  const double apart = o.rates[most] / o.rates[least];
  const bool edge = least == 0 || most + 1 == o.rates.size();
  fmt::print("\n\nbest rates lie within a factor of {:g}: {}{}\n", apart,
             apart <= 2 ? "carries over" : "does not carry over",
             edge ? " (a best rate stands at the edge of what was tried)" : "");
  std::fflush(stdout);
  return {{"parameterisation", name}, {"losses", a.losses}, {"factor", apart}};
}

void run(const Options& o) {
  Spec spec = load_spec(o.spec);
  Json json = {{"spec", o.spec}, {"path", o.path}, {"sizes", o.sizes}, {"rates", o.rates}};
  Diagnostics errors;
  const std::string own(parse_parameterisation(spec, errors).record->name);
  errors.throw_if_any();
  json["tables"].push_back(print(measure(spec, o), o, own));
  std::erase_if(spec.root.entries, [](const YamlEntry& e) { return e.key == "parameterisation"; });
  if (own != "standard") json["tables"].push_back(print(measure(spec, o), o, "standard"));
  if (!o.json.empty()) replace_file(o.json, to_text(json, 1) + "\n");
}

Options parse(int argc, char** argv) {
  if (argc < 6)
    throw UserError("usage: transfer SPEC PATH SIZE,SIZE,... LEAST_RATE RATES [SEEDS] [JSON]");
  Options o{.spec = argv[1], .path = argv[2], .sizes = parse_sizes(argv[3])};
  for (int i = 0; i < std::atoi(argv[5]); ++i)
    o.rates.push_back(std::atof(argv[4]) * std::pow(2, i));
  if (o.rates.size() < 2 || o.rates[0] <= 0)
    throw UserError("two or more rates above 0 are needed");
  if (argc > 6) o.seeds = std::max(1, std::atoi(argv[6]));
  if (argc > 7) o.json = argv[7];
  return o;
}
}  // namespace
}  // namespace cambium

int main(int argc, char** argv) {
  try {
    cambium::run(cambium::parse(argc, argv));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "transfer: %s\n", e.what());
    return 1;
  }
}
