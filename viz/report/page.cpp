#include "viz/report/page.h"

#include "core/text/format.h"
#include "viz/plot/text.h"
#include "viz/report/report_parts.h"

namespace cambium {
std::string html(std::string_view element, std::string_view text, std::string_view classes) {
  const std::string attribute = classes.empty() ? "" : str(" class=\"", classes, "\"");
  return str("<", element, attribute, ">", escape_markup(text), "</", element, ">");
}

std::string html_page(std::string_view title, const std::string& body) {
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<meta name=\"referrer\" content=\"no-referrer\">";
  out += html("title", title);
  out += str("<style>", report_css(), "</style></head><body><main>\n");
  return str(out, body, "</main></body></html>\n");
}

std::string html_figure(const std::string& svg, std::string_view caption) {
  return str("<figure class=\"plot\">", svg,
             caption.empty() ? "" : html("figcaption", caption, "soft"), "</figure>\n");
}

std::string html_section(std::string_view title, const std::string& body) {
  return body.empty() ? "" : str("<section>", html("h2", title), body, "</section>\n");
}

std::string html_header(std::string_view title, std::string_view facts,
                        const std::vector<std::string>& verdict) {
  std::string out = html("h1", title) + html("p", facts, "soft");
  out += "<div class=\"verdict\"><h2>Verdict</h2>";
  for (const std::string& sentence : verdict) out += html("p", sentence);
  return out + "</div>\n";
}

std::string html_figures(const std::vector<Figure>& figures, std::string_view section) {
  std::string out;
  for (const Figure& f : figures)
    if (f.section == section) out += html_figure(f.svg, f.caption);
  return out.empty() ? out : str("<div class=\"grid\">", out, "</div>");
}

std::string html_table(const std::vector<std::string>& header,
                       const std::vector<std::vector<std::string>>& rows, size_t left) {
  if (rows.empty()) return {};
  std::string out = "<div class=\"wide\"><table><thead><tr>";
  for (size_t i = 0; i < header.size(); ++i)
    out += str("<th scope=\"col\"", i < left ? " class=\"left\">" : ">", escape_markup(header[i]),
               "</th>");
  out += "</tr></thead><tbody>";
  for (const std::vector<std::string>& row : rows) {
    out += "<tr>";
    for (size_t i = 0; i < row.size(); ++i) out += html("td", row[i], i < left ? "left" : "");
    out += "</tr>";
  }
  return out + "</tbody></table></div>";
}
}  // namespace cambium
