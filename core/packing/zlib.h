// The one header that sees zlib.
#pragma once
#include <zlib.h>
