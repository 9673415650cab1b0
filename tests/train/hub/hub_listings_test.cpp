// Every tensor of a published checkpoint is accounted for: data/weights/hf_layouts lists their
// names and shapes, and config.json is written here as those checkpoints have it.
#include <sstream>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "core/text/json.h"
#include "places.h"
#include "tests/support/data/test_data.h"
#include "train/hub/import_hub.h"

namespace cambium::hub_listings_test {
namespace {
struct Listing {
  const char* name;
  int64_t parameters;  // of our model
  size_t rest;         // tensors that are no weights of it, or repeat one
  const char* config;  // empty: there is none
};

constexpr const char* kBert =
    R"({"model_type": "bert", "vocab_size": 30522, "hidden_size": 768, "num_hidden_layers": 12,
    "num_attention_heads": 12, "intermediate_size": 3072, "hidden_act": "gelu", "pad_token_id": 0,
    "max_position_embeddings": 512, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
    "attention_probs_dropout_prob": 0.1, "hidden_dropout_prob": 0.1, "gradient_checkpointing": false,
    "initializer_range": 0.02, "position_embedding_type": "absolute", "transformers_version": "4.6.0",
    "use_cache": true})";
constexpr const char* kGpt2 =
    R"({"activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"], "attn_pdrop": 0.1,
    "bos_token_id": 50256, "embd_pdrop": 0.1, "eos_token_id": 50256, "initializer_range": 0.02,
    "layer_norm_epsilon": 1e-05, "model_type": "gpt2", "n_ctx": 1024, "n_embd": 768, "n_head": 12,
    "n_layer": 12, "n_positions": 1024, "resid_pdrop": 0.1, "summary_activation": null,
    "summary_first_dropout": 0.1, "summary_proj_to_labels": true, "summary_type": "cls_index",
    "summary_use_proj": true, "vocab_size": 50257,
    "task_specific_params": {"text-generation": {"do_sample": true, "max_length": 50}}})";
constexpr const char* kT5 =
    R"({"architectures": ["T5WithLMHeadModel"], "d_ff": 2048, "d_kv": 64, "d_model": 512,
    "decoder_start_token_id": 0, "dropout_rate": 0.1, "eos_token_id": 1, "initializer_factor": 1.0,
    "is_encoder_decoder": true, "layer_norm_epsilon": 1e-06, "model_type": "t5", "n_positions": 512,
    "num_heads": 8, "num_layers": 6, "output_past": true, "pad_token_id": 0,
    "relative_attention_num_buckets": 32, "task_specific_params": {}, "vocab_size": 32128})";

const Listing kListings[] = {
    {"gpt2", 124'439'808, 12, kGpt2},
    {"gpt2_lmhead_prefixed", 124'439'808, 1, kGpt2},
    {"bert_base_uncased", 109'482'240 + 2 * 769, 0, kBert},
    // without pooler and next-sentence head
    {"bert_base_uncased_hub", 110'106'428 - 590'592 - 1'538, 4, kBert},
    {"tinyllama_1.1b", 1'100'048'384, 0,
     R"({"model_type": "llama", "vocab_size": 32000, "hidden_size": 2048, "intermediate_size": 5632,
     "num_hidden_layers": 22, "num_attention_heads": 32, "num_key_value_heads": 4, "hidden_act": "silu",
     "max_position_embeddings": 2048, "rms_norm_eps": 1e-05, "rope_theta": 10000.0,
     "rope_scaling": null, "attention_bias": false, "tie_word_embeddings": false, "pretraining_tp": 1,
     "bos_token_id": 1, "eos_token_id": 2, "torch_dtype": "bfloat16", "use_cache": true})"},
    {"stories15m_hf_llama", 15'191'712, 1,
     R"({"model_type": "llama", "vocab_size": 32000, "hidden_size": 288, "intermediate_size": 768,
     "num_hidden_layers": 6, "num_attention_heads": 6, "num_key_value_heads": 6, "hidden_act": "silu",
     "max_position_embeddings": 256, "rms_norm_eps": 1e-05, "tie_word_embeddings": true})"},
    {"qwen3_0.6b", 596'049'920, 1,
     R"({"model_type": "qwen3", "vocab_size": 151936, "hidden_size": 1024, "intermediate_size": 3072,
     "num_hidden_layers": 28, "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128,
     "hidden_act": "silu", "max_position_embeddings": 40960, "rms_norm_eps": 1e-06,
     "rope_theta": 1000000, "rope_scaling": null, "attention_bias": false, "attention_dropout": 0.0,
     "tie_word_embeddings": true, "use_sliding_window": false, "sliding_window": null,
     "max_window_layers": 28})"},
    {"mistral_7b_v0.1", 7'241'732'096, 0,
     R"({"model_type": "mistral", "vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 14336,
     "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "hidden_act": "silu",
     "max_position_embeddings": 32768, "rms_norm_eps": 1e-05, "rope_theta": 10000.0,
     "sliding_window": 4096, "tie_word_embeddings": false})"},
    {"vit_base_patch16_224_hf", 86'567'656, 0,
     R"({"model_type": "vit", "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
     "intermediate_size": 3072, "hidden_act": "gelu", "layer_norm_eps": 1e-12, "image_size": 224,
     "patch_size": 16, "num_channels": 3, "qkv_bias": true, "encoder_stride": 16})"},
    {"vit_base_patch16_224_timm", 86'567'656, 0,
     R"({"architecture": "vit_base_patch16_224", "num_classes": 1000, "num_features": 768,
     "global_pool": "token", "pretrained_cfg": {"input_size": [3, 224, 224]}})"},
    {"resnet50_hf", 25'557'032 + 53'120, 53,
     R"({"model_type": "resnet", "num_channels": 3, "embedding_size": 64,
     "hidden_sizes": [256, 512, 1024, 2048], "depths": [3, 4, 6, 3], "layer_type": "bottleneck",
     "hidden_act": "relu", "downsample_in_first_stage": false, "out_features": ["stage4"],
     "stage_names": ["stem", "stage1", "stage2", "stage3", "stage4"]})"},
    {"resnet50_torchvision", 25'557'032 + 53'120, 53, ""},
    {"convnext_tiny_hf", 28'589'128, 0,
     R"({"model_type": "convnext", "num_channels": 3, "patch_size": 4, "num_stages": 4,
     "hidden_sizes": [96, 192, 384, 768], "depths": [3, 3, 9, 3], "hidden_act": "gelu",
     "layer_norm_eps": 1e-12, "layer_scale_init_value": 1e-06, "drop_path_rate": 0.0})"},
    {"convnext_tiny_timm", 28'589'128, 0, ""},
    {"convnext_tiny_torchvision", 28'589'128, 0, ""},
    {"t5_small", 60'506'624, 0, kT5},
    {"t5_small_hub", 60'506'624, 1, kT5},
    {"mamba_130m_hf", 129'135'360, 0,
     R"({"model_type": "mamba", "vocab_size": 50280, "hidden_size": 768, "num_hidden_layers": 24,
     "state_size": 16, "expand": 2, "intermediate_size": 1536, "conv_kernel": 4, "time_step_rank": 48,
     "use_bias": false, "use_conv_bias": true, "hidden_act": "silu", "layer_norm_epsilon": 1e-05,
     "residual_in_fp32": true, "d_model": 768, "d_inner": 1536, "n_layer": 24, "ssm_cfg": {},
     "fused_add_norm": true, "rms_norm": true, "pad_vocab_size_multiple": 8, "time_step_min": 0.001,
     "time_step_max": 0.1, "time_step_floor": 0.0001, "time_step_scale": 1.0,
     "time_step_init_scheme": "random", "rescale_prenorm_residual": false})"}};

HubTypes types_in(const std::string& text) {
  HubTypes out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const size_t tab = line.find('\t');
    if (line.empty() || line[0] == '#' || tab == line.npos) continue;
    const std::string name = line.substr(0, tab);
    std::vector<int64_t> dims;
    if (line.substr(tab + 1) != "scalar") {
      std::istringstream extents(line.substr(tab + 1));
      for (std::string n; std::getline(extents, n, 'x');) dims.push_back(std::stoll(n));
    }
    const bool count = name.ends_with("num_batches_tracked");
    out.emplace(name, ValueType{count ? DType::kI64 : DType::kF32, Shape(dims)});
  }
  return out;
}

class HubListing : public testing::TestWithParam<Listing> {};

TEST_P(HubListing, EveryTensorIsAccountedFor) {
  const Listing& l = GetParam();
  const std::string path = test::data_path(str("weights/hf_layouts/", l.name, ".tsv"));
  test::skip_without(path);
  const HubTypes types = types_in(read_file(path));
  HubConfig config;
  if (*l.config)
    config = {"config.json", std::make_shared<const Json>(parse_json(l.config, "config.json"))};
  const auto families = load_families(CAMBIUM_SOURCE_DIR "/configs/weights");
  const HubPlan plan = plan_hub(families, config, types, l.name, {.maps = {}});
  int64_t parameters = 0;
  size_t weights = 0, counts = 0;
  for (const Piece& p : plan.pieces) {
    for (const Shape& s : p.shapes) parameters += s.count();
    weights += size_t(p.layout && !p.fresh);
    counts += size_t(!p.layout);
  }
  const Leftovers& rest = plan.rest;
  EXPECT_EQ(parameters, l.parameters);
  EXPECT_EQ(rest.tied.size() + rest.dropped.size() + rest.kept.size() + counts, l.rest);
  EXPECT_EQ(weights + l.rest, types.size());
}

INSTANTIATE_TEST_SUITE_P(Published, HubListing, testing::ValuesIn(kListings), [](const auto& info) {
  std::string name = info.param.name;
  std::ranges::replace_if(
      name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
});
}  // namespace
}  // namespace cambium::hub_listings_test
