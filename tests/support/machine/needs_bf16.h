// For tests of products in bf16, which not every machine has.
#pragma once
#include <gtest/gtest.h>

#include "ops/support/bf16.h"

// The first line of such a test.
#define CAMBIUM_NEEDS_BF16                                                         \
  do {                                                                             \
    if (!has_bf16_products()) GTEST_SKIP() << "this machine has no bf16 products"; \
  } while (false)
