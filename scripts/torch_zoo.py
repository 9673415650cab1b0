#!/usr/bin/env python3
"""Models of torchvision with random weights, exported for Cambium's configs of the same name.

usage: torch_zoo.py make FOLDER [--full] [MODEL...]   writes FOLDER/<model>.safetensors: input, weights and statistics, logits

Without --full the models are narrow, built of torchvision's own classes, and small enough for tests/golden/zoo, which the
test Zoo.* of tests/train reads. With it they are the published ones, for bench/zoo_values. All is computed in double and
stored in f32. Needs PyTorch and torchvision, nothing else.
"""
import pathlib
import sys

import torch
import torchvision
from torch import nn
from torchvision.models import convnext, mobilenetv3, resnet, vision_transformer

import torch_zoo_more as more
from torch_blocks import write
from torch_export import EPS, Export


def randomise(model):
    """Weights that keep the size of what passes, and statistics and offsets that are not what training begins with; all
    of them numbers of f32."""
    for name, p in model.named_parameters():
        scale = 0.2 if p.dim() == 1 or "token" in name or "embedding" in name else (2 / p[0].numel()) ** 0.5
        if ".fc" in name:
            scale /= 20  # the hard sigmoids of MobileNet stay between 0 and 1
        p.data = 0.5 + 0.2 * torch.randn_like(p) if "layer_scale" in name else scale * torch.randn_like(p)
    for m in model.modules():
        if isinstance(m, (nn.BatchNorm2d, nn.LayerNorm)):
            m.weight.data += 1
        if isinstance(m, nn.BatchNorm2d):
            m.bias.data += 0.3  # so that no relu of a narrow layer is 0 everywhere
            m.running_mean = 0.2 * torch.randn_like(m.running_mean)
            m.running_var = (0.5 + torch.rand_like(m.running_var) + m.eps - EPS).float().double() - (m.eps - EPS)
    for p in model.parameters():
        p.data = p.data.float().double()


def export_resnet(e, m):
    e.conv_norm("stem", m.conv1, m.bn1)
    for stage, blocks in enumerate([m.layer1, m.layer2, m.layer3, m.layer4]):
        names = [] if stage == 0 else [e.block("residual_conv")]
        repeat = e.block("repeat")
        names += [f"{repeat}.{i}.residual_conv" for i in range(len(blocks) - len(names))]
        for name, b in zip(names, blocks):
            for i in (1, 2, 3):
                e.conv_norm(f"{name}.conv_{i}", getattr(b, f"conv{i}"), getattr(b, f"bn{i}"))
            if b.downsample is not None:
                e.conv_norm(name + ".shortcut", *b.downsample)
    e.dense("linear", m.fc)


def export_vit(e, m):
    e.conv("patch_embed", m.conv_proj)
    e.all["class_token.token"], e.all["positions.table"] = m.class_token, m.encoder.pos_embedding[0]
    for i, layer in enumerate(m.encoder.layers):
        name, attention = f"repeat.{i}.residual", layer.self_attention
        e.norm(name + ".norm", layer.ln_1)
        for part, w, b in zip("qkv", attention.in_proj_weight.chunk(3), attention.in_proj_bias.chunk(3)):
            e.linear(f"{name}.attention.{part}", w, b)
        e.dense(name + ".attention.o", attention.out_proj)
        e.norm(name + "_2.norm", layer.ln_2)
        e.dense(name + "_2.ffn.up", layer.mlp[0])
        e.dense(name + "_2.ffn.down", layer.mlp[3])
    e.norm("norm", m.encoder.ln)
    e.dense("linear", m.heads.head)


def export_convnext(e, m):
    e.conv("stem", m.features[0][0])
    e.norm(e.block("norm"), m.features[0][1])
    for part in m.features[1:]:
        if isinstance(part[0], convnext.CNBlock):
            stage = e.block("stage")
            for i, b in enumerate(part):
                name = f"{stage}.repeat.{i}.convnext"
                e.conv(name + ".depthwise", b.block[0])
                e.norm(name + ".norm", b.block[2])
                e.dense(name + ".up", b.block[3])
                e.dense(name + ".down", b.block[5])
                e.all[name + ".layer_scale"] = b.layer_scale.flatten()
        else:
            down = e.block("down")
            e.norm(down + ".norm", part[0])
            e.conv(down + ".conv2d", part[1])
    e.norm(e.block("norm"), m.classifier[0])
    e.dense("linear", m.classifier[2])


# The entries of configs/models/mobilenet_v3_large.yaml after the stem: place in `model`, how many of a repeat (0: none).
MOBILE_BLOCKS = [(1, 0), (2, 0), (3, 0), (4, 0), (5, 2), (6, 0), (7, 0), (8, 2), (9, 0), (10, 0), (11, 0), (12, 2)]


def export_mobilenet(e, m):
    e.conv_norm("stem", *list(m.features[0])[:2])
    names = []
    for _, count in MOBILE_BLOCKS:
        outer = e.block("repeat" if count else "inverted_residual")
        names += [f"{outer}.{i}.inverted_residual" for i in range(count)] if count else [outer]
    for name, block in zip(names, m.features[1:-1], strict=True):
        layers = list(block.block)
        if len(layers) > 2 and not hasattr(layers[1], "fc1"):
            e.conv_norm(name + ".expand", *list(layers.pop(0))[:2])
        e.conv_norm(name + ".depthwise", *list(layers.pop(0))[:2])
        if len(layers) == 2:
            squeeze = layers.pop(0)
            e.dense(name + ".squeeze", squeeze.fc1)
            e.dense(name + ".excite", squeeze.fc2)
        e.conv_norm(name + ".project", *list(layers.pop(0))[:2])
    e.conv_norm("conv2d", *list(m.features[-1])[:2])
    e.dense("linear", m.classifier[0])
    e.dense("linear_2", m.classifier[3])


class NarrowResNet(resnet.ResNet):
    """torchvision's ResNet of Bottlenecks, whose stem is 8 channels wide in place of 64."""

    def __init__(self, layers, classes):
        super().__init__(resnet.Bottleneck, [1, 1, 1, 1], num_classes=classes)
        self.inplanes = 8
        self.conv1, self.bn1 = nn.Conv2d(3, 8, 7, 2, 3, bias=False), nn.BatchNorm2d(8)
        for stage, count in enumerate(layers):
            layer = self._make_layer(resnet.Bottleneck, 2 << stage, count, stride=1 if stage == 0 else 2)
            setattr(self, f"layer{stage + 1}", layer)
        self.fc = nn.Linear(self.inplanes, classes)


def narrow_mobilenet(classes):
    setting, _ = mobilenetv3._mobilenet_v3_conf("mobilenet_v3_large")
    channels, sets, at = 8, ["model.0.conv2d.width=8"], 0

    def multiple(width, least):
        return max(least, width // 16 // 8 * 8)

    for place, count in MOBILE_BLOCKS:
        for _ in range(max(count, 1)):
            c = setting[at]
            hidden = 8 if at == 0 else multiple(c.expanded_channels, 16)
            c.input_channels, c.expanded_channels, c.out_channels = channels, hidden, multiple(c.out_channels, 8)
            channels, at = c.out_channels, at + 1
        inside = f"model.{place}.body.0" if count else f"model.{place}"
        sets += [f"{inside}.inverted_residual.width={c.out_channels}", f"{inside}.inverted_residual.hidden={hidden}"]
    sets += [f"model.13.conv2d.width={6 * channels}", "model.15.linear.width=24"]
    return mobilenetv3.MobileNetV3(setting, 24, num_classes=classes), sets


def narrow_convnext(classes):
    widths, counts = [4, 8, 16, 32, None], [1, 2, 2, 1]
    setting = [convnext.CNBlockConfig(widths[i], widths[i + 1], counts[i]) for i in range(4)]
    sets = ["vars.dim=4"] + [f"model.{2 + 2 * i}.stage={counts[i]}" for i in range(4)]
    return convnext.ConvNeXt(setting, num_classes=classes), sets


def narrow(name, classes=10):
    """model, height and width of its input, what --set changes of our config"""
    if name in more.NARROW:
        model, sets = more.NARROW[name](classes)
        return model, (36, 50), sets
    if name == "resnet50":
        sets = ["vars.width=8", "model.0.conv2d.width=8", "model.2.repeat=2", "model.4.repeat=1", "model.6.repeat=2",
                "model.8.repeat=1"]
        return NarrowResNet([2, 2, 3, 2], classes), (36, 50), sets
    if name == "vit_b16":
        model = vision_transformer.VisionTransformer(24, 8, 2, 2, 16, 64, num_classes=classes)
        return model, (24, 24), ["vars.dim=16", "vars.layers=2", "vars.heads=2", "model.0.patch_embed.patch=8"]
    model, sets = narrow_convnext(classes) if name == "convnext_tiny" else narrow_mobilenet(classes)
    return model, (36, 50), sets


FULL = {"resnet50": (torchvision.models.resnet50, export_resnet), "vit_b16": (torchvision.models.vit_b_16, export_vit),
        "convnext_tiny": (torchvision.models.convnext_tiny, export_convnext),
        "mobilenet_v3_large": (torchvision.models.mobilenet_v3_large, export_mobilenet), **more.FULL}


def make(folder, full, names):
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    for name in names or FULL:
        build, export = FULL[name]
        torch.manual_seed(sum(name.encode()))
        model, (height, width), sets = (build(), (224, 224), []) if full else narrow(name)
        if not full:
            sets = sets + [f"data.random_images.{k}={v}" for k, v in
                           (("height", height), ("width", width), ("classes", 10))]
        randomise(model)
        if name in more.FULL and not full:
            more.lift(model)
        x = torch.randn(2, 3, height, width).float().double()
        e = Export()
        export(e, model)
        with torch.no_grad():
            e.all["logits"] = model.eval()(x)
        e.all["x"] = x.permute(0, 2, 3, 1)
        write(f"{folder}/{name}.safetensors", e.all, {
            "config": name, "set": "\n".join(sets),
            "made_by": f"torchvision {torchvision.__version__}, PyTorch {torch.__version__}"})
        count = sum(p.numel() for p in model.parameters())
        print(f"{name:20}{count:12,} parameters, logits up to {e.all['logits'].abs().max():.3g}")


def main(words):
    torch.set_default_dtype(torch.float64)
    full = "--full" in words
    names = [w for w in words[2:] if w != "--full"]
    if len(words) >= 2 and words[0] == "make" and set(names) <= set(FULL):
        make(words[1], full, names)
        return 0
    print(__doc__, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
