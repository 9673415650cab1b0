// Expressions: what scalars mean, arithmetic, variables, and the places of errors.
#include "core/yaml/expr.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace cambium::expr_test {
namespace {
using test::error_of;
using test::text_of;

Vars some_vars() {
  Vars vars;
  vars.set("dim", 64);
  vars.set("rate", 0.5);
  vars.set("name", "cora");
  vars.set("double_dim", parse_yaml("${dim * 2}", "vars"));
  return vars;
}

// The kind and the value: "whole number 64".
std::string value_of(std::string_view yaml) {
  const ArgValue v = evaluate(parse_yaml(yaml, "t.yaml"), some_vars());
  return str(detail::type_name(v), " ", v);
}

std::string error_in(std::string_view yaml) {
  return text_of(error_of([&] { evaluate(parse_yaml(yaml, "t.yaml"), some_vars()); }));
}

// In {width: "${dim * 4}"} YAML itself asks for quotes, so they cannot mean text.
TEST(Expr, QuotesDoNotHideVariables) {
  EXPECT_EQ(value_of("'$dim'"), "whole number 64");
  EXPECT_EQ(value_of("\"${dim * 4}\""), "whole number 256");
  EXPECT_EQ(value_of("'data/${name}.txt'"), "text data/cora.txt");
}

TEST(Expr, TwoDollarsAreOne) {
  EXPECT_EQ(value_of("$$dim"), "text $dim");
  EXPECT_EQ(value_of("'$$dim'"), "text $dim");
  EXPECT_EQ(value_of("'a $${dim}'"), "text a ${dim}");
}

TEST(Expr, ScalarsMeanWhatTheySay) {
  EXPECT_EQ(value_of("true"), "true/false true");
  EXPECT_EQ(value_of("yes"), "text yes");
  EXPECT_EQ(value_of("True"), "text True");
  EXPECT_EQ(value_of("12"), "whole number 12");
  EXPECT_EQ(value_of("-3"), "whole number -3");
  EXPECT_EQ(value_of("+3"), "whole number 3");
  EXPECT_EQ(value_of("1e-3"), "number 0.001");
  EXPECT_EQ(value_of(".5"), "number 0.5");
  EXPECT_EQ(value_of("0"), "whole number 0");
  EXPECT_EQ(value_of("0.25"), "number 0.25");
  EXPECT_EQ(value_of("'12'"), "text 12");
  EXPECT_EQ(value_of("'true'"), "text true");
  for (const char* text : {"500k", "5%", "0x10", "4x4", "1e", "nan", ".inf", "1_000"})
    EXPECT_EQ(value_of(text), str("text ", text));
}

TEST(Expr, LeadingZerosAndOverflowAreErrors) {
  EXPECT_EQ(error_in("010"), "1:1: the number 010 has a leading zero");
  EXPECT_EQ(error_in("a: 00"), "1:1: expected a value, got a map");
  EXPECT_EQ(error_in("99999999999999999999"),
            "1:1: the whole number 99999999999999999999 does not fit 64 bits");
  EXPECT_EQ(error_in("1e999"), "1:1: the number 1e999 does not fit a double");
}

TEST(Expr, VariablesKeepTheirKind) {
  EXPECT_EQ(value_of("$dim"), "whole number 64");
  EXPECT_EQ(value_of("$name"), "text cora");
  EXPECT_EQ(value_of("${name}"), "text cora");
  EXPECT_EQ(value_of("$double_dim"), "whole number 128");
  EXPECT_EQ(value_of("data/${name}_${dim}.txt"), "text data/cora_64.txt");
}

TEST(Expr, WholeResultsOfWholeOperandsStayWhole) {
  EXPECT_EQ(value_of("${dim * 4}"), "whole number 256");
  EXPECT_EQ(value_of("${dim / 2}"), "whole number 32");
  EXPECT_EQ(value_of("${dim / 3}"), "number 21.333333333333332");
  EXPECT_EQ(value_of("${dim * rate}"), "number 32");
  EXPECT_EQ(value_of("${-7 // 2}"), "whole number -4");
  EXPECT_EQ(value_of("${-7 % 3}"), "whole number 2");
  EXPECT_EQ(value_of("${2 ^ 10}"), "whole number 1024");
  EXPECT_EQ(value_of("${2 ^ -1}"), "number 0.5");
  EXPECT_EQ(value_of("${(-1) ^ 1000000001}"), "whole number -1");
  EXPECT_EQ(value_of("${sqrt(dim)}"), "whole number 8");
  EXPECT_EQ(value_of("${log2(dim)}"), "whole number 6");
  EXPECT_EQ(value_of("${max(1, dim, 3)}"), "whole number 64");
  EXPECT_EQ(value_of("${round(rate * 5)}"), "whole number 3");
  EXPECT_EQ(value_of("${floor(-0.5)}"), "whole number -1");
  EXPECT_EQ(value_of("${ceil(2.1) + min(1, 2)}"), "whole number 4");
}

TEST(Expr, BindsAsInSchool) {
  EXPECT_EQ(value_of("${1 + 2 * 3}"), "whole number 7");
  EXPECT_EQ(value_of("${(1 + 2) * 3}"), "whole number 9");
  EXPECT_EQ(value_of("${2 ^ 3 ^ 2}"), "whole number 512");
  EXPECT_EQ(value_of("${-2 ^ 2}"), "whole number -4");
  EXPECT_EQ(value_of("${10 - 3 - 2}"), "whole number 5");
  EXPECT_EQ(value_of("${ 1e2 - 1.5e-1 }"), "number 99.85");
}

TEST(Expr, ListsHaveOneKind) {
  EXPECT_EQ(value_of("[1, $dim]"), "list of whole numbers [1,64]");
  EXPECT_EQ(value_of("[1, 0.5]"), "list of numbers [1,0.5]");
  EXPECT_EQ(value_of("[a, 'b']"), "list of text [a,b]");
  EXPECT_EQ(value_of("[]"), "list of whole numbers []");
  EXPECT_EQ(error_in("[1, a]"), "1:1: a list cannot mix numbers and text");
  EXPECT_EQ(error_in("[1, true]"), "1:5: a list cannot hold true/false");
  EXPECT_EQ(error_in("[1, [2]]"), "1:5: a list of values cannot hold lists or maps");
}

TEST(Expr, ErrorsPointAtTheColumn) {
  EXPECT_EQ(error_in("${dim * dmi}"), "1:9: unknown variable 'dmi'");
  EXPECT_EQ(error_in("$dmi"), "1:1: unknown variable 'dmi'");
  EXPECT_EQ(error_in("${dim ** 2}"), "1:8: '*' cannot start a value");
  EXPECT_EQ(error_in("${dim / (4 - 4)}"), "1:7: division by zero");
  EXPECT_EQ(error_in("${(dim}"), "1:3: this ( is never closed");
  EXPECT_EQ(error_in("${dim 2}"), "1:7: '2' is not expected here");
  EXPECT_EQ(error_in("${sqr(2)}"), "1:3: unknown function 'sqr'");
  EXPECT_EQ(error_in("${sqrt(-1)}"), "1:3: sqrt of -1 does not exist");
  EXPECT_EQ(error_in("${name + 1}"), "1:3: 'name' is text cora, not a number");
  EXPECT_EQ(error_in("${}"), "1:3: the expression is empty");
  EXPECT_EQ(error_in("${dim"), "1:1: this ${ is never closed");
  EXPECT_EQ(error_in("${dim *}"), "1:7: the expression ends too early");
  EXPECT_EQ(error_in("$dim-x"), "1:1: '$dim-x' is not a variable");
  EXPECT_EQ(error_in("~"), "1:1: the value is missing");
}

TEST(Expr, SuggestsTheNearestVariable) {
  const UserError e = error_of([] { evaluate(parse_yaml("$dmi", "t"), some_vars()); });
  EXPECT_EQ(e.help, "did you mean 'dim'?");
}

TEST(Expr, WholeOverflowIsAnError) {
  EXPECT_EQ(error_in("${10 ^ 30}"), "1:6: the result does not fit 64 bits");
  EXPECT_EQ(error_in("${9223372036854775807 + 1}"), "1:23: the result does not fit 64 bits");
  EXPECT_EQ(value_of("${(0 - 9223372036854775807 - 1) // -1}"), "number 9.223372036854776e+18");
}

TEST(Expr, HostileNestingIsRefused) {
  const std::string deep = "${" + std::string(100'000, '(') + "1}";
  EXPECT_NE(error_in(deep).find("nested too deeply"), std::string::npos);
  const std::string minus = "${" + std::string(100'000, '-') + "1}";
  EXPECT_NE(error_in(minus).find("nested too deeply"), std::string::npos);
}

TEST(Vars, CirclesAreErrors) {
  Vars vars;
  vars.set("a", parse_yaml("${b + 1}", "vars"));
  vars.set("b", parse_yaml("${a + 1}", "vars"));
  EXPECT_EQ(text_of(error_of([&] { vars.get("a", {}); })), "1:3: variable 'a' needs itself");
  EXPECT_THROW(vars.get("a", {}), UserError) << "an error leaves no trace";
}

TEST(Vars, InnerNamesHideOuterOnes) {
  Vars outer;
  outer.set("dim", 64);
  Vars inner(&outer);
  inner.set("dim", parse_yaml("${dim / 2}", "vars"));
  EXPECT_EQ(inner.get("dim", {}).text(), "32");
  EXPECT_EQ(outer.get("dim", {}).text(), "64");
}

TEST(Vars, DefinitionsMayUseWhatTheDataProvidesLater) {
  Vars spec;
  spec.set("width", parse_yaml("${classes * 4}", "vars"));
  Vars with_data(&spec);
  with_data.set("classes", 10);
  EXPECT_EQ(with_data.get("width", {}).text(), "40");
}

TEST(Expr, EntriesCollectAllErrors) {
  Diagnostics errors;
  const Yaml map = parse_yaml("{a: $x, b: 2, c: 007}", "t.yaml");
  const Args args = evaluate_entries(map.entries, Vars{}, &errors);
  ASSERT_EQ(args.size(), 1u);
  EXPECT_EQ(args[0].name_mark.column, 9);
  EXPECT_EQ(errors.errors().size(), 2u);
}
}  // namespace
}  // namespace cambium::expr_test
