#include "viz/model/graphviz.h"
#include "viz/plot/palette.h"
#include "viz/report/report_parts.h"

namespace cambium {
namespace {
constexpr std::string_view kPage = R"css(
:root{--page:#fff;--ink:#1d222b;--soft:#5a6472;--line:#d9dee6;--card:#f6f8fa;--good:#00734f;--bad:#b3420a;--open:#6b5900;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--page:#14171c;--ink:#e4e8ee;--soft:#9ba6b4;--line:#323945;--card:#1c2128;--good:#45c79c;--bad:#ff9057;--open:#e2c34a}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,Helvetica,Arial,sans-serif}
main{max-width:1320px;margin:0 auto;padding:28px 24px 60px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:18px;margin:40px 0 12px;padding-top:14px;border-top:1px solid var(--line)}
h3{font-size:15px;margin:0 0 6px;overflow-wrap:anywhere}
.part{margin-top:30px}
p{margin:6px 0}
.soft{color:var(--soft)}
.verdict{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:14px 18px;margin-top:20px;max-width:900px}
.verdict h2{border:0;margin:0 0 6px;padding:0}
.verdict p:first-of-type{font-size:17px}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--soft);padding:0 0 8px}
th,td{padding:6px 11px 6px 0;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th{font-weight:600;color:var(--soft);font-size:13px;vertical-align:bottom}
th:last-child,td:last-child{padding-right:0}
th:first-child,td:first-child,.left{text-align:left}
td b{font-size:16px}
.good{color:var(--good);font-weight:600}
.bad{color:var(--bad);font-weight:600}
.open{color:var(--open)}
.key{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:8px}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,500px),1fr));gap:22px 28px}
.models{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,340px),1fr));gap:24px;align-items:start}
svg{max-width:100%;height:auto;display:block}
.plot svg{width:100%}
.model{border:1px solid var(--line);border-radius:8px;padding:14px;min-width:0}
.model svg{margin:10px auto;max-width:max(100%,560px)}
.legend{display:flex;flex-wrap:wrap;gap:6px 18px;margin:0 0 14px;color:var(--soft);font-size:13px}
details{margin-top:10px}
summary{cursor:pointer;color:var(--soft)}
pre{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:10px 12px;overflow-x:auto;font:12.5px/1.45 ui-monospace,"DejaVu Sans Mono",monospace;white-space:pre}
.failure{border-left:4px solid var(--bad);padding:4px 12px;margin:8px 0;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 18px;margin:0}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
@media print{.model svg{max-width:100%}main{max-width:none;padding:0}h2,figure,.model,tr{break-inside:avoid}.verdict,pre{background:none}details>*{display:block}}
figure{margin:0}
figcaption{font-size:13px;margin-top:4px}
)css";
}  // namespace

std::string report_css() {
  std::string out(kPage);
  for (size_t i = 0; i < kSeriesColours.size(); ++i)
    out += str(".k", i, "{background:", kSeriesColours[i], "}");
  const auto swatch = [&](Tint t) {
    const TintStyle s = style_of(t);
    out += str(".sw-", s.name, "{background:", s.fill, ";border:1.5px solid ", s.stroke, "}");
  };
  for (Tint t :
       {Tint::kGrid, Tint::kTokens, Tint::kGraph, Tint::kVector, Tint::kAdapter, Tint::kReorder})
    swatch(t);
  out += ".sw-line{height:0;width:22px;border-top:2.5px solid #d55e00;vertical-align:middle}";
  return out + picture_css();
}
}  // namespace cambium
