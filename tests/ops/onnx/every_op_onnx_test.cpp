// What records say of ONNX.
#include <gtest/gtest.h>

#include "ops/ops.h"

namespace cambium::every_op_onnx_test {
namespace {
TEST(EveryOp, SaysHowItIsWrittenInOnnxOrWhyNot) {
  for (const Op* op : builtin_ops())
    EXPECT_NE(op->onnx != nullptr, !op->not_onnx.empty()) << op->name;
}

TEST(EveryOp, ThatHasAGradientAndIsNoLossIsWrittenInOnnx) {
  for (const Op* op : builtin_ops())
    if (op->vjp && !op->onnx) {
      EXPECT_TRUE(op->not_onnx == kOnnxLoss || op->not_onnx == kOnnxLayout ||
                  op->not_onnx == kOnnxGradient)
          << op->name << ": " << op->not_onnx;
    }
}
}  // namespace
}  // namespace cambium::every_op_onnx_test
