"""One training step in PyTorch, timed: the other side of bench/side_by_side.sh.

usage: pytorch_step.py gpt-nano|resnet20-fashion [--steps N] [--threads N]
Prints one JSON line: case, median and fastest step in ms, parameters, peak memory. The cases are those of
configs/models/shakespeare_nano.yaml and resnet20_fashion.yaml: same sizes, same batch, AdamW or SGD.
"""
import argparse
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
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)

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
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width, bias=False), nn.GELU(approximate="tanh"),
                                 nn.Linear(4 * width, width, bias=False))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Gpt(nn.Module):
    def __init__(self, vocab=65, context=64, width=128, heads=4, layers=4):
        super().__init__()
        self.token, self.position = nn.Embedding(vocab, width), nn.Embedding(context, width)
        self.layers = nn.Sequential(*[Layer(width, heads) for _ in range(layers)])
        self.norm = nn.LayerNorm(width)

    def forward(self, ids):
        x = self.layers(self.token(ids) + self.position.weight)
        return self.norm(x) @ self.token.weight.T


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


def resnet20():
    layers = [nn.Conv2d(1, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    inputs = 16
    for stage, outputs in enumerate((16, 32, 64)):
        for block in range(3):
            layers.append(ResidualBlock(inputs, outputs, 2 if stage and block == 0 else 1))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def make_case(name):
    """The model, its optimizer and a closure that gives the loss."""
    if name == "gpt-nano":
        model = Gpt()
        ids, target = torch.randint(0, 65, (12, 64)), torch.randint(0, 65, (12, 64))
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, **fused())
        return model, optimizer, lambda: F.cross_entropy(model(ids).view(-1, 65), target.view(-1))
    model = resnet20().to(memory_format=torch.channels_last)
    images = torch.randn(128, 1, 28, 28).contiguous(memory_format=torch.channels_last)
    target = torch.randint(0, 10, (128,))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4, foreach=True)
    return model, optimizer, lambda: F.cross_entropy(model(images), target)


def fused():
    major, minor = (int(part) for part in torch.__version__.split(".")[:2])
    return {"fused": True} if (major, minor) >= (2, 4) else {"foreach": True}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("case", choices=["gpt-nano", "resnet20-fashion"])
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    model, optimizer, loss_of = make_case(options.case)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss_of().backward()
        optimizer.step()

    for _ in range(3):
        step()
    times_ms = []
    for _ in range(options.steps):
        start = time.perf_counter()
        step()
        times_ms.append(1e3 * (time.perf_counter() - start))
    print(json.dumps({
        "case": options.case, "side": "pytorch " + torch.__version__,
        "median_ms": round(statistics.median(times_ms), 3), "fastest_ms": round(min(times_ms), 3),
        "parameters": sum(p.numel() for p in model.parameters()),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))


if __name__ == "__main__":
    main()
