// What the convolution operators share: attributes, sizes, oneDNN descriptors.
#pragma once
#include "ops/conv/support/blocked.h"
#include "ops/conv/support/window.h"

namespace cambium {
struct ConvWindow {
  int64_t stride = 1, pad = -1, dilation = 1, groups = 1;
  std::string padding = "same";
  static constexpr auto fields = std::tuple{
      field("stride", &ConvWindow::stride, "step of the window").in(1),
      field("padding", &ConvWindow::padding, "same: ceil(extent / stride) windows; valid: none")
          .one_of("same|valid"),
      field("pad", &ConvWindow::pad, "zeros on every side instead; -1: by `padding`").in(-1),
      field("dilation", &ConvWindow::dilation, "distance of neighbouring taps").in(1),
      field("groups", &ConvWindow::groups, "channel groups that do not mix").in(1)};
};

struct Conv : ConvWindow {
  std::string activation = "none", to = "f32";
  static constexpr auto fields = std::tuple_cat(
      ConvWindow::fields,
      std::tuple{field("activation", &Conv::activation, "applied to xW + b")
                     .one_of("none|relu|gelu|silu|tanh|sigmoid"),
                 field("to", &Conv::to, "type of y; bf16 from bf16 operands").one_of("f32|bf16")});
};

struct ConvGradInput : ConvWindow {
  std::vector<int64_t> input = {1, 1};
  std::string to = "f32";
  static constexpr auto fields = std::tuple_cat(
      ConvWindow::fields,
      std::tuple{field("input", &ConvGradInput::input, "rows and columns of x").in(0),
                 field("to", &ConvGradInput::to, "type of dx; bf16 from bf16 operands")
                     .one_of("f32|bf16")});
};

struct ConvGradWeights : ConvWindow {
  std::vector<int64_t> kernel = {1, 1};
  bool bias = true;
  static constexpr auto fields = std::tuple_cat(
      ConvWindow::fields,
      std::tuple{field("kernel", &ConvGradWeights::kernel, "rows and columns of w").in(1),
                 field("bias", &ConvGradWeights::bias, "also answer db")});
};

struct ConvSizes {
  int64_t B, C, O, groups;
  Window y, x;

  int64_t inputs() const { return C / groups; }  // channels that one output sees

  int64_t outputs() const { return O / groups; }  // outputs of one group

  bool depthwise() const { return groups == C && groups == O; }

  Shape input_shape() const { return {B, y.extent, x.extent, C}; }

  Shape output_shape() const { return {B, y.out, x.out, O}; }

  Shape weights_shape() const { return {y.kernel, x.kernel, inputs(), O}; }

  // Of y = conv(x, w) alone.
  double flops() const {
    return 2.0 * double(output_shape().count()) * double(y.kernel * x.kernel * inputs());
  }
};

// Sizes from the shapes of x [B,Y,X,C], in either layout, and w [KY,KX,C/groups,O]. UserError when
// they do not fit.
ConvSizes conv_sizes(const ConvWindow& a, const Shape& x, const Shape& w);

// The attributes of `a` that all three operators share, as arguments.
Args window_args(const ConvWindow& a);

// Calls f(x index, w index, y index) for every product of the convolution: the plain definition.
void for_each_product(const ConvSizes& z, const std::function<void(int64_t, int64_t, int64_t)>& f);

// oneDNN's view: logical NCHW, memory channels last; weights as they are kept, and as oneDNN likes.
struct ConvDescs {
  MemoryDesc kept_x, kept_y, kept_weights;  // as we keep them
  MemoryDesc x, y, weights, bias;           // as oneDNN is asked for them, perhaps in any layout
  dnnl::memory::dims strides, dilations, before, after;
  dnnl::algorithm algorithm = dnnl::algorithm::convolution_direct;
};

// Each tensor's precision.
struct ConvTypes {
  DType x = DType::kF32, w = DType::kF32, y = DType::kF32;
};

ConvDescs conv_descs(const ConvSizes& z, const ConvTypes& types = {});

// The training forward primitive descriptor.
dnnl::convolution_forward::primitive_desc conv_forward_pd(Engine& e, const ConvDescs& d, bool bias,
                                                          const dnnl::post_ops& post);

// The same convolution by Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray 2015, arXiv
// 1509.09308): 36 products where the plain sum has 144, in layouts of its own.
ConvDescs winograd_descs(const ConvSizes& z);

// The same for operands and results that lie in blocks of 16 channels.
ConvDescs blocked_descs(const ConvSizes& z);

// What the kernels of a convolution whose images have the layout and type of `image` start from:
// nothing where `types` are to be asked for as they are.
std::optional<ConvDescs> special_descs(const ConvSizes& z, const ValueType& image);

// Whether that is worth its copies, and this oneDNN has it (2.x, AVX-512): 3 x 3 in f32 at stride 1
// with 32 channels or more. Its rounding errors are about ten times those of the plain sum.
bool suits_winograd(const ConvSizes& z);

// A convolution primitive with the copies that bring its operands into its layout and its results
// back into ours, where the two differ.
class LaidOut {
 public:
  LaidOut(Engine& e, DnnlCall product);

  void input(int argument, const MemoryDesc& kept, const MemoryDesc& wanted, int index);
  void output(int argument, const MemoryDesc& kept, const MemoryDesc& wanted, int index);

  Kernel kernel();

 private:
  DnnlCall copy(const MemoryDesc& from, const MemoryDesc& to);

  Engine& engine_;
  DnnlCall product_;
  std::vector<DnnlCall> before_, after_;
  LayoutCopies copies_;
  int64_t scratch_bytes_ = 0;
};

// Op::bf16 of the three operators: not grouped ones, which are bound by memory, nor where
// Winograd's filtering in f32 is faster. Of `writes` only where output 0 is an image.
Bf16Use conv_in_bf16(const ConvSizes& z);

// Op::blocked of the three operators: `images` are inputs, as far as they are there.
std::optional<BlockedUse> conv_in_blocks(const Call& c, const ConvSizes& z,
                                         std::initializer_list<int> images, bool result);

// Gradient of a depthwise kernel: oneDNN's is 10 to 20 times slower beyond 3 x 3. dw [KY,KX,1,C]
// and, with `bias`, db [C].
Kernel depthwise_grad_weights_kernel(const ConvSizes& z, bool bias);
}  // namespace cambium
