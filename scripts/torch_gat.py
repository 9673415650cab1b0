#!/usr/bin/env python3
"""Graph attention on Cora in plain PyTorch: what the choice of the tested epoch is worth.

usage: torch_gat.py FOLDER [--seeds N] [--epochs N] [--third]   FOLDER holds cora.nodes.tsv and cora.edges.tsv

Every seed trains once, with the published settings (Velickovic et al. 2018, section 3.3); the rules read the same
losses and accuracies afterwards. --third also drops the transformed features, as the authors' code does and their
paper does not say. What it printed stands in docs/verify.md. Needs PyTorch, nothing else.
"""
import argparse
import pathlib

import torch
from torch.nn import functional as F

PATIENCE = 100


def read(folder):
    x, labels, splits = [], [], []
    for line in (folder / "cora.nodes.tsv").read_text().splitlines():
        _, label, split, words = line.split("\t")
        row = torch.zeros(1433)
        row[[int(w) for w in words.split()]] = 1
        x.append(row / row.sum().clamp(min=1))
        labels.append(int(label))
        splits.append(split)
    edges = set()
    for line in (folder / "cora.edges.tsv").read_text().splitlines():
        u, v = map(int, line.split())
        edges |= {(u, v), (v, u)}
    edges |= {(i, i) for i in range(len(x))}
    return torch.stack(x), torch.tensor(labels), splits, torch.tensor(sorted(edges)).T


class Layer(torch.nn.Module):
    def __init__(self, inputs, heads, width, third):
        super().__init__()
        uniform = lambda fan, *shape: torch.nn.Parameter((torch.rand(shape) * 2 - 1) * (6 / fan) ** 0.5)
        self.w = uniform(inputs + heads * width, inputs, heads * width)
        self.source, self.target = uniform(width + 1, heads, width), uniform(width + 1, heads, width)
        self.bias = torch.nn.Parameter(torch.zeros(heads * width))
        self.heads, self.third = heads, third

    def forward(self, x, edges):
        drop = lambda v: F.dropout(v, 0.6, self.training)
        z = (drop(x) @ self.w).view(len(x), self.heads, -1)
        source, target = (z * self.source).sum(-1), (z * self.target).sum(-1)
        score = F.leaky_relu(source[edges[0]] + target[edges[1]], 0.2).exp()  # Cora's scores are small
        total = torch.zeros_like(source).index_add(0, edges[1], score)
        weight = drop(score / total[edges[1]])
        heard = (drop(z) if self.third else z)[edges[0]] * weight.unsqueeze(-1)
        return torch.zeros_like(z).index_add(0, edges[1], heard).flatten(1) + self.bias


class Model(torch.nn.Module):
    def __init__(self, third):
        super().__init__()
        self.first, self.second = Layer(1433, 8, 8, third), Layer(64, 1, 7, third)

    def forward(self, x, edges):
        return self.second(F.elu(self.first(x, edges)), edges)


def train(seed, data, epochs, third):
    """(validation loss, validation accuracy, test accuracy) of every epoch"""
    x, labels, splits, edges = data
    part = {s: torch.tensor([i for i, other in enumerate(splits) if other == s]) for s in ("train", "val", "test")}
    torch.manual_seed(seed)
    model = Model(third)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005, weight_decay=5e-4)
    curve = []
    for _ in range(epochs):
        model.train()
        optimizer.zero_grad()
        F.cross_entropy(model(x, edges)[part["train"]], labels[part["train"]]).backward()
        optimizer.step()
        model.eval()
        with torch.no_grad():
            y = model(x, edges)
        right = y.argmax(-1) == labels
        curve.append((float(F.cross_entropy(y[part["val"]], labels[part["val"]])),
                      float(right[part["val"]].float().mean()), float(right[part["test"]].float().mean())))
    return curve


def tested(curve, better, kept):
    """test accuracy and epoch of the last epoch that `kept` takes, when none was `better` for PATIENCE epochs"""
    least, most, stale, best = float("inf"), 0, 0, None
    for epoch, (loss, accuracy, test) in enumerate(curve):
        lower, higher = loss <= least, accuracy >= most
        if kept(lower, higher):
            best = (test, epoch + 1)
        stale = 0 if better(lower, higher) else stale + 1
        least, most = min(least, loss), max(most, accuracy)
        if stale == PATIENCE:
            break
    return best


RULES = {
    "lowest validation loss": (lambda lower, higher: lower,) * 2,
    "highest validation accuracy": (lambda lower, higher: higher,) * 2,
    "both (the authors' code)": (lambda lower, higher: lower or higher, lambda lower, higher: lower and higher),
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=1000)
    parser.add_argument("--third", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = read(options.folder)
    results = {}
    for seed in range(options.seeds):
        curve = train(seed, data, options.epochs, options.third)
        for name, rule in RULES.items():
            results.setdefault(name, []).append(tested(curve, *rule))
        results.setdefault("epoch 200", []).append((curve[199][2], 200))
        results.setdefault("the last epoch", []).append((curve[-1][2], len(curve)))
        results.setdefault("highest test accuracy", []).append(max((t, e + 1) for e, (_, _, t) in enumerate(curve)))
    for name, found in results.items():
        accuracy, epoch = torch.tensor(found).T
        print(f"{name:30} {100 * accuracy.mean():.2f} (sd {100 * accuracy.std():.2f}), epoch {epoch.mean():.0f}")


if __name__ == "__main__":
    main()
