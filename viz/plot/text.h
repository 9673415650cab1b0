// Text for people: hostile names made visible and safe, numbers in a few digits with their unit.
#pragma once
#include <string>
#include <string_view>

#include "core/tensor/shape.h"
#include "core/text/utf8.h"

namespace cambium {
// UTF-8 pieces, spelt here because sources are ASCII.
inline constexpr std::string_view kPlusMinus = "\xC2\xB1", kMinus = "\xE2\x88\x92",
                                  kDash = "\xE2\x80\x93", kDot = "\xC2\xB7",
                                  kArrow = "\xE2\x86\x92", kHardSpace = "\xC2\xA0";

// printable() of core/text/utf8.h that keeps newlines and tabs.
std::string visible(std::string_view s);

// visible(), with & < > " ' escaped: safe as text and as a quoted attribute of HTML, SVG and of
// Graphviz's HTML labels.
std::string escape_markup(std::string_view s);

// About how wide sans-serif text is drawn, in pixels at 12 to the em: of letters as they are, so
// that "WWWW" has room.
double text_width(std::string_view s, bool bold = false);
// Whole letters from the front and "...", where it is wider than `most`.
std::string fitted(std::string_view s, double most, bool bold = false);

// Three significant digits with k M G T P: 44352 -> "44.4k", beyond as "1.3e22". "-" for NaN.
std::string compact(double v);
// At most `digits` after the point: 1.3e22 -> "1.3e22", 1e-5 -> "1e-5".
std::string scientific(double v, int digits);
// Six significant digits, no exponent for what people write without one.
std::string plain(double v);
std::string grouped(int64_t n);  // "1,840"
// "12.3 MFLOP"
std::string flops_text(double flops);
// "391 MB" (powers of 1000). "-" when negative.
std::string memory_text(double bytes);
// "12.3 ms", "0.045 ms"
std::string milliseconds(double ms);
// `digits` after the point, a true minus sign, "-" for NaN.
std::string fixed(double v, int digits);
std::string share_text(double part, double whole);  // "94 %"; "0 %" of nothing
// As `fixed` with a plus sign in front of positive numbers.
std::string signed_fixed(double v, int digits);

// "128x49x128" with times signs; other types than f32 in front: "i32 128x64"; "scalar" at rank 0;
// an adjacency as "40 nodes, 100 edges".
std::string extents_text(const ValueType& t);
}  // namespace cambium
