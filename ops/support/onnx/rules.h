// How each operator that answers for a model is written in ONNX: what records name as `onnx`. The
// formulas are those at the top of the operators' files.
#pragma once

namespace cambium {
class OnnxUse;

// pointwise.cpp
void onnx_add(OnnxUse& u);
void onnx_sub(OnnxUse& u);
void onnx_mul(OnnxUse& u);
void onnx_div(OnnxUse& u);
void onnx_maximum(OnnxUse& u);
void onnx_lerp(OnnxUse& u);
void onnx_exp(OnnxUse& u);
void onnx_log(OnnxUse& u);
void onnx_sqrt(OnnxUse& u);
void onnx_square(OnnxUse& u);
void onnx_neg(OnnxUse& u);
void onnx_sin(OnnxUse& u);
void onnx_cos(OnnxUse& u);
void onnx_scale(OnnxUse& u);
void onnx_clamp(OnnxUse& u);
void onnx_identity(OnnxUse& u);
// activations.cpp
void onnx_relu(OnnxUse& u);
void onnx_relu2(OnnxUse& u);
void onnx_leaky_relu(OnnxUse& u);
void onnx_elu(OnnxUse& u);
void onnx_selu(OnnxUse& u);
void onnx_hard_sigmoid(OnnxUse& u);
void onnx_hardswish(OnnxUse& u);
void onnx_sigmoid(OnnxUse& u);
void onnx_tanh(OnnxUse& u);
void onnx_silu(OnnxUse& u);
void onnx_mish(OnnxUse& u);
void onnx_softplus(OnnxUse& u);
void onnx_gelu(OnnxUse& u);
void onnx_prelu(OnnxUse& u);
void onnx_dynamic_tanh(OnnxUse& u);
void onnx_softmax(OnnxUse& u);
// shapes.cpp
void onnx_reshape(OnnxUse& u);
void onnx_broadcast_to(OnnxUse& u);
void onnx_concat(OnnxUse& u);
void onnx_pad(OnnxUse& u);
void onnx_slice(OnnxUse& u);
void onnx_transpose(OnnxUse& u);
void onnx_reduce_sum(OnnxUse& u);
void onnx_reduce_mean(OnnxUse& u);
void onnx_reduce_max(OnnxUse& u);
void onnx_reduce_to(OnnxUse& u);
// products.cpp
void onnx_linear(OnnxUse& u);
void onnx_matmul(OnnxUse& u);
void onnx_embed(OnnxUse& u);
void onnx_sparse_linear(OnnxUse& u);
void onnx_grouped_linear(OnnxUse& u);
void onnx_route(OnnxUse& u);
void onnx_weighted_rows(OnnxUse& u);
// images.cpp
void onnx_conv2d(OnnxUse& u);
void onnx_pool2d(OnnxUse& u);
void onnx_upsample(OnnxUse& u);
// norms.cpp
void onnx_batch_norm(OnnxUse& u);
void onnx_batch_norm_apply(OnnxUse& u);
void onnx_group_norm(OnnxUse& u);
void onnx_layer_norm(OnnxUse& u);
void onnx_rms_norm(OnnxUse& u);
// attentions.cpp
void onnx_attention(OnnxUse& u);
void onnx_top_k_attention(OnnxUse& u);
void onnx_rope(OnnxUse& u);
void onnx_relative_shift(OnnxUse& u);
// recurrences.cpp, scans.cpp
void onnx_lstm(OnnxUse& u);
void onnx_gru(OnnxUse& u);
void onnx_rnn(OnnxUse& u);
void onnx_linear_scan(OnnxUse& u);
void onnx_wkv(OnnxUse& u);
void onnx_linear_attention(OnnxUse& u);
void onnx_delta_rule(OnnxUse& u);
void onnx_selective_scan(OnnxUse& u);
// filters.cpp
void onnx_s4d_kernel(OnnxUse& u);
void onnx_long_conv(OnnxUse& u);
void onnx_reverse_sequence(OnnxUse& u);
// messages.cpp, graphs.cpp
void onnx_spmm(OnnxUse& u);
void onnx_edge_dot(OnnxUse& u);
void onnx_edge_gather(OnnxUse& u);
void onnx_edge_loops(OnnxUse& u);
void onnx_edge_softmax(OnnxUse& u);
void onnx_edge_spmm(OnnxUse& u);
void onnx_edge_sum(OnnxUse& u);
void onnx_gat_attention(OnnxUse& u);
void onnx_neighbour_max(OnnxUse& u);
void onnx_node_degrees(OnnxUse& u);
void onnx_induced_subgraph(OnnxUse& u);
void onnx_graph_distances(OnnxUse& u);
void onnx_walk_returns(OnnxUse& u);
}  // namespace cambium
