#include "app/tables/topics.h"

namespace cambium {
namespace {
constexpr Topic kTopics[] = {
    {"domain",
     "What flows between blocks: ids [B,T], tokens [B,T,C], a grid [B,Y,X,C], a graph's nodes\n"
     "[N,C] with their edges, or one vector an example [B,C]. A block takes some of these; an\n"
     "adapter (embed, patch_embed, grid_to_tokens, tokens_to_grid, tokens_to_graph,\n"
     "graph_to_tokens, pool, flatten) leads from one to another.",
     "model:\n  - patch_embed: {patch: 4, dim: 64}   # grid -> tokens\n  - attention: 4"},
    {"targets",
     "What the data asks for: classes, of which a model scores each ($classes), or values, which "
     "it\n"
     "gives as numbers ($outputs; regression), for an example, a token, a node or a pair of "
     "nodes.\n"
     "Classes have loss cross_entropy and the metrics loss and accuracy, and of text whose symbols "
     "stand\n"
     "for bytes bits_per_byte, which compares vocabularies; values have the losses mse,\n"
     "mae and huber and the metrics loss, mae and r2. Sequences of symbols that no one aligned "
     "with\n"
     "the input have loss ctc: a model scores at each frame every symbol and the blank, and is "
     "judged\n"
     "by its greedy answers: accuracy is the share that is right from end to end, "
     "label_error_rate the\n"
     "edits they need by the symbols asked for.",
     "train: {loss: {huber: {delta: 0.5}}, best: val.r2}"},
    {"encoder",
     "Instead of model:, the sections encoder: and decoder: make one sequence out of another, for\n"
     "data of pairs such as {reverse: {seq2seq: true}}. The decoder sees what was written so far "
     "and\n"
     "must be causal; its cross_attention looks at what the encoder ends in. share: beside a "
     "block\n"
     "of both gives them the same weights. cambium generate --prompt reads and then writes.",
     "decoder:\n  - embed: 64\n  - residual: [{norm: rms}, {attention: {heads: 4, causal: true}}]\n"
     "  - residual: [{norm: rms}, {cross_attention: {heads: 4}}]\n  - linear: $classes"},
    {"extends",
     "A spec may build on others: maps merge key by key, everything else is replaced. Paths are\n"
     "relative to the file that says them.",
     "extends: ../models/hybrid_fashion.yaml\nvars: {dim: 96}"},
    {"overrides",
     "--set PATH=VALUE replaces a value of the spec. A path names keys and list positions (from "
     "0)\n"
     "joined by dots; values are YAML; an empty value removes the key.",
     "cambium train my.yaml --set train.steps=500 --set model.1.pattern=CCA"},
    {"expressions",
     "$name is a variable; ${...} is arithmetic with + - * / // % ^ ( ), min, max, floor, ceil,\n"
     "round, sqrt and log2. Whole results of whole operands stay whole. YAML wants quotes around\n"
     "${...} inside { } or [ ]; quotes change nothing about it. \"$$\" is a plain \"$\".",
     "vars: {dim: 64}\nmodel:\n  - linear: {width: \"${dim * 4}\"}\n  - linear: \"$classes\""},
    {"variables",
     "The section vars: names values. The data adds its own, such as $classes, $vocab, $context,\n"
     "$height, $width and $channels.",
     "vars: {dim: 64, depth: 6}"},
    {"numbers",
     "Only true and false are booleans; yes, no, on and off are text. Numbers are decimal and "
     "have\n"
     "no leading zeros. 1e3 is a whole number where one is wanted.",
     "train: {batch: 128, optimizer: {adamw: {lr: 1e-3}}}"},
    {"pattern",
     "repeat builds its blocks `count` times. With a pattern, each letter names one of the lists\n"
     "given beside it, and the pattern is cycled.",
     "- repeat: 6\n  pattern: CCA\n  C: [{conv_mixer: 3}]\n  A: [{attention: 4}]"},
    {"groups",
     "Parameters may have learning rates and weight decay of their own, by name (cambium show "
     "lists\n"
     "the names; * stands for anything). The first group that matches a parameter counts; a\n"
     "weight_decay given here holds for biases and norms too, which have none otherwise.",
     "train:\n  groups:\n    - {match: \"*.norm*\", lr_scale: 0.1, weight_decay: 0}"},
    {"accumulate",
     "train: {batch: 16, accumulate: 8} holds 16 examples at a time and makes the update of 128.\n"
     "Gradients are summed, each target with its weight, and divided by the weight of all targets\n"
     "of the update, so a step does not depend on how it is cut; nor does the balance loss of "
     "moe,\n"
     "whose shares are counted over the whole update first, at a forward pass more. What looks at\n"
     "one batch by its nature does: batch norm's statistics, a capacity of moe, sophia's estimate\n"
     "(the first batch) and what dropout draws. An epoch is whole updates; the examples left over\n"
     "wait for the next one's order.",
     "train: {batch: 16, accumulate: 8}"},
    {"schedule",
     "The rate of step 1 .. n. A warm-up of w steps rises to the peak at step w. A fall (cosine,\n"
     "linear, polynomial, wsd) begins there and would reach min_lr one step behind the last, so\n"
     "that the last step still learns: without a warm-up the rates are those of PyTorch's\n"
     "schedulers. Many warm-ups begin at 0, which wastes a step; these begin at peak / w. The "
     "stairs\n"
     "of step begin where the warm-up ends. plateau's margin is a share of the best's size, so "
     "that\n"
     "it works for metrics below 0 too. cambium check notes a warm-up that fills the run, a rate "
     "of\n"
     "0 and a schedule that never moves.",
     "train: {schedule: {cosine: {warmup: 5%, min_lr: 1e-5}}}"},
    {"averages",
     "train: {ema: 0.999} keeps moving averages of the weights; validation, the best checkpoint, "
     "the\n"
     "test and `cambium eval` use them, training goes on from the weights themselves. The "
     "optimizer\n"
     "schedule_free_adamw keeps an average of its own. Running statistics of batch norm are not\n"
     "averaged.",
     "train: {optimizer: adamw, ema: 0.999}"},
    {"match",
     "A study may ask for equal cost: match: {params: 500k, free: vars.dim} finds, for each "
     "variant,\n"
     "the value of the free variable at which the built model has that many parameters (or flops).",
     "match: {params: 500k, free: vars.dim}"},
    {"budget",
     "What every run of a study may spend: steps, samples, flops or seconds. Variants of "
     "different\n"
     "cost get different numbers of steps.",
     "budget: {flops: 2e13}"},
    {"claims",
     "When compare says that one variant beats another. It takes 3 seeds that both finished, and a "
     "p,\n"
     "corrected after Holm over the variants, below this look's share of alpha: of 0.05 the first "
     "look\n"
     "takes 0.0375, each further look, with more seeds, 3/4 of what is left. p is that of a paired "
     "t\n"
     "test whose variance has a floor, or a larger one of these: an exact sign-flip test (below 6 "
     "seeds\n"
     "no more than advice, as it cannot fall below 5 % there: all must agree in sign); where seeds "
     "are\n"
     "few, the same t with the spread of all variants, and the chance that equal outcomes in two "
     "groups\n"
     "fall apart by variant (1/32 for 3 seeds of two variants: too often where tasks share alpha); "
     "and,\n"
     "for a share, what another test set could do. A run that failed counts as worst. What cannot "
     "be told\n"
     "is said with its reason. A study's metric, baseline and alpha are settled at its first run, "
     "and no\n"
     "finished seed may be left out later.\n"
     "least_effect: names the smallest difference that matters (in points of an accuracy). compare "
     "says\n"
     "how many seeds show it, and from 5 seeds on that two variants are equivalent within it, by "
     "two\n"
     "one-sided tests. seeds: {until: decided, at_most: 12} trains 3 seeds of all, then 5, 8 and "
     "12 until\n"
     "every variant is told apart from the baseline or equivalent to it; those looks share one "
     "look's\n"
     "alpha. vary: names paths that take each run's seed as their value, such as a fold or\n"
     "train.data_seed, so that the data varies too; folds of one data set overlap, for which "
     "variances\n"
     "are corrected. Below 5 seeds the lowest and the highest outcome are shown, since nothing "
     "shows then\n"
     "whether outcomes are normal, on which an interval rests. tasks: tries every variant on each "
     "task;\n"
     "each of them, and all together, get an equal part of alpha. docs/statistics.md says what of "
     "this\n"
     "was measured.",
     "seeds: 5\nmetric: {val.accuracy: max}\nleast_effect: 0.5\nvary: vars.fold"},
    {"resume",
     "A run is saved every half minute, at its end, and when Ctrl-C or SIGTERM stops it. With\n"
     "--resume it goes on bit for bit as if it had not stopped, if the spec, the threads and the\n"
     "instruction set are the same.",
     "cambium train my.yaml --run runs/my --resume"},
    {"precision",
     "With precision: bf16, matrix products and convolutions take operands of 16 bits and add up "
     "in\n"
     "f32, and convolutions and batch norm hand each other 16 bits; parameters and their "
     "gradients,\n"
     "statistics, logits and the optimizer stay in f32. Faster and smaller on a\n"
     "processor with bf16 instructions (cambium doctor), and nothing else in the spec changes.",
     "precision: bf16"},
    {"memory",
     "What training needs is foretold: never less than it takes, and at most 2 % (2.5 MiB of a "
     "small\n"
     "process) more. When it does not fit: lower\n"
     "train.batch and raise train.accumulate by the same factor, or make the model smaller.",
     "cambium train my.yaml --set train.batch=16 --set train.accumulate=4"},
    {"leaks",
     "On next-token data (and in a decoder) the targets are the inputs, one place later: a block "
     "that\n"
     "looks ahead makes a model that copies its answers. Such a model is refused, with the block, "
     "its\n"
     "line and a cure; so is one whose answers hear other examples of the batch, or padding. It is "
     "decided on the\n"
     "graph, for all weights (batch norm mixes its batch in training; evaluation is what counts).\n"
     "allow_leaks trains it all the same: the log and run.json then say that it sees its answers, "
     "and\n"
     "so they do of any loss below a known floor, such as the entropy rate of generated text, by "
     "more\n"
     "than luck gives.",
     "train: {allow_leaks: true}"},
    {"nan",
     "Training stops when the loss or the gradient is no finite number and names the first "
     "operator\n"
     "that made it, with its line in the spec. The usual cures: a lower lr, warm-up, clip: 1.",
     "train: {optimizer: {adamw: {lr: 3e-4}}, schedule: {cosine: {warmup: 5%}}, clip: 1}"},
    {"exit",
     "0: all is well. 1: a spec or a file that it names is wrong. 2: disk, memory, NaN, a "
     "failed\n"
     "run or a search without any result. 3: a mistake of cambium itself. 64: the command line is "
     "wrong. 130: stopped by Ctrl-C "
     "or\n"
     "SIGTERM after saving.",
     ""},
};
}  // namespace

std::span<const Topic> topics() {
  return kTopics;
}
}  // namespace cambium
