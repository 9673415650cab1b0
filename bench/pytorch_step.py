"""One training step in PyTorch, timed: the other side of bench/run.

usage: pytorch_step.py CASE [--dtype f32|bf16] [--steps N] [--threads N]
Prints one JSON line: case, median and fastest step in ms, all steps, parameters, peak memory, the kernels that OpenBLAS
chose. The cases are those of bench/cases: same sizes, same batch, AdamW. bf16 is torch.autocast.
"""
import argparse
import ctypes
import json
import math
import resource
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F


class SelfAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query_key_value = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x):
        batch, tokens, width = x.shape
        q, k, v = (t.view(batch, tokens, self.heads, -1).transpose(1, 2)
                   for t in self.query_key_value(x).split(width, dim=-1))
        if hasattr(F, "scaled_dot_product_attention"):
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            future = torch.ones(tokens, tokens, dtype=torch.bool).triu(1)
            scores = (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])).masked_fill(future, -1e30)
            y = scores.softmax(-1) @ v
        return self.out(y.transpose(1, 2).reshape(batch, tokens, width))


class Layer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"),
                                 nn.Linear(4 * width, width))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Gpt(nn.Module):
    def __init__(self, vocab, context, width, heads, layers):
        super().__init__()
        self.token, self.position = nn.Embedding(vocab, width), nn.Embedding(context, width)
        self.layers = nn.Sequential(*[Layer(width, heads) for _ in range(layers)])
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocab, bias=False)

    def forward(self, ids):
        return self.head(self.norm(self.layers(self.token(ids) + self.position.weight))).flatten(0, 1)


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm1, self.norm2 = nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False),
                                          nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


def resnet(channels, widths, blocks):
    layers = [nn.Conv2d(channels, widths[0], 3, 1, 1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()]
    inputs = widths[0]
    for stage, outputs in enumerate(widths):
        for block in range(blocks):
            layers.append(ResidualBlock(inputs, outputs, 2 if stage and block == 0 else 1))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 10))


class Gcn(nn.Module):
    def __init__(self, inputs, width, classes, adjacency):
        super().__init__()
        self.layer1, self.layer2 = nn.Linear(inputs, width, bias=False), nn.Linear(width, classes, bias=False)
        self.adjacency = adjacency

    def forward(self, x):
        x = F.relu(torch.sparse.mm(self.adjacency, self.layer1(F.dropout(x, 0.5))))
        return torch.sparse.mm(self.adjacency, self.layer2(F.dropout(x, 0.5)))


class GraphAttention(nn.Module):
    def __init__(self, inputs, width, heads, edges, nodes):
        super().__init__()
        self.linear = nn.Linear(inputs, heads * width, bias=False)
        self.score = nn.Parameter(0.1 * torch.randn(2, heads, width))
        self.edges, self.nodes, self.heads = edges, nodes, heads

    def forward(self, x):
        z = self.linear(F.dropout(x, 0.6)).view(self.nodes, self.heads, -1)
        source, target = self.edges
        score = F.leaky_relu((z * self.score[0]).sum(-1)[source] + (z * self.score[1]).sum(-1)[target], 0.2)
        rows = target[:, None].expand(-1, self.heads)
        highest = torch.full((self.nodes, self.heads), -1e30).scatter_reduce(0, rows, score, "amax")
        weight = (score - highest[target]).exp()
        weight = F.dropout(weight / torch.zeros(self.nodes, self.heads).index_add(0, target, weight)[target], 0.6)
        return torch.zeros_like(z).index_add(0, target, weight[:, :, None] * z[source]).flatten(1)


def random_graph(nodes, edges):
    ends = torch.randint(0, nodes, (2, edges), generator=torch.Generator().manual_seed(1))
    return torch.cat([ends, ends.flip(0), torch.arange(nodes).repeat(2, 1)], 1)


def graph_case(name):
    nodes, edges, inputs, classes = (100_000, 1_000_000, 128, 40) if name == "gcn-100k" else (2708, 5278, 1433, 7)
    ends = random_graph(nodes, edges)
    if name == "gat-cora":
        model = nn.Sequential(GraphAttention(inputs, 8, 8, ends, nodes), nn.ELU(),
                              GraphAttention(64, classes, 1, ends, nodes))
    else:
        degree = torch.bincount(ends[1], minlength=nodes).float()
        weight = (degree[ends[0]] * degree[ends[1]]).rsqrt()
        adjacency = torch.sparse_coo_tensor(ends.flip(0), weight, (nodes, nodes)).coalesce().to_sparse_csr()
        model = Gcn(inputs, 128 if name == "gcn-100k" else 16, classes, adjacency)
    return model, torch.rand(nodes, inputs), torch.randint(0, classes, (nodes,))


def language_case(vocab, context, width, heads, layers, batch):
    ids, target = torch.randint(0, vocab, (batch, context)), torch.randint(0, vocab, (batch * context,))
    return Gpt(vocab, context, width, heads, layers), ids, target


def picture_case(size, channels, widths, blocks, batch):
    channels_last = {"memory_format": torch.channels_last}
    images = torch.randn(batch, channels, size, size).contiguous(**channels_last)
    return resnet(channels, widths, blocks).to(**channels_last), images, torch.randint(0, 10, (batch,))


CASES = {
    "gpt-nano": lambda: language_case(65, 64, 128, 4, 4, 12),
    "gpt-6x384": lambda: language_case(65, 256, 384, 6, 6, 8),
    "mad-128": lambda: language_case(16, 128, 128, 8, 2, 128),
    "resnet20-cifar": lambda: picture_case(32, 3, (16, 32, 64), 3, 128),
    "resnet20-fmnist": lambda: picture_case(28, 1, (16, 32, 64), 3, 128),
    "resnet18w": lambda: picture_case(32, 3, (64, 128, 256), 2, 64),
    "gcn-cora": lambda: graph_case("gcn-cora"),
    "gat-cora": lambda: graph_case("gat-cora"),
    "gcn-100k": lambda: graph_case("gcn-100k"),
}


def fused():
    major, minor = (int(part) for part in torch.__version__.split(".")[:2])
    return {"fused": True} if (major, minor) >= (2, 4) else {"foreach": True}


def blas_kernels():
    """The processor that OpenBLAS takes this one for, such as "SkylakeX"; "" when PyTorch has another BLAS."""
    for line in open("/proc/self/maps"):
        library = ctypes.CDLL(line.split()[-1]) if "openblas" in line else None
        if hasattr(library, "openblas_get_corename"):
            library.openblas_get_corename.restype = ctypes.c_char_p
            return library.openblas_get_corename().decode()
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("case", choices=CASES)
    parser.add_argument("--dtype", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    model, x, target = CASES[options.case]()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, **fused())
    autocast = torch.autocast("cpu", dtype=torch.bfloat16, enabled=options.dtype == "bf16")

    def step():
        with autocast:
            loss = F.cross_entropy(model(x).float(), target)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    for _ in range(3):
        step()
    times_ms = []
    for _ in range(options.steps):
        start = time.perf_counter()
        step()
        times_ms.append(1e3 * (time.perf_counter() - start))
    print(json.dumps({
        "case": options.case, "side": "pytorch " + torch.__version__, "dtype": options.dtype,
        "times_ms": [round(t, 3) for t in times_ms],
        "median_ms": round(statistics.median(times_ms), 3), "fastest_ms": round(min(times_ms), 3),
        "blas": blas_kernels(), "parameters": sum(p.numel() for p in model.parameters()),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))


if __name__ == "__main__":
    main()
