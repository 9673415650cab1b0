// Debian's libonnx-dev: the format's messages, made by protobuf. Included by read.cpp and write.cpp
// alone, and only where CMake has found both libraries.
#pragma once
#ifdef CAMBIUM_ONNX
#define ONNX_NAMESPACE onnx
#define ONNX_ML 1
#define ONNX_API
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <onnx/onnx-ml.pb.h>
#pragma GCC diagnostic pop
#endif
