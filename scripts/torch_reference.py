"""The blocks of torch_blocks.py: (parameters, x, options) -> y, in plain PyTorch.

A linear layer is x W + b with W [in,out]; tokens are [B,T,C], grids [B,Y,X,C], nodes [N,C] with edges [E,2] from source
to target. A parameter that starts from constants in Cambium is the sum here.
"""
import math

import torch
from torch.nn import functional as F


class Parameters:
    """p("q.weight", 3, 4): that parameter, drawn when it is asked for the first time. `near` says around what."""

    def __init__(self, block, known=None):
        self.block, self.known, self.all = block, known, {}

    def __call__(self, name, *shape, near=0.0, spread=0.4):
        full = f"{self.block}.{name}" if self.block else name
        if full in self.all:
            return self.all[full]
        if self.known is None:
            value = (torch.as_tensor(near, dtype=torch.float64) + spread * torch.randn(*shape)).float().double()
        else:
            value = self.known["parameter." + full]
            assert tuple(value.shape) == shape, f"{full} is {tuple(value.shape)}, not {shape}"
        self.all[full] = value.requires_grad_()
        return self.all[full]

    def under(self, name):
        return lambda rest, *shape, **more: self(f"{name}.{rest}", *shape, **more)


def linear(p, name, x, width, bias=True):
    y = x @ p(f"{name}.weight", x.shape[-1], width, spread=0.6 / math.sqrt(x.shape[-1]))
    return y + p(f"{name}.bias", width) if bias else y


def heads(x, h):
    return x.unflatten(-1, (h, -1))


def rms(x, gamma, eps=1e-5):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps) * gamma


def unit(x):
    return x * torch.rsqrt(x.square().sum(-1, keepdim=True) + 1e-6)


def rope(x, base=10000.0, channels=0):  # [B,T,H,D], the first channels of a head or all
    if channels:
        return torch.cat([rope(x[..., :channels], base), x[..., channels:]], -1)
    t, d = x.shape[1], x.shape[3]
    angle = torch.arange(t)[:, None] * base ** (-torch.arange(0, d, 2) / d)
    cos, sin = (f(angle)[None, :, None, :] for f in (torch.cos, torch.sin))
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def conv(p, x, width, kernel, stride=1, groups=1, bias=True, causal=False, dilation=1):
    """Channels last, over one or two axes; `same` as in padding=(kernel-1)//2, or zeros in front alone."""
    line = x.ndim == 3
    grid = x[:, :, None] if line else x
    ky, kx = (kernel, 1) if line else (kernel, kernel)
    w = p("weight", ky, kx, grid.shape[-1] // groups, width, spread=1 / math.sqrt(ky * kx * grid.shape[-1] / groups))
    pads = []
    for extent, k in ((grid.shape[2], kx), (grid.shape[1], ky)):
        reach = (k - 1) * dilation
        total = max(0, (math.ceil(extent / stride) - 1) * stride + reach + 1 - extent)
        before = min(reach // 2, total)
        pads += [reach, 0] if causal and k > 1 else [before, total - before]
    y = F.conv2d(F.pad(grid.movedim(-1, 1), pads), w.permute(3, 2, 0, 1), p("bias", width) if bias else None,
                 stride=stride if not line else (stride, 1), groups=groups, dilation=dilation).movedim(1, -1)
    return y[:, :, 0] if line else y


def batch_norm(p, x):
    c = x.shape[-1]
    y = F.batch_norm(x.movedim(-1, 1), None, None, p("gamma", c, near=1), p("beta", c), training=True, eps=1e-5)
    return y.movedim(1, -1)


def layer_norm(p, x, eps=1e-5):
    c = x.shape[-1]
    return F.layer_norm(x, (c,), p("gamma", c, near=1), p("beta", c), eps)


def gelu(x):
    return F.gelu(x, approximate="tanh")


def bucket(far, buckets, most):
    """T5's, of keys `far` places before the query or, below 0, behind it: half of the buckets for either direction."""
    half, far_away = buckets // 2, far.abs()
    exact = half // 2
    grown = exact + (torch.log(far_away.clamp(min=1) / exact) / math.log(most / exact) * (half - exact)).long()
    return torch.where(far_away < exact, far_away, grown.clamp(max=half - 1)) + half * (far < 0)


def alibi_slopes(h):
    """The authors' get_slopes: of the power of two below, then every second one of twice as many."""
    power = 2 ** int(math.log2(h))
    slopes = lambda n: 2.0 ** (-8 * (torch.arange(n) + 1) / n)
    return torch.cat([slopes(power), slopes(2 * power)[::2][:h - power]])


def attention(p, x, h, kv=0, causal=False, window=0, place="none", sinks=False, keep=0):
    t, c = x.shape[1], x.shape[2]
    d, kv = c // h, kv or h
    q, k, v = (heads(linear(p, n, x, m * d), m) for n, m in (("q", h), ("k", kv), ("v", kv)))
    if place == "rope":
        q, k = rope(q), rope(k)
    far = torch.arange(t)[:, None] - torch.arange(t)[None, :]
    mask = torch.zeros(h, t, t, dtype=torch.float64)
    if place == "alibi":
        mask -= alibi_slopes(h)[:, None, None] * far.abs()
    if place == "t5":
        mask = mask + p("relative", 8, h)[bucket(far, 8, 12)].permute(2, 0, 1)
    if causal:
        mask = mask.masked_fill(far < 0, -math.inf)
    if window:
        mask = mask.masked_fill(far.abs() >= window, -math.inf)
    if sinks or keep:
        scores = torch.einsum("bthd,bshd->bhts", q, k) / math.sqrt(d) + mask
        if keep:
            worst = scores.topk(keep, -1).values[..., -1:]
            scores = scores.masked_fill(scores < worst, -math.inf)
        if sinks:
            scores = torch.cat([scores, p("sinks", h)[None, :, None, None].expand(x.shape[0], h, t, 1)], -1)
        y = torch.einsum("bhts,bshd->bthd", scores.softmax(-1)[..., :t], v)
        return linear(p, "o", y.flatten(2), c)
    y = F.scaled_dot_product_attention(*(a.transpose(1, 2) for a in (q, k, v)), attn_mask=mask, enable_gqa=True)
    return linear(p, "o", y.transpose(1, 2).flatten(2), c)


def attend(q, k, v, causal=False, bias=0.0):
    """softmax(q k^T / sqrt(D) + bias) v of [B,T,H,D], [B,S,H,D] and [B,S,H,E]: [B,T,H E]"""
    scores = torch.einsum("bthd,bshd->bhts", q, k) / math.sqrt(q.shape[-1]) + bias
    if causal:
        scores = scores.masked_fill(torch.ones_like(scores[0, 0]).triu(1) > 0, -math.inf)
    return torch.einsum("bhts,bshe->bthe", scores.softmax(-1), v).flatten(2)


def attention_of_widths(p, x, h, kv, d, e, channels=0, normed=False):
    """attention whose heads have widths of their own: causal, with rope of the first channels"""
    q, k, v = (heads(linear(p, n, x, m * w, False), m) for n, m, w in (("q", h, d), ("k", kv, d), ("v", kv, e)))
    if normed:
        q, k = (rms(a, p(f"{n}_norm.gamma", d, near=1)) for a, n in ((q, "q"), (k, "k")))
    q, k = rope(q, channels=channels), rope(k, channels=channels)
    k, v = (a.repeat_interleave(h // kv, 2) for a in (k, v))
    return linear(p, "o", attend(q, k, v, True), x.shape[2], False)


def latent_attention(p, x, h, rank, q_rank, n, r, e):
    down = rms(linear(p, "q_down", x, q_rank, False), p("q_norm.gamma", q_rank, near=1))
    q = rope(heads(linear(p, "q", down, h * (r + n), False), h), channels=r)
    c, turning = linear(p, "kv_down", x, rank + r, False).split([rank, r], -1)
    c = rms(c, p("kv_norm.gamma", rank, near=1))
    shared = rope(turning[:, :, None]).expand(-1, -1, h, -1)
    k = torch.cat([shared, heads(linear(p, "k", c, h * n, False), h)], -1)
    return linear(p, "o", attend(q, k, heads(linear(p, "v", c, h * e, False), h), True), x.shape[2], False)


def distance_attention(p, x, edges, h, most):
    """by powers of the adjacency: node t hears node s in as many edges as the first power that says so"""
    n, c = x.shape
    hears = torch.zeros(n, n)
    hears[edges[:, 1], edges[:, 0]] = 1
    distance, reached = torch.full((n, n), most + 1), torch.eye(n)
    for steps in range(most + 1):
        distance = torch.where((reached > 0) & (distance > most), steps, distance)
        reached = reached @ hears
    q, k, v = (heads(linear(p, name, x[None], c), h) for name in "qkv")
    bias = p("distance", most + 2, h)[distance].permute(2, 0, 1)
    return linear(p, "o", attend(q, k, v, bias=bias)[0], c)


def decayed(q, k, v, log_decay, scale):
    """S_t = e^g_t S_{t-1} + k_t v_t^T, y_t = scale S_t^T q_t; q, k [B,T,H,D], v [B,T,H,E], g broadcasts to k."""
    state = torch.zeros(k.shape[0], *k.shape[2:], v.shape[-1])
    g, out = log_decay.broadcast_to(k.shape), []
    for t in range(k.shape[1]):
        state = g[:, t].exp()[..., None] * state + k[:, t, :, :, None] * v[:, t, :, None, :]
        out.append(scale * torch.einsum("bhd,bhde->bhe", q[:, t], state))
    return torch.stack(out, 1)


def linear_attention(p, x, h):
    c = x.shape[2]
    q, k, v = (heads(linear(p, n, x, c), h) for n in "qkv")
    weights = torch.einsum("bthd,bshd->bhts", F.elu(q) + 1, F.elu(k) + 1).tril()
    y = torch.einsum("bhts,bshe->bthe", weights, v) / (weights.sum(-1).transpose(1, 2)[..., None] + 1e-6)
    return linear(p, "o", y.flatten(2), c)


def retention(p, x, h):
    c = x.shape[2]
    q, k = (rope(heads(linear(p, n, x, c, False), h)) for n in "qk")
    v = heads(linear(p, "v", x, 2 * c, False), h)
    decay = torch.log(1 - 2.0 ** (-5 - torch.arange(h)))[:, None]
    y = rms(decayed(q, k, v, decay, 1 / math.sqrt(c // h)), 1).flatten(2)
    return linear(p, "o", F.silu(linear(p, "g", x, 2 * c, False)) * y, c, False)


def gated_linear_attention(p, x, h):
    c = x.shape[2]
    keys = c // 2
    q, k = (heads(linear(p, n, x, keys, False), h) for n in "qk")
    v = heads(linear(p, "v", x, c, False), h)
    gate = linear(p, "gate_up", linear(p, "gate_down", x, 16, False), keys)
    y = decayed(q, k, v, heads(F.logsigmoid(gate) / 16, h), 1 / math.sqrt(keys // h))
    y = rms(y, p("norm.gamma", c // h, near=1)).flatten(2)
    return linear(p, "o", y * F.silu(linear(p, "g", x, c, False)), c, False)


def delta_net(p, x, h, gated=False):
    b, t, c = x.shape
    d = c // h

    def project(name):
        y = conv(p.under(name + "_conv"), linear(p, name, x, c, False), c, 4, groups=c, bias=False, causal=True)
        return heads(F.silu(y), h)

    q, k, v = unit(project("q")), unit(project("k")), project("v")
    beta = torch.sigmoid(linear(p, "beta", x, h, False))
    decay = torch.ones(b, t, h)
    if gated:
        step = F.softplus(linear(p, "a", x, h, False) + p("dt_bias", h, near=-3))
        decay = torch.exp(-p("log_a", h, near=1).exp() * step)
    state, out = torch.zeros(b, h, d, d), []
    for i in range(t):
        state = decay[:, i, :, None, None] * state
        seen = torch.einsum("bhd,bhde->bhe", k[:, i], state)
        state = state + (beta[:, i, :, None] * k[:, i])[..., None] * (v[:, i] - seen)[:, :, None, :]
        out.append(torch.einsum("bhd,bhde->bhe", q[:, i], state) / math.sqrt(d))
    y = rms(torch.stack(out, 1), p("norm.gamma", d, near=1)).flatten(2)
    if gated:
        y = y * F.silu(linear(p, "g", x, c, False))
    return linear(p, "o", y, c, False)


def mamba(p, x, n, both=False):
    c = x.shape[2]
    inner, rank = 2 * c, (c + 15) // 16

    def scan(u, way=""):
        u = F.silu(conv(p.under(way + "conv"), u, inner, 4, groups=inner, causal=True))
        r, into, out_of = linear(p, way + "project", u, rank + 2 * n, False).split([rank, n, n], -1)
        step = F.softplus(linear(p, way + "dt", r, inner, False) + p(way + "dt_bias", inner, near=-3))
        rates = -p(way + "log_a", inner, n, near=torch.arange(1.0, n + 1).log()).exp()
        h, ys = torch.zeros(x.shape[0], inner, n), []
        for t in range(x.shape[1]):
            s = step[:, t, :, None]
            h = (s * rates).exp() * h + s * into[:, t, None, :] * u[:, t, :, None]
            ys.append((h * out_of[:, t, None, :]).sum(-1))
        return torch.stack(ys, 1) + p(way + "d", inner, near=1) * u

    u = linear(p, "in", x, inner, False)
    y = scan(u)
    if both:
        y = y + scan(u.flip(1), "backward.").flip(1)
    return linear(p, "o", y * F.silu(linear(p, "gate", x, inner, False)), c, False)


def mamba2(p, x, n, width):
    c = x.shape[2]
    inner = 2 * c
    h = inner // width
    u = linear(p, "in", x, inner + 2 * n, False)
    u = F.silu(conv(p.under("conv"), u, inner + 2 * n, 4, groups=inner + 2 * n, causal=True))
    v, k, q = u.split([inner, n, n], -1)
    v, k, q = heads(v, h), k[:, :, None].expand(-1, -1, h, -1), q[:, :, None].expand(-1, -1, h, -1)
    step = F.softplus(linear(p, "dt", x, h, False) + p("dt_bias", h, near=-3))[..., None]
    y = decayed(q, k, v * step, -step * p("log_a", h, near=1).exp()[:, None], 1.0)
    y = (y + p("d", h, near=1)[:, None] * v).flatten(2) * F.silu(linear(p, "gate", x, inner, False))
    return linear(p, "o", rms(y, p("norm.gamma", inner, near=1)), c, False)


def causal_fft(x, f):
    """sum_{s <= t} f_{t-s} x_s along the tokens."""
    n = 2 * x.shape[1]
    return torch.fft.irfft(torch.fft.rfft(x, n, 1) * torch.fft.rfft(f, n, 0), n, 1)[:, :x.shape[1]]


def s4d(p, x, state):
    t, c = x.shape[1], x.shape[2]
    n = state // 2
    rates = torch.complex(-p("log_a", c, n, near=math.log(0.5)).exp(),
                          p("imaginary", c, n, near=math.pi * torch.arange(n), spread=0.1))
    power = p("log_dt", c, near=-3).exp()[:, None] * rates
    weight = torch.complex(p("c_re", c, n), p("c_im", c, n)) * (power.exp() - 1) / rates
    kernel = 2 * (weight * (power * torch.arange(t)[:, None, None]).exp()).sum(-1).real  # [T,C]
    y = gelu(causal_fft(x, kernel) + p("d", c) * x)
    return linear(p, "o", y, c) * torch.sigmoid(linear(p, "gate", y, c))


def hyena(p, x, width):
    t, c = x.shape[1], x.shape[2]
    u = conv(p.under("conv"), linear(p, "in", x, 3 * c), 3 * c, 3, groups=3 * c, causal=True)
    first, second, v = u.chunk(3, -1)
    place, f = torch.arange(t) / (t - 1), p.under("filter")
    angle = 2 * math.pi * 1e-4 * torch.arange(t) / t
    h = torch.stack([place, angle.cos(), -angle.sin()], -1)
    for name in ("in", "inner0", "inner1"):
        h = torch.sin(linear(f, name, h, width) * f("frequency", width, near=1))
    slow, fast = -math.log(0.01) / 1.5, -math.log(0.01) / 0.3
    window = torch.exp(-place[:, None] * torch.linspace(slow, fast, c))
    v = v * second
    v = causal_fft(v, linear(f, "out", h, c, False) * window) + p("d1", c) * v
    return linear(p, "o", v * first, c)


def recurrent(p, x, kind, width, layers):
    """torch.lstm, gru or rnn_tanh on our weights: transposed, the same order of gates, two biases."""
    gates, batch = {"lstm": 4, "gru": 3, "rnn": 1}[kind], x.shape[0]
    flat, inputs = [], x.shape[2]
    for layer in range(layers):
        for way in ("forward", "backward"):
            q = p.under(f"layer{layer}.{way}")
            flat += [q("input.weight", inputs, gates * width).T.contiguous(),
                     q("hidden.weight", width, gates * width).T.contiguous(),
                     q("input.bias", gates * width), q("hidden.bias", gates * width)]
        inputs = 2 * width
    zero = torch.zeros(2 * layers, batch, width)
    if kind == "lstm":
        return torch.lstm(x, (zero, zero), flat, True, layers, 0.0, False, True, True)[0]
    return {"gru": torch.gru, "rnn": torch.rnn_tanh}[kind](x, zero, flat, True, layers, 0.0, False, True, True)[0]


def scan(keep, add):
    h, out = torch.zeros_like(add[:, 0]), []
    for t in range(add.shape[1]):
        h = keep[:, t] * h + add[:, t]
        out.append(h)
    return torch.stack(out, 1)


def min_gru(p, x):
    c = x.shape[2]
    z = torch.sigmoid(linear(p, "gate", x, c))
    return linear(p, "o", scan(1 - z, z * linear(p, "candidate", x, c)), c)


def rg_lru(p, x):
    c = x.shape[2]
    u = conv(p.under("conv"), linear(p, "in", x, c), c, 4, groups=c, causal=True)
    log_a = -8 * F.softplus(p("decay", c, near=-4)) * torch.sigmoid(linear(p, "r", u, c))
    h = scan(log_a.exp(), torch.sqrt(1 - (2 * log_a).exp()) * torch.sigmoid(linear(p, "i", u, c)) * u)
    return linear(p, "o", h * gelu(linear(p, "gate", x, c)), c)


def bidirectional(p, x):
    return min_gru(p.under("forward.min_gru"), x) + min_gru(p.under("backward.min_gru"), x.flip(1)).flip(1)


def mixing(p, x, width):
    y = gelu(linear(p, "ffn.up", x.transpose(1, 2), width))
    return linear(p, "ffn.down", y, x.shape[1]).transpose(1, 2)


def before(x):
    return F.pad(x, (0, 0, 1, 0))[:, :-1]


def rwkv(p, x):
    c = x.shape[2]
    k, v, r = (linear(p, n, before(x) + p("mix_" + n, c, near=0.5) * (x - before(x)), c, False) for n in "kvr")
    w, bonus = -p("decay", c, near=-1).exp(), p("bonus", c)
    above, below, out = torch.zeros_like(k[:, 0]), torch.zeros_like(k[:, 0]), []
    for t in range(x.shape[1]):
        now = (bonus + k[:, t]).exp()
        out.append((above + now * v[:, t]) / (below + now))
        above, below = w.exp() * above + k[:, t].exp() * v[:, t], w.exp() * below + k[:, t].exp()
    return linear(p, "o", torch.sigmoid(r) * torch.stack(out, 1), c, False)


def conv1d(p, x):
    return F.silu(conv(p, x, 6, 3, stride=2))


def residual_conv(p, x):
    one, two, way = (p.under(n) for n in ("conv_1", "conv_2", "shortcut"))
    h = torch.relu(batch_norm(lambda n, *s, **m: one("norm." + n, *s, **m), conv(one, x, 6, 3, 2, bias=False)))
    h = batch_norm(lambda n, *s, **m: two("norm." + n, *s, **m), conv(two, h, 6, 3, bias=False))
    x = batch_norm(lambda n, *s, **m: way("norm." + n, *s, **m), conv(way, x, 6, 1, 2, bias=False))
    return torch.relu(h + x)


def conv_norm(p, name, x, width, kernel, stride=1, groups=1):
    q = p.under(name)
    return batch_norm(lambda n, *s, **m: q("norm." + n, *s, **m), conv(q, x, width, kernel, stride, groups, False))


def residual_conv_groups(p, x, width, inner, groups, hidden):
    h = torch.relu(conv_norm(p, "conv_1", x, inner, 1))
    h = squeeze_excite(p, torch.relu(conv_norm(p, "conv_2", h, inner, 3, 2, groups)), hidden)
    return torch.relu(conv_norm(p, "conv_3", h, width, 1) + conv_norm(p, "shortcut", x, width, 1, 2))


def squeeze_excite(p, x, hidden, gate=torch.sigmoid, act=torch.relu):
    mean = x.mean((1, 2), keepdim=True)
    return x * gate(linear(p, "excite", act(linear(p, "squeeze", mean, hidden)), x.shape[-1]))


def inverted_residual(p, x):
    c = x.shape[-1]
    h = F.hardswish(conv_norm(p, "expand", x, 4 * c, 1))
    h = F.hardswish(conv_norm(p, "depthwise", h, 4 * c, 3, groups=4 * c))
    h = squeeze_excite(p, h, 8, F.hardsigmoid)
    return x + conv_norm(p, "project", h, c, 1)


def inverted_residual_input(p, x, hidden):
    c = x.shape[-1]
    h = F.silu(conv_norm(p, "expand", x, 4 * c, 1))
    h = F.silu(conv_norm(p, "depthwise", h, 4 * c, 3, groups=4 * c))
    return x + conv_norm(p, "project", squeeze_excite(p, h, hidden, act=F.silu), c, 1)


def pool2d_ceil(p, x):
    return F.max_pool2d(x.movedim(-1, 1), 3, 2, ceil_mode=True).movedim(1, -1)


def split_shuffle(p, x, width, groups):
    first, second = x.chunk(2, -1)
    h = torch.tanh(linear(p, "branch_2.linear", second, width))  # F.channel_shuffle has no gradient in PyTorch 1.13
    return torch.cat([first, h.unflatten(-1, (groups, -1)).transpose(-1, -2).flatten(-2)], -1)


def parallel_product(p, x, width):
    return F.glu(torch.cat([linear(p, f"branch_{i}.linear", x, width) for i in (1, 2)], -1), -1)


def convnext(p, x):
    c = x.shape[-1]
    h = layer_norm(p.under("norm"), conv(p.under("depthwise"), x, c, 7, groups=c), 1e-6)
    return x + p("layer_scale", c, near=1) * linear(p, "down", gelu(linear(p, "up", h, 4 * c)), c)


def norm(p, x, kind):
    c = x.shape[-1]
    if kind == "rms":
        return F.rms_norm(x, (c,), p("gamma", c, near=1), 1e-5)
    if kind == "group":
        return F.group_norm(x.movedim(-1, 1), 3, p("gamma", c, near=1), p("beta", c), 1e-5).movedim(1, -1)
    return layer_norm(p, x) if kind == "layer" else batch_norm(p, x)


def ffn(p, x, width):
    return linear(p, "down", F.silu(linear(p, "gate", x, width)) * linear(p, "up", x, width), x.shape[-1])


def moe(p, x, experts, k, width):
    """Every expert of every token, weighed by the softmax over the chosen ones."""
    c = x.shape[-1]
    best, chosen = linear(p, "router", x, experts, False).softmax(-1).topk(k, -1)
    weights = torch.zeros(*x.shape[:-1], experts).scatter(-1, chosen, best / best.sum(-1, keepdim=True))

    def layer(name, x, width):
        w = p(f"{name}.weight", experts, x.shape[-1], width, spread=0.6 / math.sqrt(x.shape[-1]))
        return torch.einsum("...ei,eio->...eo", x, w) + p(f"{name}.bias", experts, width)

    rows = x[..., None, :].expand(*x.shape[:-1], experts, c)
    y = layer("down", F.silu(layer("gate", rows, width)) * layer("up", rows, width), c)
    return (weights[..., None] * y).sum(-2)


def looped(edges, nodes):
    return torch.cat([edges, torch.arange(nodes)[:, None].expand(-1, 2)])


def gcn(p, x, edges, width):
    nodes, all_edges = x.shape[0], looped(edges, x.shape[0])
    matrix = torch.zeros(nodes, nodes).index_put((all_edges[:, 1], all_edges[:, 0]), torch.tensor(1.0))
    scale = matrix.sum(1).rsqrt()
    y = (scale[:, None] * matrix * scale) @ x @ p("weight", x.shape[1], width)
    return torch.relu(y + p("bias", width))


def gat(p, x, edges, h, width):
    nodes, (source, target) = x.shape[0], looped(edges, x.shape[0]).T
    z = heads(x @ p("weight", x.shape[1], h * width), h)
    score = (z * p("source", h, width)).sum(-1)[source] + (z * p("target", h, width)).sum(-1)[target]
    weight = F.leaky_relu(score, 0.2).exp()
    total = torch.zeros(nodes, h).index_add(0, target, weight)[target]
    y = torch.zeros_like(z).index_add(0, target, (weight / total)[..., None] * z[source])
    return y.flatten(1) + p("bias", h * width)


def graph_sage(p, x, edges, width):
    source, target = edges.T
    degree = torch.zeros(x.shape[0]).index_add(0, target, torch.ones(len(edges))).clamp(min=1)
    mean = torch.zeros_like(x).index_add(0, target, x[source]) / degree[:, None]
    return linear(p, "self", x, width) + linear(p, "neighbours", mean, width, False)
