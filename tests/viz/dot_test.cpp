#include "viz/model/dot.h"

#include <chrono>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/viz/toy_model.h"
#include "viz/model/graphviz.h"
#include "viz/model/svg_filter.h"
#include "viz/plot/text.h"

namespace cambium::dot_test {
namespace {
std::string script(const std::string& name, const std::string& body) {
  std::string path = testing::TempDir() + name + std::to_string(getpid());
  std::ofstream(path) << "#!/bin/sh\n" << body;
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return path;
}

TEST(Visible, ShowsWhatCannotBeSeen) {
  EXPECT_EQ(visible("a\x1b[31mred"), "a\\x1b[31mred");
  EXPECT_EQ(visible("\xE2\x80\xAE"
                    "evil"),
            "\\u202eevil");
  EXPECT_EQ(visible("bad\xFFutf\xC0\x80"), "bad\\xffutf\\xc0\\x80");
  EXPECT_EQ(visible("caf\xC3\xA9\n"), "caf\xC3\xA9\n");
}

TEST(Compact, KeepsThreeDigits) {
  EXPECT_EQ(compact(44352), "44.4k");
  EXPECT_EQ(compact(999.9), "1.00k");
  EXPECT_EQ(compact(7), "7");
  EXPECT_EQ(compact(0.0123), "0.0123");
  EXPECT_EQ(compact(2.5e12), "2.50T");
}

TEST(DotQuote, EscapesQuotesBackslashesNewlinesAndEntities) {
  EXPECT_EQ(dot_quote("a\"b"), "\"a\\\"b\"");
  EXPECT_EQ(dot_quote("\\N"), "\"\\\\N\"");
  EXPECT_EQ(dot_quote("a\nb&lt;"), "\"a\\nb&amp;lt;\"");
}

TEST(Dot, HostileNamesStayText) {
  toy::Net n;
  Value x = n.g.input("x\"];evil[label=\"", {DType::kF32, {8, 49, 32}});
  for (std::string name :
       {"</script><script>alert(1)</script>", "a\"] n9 [URL=\"javascript:alert(1)\"", "\x1b[31m",
        "line\nbreak", "--><b>", "\\N\\G", "&lt;&#0;", "<TABLE>", "\xFF\xFE"})
    x = n.dense(name, x, 32);
  const std::string svg =
      render_picture(model_picture(n.g, "</title><script>x</script>"), PictureFormat::kSvg);
  for (const char* bad : {"<script", "href", "javascript:alert(1)\"", "onload", "\x1b", "<TABLE"})
    EXPECT_EQ(svg.find(bad), std::string::npos) << bad;
  EXPECT_NE(svg.find("&lt;/script&gt;"), std::string::npos);
}

TEST(Picture, IsEqualForEqualInput) {
  const std::string a = render_picture(model_picture(toy::hybrid(), "m"), PictureFormat::kSvg);
  EXPECT_EQ(a, render_picture(model_picture(toy::hybrid(), "m"), PictureFormat::kSvg));
  EXPECT_NE(a.find("8\xC3\x97"
                   "49\xC3\x97"
                   "32"),
            std::string::npos)
      << "no shapes on edges";
}

TEST(Picture, PngIsAPng) {
  const std::string png = render_picture(model_picture(toy::hybrid(), "m"), PictureFormat::kPng);
  EXPECT_EQ(png.substr(0, 4), "\x89PNG");
}

TEST(Picture, FormatFollowsTheExtension) {
  EXPECT_EQ(picture_format("a/b.svg"), PictureFormat::kSvg);
  EXPECT_EQ(picture_format("b.dot"), PictureFormat::kDot);
  EXPECT_THROW(picture_format("b.jpg"), UserError);
}

TEST(Graphviz, MissingProgramIsExplained) {
  try {
    run_dot("digraph{}", "svg", {.command = "/nonexistent/dot"});
    FAIL();
  } catch (const RuntimeError& e) {
    EXPECT_STREQ(e.what(), "cannot draw: there is no program '/nonexistent/dot'");
    EXPECT_NE(e.help.find("apt install graphviz"), std::string::npos);
  }
}

TEST(Graphviz, SlowLayoutIsKilledAndTriedMoreSimply) {
  const std::string slow =
      script("slow_dot", "case \"$*\" in *splines=false*) cat; ;; *) sleep 30 ;; esac\n");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(run_dot("digraph{}", "svg", {slow, {.seconds = 0.2}}), "digraph{}");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(Graphviz, NeverEndingLayoutIsAnErrorWithACure) {
  const std::string slow = script("stuck_dot", "sleep 30 & sleep 30\n");
  try {
    run_dot("digraph{}", "svg", {slow, {.seconds = 0.1}});
    FAIL();
  } catch (const RuntimeError& e) {
    EXPECT_NE(std::string(e.what()).find("did not finish a layout within 0.1 s"),
              std::string::npos);
    EXPECT_NE(e.help.find("--depth"), std::string::npos);
  }
}

TEST(Graphviz, FailureSaysWhatDotSaid) {
  const std::string bad = script("bad_dot", "echo 'syntax error' >&2; exit 3\n");
  try {
    run_dot(std::string(1 << 20, 'x'), "svg", {bad});
    FAIL();
  } catch (const RuntimeError& e) {
    EXPECT_NE(std::string(e.what()).find("failed with code 3: syntax error"), std::string::npos);
  }
}

TEST(Graphviz, MemoryIsLimited) {
  const std::string greedy = script("greedy_dot", "ulimit -v\n");
  const std::string kib = run_dot("digraph{}", "svg", {greedy, {.memory_bytes = 512 << 20}});
  EXPECT_EQ(kib, "524288\n");
}

TEST(SvgFilter, KeepsShapesAndDropsEverythingElse) {
  EXPECT_EQ(
      filter_svg("<?xml version=\"1.0\"?><!DOCTYPE svg PUBLIC \"a\"><!-- c -->"
                 "<svg width=\"9pt\" onload=\"x()\"><script>alert(1)</script>"
                 "<style>*{}</style><image href=\"http://a\"/><foreignObject><g/></foreignObject>"
                 "<g id=\"n1\" class=\"node\"><a xlink:href=\"javascript:x\" xlink:title=\"t&lt;\">"
                 "<path d=\"M0,0\" fill=\"url(http://x)\"/></a><title>n</title>"
                 "<text x=\"1\">a&lt;b</text></g></svg>"),
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9pt\"><g class=\"node\">"
      "<title>t&lt;</title><path d=\"M0,0\"/><text x=\"1\">a&lt;b</text>\n</g>\n</svg>\n");
}

TEST(SvgFilter, RefusesWhatItCannotParse) {
  for (const char* bad :
       {"", "text", "<svg>", "<svg><g></svg></g>", "<svg a=b></svg>", "<svg><!-- </svg>",
        "<svg><text>&bogus;</text></svg>", "<html></html>", "<svg><![CDATA[x]]></svg>"})
    EXPECT_THROW(filter_svg(bad), RuntimeError) << bad;
}
}  // namespace
}  // namespace cambium::dot_test
