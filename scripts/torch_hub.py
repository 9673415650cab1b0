#!/usr/bin/env python3
"""Small checkpoints in the layouts of transformers, timm and torchvision, and what PyTorch answers with them.

usage: torch_hub.py make FOLDER    writes FOLDER/<case>/{config.json,model.safetensors,expected.safetensors}

Each model is written here by hand from its paper and the published layouts, on a dictionary of tensors by the names of
the file alone (torchvision's classes where it has them), in double. The test HubModel.* of tests/train/hub imports the
folders and compares. Needs PyTorch and torchvision, nothing else.
"""
import json
import math
import pathlib
import struct
import sys

import torch
import torchvision
from torch import nn
from torch.nn import functional as F
from torchvision.models import convnext as tv_convnext
from torchvision.models import resnet as tv_resnet

TYPES = {torch.float32: "F32", torch.int32: "I32", torch.int64: "I64", torch.bfloat16: "BF16"}


def write(path, tensors, meta):
    header, body = {"__metadata__": meta} if meta else {}, b""
    for name in sorted(tensors):
        t = tensors[name].detach()
        t = (t.float() if t.dtype == torch.float64 else t).contiguous()
        raw = bytes(t.view(torch.int16).numpy().tobytes()) if t.dtype == torch.bfloat16 else t.numpy().tobytes()
        header[name] = {"dtype": TYPES[t.dtype], "shape": list(t.shape), "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(header, separators=(",", ":")).encode()  # no padding, as some published files
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + body)


class Weights:
    """w("name", shape): drawn when it is asked for the first time; all numbers are those of f32."""

    def __init__(self):
        self.all = {}

    def __call__(self, name, *shape, near=0.0, spread=None):
        if name not in self.all:
            spread = spread or (0.3 if len(shape) < 2 else 1 / math.sqrt(math.prod(shape[1:])))
            self.all[name] = (near + spread * torch.randn(*shape)).float().double()
        assert tuple(self.all[name].shape) == shape, f"{name}: {tuple(self.all[name].shape)}, not {shape}"
        return self.all[name]


def linear(w, name, x, out, bias=True):
    y = x @ w(name + ".weight", out, x.shape[-1]).T
    return y + w(name + ".bias", out) if bias else y


def layer_norm(w, name, x, eps):
    c = x.shape[-1]
    return F.layer_norm(x, (c,), w(name + ".weight", c, near=1), w(name + ".bias", c), eps)


def rms(w, name, x, eps):
    return x / (x.square().mean(-1, keepdim=True) + eps).sqrt() * w(name + ".weight", x.shape[-1], near=1)


def heads(x, h):  # [B,T,H D] -> [B,H,T,D]
    return x.unflatten(-1, (h, -1)).transpose(1, 2)


def attend(q, k, v, scale, hidden=None, bias=None):
    s = q @ k.transpose(-1, -2) * scale
    if bias is not None:
        s = s + bias
    if hidden is not None:
        s = s.masked_fill(hidden, -math.inf)
    return (s.softmax(-1) @ v).transpose(1, 2).flatten(2)


def causal(t):
    return torch.ones(t, t).triu(1).bool()


def gelu_new(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


def gpt2(c, w, x):
    d, h, n = c["n_embd"], c["n_head"], "transformer."
    y = w(n + "wte.weight", c["vocab_size"], d, spread=0.5)[x] + w(n + "wpe.weight", c["n_positions"], d, spread=0.5)[:x.shape[1]]
    for i in range(c["n_layer"]):
        at = f"{n}h.{i}."
        a = layer_norm(w, at + "ln_1", y, c["layer_norm_epsilon"])
        a = a @ w(at + "attn.c_attn.weight", d, 3 * d, spread=0.3) + w(at + "attn.c_attn.bias", 3 * d)
        q, k, v = (heads(part, h) for part in a.split(d, -1))
        a = attend(q, k, v, (d // h) ** -0.5, causal(x.shape[1]))
        y = y + a @ w(at + "attn.c_proj.weight", d, d) + w(at + "attn.c_proj.bias", d)
        a = layer_norm(w, at + "ln_2", y, c["layer_norm_epsilon"])
        a = gelu_new(a @ w(at + "mlp.c_fc.weight", d, 4 * d, spread=0.3) + w(at + "mlp.c_fc.bias", 4 * d))
        y = y + a @ w(at + "mlp.c_proj.weight", 4 * d, d) + w(at + "mlp.c_proj.bias", d)
    return layer_norm(w, n + "ln_f", y, c["layer_norm_epsilon"]) @ w(n + "wte.weight", c["vocab_size"], d).T


def rotate(x, base):  # [B,H,T,D]: halves
    t, d = x.shape[2:]
    angle = torch.arange(t)[:, None] * base ** (-torch.arange(0, d, 2) / d)
    angle = torch.cat([angle, angle], -1)
    a, b = x.chunk(2, -1)
    return x * angle.cos() + torch.cat([-b, a], -1) * angle.sin()


def llama(c, w, x):
    kind, d, h = c["model_type"], c["hidden_size"], c["num_attention_heads"]
    g, eps = c.get("num_key_value_heads") or h, c["rms_norm_eps"]
    width = c.get("head_dim") or d // h
    qkv = c.get("attention_bias", False) or kind == "qwen2"
    t = x.shape[1]
    far = torch.arange(t)[:, None] - torch.arange(t)[None]
    hidden = far < 0
    if kind == "mistral" and c["sliding_window"]:
        hidden = hidden | (far >= c["sliding_window"])
    y = w("model.embed_tokens.weight", c["vocab_size"], d, spread=0.5)[x]
    for i in range(c["num_hidden_layers"]):
        at = f"model.layers.{i}."
        a = rms(w, at + "input_layernorm", y, eps)
        q, k, v = (heads(linear(w, f"{at}self_attn.{p}_proj", a, n * width, qkv), n) for p, n in (("q", h), ("k", g), ("v", g)))
        if kind == "qwen3":
            q, k = rms(w, at + "self_attn.q_norm", q, eps), rms(w, at + "self_attn.k_norm", k, eps)
        q, k = rotate(q, c["rope_theta"]), rotate(k, c["rope_theta"])
        k, v = k.repeat_interleave(h // g, 1), v.repeat_interleave(h // g, 1)
        y = y + linear(w, at + "self_attn.o_proj", attend(q, k, v, width ** -0.5, hidden), d, c.get("attention_bias", False))
        a = rms(w, at + "post_attention_layernorm", y, eps)
        a = F.silu(linear(w, at + "mlp.gate_proj", a, c["intermediate_size"], False)) * linear(w, at + "mlp.up_proj", a, c["intermediate_size"], False)
        y = y + linear(w, at + "mlp.down_proj", a, d, False)
    y = rms(w, "model.norm", y, eps)
    if c["tie_word_embeddings"]:
        return y @ w("model.embed_tokens.weight", c["vocab_size"], d).T
    return linear(w, "lm_head", y, c["vocab_size"], False)


def bert(c, w, x):
    d, h, eps = c["hidden_size"], c["num_attention_heads"], c["layer_norm_eps"]
    y = w("bert.embeddings.word_embeddings.weight", c["vocab_size"], d, spread=0.5)[x]
    y = y + w("bert.embeddings.position_embeddings.weight", c["max_position_embeddings"], d, spread=0.5)[:x.shape[1]]
    y = y + w("bert.embeddings.token_type_embeddings.weight", 2, d, spread=0.5)[0]
    y = layer_norm(w, "bert.embeddings.LayerNorm", y, eps)
    for i in range(c["num_hidden_layers"]):
        at = f"bert.encoder.layer.{i}."
        q, k, v = (heads(linear(w, f"{at}attention.self.{p}", y, d), h) for p in ("query", "key", "value"))
        a = linear(w, at + "attention.output.dense", attend(q, k, v, (d // h) ** -0.5), d)
        y = layer_norm(w, at + "attention.output.LayerNorm", y + a, eps)
        a = linear(w, at + "output.dense", F.gelu(linear(w, at + "intermediate.dense", y, c["intermediate_size"])), d)
        y = layer_norm(w, at + "output.LayerNorm", y + a, eps)
    pooled = torch.tanh(linear(w, "bert.pooler.dense", y[:, 0], d))
    if c["architectures"] == ["BertForSequenceClassification"]:
        return linear(w, "classifier", pooled, len(c["id2label"]))
    linear(w, "cls.seq_relationship", pooled, 2)
    a = layer_norm(w, "cls.predictions.transform.LayerNorm", F.gelu(linear(w, "cls.predictions.transform.dense", y, d)), eps)
    return a @ w("bert.embeddings.word_embeddings.weight", c["vocab_size"], d).T + w("cls.predictions.bias", c["vocab_size"])


def patches(weight, bias, x, p):  # [B,Y,X,C] -> [B,T,D]
    return F.conv2d(x.movedim(-1, 1), weight, bias, stride=p).flatten(2).transpose(1, 2)


def vit(c, w, x):
    d, h, p, eps = c["hidden_size"], c["num_attention_heads"], c["patch_size"], c["layer_norm_eps"]
    at = "vit.embeddings."
    y = patches(w(at + "patch_embeddings.projection.weight", d, x.shape[-1], p, p), w(at + "patch_embeddings.projection.bias", d), x, p)
    y = torch.cat([w(at + "cls_token", 1, 1, d, spread=0.5).expand(len(x), 1, d), y], 1)
    y = y + w(at + "position_embeddings", 1, y.shape[1], d, spread=0.5)
    for i in range(c["num_hidden_layers"]):
        at = f"vit.encoder.layer.{i}."
        a = layer_norm(w, at + "layernorm_before", y, eps)
        q, k, v = (heads(linear(w, f"{at}attention.attention.{n}", a, d, c["qkv_bias"]), h) for n in ("query", "key", "value"))
        y = y + linear(w, at + "attention.output.dense", attend(q, k, v, (d // h) ** -0.5), d)
        a = F.gelu(linear(w, at + "intermediate.dense", layer_norm(w, at + "layernorm_after", y, eps), c["intermediate_size"]))
        y = y + linear(w, at + "output.dense", a, d)
    return linear(w, "classifier", layer_norm(w, "vit.layernorm", y, eps)[:, 0], len(c["id2label"]))


def vit_timm(c, w, x):
    d, h, p, eps = c["num_features"], c["model_args"]["num_heads"], 5, 1e-6
    y = patches(w("patch_embed.proj.weight", d, x.shape[-1], p, p), w("patch_embed.proj.bias", d), x, p)
    y = torch.cat([w("cls_token", 1, 1, d, spread=0.5).expand(len(x), 1, d), y], 1) + w("pos_embed", 1, 1 + y.shape[1], d, spread=0.5)
    for i in range(2):
        at = f"blocks.{i}."
        qkv = linear(w, at + "attn.qkv", layer_norm(w, at + "norm1", y, eps), 3 * d)
        q, k, v = qkv.reshape(*y.shape[:2], 3, h, d // h).permute(2, 0, 3, 1, 4)
        y = y + linear(w, at + "attn.proj", attend(q, k, v, (d // h) ** -0.5), d)
        y = y + linear(w, at + "mlp.fc2", F.gelu(linear(w, at + "mlp.fc1", layer_norm(w, at + "norm2", y, eps), 37)), d)
    return linear(w, "head", layer_norm(w, "norm", y, eps)[:, 0], c["num_classes"])


def conv(w, name, x, out, kernel, stride=1, padding=0, groups=1, bias=False):
    return F.conv2d(x, w(name + ".weight", out, x.shape[1] // groups, kernel, kernel), w(name + ".bias", out) if bias else None,
                    stride, padding, groups=groups)


def batch_norm(w, name, x):
    c = x.shape[1]
    w.all[name + ".num_batches_tracked"] = torch.tensor(7)
    if name + ".running_var" not in w.all:
        w.all[name + ".running_var"] = (0.5 + torch.rand(c)).float().double()
    return F.batch_norm(x, w(name + ".running_mean", c), w.all[name + ".running_var"], w(name + ".weight", c, near=1),
                        w(name + ".bias", c, near=0.3), False, eps=1e-5)


def resnet(c, w, x):
    at = "resnet.embedder.embedder."
    y = F.relu(batch_norm(w, at + "normalization", conv(w, at + "convolution", x.movedim(-1, 1), c["embedding_size"], 7, 2, 3)))
    y = F.max_pool2d(y, 3, 2, 1)
    for s, (width, depth) in enumerate(zip(c["hidden_sizes"], c["depths"])):
        for b in range(depth):
            at = f"resnet.encoder.stages.{s}.layers.{b}."
            stride = 2 if b == 0 and (s > 0 or c["downsample_in_first_stage"]) else 1
            inner = width // 4
            layers = [(inner, 1, 1), (inner, 3, stride), (width, 1, 1)] if c["layer_type"] == "bottleneck" else [(width, 3, stride), (width, 3, 1)]
            z = y
            for i, (out, kernel, step) in enumerate(layers):
                z = batch_norm(w, f"{at}layer.{i}.normalization", conv(w, f"{at}layer.{i}.convolution", z, out, kernel, step, kernel // 2))
                z = F.relu(z) if i + 1 < len(layers) else z
            if stride != 1 or y.shape[1] != width:
                y = batch_norm(w, at + "shortcut.normalization", conv(w, at + "shortcut.convolution", y, width, 1, stride))
            y = F.relu(y + z)
    return linear(w, "classifier.1", y.mean((2, 3)), len(c["id2label"]))


def grid_norm(w, name, x, eps):  # over the channels of each place of [B,C,Y,X]
    return layer_norm(w, name, x.movedim(1, -1), eps).movedim(-1, 1)


def convnext(c, w, x):
    at = "convnext.embeddings."
    y = conv(w, at + "patch_embeddings", x.movedim(-1, 1), c["hidden_sizes"][0], c["patch_size"], c["patch_size"], bias=True)
    y = grid_norm(w, at + "layernorm", y, 1e-6)
    for s, (width, depth) in enumerate(zip(c["hidden_sizes"], c["depths"])):
        at = f"convnext.encoder.stages.{s}."
        if s > 0:
            y = conv(w, at + "downsampling_layer.1", grid_norm(w, at + "downsampling_layer.0", y, 1e-6), width, 2, 2, bias=True)
        for b in range(depth):
            at = f"convnext.encoder.stages.{s}.layers.{b}."
            z = conv(w, at + "dwconv", y, width, 7, 1, 3, width, True).movedim(1, -1)
            z = F.gelu(linear(w, at + "pwconv1", layer_norm(w, at + "layernorm", z, 1e-6), 4 * width))
            z = linear(w, at + "pwconv2", z, width) * w(at + "layer_scale_parameter", width, near=0.5)
            y = y + z.movedim(-1, 1)
    return linear(w, "classifier", layer_norm(w, "convnext.layernorm", y.mean((2, 3)), c["layer_norm_eps"]), len(c["id2label"]))


def bucket(far, both, buckets, most):
    """T5's, of a key `far` places behind the query (key - query), negative before it."""
    first = torch.zeros_like(far)
    if both:
        buckets //= 2
        first = (far > 0) * buckets
        far = far.abs()
    else:
        far = -far.clamp(max=0)
    exact = buckets // 2
    grown = exact + (torch.log(far.float().clamp(min=1) / exact) / math.log(most / exact) * (buckets - exact)).long()
    return first + torch.where(far < exact, far, grown.clamp(max=buckets - 1))


def t5(c, w, x, y_in):
    d, h, width, eps = c["d_model"], c["num_heads"], c["d_kv"], c["layer_norm_epsilon"]
    table = w("shared.weight", c["vocab_size"], d, spread=0.7)

    def attention(at, q_from, kv_from, bias=None, hidden=None):
        q = heads(linear(w, at + "q", q_from, h * width, False), h)
        k, v = (heads(linear(w, at + n, kv_from, h * width, False), h) for n in "kv")
        return linear(w, at + "o", attend(q, k, v, 1.0, hidden, bias), d, False)

    def ffn(at, a):
        if c["feed_forward_proj"] == "relu":
            a = F.relu(linear(w, at + "wi", a, c["d_ff"], False))
        else:
            a = gelu_new(linear(w, at + "wi_0", a, c["d_ff"], False)) * linear(w, at + "wi_1", a, c["d_ff"], False)
        return linear(w, at + "wo", a, d, False)

    def bias(stack, t):
        far = torch.arange(t)[None] - torch.arange(t)[:, None]
        ids = bucket(far, stack == "encoder", c["relative_attention_num_buckets"], c.get("relative_attention_max_distance", 128))
        name = f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
        return w(name, c["relative_attention_num_buckets"], h, spread=0.5)[ids].permute(2, 0, 1)

    e = table[x]
    for i in range(c["num_layers"]):
        at = f"encoder.block.{i}.layer."
        a = rms(w, at + "0.layer_norm", e, eps)
        e = e + attention(at + "0.SelfAttention.", a, a, bias("encoder", x.shape[1]))
        e = e + ffn(at + "1.DenseReluDense.", rms(w, at + "1.layer_norm", e, eps))
    e = rms(w, "encoder.final_layer_norm", e, eps)
    y = table[y_in]
    for i in range(c.get("num_decoder_layers") or c["num_layers"]):
        at = f"decoder.block.{i}.layer."
        a = rms(w, at + "0.layer_norm", y, eps)
        y = y + attention(at + "0.SelfAttention.", a, a, bias("decoder", y_in.shape[1]), causal(y_in.shape[1]))
        y = y + attention(at + "1.EncDecAttention.", rms(w, at + "1.layer_norm", y, eps), e)
        y = y + ffn(at + "2.DenseReluDense.", rms(w, at + "2.layer_norm", y, eps))
    y = rms(w, "decoder.final_layer_norm", y, eps)
    if c.get("tie_word_embeddings", True):
        return y * d ** -0.5 @ table.T
    return linear(w, "lm_head", y, c["vocab_size"], False)


def mamba(c, w, x):
    d, n, k = c["hidden_size"], c["state_size"], c["conv_kernel"]
    inner, rank = c["intermediate_size"], c["time_step_rank"]
    table = w("backbone.embeddings.weight", c["vocab_size"], d, spread=0.5)
    y = table[x]
    for i in range(c["num_hidden_layers"]):
        at = f"backbone.layers.{i}."
        a = rms(w, at + "norm", y, c["layer_norm_epsilon"])
        at += "mixer."
        u, z = linear(w, at + "in_proj", a, 2 * inner, c["use_bias"]).chunk(2, -1)
        u = F.conv1d(F.pad(u.transpose(1, 2), (k - 1, 0)), w(at + "conv1d.weight", inner, 1, k), w(at + "conv1d.bias", inner), groups=inner)
        u = F.silu(u.transpose(1, 2))
        step, B, C = linear(w, at + "x_proj", u, rank + 2 * n, False).split([rank, n, n], -1)
        dt = F.softplus(linear(w, at + "dt_proj", step, inner))
        A = -w(at + "A_log", inner, n, near=0.3, spread=0.3).exp()
        state, out = torch.zeros(len(x), inner, n), []
        for t in range(x.shape[1]):
            state = (dt[:, t, :, None] * A).exp() * state + (dt[:, t] * u[:, t])[..., None] * B[:, t, None]
            out.append((state * C[:, t, None]).sum(-1))
        s = (torch.stack(out, 1) + u * w(at + "D", inner, near=1)) * F.silu(z)
        y = y + linear(w, at + "out_proj", s, d, c["use_bias"])
    return rms(w, "backbone.norm_f", y, c["layer_norm_epsilon"]) @ table.T


def labels(n):
    return {str(i): f"LABEL_{i}" for i in range(n)}


LLAMA = {"vocab_size": 41, "hidden_size": 24, "intermediate_size": 37, "num_hidden_layers": 2, "num_attention_heads": 4,
         "num_key_value_heads": 2, "hidden_act": "silu", "max_position_embeddings": 11, "rms_norm_eps": 1e-5,
         "rope_theta": 10000.0, "rope_scaling": None, "tie_word_embeddings": False, "torch_dtype": "float32",
         "bos_token_id": 1, "transformers_version": "4.38.0"}
BERT = {"model_type": "bert", "vocab_size": 43, "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3,
        "intermediate_size": 37, "hidden_act": "gelu", "max_position_embeddings": 11, "type_vocab_size": 2,
        "layer_norm_eps": 1e-12, "position_embedding_type": "absolute", "hidden_dropout_prob": 0.1, "pad_token_id": 0}
RESNET = {"architectures": ["ResNetForImageClassification"], "model_type": "resnet", "num_channels": 3, "embedding_size": 8,
          "depths": [2, 1, 2, 1], "hidden_act": "relu", "downsample_in_first_stage": False, "id2label": labels(10)}
T5 = {"architectures": ["T5ForConditionalGeneration"], "model_type": "t5", "vocab_size": 47, "d_model": 20, "d_kv": 6,
      "d_ff": 37, "num_layers": 2, "num_decoder_layers": 3, "num_heads": 4, "relative_attention_num_buckets": 8,
      "relative_attention_max_distance": 12, "layer_norm_epsilon": 1e-6, "is_encoder_decoder": True,
      "decoder_start_token_id": 0, "n_positions": 512}
CASES = {
    "gpt2": (gpt2, {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "vocab_size": 41, "n_positions": 11, "n_ctx": 11,
                    "n_embd": 24, "n_layer": 2, "n_head": 3, "n_inner": None, "activation_function": "gelu_new",
                    "layer_norm_epsilon": 1e-5, "summary_type": "cls_index", "attn_pdrop": 0.1}, (2, 11)),
    "llama": (llama, LLAMA | {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "attention_bias": False}, (2, 11)),
    "llama_bias_tied": (llama, LLAMA | {"model_type": "llama", "attention_bias": True, "tie_word_embeddings": True}, (2, 11)),
    "mistral": (llama, LLAMA | {"model_type": "mistral", "sliding_window": 4}, (2, 11)),
    "qwen2": (llama, LLAMA | {"model_type": "qwen2", "use_sliding_window": False, "sliding_window": 4096, "max_window_layers": 2,
                              "rope_theta": 1000000.0}, (2, 11)),
    "qwen3": (llama, LLAMA | {"model_type": "qwen3", "head_dim": 10, "rms_norm_eps": 1e-6, "tie_word_embeddings": True,
                              "attention_bias": False, "rope_theta": 1000000.0}, (2, 11)),
    "bert_masked": (bert, BERT | {"architectures": ["BertForPreTraining"]}, (2, 11)),
    "bert_classes": (bert, BERT | {"architectures": ["BertForSequenceClassification"], "id2label": labels(5)}, (2, 11)),
    "vit": (vit, {"architectures": ["ViTForImageClassification"], "model_type": "vit", "hidden_size": 24, "num_hidden_layers": 2,
                  "num_attention_heads": 3, "intermediate_size": 37, "hidden_act": "gelu", "layer_norm_eps": 1e-12,
                  "image_size": 15, "patch_size": 5, "num_channels": 3, "qkv_bias": True, "encoder_stride": 16,
                  "id2label": labels(10)}, (2, 15, 15, 3)),
    "vit_timm": (vit_timm, {"architecture": "vit_narrow", "num_classes": 10, "num_features": 24, "global_pool": "token",
                            "model_args": {"num_heads": 3}, "pretrained_cfg": {"input_size": [3, 15, 15]}}, (2, 15, 15, 3)),
    "resnet": (resnet, RESNET | {"layer_type": "bottleneck", "hidden_sizes": [16, 32, 48, 64]}, (2, 36, 36, 3)),
    "resnet_basic": (resnet, RESNET | {"layer_type": "basic", "hidden_sizes": [8, 16, 24, 32], "downsample_in_first_stage": True}, (2, 36, 36, 3)),
    "convnext": (convnext, {"architectures": ["ConvNextForImageClassification"], "model_type": "convnext", "num_channels": 3,
                            "patch_size": 4, "num_stages": 4, "hidden_sizes": [4, 8, 12, 16], "depths": [1, 2, 1, 1],
                            "hidden_act": "gelu", "layer_norm_eps": 1e-12, "layer_scale_init_value": 1e-6, "image_size": 224,
                            "drop_path_rate": 0.0, "id2label": labels(10)}, (2, 36, 36, 3)),
    "convnext_timm": (convnext, {"num_channels": 3, "patch_size": 4, "hidden_sizes": [4, 8, 12, 16], "depths": [1, 2, 1, 1],
                                 "layer_norm_eps": 1e-6, "id2label": labels(10)}, (2, 36, 36, 3)),
    "t5": (t5, T5 | {"feed_forward_proj": "relu"}, (2, 13)),
    "t5_gated": (t5, T5 | {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}, (2, 13)),
    "mamba": (mamba, {"architectures": ["MambaForCausalLM"], "model_type": "mamba", "vocab_size": 41, "hidden_size": 20,
                      "num_hidden_layers": 2, "state_size": 5, "expand": 2, "intermediate_size": 40, "conv_kernel": 4,
                      "time_step_rank": 3, "use_bias": False, "use_conv_bias": True, "hidden_act": "silu",
                      "layer_norm_epsilon": 1e-5, "residual_in_fp32": True, "time_step_min": 0.001, "d_model": 20}, (2, 11)),
}


def published_names(name, all):
    """The same tensors as published files have them: other spellings, repeated tensors, buffers."""
    if name == "gpt2":  # the hub's file has no prefix, and masks
        all = {k.removeprefix("transformer."): v for k, v in all.items()}
        for i in range(2):
            all[f"h.{i}.attn.bias"] = torch.ones(11, 11).tril()[None, None]
            all[f"h.{i}.attn.masked_bias"] = torch.tensor(-1e4)
    if name == "qwen3":  # tied and written
        all["lm_head.weight"] = all["model.embed_tokens.weight"].clone()
    if name == "llama":
        for i in range(2):
            all[f"model.layers.{i}.self_attn.rotary_emb.inv_freq"] = 10000.0 ** (-torch.arange(0, 6, 2) / 6)
    if name == "bert_masked":
        all = {k.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): v for k, v in all.items()}
    if name == "bert_classes":
        all["bert.embeddings.position_ids"] = torch.arange(11)[None]
    if name == "t5":
        all["decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"] = torch.randn(8, 4).float()
        all["encoder.embed_tokens.weight"] = all["shared.weight"].clone()
    if name == "convnext_timm":
        for old, new in (("convnext.embeddings.patch_embeddings", "stem.0"), ("convnext.embeddings.layernorm", "stem.1"),
                         ("convnext.encoder.", ""), ("downsampling_layer", "downsample"), ("layers", "blocks"),
                         ("dwconv", "conv_dw"), ("convnext.layernorm", "head.norm"), ("layernorm", "norm"),
                         ("pwconv", "mlp.fc"), ("layer_scale_parameter", "gamma"), ("classifier", "head.fc")):
            all = {k.replace(old, new): v for k, v in all.items()}
    return all


TIMM = {"convnext_timm": {"architecture": "convnext_narrow", "num_classes": 10, "num_features": 16, "global_pool": "avg",
                          "pretrained_cfg": {"input_size": [3, 36, 36]}}}


def store(folder, config, tensors, expected):
    folder.mkdir(parents=True, exist_ok=True)
    if config:
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    write(folder / "model.safetensors", tensors, {"format": "pt"})
    made_by = f"PyTorch {torch.__version__}, torchvision {torchvision.__version__}"
    write(folder / "expected.safetensors", expected, {"made_by": made_by})


def randomise(model):
    for name, p in model.named_parameters():
        near = 1.0 if p.dim() == 1 and "weight" in name else 0.5 if "layer_scale" in name else 0.0
        p.data = (near + (0.2 if p.dim() == 1 or near else p[0].numel() ** -0.5) * torch.randn_like(p)).float().double()
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.bias.data += 0.3
            m.running_mean = (0.2 * torch.randn_like(m.running_mean)).float().double()
            m.running_var = (0.5 + torch.rand_like(m.running_var)).float().double()
            m.bias.data = m.bias.data.float().double()
    return model.eval()


def narrow_resnet(block, widths):
    model = tv_resnet.ResNet(block, [1, 1, 1, 1], num_classes=10)
    model.inplanes = 8
    model.conv1, model.bn1 = nn.Conv2d(3, 8, 7, 2, 3, bias=False), nn.BatchNorm2d(8)
    for stage, (planes, count) in enumerate(zip(widths, [2, 1, 2, 1])):
        setattr(model, f"layer{stage + 1}", model._make_layer(block, planes, count, stride=1 if stage == 0 else 2))
    model.fc = nn.Linear(model.inplanes, 10)
    return model


def make(folder):
    folder = pathlib.Path(folder)
    for name, (function, config, shape) in CASES.items():
        torch.manual_seed(sum(name.encode()))
        w = Weights()
        images = len(shape) == 4
        x = torch.randn(*shape).float().double() if images else torch.randint(0, config["vocab_size"], shape)
        inputs = [x] if function is not t5 else [x, torch.randint(0, config["vocab_size"], shape)]
        y = function(config, w, *inputs)
        expected = {"logits": y, "x": x if images else x.int()}
        if function is t5:
            expected["decoder"] = inputs[1].int()
        store(folder / name, TIMM.get(name, config), published_names(name, w.all), expected)
        print(f"{name:22} logits {tuple(y.shape)} up to {y.abs().max():.3g}")
    settings = [tv_convnext.CNBlockConfig(a, b, n) for a, b, n in ((4, 8, 1), (8, 12, 2), (12, 16, 1), (16, None, 1))]
    for name, model in (("resnet_torchvision", lambda: narrow_resnet(tv_resnet.Bottleneck, [4, 8, 12, 16])),
                        ("resnet_torchvision_basic", lambda: narrow_resnet(tv_resnet.BasicBlock, [8, 16, 24, 32])),
                        ("convnext_torchvision", lambda: tv_convnext.ConvNeXt(settings, num_classes=10))):
        torch.manual_seed(sum(name.encode()))
        m = randomise(model())
        x = torch.randn(2, 36, 36, 3).float().double()
        with torch.no_grad():
            y = m(x.movedim(-1, 1))
        store(folder / name, None, m.state_dict(), {"logits": y, "x": x})
        print(f"{name:22} logits {tuple(y.shape)} up to {y.abs().max():.3g}")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "make":
        sys.exit(__doc__)
    torch.set_default_dtype(torch.float64)
    make(sys.argv[2])
