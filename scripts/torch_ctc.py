#!/usr/bin/env python3
"""Writes tests/golden/ctc.txt: losses and gradients of torch.nn.functional.ctc_loss, in double.

usage: torch_ctc.py > tests/golden/ctc.txt       Needs PyTorch >= 2.0, nothing else.
"""
import torch

# frames, classes, blank, per, one target a sequence; -1 behind the last symbol
CASES = [
    (5, 4, 0, "symbol", [[1, 2, 3], [2, -1, -1]]),
    (7, 3, 2, "symbol", [[0, 0, 1, -1], [1, 1, 1, 1], [0, 1, 0, 1]]),  # repeats; one needs every frame
    (9, 6, 3, "example", [[5, 4, 0, 1], [2, 2, -1, -1]]),
    (1, 2, 0, "example", [[1]]),
]

print(f"""# Losses and gradients of PyTorch {torch.__version__.split("+")[0]}'s ctc_loss on log_softmax of
#   x_btv = 2 sin(1 + 1.7 b + 0.9 t + 2.3 v) + cos(t v / 3), in double (scripts/torch_ctc.py).
# A case: T V blank per S, the targets; a line below it the loss; below that dx in row order.""")
for frames, classes, blank, per, targets in CASES:
    b, t, v = torch.meshgrid(*(torch.arange(n, dtype=torch.float64) for n in (len(targets), frames, classes)),
                             indexing="ij")
    x = (2 * torch.sin(1 + 1.7 * b + 0.9 * t + 2.3 * v) + torch.cos(t * v / 3)).requires_grad_()
    lengths = torch.tensor([sum(s >= 0 for s in target) for target in targets])
    losses = torch.nn.functional.ctc_loss(x.log_softmax(2).transpose(0, 1), torch.tensor(targets).clamp(min=0),
                                          torch.full((len(targets),), frames), lengths, blank=blank, reduction="none")
    loss = (losses / lengths if per == "symbol" else losses).mean()
    loss.backward()
    print(frames, classes, blank, per, len(targets[0]), *(s for target in targets for s in target))
    print(f"  {loss.item():.12g}")
    print(" ", *(f"{d:.9g}" for d in x.grad.flatten().tolist()))
