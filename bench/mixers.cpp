// Time and memory of one layer of every causal token mixer, forward and backward, by the length of
// the sequence, beside full attention.
// usage: mixers [--dim C] [--batch B] [--threads N] [--seconds S] [--lengths T,T,...]
//               [--only NAME,NAME,...] [--json FILE] [--svg FILE] [--from FILE]
// --from takes the numbers of an earlier --json and only writes them again.
// Each is norm -> block, loss = sum(w y), gradients of the input and all parameters. Memory
// is the arena and scratch of that plan: values kept for the backward pass and what it works in.
#include "bench/sweep.h"
#include "blocks/compose/model.h"
#include "core/rng.h"
#include "core/system/parallel.h"
#include "graph/run/executor.h"
#include "ops/ops.h"
#include "ops/support/dnnl.h"

namespace cambium {
namespace {
struct Mixer {
  const char *name, *yaml;
  bool plotted = false;  // a plot has seven colours
};

constexpr Mixer kMixers[] = {
    {"attention", "attention: {heads: 4, causal: true, position: rope}", true},
    {"attention window 256", "attention: {heads: 4, causal: true, window: 256, position: rope}",
     true},
    {"attention block_sparse",
     "attention: {heads: 4, causal: true, kind: block_sparse, position: rope}"},
    {"attention top_k 16", "attention: {heads: 4, causal: true, kind: top_k, position: rope}"},
    {"linear_attention", "linear_attention: {heads: 4, causal: true}", true},
    {"performer", "performer: {heads: 4, causal: true}"},
    {"retention", "retention: {heads: 4, expand: 1}"},
    {"gated_linear_attention", "gated_linear_attention: {heads: 4}"},
    {"delta_net", "delta_net: 4", true},
    {"mamba", "mamba: 16", true},
    {"mamba2", "mamba2: {state: 64, head_dim: 64}"},
    {"s4d", "s4d: 64"},
    {"hyena", "hyena: 2", true},
    {"rwkv", "rwkv"},
    {"min_gru", "min_gru: 1"},
    {"rg_lru", "rg_lru: 1"},
    {"gru", "gru"},
    {"lstm", "lstm", true},
    {"causal_conv", "causal_conv: 4"},
};

struct Options {
  int64_t dim = 128, batch = 1;
  int threads = 0;
  double seconds = 0.5;
  std::vector<int64_t> lengths = {512, 1024, 2048, 4096, 8192};
  std::vector<std::string> only;
  std::string json, svg, from;
};

std::vector<std::string> words_of(const std::string& list) {
  std::vector<std::string> out;
  for (size_t at = 0; at <= list.size();) {
    const size_t end = std::min(list.find(',', at), list.size());
    out.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

Options parse(int argc, char** argv) {
  Options o;
  for (int i = 1; i < argc; i += 2) {
    const std::string word = argv[i];
    require(i + 1 < argc, word, " needs a value");
    const std::string value = argv[i + 1];
    if (word == "--dim") {
      o.dim = std::stoll(value);
    } else if (word == "--batch") {
      o.batch = std::stoll(value);
    } else if (word == "--threads") {
      o.threads = std::stoi(value);
    } else if (word == "--seconds") {
      o.seconds = std::stod(value);
    } else if (word == "--only") {
      o.only = words_of(value);
    } else if (word == "--json") {
      o.json = value;
    } else if (word == "--svg") {
      o.svg = value;
    } else if (word == "--from") {
      o.from = value;
    } else if (word == "--lengths") {
      o.lengths.clear();
      for (const std::string& t : words_of(value)) o.lengths.push_back(std::stoll(t));
    } else {
      throw UserError(str("unknown option ", word));
    }
  }
  return o;
}

struct Measured {
  double ms = 0;
  int64_t bytes = 0, parameters = 0;
};

Measured measure(const Mixer& mixer, const Options& o, int64_t t) {
  Graph g(builtin_ops());
  const Stream in =
      build_input(g, {Domain::kTokens, {{"x", {DType::kF32, Shape{o.batch, t, o.dim}}}}});
  const Vars vars;
  const Yaml model = parse_yaml(str("- {norm: rms}\n- ", mixer.yaml), mixer.name);
  Builder builder(g, vars, true);
  const Stream out = build_model(builder, model, nullptr, in);
  const Value w = g.input("w", out.x.type());
  const Value loss = g.emit("reduce_sum", {g.emit("mul", {out.x, w})});
  std::vector<Value> wrt = {in.x};
  Measured m;
  for (int id = 0; id < int(g.nodes().size()); ++id)
    if (g.node(id).role == Role::kParameter) {
      wrt.push_back(g.value({id, 0}));
      m.parameters += wrt.back().shape().count();
    }
  for (const Value d : grad(loss, wrt))
    g.outputs.push_back({str("d", g.outputs.size()), port_of(d)});
  g.outputs.push_back({"loss", port_of(loss)});
  Engine engine;
  const Plan plan = compile(run_passes(std::move(g), training_pipeline()), engine);
  Store store;
  store.add(plan, 0);
  Executor executor(plan, store);
  for (const Leaf& leaf : plan.inputs) {
    Tensor x(leaf.type);
    Random random(1, stream_of(leaf.name));
    for (float& v : x.f32()) v = float(random.normal());
    executor.set_input(leaf.name, x);
  }
  m.ms = median_ms(o.seconds, [&] { executor.run(); });
  m.bytes = plan.memory.arena_bytes;
  return m;
}

Measured measured_before(const Json& rows, const char* name, int64_t t) {
  const Json& row = earlier(rows, "mixer", name, "tokens", t);
  return {row.at("median_ms"), row.at("arena_bytes"), row.at("parameters")};
}

Sweep plotted(const Sweep& all) {
  Sweep s{.lengths = all.lengths, .names = {}, .values = {}};
  for (const Mixer& m : kMixers)
    for (size_t i = 0; i < all.names.size() && m.plotted; ++i)
      if (all.names[i] == m.name) {
        s.names.push_back(all.names[i]);
        s.values.push_back(all.values[i]);
      }
  return s;
}

void run(const Options& o) {
  if (o.threads > 0) set_thread_count(o.threads);
  Sweep ms{.lengths = o.lengths, .names = {}, .values = {}}, micros = ms, memory = ms;
  Json json = Json::array(), before;
  if (!o.from.empty()) before = load_json(o.from);
  for (const Mixer& mixer : kMixers) {
    if (!o.only.empty() && std::ranges::count(o.only, mixer.name) == 0) continue;
    for (Sweep* s : {&ms, &micros, &memory}) {
      s->names.emplace_back(mixer.name);
      s->values.emplace_back();
    }
    for (const int64_t t : o.lengths) {
      const Measured m =
          o.from.empty() ? measure(mixer, o, t) : measured_before(before, mixer.name, t);
      if (t == o.lengths.front())
        for (Sweep* s : {&ms, &micros, &memory}) s->parameters.push_back(m.parameters);
      ms.values.back().push_back(m.ms);
      micros.values.back().push_back(1e3 * m.ms / double(t * o.batch));
      memory.values.back().push_back(double(m.bytes) / double(1 << 20));
      json.push_back({{"mixer", mixer.name},
                      {"spec", mixer.yaml},
                      {"tokens", t},
                      {"batch", o.batch},
                      {"dim", o.dim},
                      {"median_ms", m.ms},
                      {"arena_bytes", m.bytes},
                      {"parameters", m.parameters}});
    }
  }
  require(!ms.names.empty(), "--only names no mixer");
  std::printf("one layer, C = %lld, batch %lld, f32, %d threads, forward and backward\n",
              static_cast<long long>(o.dim), static_cast<long long>(o.batch), thread_count());
  print_sweep(ms, "Median time of a step in ms:", "{:.1f}");
  print_sweep(micros, "The same in microseconds a token:", "{:.1f}");
  print_sweep(memory, "Arena and scratch in MiB:", "{:.1f}");
  if (!o.json.empty()) replace_file(o.json, to_text(json, 1) + "\n");
  if (!o.svg.empty())
    write_sweep_plot(o.svg, plotted(micros), "Forward and backward of one layer",
                     "microseconds a token");
}
}  // namespace
}  // namespace cambium

int main(int argc, char** argv) {
  try {
    cambium::run(cambium::parse(argc, argv));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "mixers: %s\n", e.what());
    return 1;
  }
}
