// A file of ONNX as a run of ours. docs/onnx.md.
#pragma once
#include "train/weights/import.h"

namespace cambium {
// The spec has blocks of ours where the file is a chain of layers (chain.h), else the file as one
// block `onnx`, behind data of noise of the shape that it takes: whoever trains on puts their own.
// UserError naming node and operator for what cannot be read, and for inputs that no data of ours
// brings.
ImportedModel import_onnx(const std::string& path);
}  // namespace cambium
