// Widths, alignments and digits: fmt::format("{:>8.2f}", x). The only header that sees fmt.
#pragma once
#include <fmt/format.h>
