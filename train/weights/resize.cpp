#include "train/weights/resize.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace cambium {
namespace {
std::string rows_objection(const ResizeCase& c) {
  const Shape &from = c.from, &to = c.to;
  if (from.rank() != to.rank() || to.rank() == 0) return "its axes are not as many";
  for (int i = 1; i < to.rank(); ++i)
    if (from[i] != to[i]) return "more than its rows differ";
  return "";
}

void take_rows(const ResizeHow&, const Tensor& from, Tensor& to) {
  const int64_t rows = std::min(from.shape()[0], to.shape()[0]);
  const int64_t each = to.shape().count_between(1, to.shape().rank());
  std::ranges::copy(from.f32().first(size_t(rows * each)), to.f32().begin());
}

std::string channels_objection(const ResizeCase& c) {
  const Shape &from = c.from, &to = c.to;
  if (from.rank() != 4 || to.rank() != 4) return "it is no kernel [ky,kx,channels,out]";
  if (from[2] != 3 || to[2] != 1) return "its channels do not go from 3 to 1";
  for (const int i : {0, 1, 3})
    if (from[i] != to[i]) return "more than its channels differ";
  return "";
}

void sum_channels(const ResizeHow&, const Tensor& from, Tensor& to) {
  const Shape& s = from.shape();
  const int64_t places = s[0] * s[1], channels = s[2], out = s[3];
  for (int64_t p = 0; p < places; ++p)
    for (int64_t o = 0; o < out; ++o) {
      double sum = 0;
      for (int64_t c = 0; c < channels; ++c)
        sum += double(from.f32()[size_t((p * channels + c) * out + o)]);
      to.f32()[size_t(p * out + o)] = float(sum);
    }
}

// Where row i of `to` rows lies among `from` rows.
struct Between {
  int64_t low, high;
  double share;  // of high
};

Between between(int64_t i, int64_t from, int64_t to) {
  const double at = (double(i) + 0.5) * double(from) / double(to) - 0.5;
  const double inside = std::clamp(at, 0.0, double(from - 1));
  const auto low = int64_t(std::floor(inside));
  return {low, std::min(low + 1, from - 1), inside - double(low)};
}

std::string table_objection(const ResizeCase& c) {
  const Shape &from = c.from, &to = c.to;
  if (from.rank() != 2 || to.rank() != 2) return "it is no table [places,channels]";
  if (from[1] != to[1]) return "its channels differ";
  if (from[0] == 0 || to[0] == 0) return "it is empty";
  return "";
}

void interpolate(const ResizeHow&, const Tensor& from, Tensor& to) {
  const int64_t n = from.shape()[0], m = to.shape()[0], c = to.shape()[1];
  for (int64_t i = 0; i < m; ++i) {
    const Between b = between(i, n, m);
    for (int64_t k = 0; k < c; ++k)
      to.f32()[size_t(i * c + k)] =
          float((1 - b.share) * double(from.f32()[size_t(b.low * c + k)]) +
                b.share * double(from.f32()[size_t(b.high * c + k)]));
  }
}

int64_t side_of(int64_t places) {  // 0: no square
  const auto side = int64_t(std::llround(std::sqrt(double(places))));
  return side * side == places ? side : 0;
}

std::string grid_objection(const ResizeCase& c) {
  const std::string table = table_objection(c);
  if (!table.empty()) return table;
  return side_of(c.from[0]) && side_of(c.to[0]) ? "" : "its places are no square";
}

void interpolate_grid(const ResizeHow&, const Tensor& from, Tensor& to) {
  const int64_t n = side_of(from.shape()[0]), m = side_of(to.shape()[0]), c = to.shape()[1];
  const auto at = [&](int64_t y, int64_t x, int64_t k) {
    return double(from.f32()[size_t((y * n + x) * c + k)]);
  };
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < m; ++j) {
      const Between y = between(i, n, m), x = between(j, n, m);
      for (int64_t k = 0; k < c; ++k) {
        const double low = (1 - x.share) * at(y.low, x.low, k) + x.share * at(y.low, x.high, k);
        const double high = (1 - x.share) * at(y.high, x.low, k) + x.share * at(y.high, x.high, k);
        to.f32()[size_t((i * m + j) * c + k)] = float((1 - y.share) * low + y.share * high);
      }
    }
}

std::string tokens_objection(const ResizeCase& c) {
  if (c.vocabulary == 0) return "the data has no vocabulary";
  return named_axis(c, ResizeBy::kTokens) >= 0
             ? ""
             : str("no axis of it alone has the ", c.vocabulary, " tokens of the data");
}

std::string classes_objection(const ResizeCase& c) {
  if (!c.named_classes) return "the classes of the data have no names";
  return named_axis(c, ResizeBy::kClasses) >= 0
             ? ""
             : str("no axis of it alone has the ", c.classes, " classes of the data");
}

void take_named(const ResizeHow& how, const Tensor& from, Tensor& to) {
  const Shape &f = from.shape(), &t = to.shape();
  const int64_t outer = t.count_between(0, how.axis), was = f[how.axis], is = t[how.axis],
                inner = t.count_between(how.axis + 1, t.rank());
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < is; ++i)
      if (const int64_t row = how.rows[size_t(i)]; row >= 0)
        std::ranges::copy(from.f32().subspan(size_t((o * was + row) * inner), size_t(inner)),
                          to.f32().begin() + (o * is + i) * inner);
}

std::string heads_objection(const ResizeCase& c) {
  const int64_t d = c.head_width;
  if (d == 0) return "it makes no heads of attention";
  if (c.from.rank() != c.to.rank()) return "its axes are not as many";
  for (int i = 0; i + 1 < c.to.rank(); ++i)
    if (c.from[i] != c.to[i]) return "more than its heads differ";
  if (c.from.last() % d != 0)
    return str("its ", c.from.last(), " channels are no heads of ", d, ", the model's width");
  const int64_t was = c.from.last() / d, is = c.to.last() / d;
  if (was == 0 || is == 0 || (was % is != 0 && is % was != 0))
    return str(was, " heads are no whole groups of ", is);
  return "";
}

void regroup_heads(const ResizeHow& how, const Tensor& from, Tensor& to) {
  const int64_t d = how.head_width, rows = to.shape().rows(), was = from.shape().last() / d,
                is = to.shape().last() / d, group = std::max<int64_t>(1, was / is),
                copies = std::max<int64_t>(1, is / was);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t h = 0; h < is; ++h)
      for (int64_t k = 0; k < d; ++k) {
        double sum = 0;
        for (int64_t g = 0; g < group; ++g)
          sum += double(from.f32()[size_t((r * was + h / copies * group + g) * d + k)]);
        to.f32()[size_t((r * is + h) * d + k)] = float(sum / double(group));
      }
}

constexpr ResizeKind kKinds[] = {
    {"by_rows", "the rows that both have; further ones start fresh", rows_objection, take_rows},
    {"by_token",
     "what stands for a token, by the token's text in the source's vocabulary and the data's; "
     "tokens that the source lacks start fresh",
     tokens_objection, take_named, ResizeBy::kTokens},
    {"by_class", "what stands for a class, by the class's name, likewise", classes_objection,
     take_named, ResizeBy::kClasses},
    {"regroup_heads",
     "keys and values of attention with other numbers of key heads: the mean of the heads of a "
     "group, or copies",
     heads_objection, regroup_heads},
    {"sum_channels", "kernels of 3 channels for images of 1, by the sum", channels_objection,
     sum_channels},
    {"interpolate", "learned positions in a line, linearly", table_objection, interpolate},
    {"interpolate_grid", "learned positions of a square, in both directions", grid_objection,
     interpolate_grid}};

bool equal_but(const Shape& a, const Shape& b, int axis) {
  if (a.rank() != b.rank()) return false;
  for (int i = 0; i < a.rank(); ++i)
    if (i != axis && a[i] != b[i]) return false;
  return true;
}
}  // namespace

std::span<const ResizeKind> resize_kinds() {
  return kKinds;
}

int named_axis(const ResizeCase& c, ResizeBy by) {
  std::vector<int> fit;
  for (int i = 0; i < c.to.rank(); ++i) {
    const int64_t names = by == ResizeBy::kTokens ? c.vocabulary : c.classes;
    if (c.to[i] == names && equal_but(c.from, c.to, i)) fit.push_back(i);
  }
  if (fit.empty()) return -1;
  const bool rows = by == ResizeBy::kTokens && c.kind == ParameterKind::kEmbedding;
  return rows ? fit.front() : fit.back();
}

std::vector<int64_t> rows_of_names(std::span<const std::string> was,
                                   std::span<const std::string> is) {
  constexpr int64_t kTwice = -2;
  const auto places = [](std::span<const std::string> names) {
    std::map<std::string_view, int64_t> out;
    for (size_t i = 0; i < names.size(); ++i)
      if (const auto [at, fresh] = out.try_emplace(names[i], int64_t(i)); !fresh)
        at->second = kTwice;
    return out;
  };
  const auto from = places(was), to = places(is);
  std::vector<int64_t> out;
  for (const std::string& name : is) {
    const auto found = from.find(name);
    const bool one = !name.empty() && found != from.end() && to.at(name) != kTwice;
    out.push_back(one ? std::max<int64_t>(-1, found->second) : -1);
  }
  return out;
}
}  // namespace cambium
