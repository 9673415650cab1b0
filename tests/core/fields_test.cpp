// Fields: parsing, checking, printing and describing config structs.
#include "core/fields.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace cambium::fields_test {
namespace {
using test::error_of;

struct Ffn {
  int64_t expand = 4;
  double rate = 0.1;
  bool bias = true;
  std::string activation = "gelu";
  std::vector<int64_t> axes = {1};
  std::vector<std::string> augment;
  static constexpr auto fields = std::tuple{
      field("expand", &Ffn::expand, "inner width / C").in(1, 64),
      field("rate", &Ffn::rate, "dropout").in(0, 1),
      field("bias", &Ffn::bias, "add a bias"),
      field("activation", &Ffn::activation, "between the layers").one_of("relu|gelu"),
      field("axes", &Ffn::axes, "axes").in(0),
      field("augment", &Ffn::augment, "steps").one_of("shift|flip"),
  };
};

Ffn parse(const Args& args) {
  return parse_fields<Ffn>(args);
}

std::string refusal(const Args& args) {
  const UserError e = error_of([&] { parse(args); });
  return e.help.empty() ? e.what() : str(e.what(), "; ", e.help);
}

TEST(Fields, TakeValuesAndKeepDefaults) {
  const Ffn f = parse({{"expand", 8}, {"axes", std::vector<int64_t>{1, 2}}, {"augment", "flip"}});
  EXPECT_EQ(f.expand, 8);
  EXPECT_EQ(f.activation, "gelu");
  EXPECT_EQ(f.axes.size(), 2u);
  EXPECT_EQ(f.augment, std::vector<std::string>{"flip"});
}

TEST(Fields, ConvertOnlyWhatLosesNothing) {
  EXPECT_EQ(parse({{"expand", 8.0}}).expand, 8);
  EXPECT_EQ(parse({{"rate", 1}}).rate, 1.0);
  EXPECT_EQ(parse({{"axes", 3}}).axes, std::vector<int64_t>{3});
  EXPECT_EQ(refusal({{"expand", 8.5}}), "'expand' takes a whole number, got number 8.5");
  EXPECT_EQ(refusal({{"bias", "yes"}}),
            "'bias' takes true or false, got text yes; write bias: true");
  EXPECT_EQ(refusal({{"activation", 3}}), "'activation' takes text, got whole number 3");
}

TEST(Fields, CheckRangesAndChoices) {
  EXPECT_EQ(refusal({{"expand", 0}}), "'expand' must be between 1 and 64, got 0");
  EXPECT_EQ(refusal({{"axes", std::vector<int64_t>{1, -1}}}), "'axes' must be at least 0, got -1");
  EXPECT_EQ(refusal({{"activation", "gleu"}}),
            "'activation' cannot be 'gleu'; did you mean 'gelu'?");
  EXPECT_EQ(refusal({{"augment", std::vector<std::string>{"flip", "shfit"}}}),
            "'augment' cannot be 'shfit'; did you mean 'shift'?");
}

TEST(Fields, KeepTheDefaultOfWhatTheyRefuse) {
  Diagnostics errors;
  const Args args = {{"expand", 0}, {"rate", 2.0}, {"activation", "gleu"}};
  const Ffn f = parse_fields<Ffn>(args, &errors);
  EXPECT_EQ(errors.errors().size(), 3u);
  EXPECT_EQ(f.expand, 4);
  EXPECT_EQ(f.rate, 0.1);
  EXPECT_EQ(f.activation, "gelu");
}

struct Sized {
  int64_t width = 8, hash = 0;
  static constexpr auto fields = std::tuple{field("width", &Sized::width, "channels").in(1),
                                            field("hash", &Sized::hash, "of a path").any()};
};

TEST(Fields, WholeNumbersFit32BitsUnlessTheySayMore) {
  const auto refusal_of = [](int64_t width) {
    return std::string(error_of([&] { parse_fields<Sized>(Args{{"width", width}}); }).what());
  };
  EXPECT_EQ(refusal_of(int64_t{1} << 31),
            "'width' must be between 1 and 2147483647, got 2147483648");
  EXPECT_EQ(refusal_of(INT64_MAX),
            "'width' must be between 1 and 2147483647, got 9223372036854775807");
  EXPECT_EQ(refusal_of(0), "'width' must be at least 1, got 0");
  EXPECT_EQ(parse_fields<Sized>(Args{{"hash", INT64_MAX}}).hash, INT64_MAX);
}

TEST(Fields, NanIsOutOfEveryRange) {
  EXPECT_THROW(parse({{"rate", std::numeric_limits<double>::quiet_NaN()}}), UserError);
}

TEST(Fields, UnknownNamesGetASuggestionAtTheirPlace) {
  const Args args = {{"expnad", 3, {"f", 2, 5, 6}, {"f", 2, 13, 1}}};
  const UserError e = error_of([&] { parse(args); });
  EXPECT_STREQ(e.what(), "unknown key 'expnad'");
  EXPECT_EQ(e.help, "did you mean 'expand'?");
  EXPECT_EQ(e.mark.column, 5);
  EXPECT_THROW(parse_fields<NoAttrs>(args), UserError);
}

TEST(Fields, CollectAllErrors) {
  Diagnostics errors;
  const Args args = {{"x", 1}, {"expand", 0}, {"rate", 0.5}};
  EXPECT_EQ(parse_fields<Ffn>(args, &errors).rate, 0.5);
  EXPECT_EQ(errors.errors().size(), 2u);
  EXPECT_THROW(errors.throw_if_any(), UserErrors);
}

TEST(Fields, DescribeThemselves) {
  const auto infos = describe_fields<Ffn>();
  ASSERT_EQ(infos.size(), 6u);
  EXPECT_EQ(infos[0].type, "whole number");
  EXPECT_EQ(infos[0].default_text, "4");
  EXPECT_EQ(infos[0].max, 64);
  EXPECT_EQ(infos[3].choices, (std::vector<std::string>{"relu", "gelu"}));
}

TEST(Attrs, PrintAndCompareByValue) {
  const Attrs a = Ffn{}, b = Ffn{}, c = Ffn{.expand = 2};
  EXPECT_EQ(a, b);
  EXPECT_FALSE(a == c);
  EXPECT_EQ(c.text(), "expand=2,rate=0.1,bias=true,activation=gelu,axes=[1],augment=[]");
  EXPECT_EQ(c.as<Ffn>().expand, 2);
  EXPECT_THROW(c.as<NoAttrs>(), InternalError);
}
}  // namespace
}  // namespace cambium::fields_test
