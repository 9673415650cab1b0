"""The convolutional models of torch_zoo.py after the first four: FULL has what builds each and what exports it, NARROW
what builds a narrow one of torchvision's classes, with what --set changes of our config."""
import importlib

import torchvision
from torch import nn
from torchvision.models import densenet, efficientnet, resnet, shufflenetv2, squeezenet

googlenet = importlib.import_module("torchvision.models.googlenet")
regnet = importlib.import_module("torchvision.models.regnet")


def lift(model):
    """So that every tensor of a narrow model has a say: relus without a norm before them begin above 0, half of a fire's
    squeezed channels stay there, and the layers of squeeze and excitation, whose gates are soft, are not as small as
    randomise() made them."""
    squeeze = isinstance(model, squeezenet.SqueezeNet)
    for name, p in model.named_parameters():
        if name.endswith("fc1.bias") or (squeeze and p.dim() == 1):
            p.data = (p.data + 0.5).float().double()
        if squeeze and name.endswith("squeeze.weight"):
            p.data[::2] = p.data[::2].abs()
        if name.endswith(("fc1.weight", "fc2.weight")):
            p.data = (10 * p.data).float().double()


def bottleneck(e, name, layers, shortcut):
    for i, (conv, norm) in enumerate(layers):
        e.conv_norm(f"{name}.conv_{i + 1}", conv, norm)
    if shortcut is not None:
        e.conv_norm(name + ".shortcut", *list(shortcut)[:2])


def export_resnext(e, m):
    e.conv_norm("stem", m.conv1, m.bn1)
    for blocks in (m.layer1, m.layer2, m.layer3, m.layer4):
        stage = e.block("stage")
        for i, b in enumerate(blocks):
            layers = [(b.conv1, b.bn1), (b.conv2, b.bn2), (b.conv3, b.bn3)]
            bottleneck(e, f"{stage}.repeat.{i}.residual_conv", layers, b.downsample)
    e.dense("linear", m.fc)


def export_regnet(e, m):
    e.conv_norm("stem", *list(m.stem)[:2])
    for blocks in m.trunk_output:
        stage = e.block("stage")
        for i, b in enumerate(blocks):
            name = f"{stage}.repeat.{i}.residual_conv"
            bottleneck(e, name, [list(part)[:2] for part in (b.f.a, b.f.b, b.f.c)], b.proj)
            e.dense(name + ".squeeze", b.f.se.fc1)
            e.dense(name + ".excite", b.f.se.fc2)
    e.dense("linear", m.fc)


def export_squeezenet(e, m):
    e.conv("stem", m.features[0])
    for fire in (part for part in m.features if isinstance(part, squeezenet.Fire)):
        name = e.block("fire")
        e.conv(name + ".conv2d", fire.squeeze)
        e.conv(name + ".parallel.branch_1.conv2d", fire.expand1x1)
        e.conv(name + ".parallel.branch_2.conv2d", fire.expand3x3)
    e.conv("conv2d", m.classifier[1])


def export_densenet(e, m):
    e.conv_norm("stem", m.features.conv0, m.features.norm0)
    for part in m.features:
        if isinstance(part, densenet._DenseBlock):
            block = e.block("dense_block")
            for i, layer in enumerate(part.values()):
                name = f"{block}.repeat.{i}.parallel.branch_2"
                e.norm(name + ".norm", layer.norm1)
                e.conv_norm(name + ".conv2d", layer.conv1, layer.norm2)
                e.conv(name + ".conv2d_2", layer.conv2)
        if isinstance(part, densenet._Transition):
            name = e.block("transition")
            e.norm(name + ".norm", part.norm)
            e.conv(name + ".conv2d", part.conv)
    e.norm("norm", m.features.norm5)
    e.dense("linear", m.classifier)


def shuffle_branch(e, name, layers):
    e.conv_norm(name + ".conv2d", layers[0], layers[1])
    e.conv_norm(name + ".depthwise_conv", layers[3], layers[4])
    e.conv_norm(name + ".conv2d_2", layers[5], layers[6])


def export_shufflenet(e, m):
    e.conv_norm("stem", *m.conv1[:2])
    for units in (m.stage2, m.stage3, m.stage4):
        stage = e.block("stage")
        down = f"{stage}.down.parallel"
        e.conv_norm(down + ".branch_1.depthwise_conv", *units[0].branch1[:2])
        e.conv_norm(down + ".branch_1.conv2d", *units[0].branch1[2:4])
        shuffle_branch(e, down + ".branch_2.convolutions", units[0].branch2)
        for i, unit in enumerate(units[1:]):
            shuffle_branch(e, f"{stage}.repeat.{i}.split.branch_2.convolutions", unit.branch2)
    e.conv_norm("conv2d", *m.conv5[:2])
    e.dense("linear", m.fc)


def export_efficientnet(e, m):
    e.conv_norm("stem", *list(m.features[0])[:2])
    for blocks in m.features[1:-1]:
        stage = e.block("stage")
        for i, b in enumerate(blocks):
            name, layers = f"{stage}.repeat.{i}.inverted_residual", list(b.block)
            squeeze = layers.pop(-2)
            parts = ["expand", "depthwise", "project"][-len(layers):]
            for part, layer in zip(parts, layers, strict=True):
                e.conv_norm(f"{name}.{part}", *list(layer)[:2])
            e.dense(name + ".squeeze", squeeze.fc1)
            e.dense(name + ".excite", squeeze.fc2)
    e.conv_norm("conv2d", *list(m.features[-1])[:2])
    e.dense("linear", m.classifier[1])


def export_googlenet(e, m):
    for part in m.children():
        if isinstance(part, googlenet.BasicConv2d):
            e.conv_norm(e.block("layer") + ".conv2d", part.conv, part.bn)
        if isinstance(part, googlenet.Inception):
            name = e.block("inception") + ".parallel"
            layers = {"branch_1.layer": part.branch1, "branch_2.layer": part.branch2[0], "branch_2.layer_2": part.branch2[1],
                      "branch_3.layer": part.branch3[0], "branch_3.layer_2": part.branch3[1],
                      "branch_4.layer": part.branch4[1]}
            for path, layer in layers.items():
                e.conv_norm(f"{name}.{path}.conv2d", layer.conv, layer.bn)
    e.dense("linear", m.fc)


class NarrowResNeXt(resnet.ResNet):
    """torchvision's ResNet of Bottlenecks of 4 groups, whose stem is 8 channels wide in place of 64."""

    def __init__(self, layers, classes):
        super().__init__(resnet.Bottleneck, [1, 1, 1, 1], num_classes=classes, groups=4, width_per_group=32)
        self.inplanes = 8
        self.conv1, self.bn1 = nn.Conv2d(3, 8, 7, 2, 3, bias=False), nn.BatchNorm2d(8)
        for stage, count in enumerate(layers):
            layer = self._make_layer(resnet.Bottleneck, 2 << stage, count, stride=1 if stage == 0 else 2)
            setattr(self, f"layer{stage + 1}", layer)
        self.fc = nn.Linear(self.inplanes, classes)


def narrow_resnext(classes):
    counts = [2, 1, 2, 2]
    sets = ["vars.width=8", "vars.groups=4", "model.0.conv2d.width=8"]
    return NarrowResNeXt(counts, classes), sets + [f"model.{2 + i}.stage.blocks={n}" for i, n in enumerate(counts)]


def narrow_regnet(classes):
    depths, widths = [1, 2, 2, 1], [8, 16, 24, 32]
    params = regnet.BlockParams(depths, widths, [4] * 4, [1.0] * 4, [2] * 4, se_ratio=0.25)
    sets = ["vars.group_width=4", "model.0.conv2d.width=8"]
    for i in range(4):
        sets += [f"model.{1 + i}.stage.width={widths[i]}", f"model.{1 + i}.stage.blocks={depths[i]}"]
    return regnet.RegNet(params, classes, stem_width=8), sets


def narrow_squeezenet(classes):
    model, channels, fires, places = squeezenet.SqueezeNet("1_1", classes), 8, [], [2, 3, 5, 6, 8, 9, 10, 11]
    sets = ["model.0.conv2d.width=8"]
    for place, (squeeze, width) in zip(places, [(2, 4), (2, 4), (3, 6), (4, 6), (4, 8), (4, 8), (6, 10), (6, 10)]):
        fires.append(squeezenet.Fire(channels, squeeze, width, width))
        sets += [f"model.{place}.fire.squeeze={squeeze}", f"model.{place}.fire.width={width}"]
        channels = 2 * width
    at = iter(fires)
    parts = [nn.Conv2d(3, 8, 3, 2)] + [next(at) if isinstance(part, squeezenet.Fire) else part for part in model.features[1:]]
    model.features, model.classifier[1] = nn.Sequential(*parts), nn.Conv2d(channels, classes, 1)
    return model, sets


def narrow_densenet(classes):
    counts = [2, 3, 2, 2]
    sets = ["vars.growth=4"] + [f"model.{2 + 2 * i}.dense_block={n}" for i, n in enumerate(counts)]
    channels = 8
    for i, n in enumerate(counts[:-1]):
        channels = (channels + 4 * n) // 2
        sets.append(f"model.{3 + 2 * i}.transition={channels}")
    return densenet.DenseNet(4, counts, 8, num_classes=classes), sets


def narrow_shufflenet(classes):
    units, widths = [2, 3, 2], [8, 12, 16, 24, 32]
    sets = ["model.0.conv2d.width=8", "model.5.conv2d.width=32"]
    for i in range(3):
        sets += [f"model.{2 + i}.stage.width={widths[1 + i]}", f"model.{2 + i}.stage.units={units[i] - 1}"]
    return shufflenetv2.ShuffleNetV2(units, widths, num_classes=classes), sets


def narrow_efficientnet(classes):
    setting, _ = efficientnet._efficientnet_conf("efficientnet_b0", width_mult=1.0, depth_mult=1.0)
    widths, sets, channels = [8, 8, 16, 16, 16, 24, 24], ["model.0.conv2d.width=16", "model.8.conv2d.width=40"], 16
    for i, (c, width) in enumerate(zip(setting, widths)):
        c.input_channels, c.out_channels, c.num_layers = channels, width, min(c.num_layers, 2)
        c.expand_ratio = min(c.expand_ratio, 2)
        sets += [f"model.{1 + i}.stage.width={width}", f"model.{1 + i}.stage.blocks={c.num_layers}",
                 f"model.{1 + i}.stage.expand={c.expand_ratio}"]
        channels = width
    return efficientnet.EfficientNet(setting, 0.2, num_classes=classes, last_channel=40), sets


def narrow_googlenet(classes):
    model, names = googlenet.GoogLeNet(classes, aux_logits=False, init_weights=False), googlenet.Inception
    model.conv1 = googlenet.BasicConv2d(3, 8, kernel_size=7, stride=2, padding=3)
    model.conv2 = googlenet.BasicConv2d(8, 6, kernel_size=1)
    model.conv3 = googlenet.BasicConv2d(6, 12, kernel_size=3, padding=1)
    sets = ["model.0.layer.width=8", "model.2.layer=6", "model.3.layer.width=12"]
    words, channels = ("one", "three_in", "three", "five_in", "five", "pooled"), 12
    for i, place in enumerate((5, 6, 8, 9, 10, 11, 12, 14, 15)):
        widths = (4 + i % 2, 3, 5, 2, 4 - i % 2, 3)
        setattr(model, "inception" + "3a 3b 4a 4b 4c 4d 4e 5a 5b".split()[i], names(channels, *widths))
        sets += [f"model.{place}.inception.{word}={width}" for word, width in zip(words, widths)]
        channels = widths[0] + widths[2] + widths[4] + widths[5]
    model.fc = nn.Linear(channels, classes)
    return model, sets


def build_googlenet():
    return torchvision.models.googlenet(aux_logits=False, init_weights=False)


FULL = {"squeezenet1_1": (torchvision.models.squeezenet1_1, export_squeezenet),
        "resnext50": (torchvision.models.resnext50_32x4d, export_resnext),
        "densenet121": (torchvision.models.densenet121, export_densenet),
        "regnet_y_400mf": (torchvision.models.regnet_y_400mf, export_regnet),
        "efficientnet_b0": (torchvision.models.efficientnet_b0, export_efficientnet),
        "shufflenet_v2": (torchvision.models.shufflenet_v2_x1_0, export_shufflenet),
        "googlenet": (build_googlenet, export_googlenet)}
NARROW = {"squeezenet1_1": narrow_squeezenet, "resnext50": narrow_resnext, "densenet121": narrow_densenet,
          "regnet_y_400mf": narrow_regnet, "efficientnet_b0": narrow_efficientnet, "shufflenet_v2": narrow_shufflenet,
          "googlenet": narrow_googlenet}
