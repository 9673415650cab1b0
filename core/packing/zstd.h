// The one header that sees Zstandard.
#pragma once
#include <zstd.h>
