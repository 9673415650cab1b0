// The page of an audit: that it is whole and well-formed, and that texts of others stay texts.
#include "viz/audit/audit_page.h"

#include <algorithm>
#include <regex>
#include <set>

#include "tests/data/audit/support.h"
#include "tests/viz/svg_text.h"
#include "viz/plot/heat_plot.h"
#include "viz/plot/text.h"

namespace cambium::audit_page_test {
namespace {
const std::vector<std::string> kPayloads = {
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg/onload=alert(1)>",
    "'><iframe src=javascript:alert(1)>",
    "<a href=\"javascript:alert(1)\">x</a>",
    "</title><script>alert(1)</script>",
    "</style><style>*{background:url(http://x)}</style>",
    "</svg><script>alert(1)</script>",
    "<!--<script>alert(1)</script>-->",
    "]]><script>alert(1)</script>",
    "<base href=//evil>",
    "<meta http-equiv=refresh content=0;url=//evil>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;",
    "<object data=x>",
    "<form action=//evil><input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<link rel=stylesheet href=//evil>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "\x1b[31mred\x1b]0;title\x07",
    "\xE2\x80\xAE"
    "desrever",
    "x\" onmouseover=\"alert(1)",
    "x' style='position:fixed",
    "{{constructor.constructor('alert(1)')()}}",
};

// Every element and attribute that pages are made of.
void expect_harmless(const std::string& page) {
  static const std::set<std::string> kVoid = {"meta", "!doctype"};
  static const std::set<std::string> kElements = {
      "html", "head", "title", "style",  "body",       "main",    "h1",      "h2",      "h3",
      "p",    "div",  "table", "thead",  "tbody",      "tr",      "th",      "td",      "dl",
      "dt",   "dd",   "pre",   "figure", "figcaption", "section", "details", "summary", "svg",
      "g",    "path", "rect",  "line",   "circle",     "text",    "b"};
  static const std::regex tag("<(/?)([!a-zA-Z][a-zA-Z0-9]*)((?:[^>\"]|\"[^\"]*\")*)>");
  std::vector<std::string> open;
  size_t bare = size_t(std::ranges::count(page, '<'));
  for (std::sregex_iterator m(page.begin(), page.end(), tag), end; m != end; ++m, --bare) {
    const std::string name = (*m)[2], attributes = (*m)[3];
    if (kVoid.contains(name)) continue;
    EXPECT_TRUE(kElements.contains(name)) << (*m)[0];
    EXPECT_FALSE(std::regex_search(attributes, std::regex("\\s(on\\w+|href|src|action)\\s*=")))
        << (*m)[0];
    if ((*m)[1].length() > 0) {
      ASSERT_FALSE(open.empty()) << name;
      EXPECT_EQ(open.back(), name);
      open.pop_back();
    } else if (!attributes.ends_with('/')) {
      open.push_back(name);
    }
  }
  EXPECT_TRUE(open.empty());
  EXPECT_EQ(bare, 0u) << "a < that begins no element";
}

TEST(AuditPage, HasItsPartsWithoutScriptsAndConnections) {
  const test::TempFolder folder;
  AuditOptions options;
  options.terms = read_terms("prose0/prose1,prose2", "the,of");
  const Audit a = test::audit_of(test::built_corpus(folder, test::made_texts()), folder, options);
  const std::string page = audit_page(a, "cambium data audit corpora/x");
  expect_harmless(page);
  for (const char* part :
       {"<h2>Verdict</h2>", "By source", "By split", "By length", "By year", "By label",
        "What published rules would drop", "How hard it is to foretell", "Words in common",
        "Words that tell a slice from the others", "Words that stand together",
        "What the build did", "Some of the texts", "What the numbers mean",
        "cambium data audit corpora/x"})
    EXPECT_NE(page.find(part), page.npos) << part;
  EXPECT_EQ(toy::count(page, "http://"), toy::count(page, "xmlns=\"http://www.w3.org/2000/svg\""));
  EXPECT_EQ(page.find("https://"), page.npos);
  EXPECT_LT(page.size(), 1'500'000u);
  // Every picture has its numbers as a table.
  EXPECT_GE(toy::count(page, "<table"), toy::count(page, "<svg") / 2);
}

TEST(AuditPage, TextsOfOthersStayTexts) {
  const test::TempFolder folder;
  std::vector<test::AuditText> texts;
  for (size_t i = 0; i < kPayloads.size(); ++i) {
    const std::string& p = kPayloads[i];
    texts.push_back({"a", p, p + " text", str(1990 + i), p});
    texts.push_back({"b", p + "b", p + " " + p, str(1990 + i), p});
  }
  const std::string corpus = test::built_corpus(folder, texts);
  Audit a = test::audit_of(corpus, folder, {.by = {"source", "label"}});
  a.samples.clear();
  for (const std::string& p : kPayloads) {
    a.samples.push_back({p, {{p, p, p}}});
    a.keys[0].slices[0].characteristic.push_back({p, 1, 1, 1, 2});
    a.keys[0].slices[1].rules[0].rules.emplace_back(p, 0.5);
    a.steps.push_back({p, p, {}});
    a.steps.back().tally.rules[p].dropped = 1;
    a.shares.emplace_back(p, 0.5);
  }
  a.sampled = true;
  a.name = a.keys[1].key = kPayloads[0];
  a.terms.lists = read_terms("he,she", "nurse");
  a.terms.lists.terms[0].name = kPayloads[1];
  a.terms.lists.about[0].words.push_back(kPayloads[2]);
  a.terms.terms = {1, 2};
  a.terms.about = {3};
  a.terms.pairs.resize(2);
  a.terms.contrasts = {{0, 1, 0, 1.0, 0.5, 1.5}};
  const std::string page = audit_page(a, kPayloads[3]);
  expect_harmless(page);
  for (const std::string& p : kPayloads)
    EXPECT_TRUE(p.find('<') == p.npos || page.find(p) == page.npos) << p;
  EXPECT_EQ(page.find('\x1b'), page.npos);
  EXPECT_EQ(page.find("\xE2\x80\xAE"), page.npos);
  EXPECT_NE(page.find(escape_markup(kPayloads[1])), page.npos);
}

TEST(AuditFindings, SayWhatTheNumbersSay) {
  const test::TempFolder folder;
  const Audit a = test::audit_of(test::built_corpus(folder, test::made_texts()), folder);
  std::string all;
  for (const std::string& s : audit_findings(a)) all += s + "\n";
  const AuditKey& k = test::key_named(a, "source");
  EXPECT_TRUE(all.starts_with(str(a.looked_at, " documents, "))) << all;
  EXPECT_NE(all.find("3 sources"), all.npos);
  const RuleRate& code = test::slice_named(k, "code").rules[0];
  ASSERT_EQ(code.share, 1);
  EXPECT_NE(
      all.find(str("The rules gopher_quality would drop 100 % of the documents in source code "
                   "and ",
                   fixed(100 * k.all.rules[0].share, 0), " % of all; in code most by ",
                   code.rules[0].first)),
      all.npos)
      << all;
  EXPECT_EQ(all.find("sample"), all.npos);
}

// What is small is not spoken of.
TEST(AuditFindings, LeaveOutSlicesOfFewDocuments) {
  const test::TempFolder folder;
  std::vector<test::AuditText> texts = test::made_texts();
  texts.push_back({"tiny", "t", "{ } { } nothing like the others", "1990", "yes"});
  const Audit a = test::audit_of(test::built_corpus(folder, texts), folder, {.by = {"source"}});
  for (const std::string& s : audit_findings(a)) EXPECT_EQ(s.find("tiny"), s.npos) << s;
}

TEST(HeatPlot, IsDrawnWithNumbersInEveryCell) {
  HeatPlot plot{.title = "t", .x_label = "x", .y_label = "y"};
  plot.rows = {"a<b", "second"};
  plot.columns = {"one", "two", "three"};
  plot.values = {0, 0.001, 0.5, 1, 0.999, std::nan("")};
  const std::string svg = heat_plot(plot);
  toy::expect_drawable(svg);
  for (const char* text : {">0<", ">&lt;1<", ">50<", ">100<", ">&gt;99<", "a&lt;b"})
    EXPECT_NE(svg.find(text), svg.npos) << text;
  EXPECT_EQ(toy::count(svg, "<rect"), 5u);
  toy::expect_drawable(heat_plot({.title = "none", .x_label = "x", .y_label = "y"}));
}
}  // namespace
}  // namespace cambium::audit_page_test
