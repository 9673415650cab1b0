#include "core/yaml/expr_parser.h"

#include <algorithm>
#include <cmath>

#include "core/text/number.h"
#include "core/text/suggest.h"

namespace cambium {
namespace {
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_word(char c) {
  return c == '_' || is_digit(c) || is_name(std::string_view(&c, 1));
}

// A number that remembers whether it is whole.
struct Number {
  double real = 0;
  int64_t whole = 0;
  bool is_whole = false;

  static Number of(int64_t v) { return {double(v), v, true}; }

  static Number of(double v) { return {v, 0, false}; }

  // Whole again when nothing is lost and the operands were whole.
  static Number of(double v, bool may_be_whole) {
    const bool fits = may_be_whole && v == std::floor(v) && std::abs(v) <= 0x1p53;
    return fits ? of(int64_t(v)) : of(v);
  }

  ArgValue value() const { return is_whole ? ArgValue(whole) : ArgValue(real); }
};

constexpr int kDeepestExpression = 64;

class Parser {
 public:
  Parser(std::string_view text, const ExpressionContext& context)
      : text_(text), context_(context) {}

  ArgValue whole_text() {
    skip_spaces();
    if (at_ == text_.size()) fail(0, 1, "the expression is empty", "write ${name} or ${1 + 2}");
    if (const auto alone = lone_name()) return context_.lookup(*alone, at_);
    const Number result = sum();
    if (at_ < text_.size())
      fail(at_, 1, str("'", text_.substr(at_, 1), "' is not expected here"),
           "expressions know + - * / // % ^ ( ) and functions");
    return result.value();
  }

 private:
  // A variable alone may be of any kind; inside arithmetic it must be a number.
  std::optional<std::string_view> lone_name() const {
    std::string_view rest = text_.substr(at_);
    while (!rest.empty() && rest.back() == ' ') rest.remove_suffix(1);
    if (is_name(rest)) return rest;
    return std::nullopt;
  }

  Number sum() {
    Number left = product();
    for (;;) {
      const size_t at = at_;
      if (take("+"))
        left = add(left, product(), 1, at);
      else if (take("-"))
        left = add(left, product(), -1, at);
      else
        return left;
    }
  }

  Number product() {
    Number left = signed_power();
    for (;;) {
      const size_t at = at_;
      if (take("*"))
        left = multiply(left, signed_power(), at);
      else if (take("//"))
        left = floor_divide(left, signed_power(), at);
      else if (take("/"))
        left = divide(left, signed_power(), at);
      else if (take("%"))
        left = modulo(left, signed_power(), at);
      else
        return left;
    }
  }

  Number signed_power() {
    const Deeper deeper(*this);
    const size_t at = at_;
    if (take("-")) return multiply(Number::of(int64_t(-1)), signed_power(), at);
    if (take("+")) return signed_power();
    const Number base = primary();
    const size_t hat = at_;
    return take("^") ? power(base, signed_power(), hat) : base;
  }

  Number primary() {
    if (at_ == text_.size()) fail(at_ ? at_ - 1 : 0, 1, "the expression ends too early", "");
    const size_t at = at_;
    if (take("(")) {
      const Number inner = sum();
      if (!take(")")) fail(at, 1, "this ( is never closed", "add the missing )");
      return inner;
    }
    if (is_digit(text_[at_]) || text_[at_] == '.') return number();
    if (is_word(text_[at_])) return name_or_call();
    fail(at, 1, str("'", text_.substr(at, 1), "' cannot start a value"),
         "use a number, a variable or a function");
  }

  Number number() {
    size_t end = at_;
    while (end < text_.size() && (is_word(text_[end]) || text_[end] == '.' ||
                                  ((text_[end] == '-' || text_[end] == '+') && end > at_ &&
                                   (text_[end - 1] == 'e' || text_[end - 1] == 'E'))))
      ++end;
    const std::string_view digits = text_.substr(at_, end - at_);
    std::optional<ArgValue> value;
    try {
      value = read_number(digits);
    } catch (const UserError& e) {
      fail(at_, digits.size(), e.what(), e.help);
    }
    if (!value) fail(at_, digits.size(), str("'", digits, "' is not a number"), "");
    at_ = end;
    skip_spaces();
    return number_of(*value, digits, 0);
  }

  Number name_or_call() {
    const size_t at = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    const std::string_view name = text_.substr(at, at_ - at);
    skip_spaces();
    if (at_ < text_.size() && text_[at_] == '(') return call(name, at);
    return number_of(context_.lookup(name, at), name, at);
  }

  Number number_of(const ArgValue& v, std::string_view name, size_t at) {
    if (const auto* i = std::get_if<int64_t>(&v.variant())) return Number::of(*i);
    if (const auto* d = std::get_if<double>(&v.variant())) return Number::of(*d);
    fail(at, name.size(), str("'", name, "' is ", detail::type_name(v), " ", v, ", not a number"),
         "");
  }

  Number call(std::string_view name, size_t at) {
    const std::vector<std::string> known = {"min", "max", "floor", "ceil", "round", "sqrt", "log2"};
    if (!std::ranges::count(known, name))
      fail(at, name.size(), str("unknown function '", name, "'"), suggestion(name, known));
    take("(");
    std::vector<Number> args = {sum()};
    while (take(",")) args.push_back(sum());
    if (!take(")")) fail(at, name.size(), str("the ( of '", name, "' is never closed"), "");
    const bool many = name == "min" || name == "max";
    if (!many && args.size() != 1)
      fail(at, name.size(), str("'", name, "' takes one value, got ", args.size()), "");
    return many ? extreme(args, name == "max") : apply(name, args[0], at);
  }

  static Number extreme(const std::vector<Number>& args, bool largest) {
    const auto less = [](const Number& a, const Number& b) {
      return a.is_whole && b.is_whole ? a.whole < b.whole : a.real < b.real;
    };
    return largest ? std::ranges::max(args, less) : std::ranges::min(args, less);
  }

  Number apply(std::string_view name, const Number& x, size_t at) {
    if (name == "sqrt" || name == "log2") {
      if (x.real < 0 || (x.real == 0 && name == "log2"))
        fail(at, name.size(), str(name, " of ", x.value(), " does not exist"), "");
      return Number::of(name == "sqrt" ? std::sqrt(x.real) : std::log2(x.real), x.is_whole);
    }
    if (x.is_whole) return x;
    const double y = name == "floor"  ? std::floor(x.real)
                     : name == "ceil" ? std::ceil(x.real)
                                      : std::round(x.real);
    return Number::of(y, true);
  }

  Number add(const Number& a, const Number& b, int sign, size_t at) {
    if (!a.is_whole || !b.is_whole) return Number::of(a.real + sign * b.real);
    int64_t out = 0;
    const bool over = sign > 0 ? __builtin_add_overflow(a.whole, b.whole, &out)
                               : __builtin_sub_overflow(a.whole, b.whole, &out);
    return over ? too_large(at) : Number::of(out);
  }

  Number multiply(const Number& a, const Number& b, size_t at) {
    if (!a.is_whole || !b.is_whole) return Number::of(a.real * b.real);
    int64_t out = 0;
    return __builtin_mul_overflow(a.whole, b.whole, &out) ? too_large(at) : Number::of(out);
  }

  void refuse_zero(const Number& divisor, size_t at) {
    if (divisor.real == 0) fail(at, 1, "division by zero", "");
  }

  static bool divides_whole(const Number& a, const Number& b) {
    return a.is_whole && b.is_whole && !(a.whole == INT64_MIN && b.whole == -1);
  }

  Number divide(const Number& a, const Number& b, size_t at) {
    refuse_zero(b, at);
    if (divides_whole(a, b) && a.whole % b.whole == 0) return Number::of(a.whole / b.whole);
    return Number::of(a.real / b.real);
  }

  Number floor_divide(const Number& a, const Number& b, size_t at) {
    refuse_zero(b, at);
    if (!divides_whole(a, b)) return Number::of(std::floor(a.real / b.real), true);
    const bool down = a.whole % b.whole != 0 && (a.whole < 0) != (b.whole < 0);
    return Number::of(a.whole / b.whole - down);
  }

  // The sign of the divisor, so that a == (a // b) * b + a % b.
  Number modulo(const Number& a, const Number& b, size_t at) {
    refuse_zero(b, at);
    if (!divides_whole(a, b)) return Number::of(a.real - b.real * std::floor(a.real / b.real));
    const int64_t r = a.whole % b.whole;
    return Number::of(r != 0 && (r < 0) != (b.whole < 0) ? r + b.whole : r);
  }

  Number power(const Number& base, const Number& exponent, size_t at) {
    if (!base.is_whole || !exponent.is_whole || exponent.whole < 0) {
      const double y = std::pow(base.real, exponent.real);
      if (!std::isfinite(y)) fail(at, 1, "this power is not a finite number", "");
      return Number::of(y);
    }
    const int64_t n = exponent.whole;
    if (n == 0) return Number::of(int64_t(1));
    if (base.whole == 0 || base.whole == 1) return base;
    if (base.whole == -1) return Number::of(int64_t(n % 2 ? -1 : 1));
    Number out = base;  // any other base leaves 64 bits within 64 factors
    for (int64_t i = 1; i < n; ++i) out = multiply(out, base, at);
    return out;
  }

  Number too_large(size_t at) {
    fail(at, 1, "the result does not fit 64 bits",
         "write a factor as 1e9 to compute in floating point");
  }

  bool take(std::string_view token) {
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    skip_spaces();
    return true;
  }

  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }

  [[noreturn]] void fail(size_t at, size_t length, std::string what, std::string help) {
    context_.fail(at, length, std::move(what), std::move(help));
    throw InternalError("an expression error was not thrown");
  }

  struct Deeper {
    explicit Deeper(Parser& p) : parser(p) {
      if (++p.depth_ > kDeepestExpression)
        p.fail(p.at_, 1, "the expression is nested too deeply", "");
    }

    ~Deeper() { --parser.depth_; }

    Parser& parser;
  };

  std::string_view text_;
  const ExpressionContext& context_;
  size_t at_ = 0;
  int depth_ = 0;
};
}  // namespace

ArgValue evaluate_expression(std::string_view text, const ExpressionContext& context) {
  return Parser(text, context).whole_text();
}
}  // namespace cambium
