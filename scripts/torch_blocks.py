#!/usr/bin/env python3
"""Blocks of Cambium written again in plain PyTorch, to check one against the other.

usage: torch_blocks.py make FOLDER [CASE...]   writes FOLDER/<case>.safetensors: input, parameters, output, gradients of
                                               PyTorch
       torch_blocks.py check FILE...   computes again what bench/block_values wrote; exit code 1 on a difference

The test PyTorch.* of tests/blocks reads what `make` wrote to tests/golden/torch. All is computed in double and stored
in f32. Errors are |a - b| relative to max(1, the largest of the tensor). Needs PyTorch >= 2.5, nothing else.
"""
import json
import math
import pathlib
import struct
import sys

import torch

import torch_reference as blocks
from torch_reference import Parameters

FORWARD, BACKWARD = 1e-5, 1e-4


def read(path):
    """{name: tensor in double}, metadata"""
    data = pathlib.Path(path).read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    meta, tensors = header.pop("__metadata__", {}), {}
    for name, t in header.items():
        kind = {"F32": torch.float32, "I32": torch.int32}[t["dtype"]]
        begin, end = (8 + size + o for o in t["data_offsets"])
        flat = torch.frombuffer(bytearray(data[begin:end]), dtype=kind) if end > begin else torch.zeros(0)
        tensors[name] = flat.reshape(t["shape"]).to(torch.float64 if kind == torch.float32 else torch.int64)
    return tensors, meta


def write(path, tensors, meta):
    header, body = {"__metadata__": meta}, b""
    for name in sorted(tensors):
        whole = not tensors[name].is_floating_point()
        t = tensors[name].detach().to(torch.int32 if whole else torch.float32).contiguous()
        raw = bytes(t.numpy().tobytes())
        header[name] = {"dtype": "I32" if whole else "F32", "shape": list(t.shape),
                        "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(len(text) + 8) % 64)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + body)


def case(block, domain, shape, function, **options):
    return {"block": block, "domain": domain, "shape": shape, "function": function, "options": options}


TOKENS, LONG, GRID = (2, 20, 12), (2, 70, 10), (2, 5, 6, 6)
CASES = {
    "attention": case("attention: 2", "tokens", TOKENS, blocks.attention, h=2),
    "attention_gqa_rope": case("attention: {heads: 6, kv_heads: 2, causal: true, position: rope}", "tokens", TOKENS,
                               blocks.attention, h=6, kv=2, causal=True, place="rope"),
    "attention_window": case("attention: {heads: 2, causal: true, window: 5}", "tokens", TOKENS, blocks.attention, h=2,
                             causal=True, window=5),
    "attention_alibi": case("attention: {heads: 3, position: alibi, window: 9}", "tokens", TOKENS,
                            blocks.attention, h=3, window=9, place="alibi"),
    "attention_t5_sinks": case("attention: {heads: 2, position: t5, buckets: 8, max_distance: 12, sinks: true}", "tokens",
                               TOKENS, blocks.attention, h=2, place="t5", sinks=True),
    "attention_top_k": case("attention: {heads: 3, kind: top_k, keep: 5}", "tokens", TOKENS, blocks.attention, h=3,
                            keep=5),
    "attention_head_dim": case("attention: {heads: 4, kv_heads: 2, head_dim: 5, rotary_dim: 4, position: rope, causal: "
                               "true, qk_norm: true, bias: false}", "tokens", TOKENS, blocks.attention_of_widths, h=4,
                               kv=2, d=5, e=5, channels=4, normed=True),
    "attention_value_dim": case("attention: {heads: 3, head_dim: 6, value_dim: 10, position: rope, causal: true, bias: "
                                "false}", "tokens", TOKENS, blocks.attention_of_widths, h=3, kv=3, d=6, e=10),
    "latent_attention": case("latent_attention: {heads: 3, kv_rank: 7, q_rank: 8, key_dim: 5, rope_dim: 4, value_dim: "
                             "6, causal: true}", "tokens", TOKENS, blocks.latent_attention, h=3, rank=7, q_rank=8, n=5,
                             r=4, e=6),
    "distance_attention": case("distance_attention: {heads: 3, max_distance: 3}", "graph", (15, 9),
                               blocks.distance_attention, h=3, most=3),
    "linear_attention": case("linear_attention: {heads: 2, causal: true}", "tokens", LONG,
                             blocks.linear_attention, h=2),
    "retention": case("retention: 3", "tokens", TOKENS, blocks.retention, h=3),
    "gated_linear_attention": case("gated_linear_attention: 3", "tokens", TOKENS, blocks.gated_linear_attention, h=3),
    "delta_net": case("delta_net: 2", "tokens", LONG, blocks.delta_net, h=2),
    "delta_net_gated": case("delta_net: {heads: 2, gated: true}", "tokens", TOKENS, blocks.delta_net, h=2, gated=True),
    "mamba": case("mamba: 4", "tokens", LONG, blocks.mamba, n=4),
    "mamba_bidirectional": case("mamba: {state: 3, bidirectional: true}", "tokens", TOKENS, blocks.mamba, n=3,
                                both=True),
    "mamba2": case("mamba2: {state: 6, head_dim: 8}", "tokens", TOKENS, blocks.mamba2, n=6, width=8),
    "s4d": case("s4d: 8", "tokens", LONG, blocks.s4d, state=8),
    "hyena": case("hyena: {filter_width: 8}", "tokens", LONG, blocks.hyena, width=8),
    "lstm": case("lstm: {width: 9, layers: 2, bidirectional: true}", "tokens", TOKENS, blocks.recurrent, kind="lstm",
                 width=9, layers=2),
    "gru": case("gru: {width: 9, layers: 2, bidirectional: true}", "tokens", TOKENS, blocks.recurrent,
                kind="gru", width=9, layers=2),
    "rnn": case("rnn: {width: 9, layers: 2, bidirectional: true}", "tokens", TOKENS, blocks.recurrent,
                kind="rnn", width=9, layers=2),
    "min_gru": case("min_gru", "tokens", TOKENS, blocks.min_gru),
    "bidirectional": case("bidirectional: [{min_gru: 1}]", "tokens", TOKENS, blocks.bidirectional),
    "transpose": case("transpose: [{ffn: {width: 9, activation: gelu}}]", "tokens", TOKENS, blocks.mixing, width=9),
    "rg_lru": case("rg_lru", "tokens", TOKENS, blocks.rg_lru),
    "rwkv": case("rwkv", "tokens", TOKENS, blocks.rwkv),
    "conv1d": case("conv1d: {width: 6, stride: 2, activation: silu}", "tokens", TOKENS, blocks.conv1d),
    "residual_conv": case("residual_conv: {width: 6, stride: 2}", "grid", (2, 5, 6, 4), blocks.residual_conv),
    "inverted_residual": case("inverted_residual: {expand: 4, squeeze: 0.25}", "grid", GRID, blocks.inverted_residual),
    "residual_conv_groups": case("residual_conv: {kind: bottleneck, width: 12, reduction: 2, groups: 3, stride: 2, "
                                 "squeeze: 0.5}", "grid", (2, 5, 6, 4), blocks.residual_conv_groups, width=12, inner=6,
                                 groups=3, hidden=2),
    "inverted_residual_input": case("inverted_residual: {expand: 4, activation: silu, squeeze: 0.25, squeeze_of: input, "
                                    "squeeze_activation: silu, gate: sigmoid}", "grid", (2, 5, 6, 8),
                                    blocks.inverted_residual_input, hidden=2),
    "pool2d_ceil": case("pool2d: {kind: max, kernel: 3, stride: 2, padding: ceil}", "grid", GRID, blocks.pool2d_ceil),
    "split_shuffle": case("split: [[], [{linear: 9, activation: tanh}, {shuffle: 3}]]", "grid", GRID,
                          blocks.split_shuffle, width=9, groups=3),
    "parallel_product": case("parallel: {branches: [{linear: 7}, {linear: 7, activation: sigmoid}], combine: product}",
                             "tokens", TOKENS, blocks.parallel_product, width=7),
    "convnext": case("convnext: {layer_scale: 1}", "grid", GRID, blocks.convnext),
    "squeeze_excite": case("squeeze_excite: 0.5", "grid", GRID, blocks.squeeze_excite, hidden=3),
    "layer_norm": case("norm: layer", "tokens", TOKENS, blocks.norm, kind="layer"),
    "rms_norm": case("norm: rms", "tokens", TOKENS, blocks.norm, kind="rms"),
    "batch_norm": case("norm: batch", "grid", GRID, blocks.norm, kind="batch"),
    "group_norm": case("norm: {kind: group, groups: 3}", "grid", GRID, blocks.norm, kind="group"),
    "ffn_swiglu": case("ffn: {width: 20, activation: swiglu}", "tokens", TOKENS, blocks.ffn, width=20),
    "moe": case("moe: {experts: 5, top_k: 2, width: 9, activation: swiglu, weights: chosen}", "tokens", TOKENS,
                blocks.moe, experts=5, k=2, width=9),
    "gcn": case("gcn: {width: 7, activation: relu}", "graph", (15, 9), blocks.gcn, width=7),
    "gat": case("gat: {width: 4, heads: 3}", "graph", (15, 9), blocks.gat, h=3, width=4),
    "graph_sage": case("graph_sage: 7", "graph", (15, 9), blocks.graph_sage, width=7),
}


def compute(c, p, x, edges, cotangent):
    """output, and the gradient of sum(cotangent * output) by x and by every parameter"""
    extra = (edges,) if edges is not None else ()
    y = c["function"](p, x.requires_grad_(), *extra, **c["options"])
    if cotangent is None:
        cotangent = torch.randn_like(y).float().double()
    (cotangent * y).sum().backward()
    out = {"x": x, "y": y, "cotangent": cotangent, "gradient.x": x.grad}
    if edges is not None:
        out["edges"] = edges
    for name, value in p.all.items():
        out["parameter." + name], out["gradient." + name] = value, value.grad
    return out


def block_name(c):
    return c["block"].split(":")[0]


def make(folder, names):
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    for name in names or CASES:
        c = CASES[name]
        torch.manual_seed(sum(name.encode()))
        x, edges = torch.randn(*c["shape"]).float().double(), None
        if c["domain"] == "graph":
            nodes = c["shape"][0]
            pairs = torch.randint(0, nodes - 1, (3 * nodes, 2))  # nobody speaks to the last node
            edges = torch.unique(pairs[pairs[:, 0] != pairs[:, 1]], dim=0)
        meta = {"block": c["block"], "domain": c["domain"], "case": name, "made_by": "PyTorch " + torch.__version__}
        write(f"{folder}/{name}.safetensors", compute(c, Parameters(block_name(c)), x, edges, None), meta)


def check(files):
    worst = 0.0
    print(f"PyTorch {torch.__version__}\n{'case':24}{'output':>10}{'gradients':>11}  parameters")
    for path in files:
        known, meta = read(path)
        c = CASES[meta["case"]]
        p = Parameters(block_name(c), known)
        ours = compute(c, p, known["x"], known.get("edges"), known["cotangent"])
        left_out = {n for n in known if n.startswith("parameter.")} - set(ours)
        assert not left_out, f"{path}: PyTorch's side never reads {left_out}"

        def error(name):
            return float(((ours[name] - known[name]).abs().max() / ours[name].abs().max().clamp(min=1)).detach())

        forward, backward = error("y"), max(error(n) for n in ours if n.startswith("gradient."))
        share = max(forward / FORWARD, backward / BACKWARD)
        worst = max(worst, share if math.isfinite(share) else math.inf)
        count = sum(v.numel() for v in p.all.values())
        print(f"{meta['case']:24}{forward:10.1e}{backward:11.1e}{count:12}{'' if share < 1 else '  TOO FAR'}")
    print(f"{len(files)} cases; allowed: output {FORWARD:.0e}, gradients {BACKWARD:.0e}")
    return 0 if worst < 1 else 1


def main(words):
    torch.set_default_dtype(torch.float64)
    if len(words) >= 2 and words[0] == "make" and set(words[2:]) <= set(CASES):
        make(words[1], words[2:])
        return 0
    if len(words) > 1 and words[0] == "check":
        return check(words[1:])
    print(__doc__, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
