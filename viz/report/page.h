// The page that all reports share: one HTML file that needs no network, no script and no other
// file. All text from files is escaped; the page's own policy forbids scripts and every connection.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "viz/plot/figure.h"

namespace cambium {
// An element with escaped text: html("td", "a<b") -> <td>a&lt;b</td>.
std::string html(std::string_view element, std::string_view text, std::string_view classes = "");

std::string html_page(std::string_view title, const std::string& body);
std::string html_figure(const std::string& svg, std::string_view caption = "");
// Nothing when the body is empty.
std::string html_section(std::string_view title, const std::string& body);
// Headline, what it is of, and the verdict, a sentence a paragraph.
std::string html_header(std::string_view title, std::string_view facts,
                        const std::vector<std::string>& verdict);
// The figures of one section, beside one another; nothing when there is none.
std::string html_figures(const std::vector<Figure>& figures, std::string_view section);
// Texts, escaped; the first `left` columns to the left. Nothing without rows.
std::string html_table(const std::vector<std::string>& header,
                       const std::vector<std::vector<std::string>>& rows, size_t left = 1);
}  // namespace cambium
