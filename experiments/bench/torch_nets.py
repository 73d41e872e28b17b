"""The networks as PyTorch's users write them."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from experiments.bench.nets import CHANNELS, CLASSES


class BasicBlock(nn.Module):
    def __init__(self, channels: int, width: int, stride: int, project: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.shortcut: nn.Module = nn.Identity()
        if (channels, stride) != (width, 1):
            self.shortcut = projection(channels, width, stride) if project else PadShortcut(width - channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        return functional.relu(y + self.shortcut(x))


class PadShortcut(nn.Module):
    def __init__(self, more: int, stride: int) -> None:
        super().__init__()
        self.more, self.stride = more, stride

    def forward(self, x: Tensor) -> Tensor:
        return functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.more))


def projection(channels: int, width: int, stride: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width))


def resnet(blocks: Sequence[int], widths: Sequence[int], project: bool) -> nn.Module:
    channels = widths[0]
    layers: list[nn.Module] = [nn.Conv2d(3, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU()]
    for stage, (depth, width) in enumerate(zip(blocks, widths, strict=True)):
        for index in range(depth):
            layers.append(BasicBlock(channels, width, 2 if stage and not index else 1, project))
            channels = width
    return nn.Sequential(*layers, *head(channels))


def head(channels: int) -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, CLASSES)]


class Airbench94(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.whitening = nn.Conv2d(3, 24, 2)
        self.whitening.weight.requires_grad = False
        layers: list[nn.Module] = []
        channels = 24
        for width in (64, 256, 256):
            layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.MaxPool2d(2), norm(width), nn.GELU()]
            layers += [nn.Conv2d(width, width, 3, padding=1, bias=False), norm(width), nn.GELU()]
            channels = width
        self.groups = nn.Sequential(nn.GELU(), *layers, nn.MaxPool2d(3), nn.Flatten())
        self.head = nn.Linear(channels, CLASSES, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.groups(self.whitening(x))) / 9


def norm(width: int) -> nn.Module:
    layer = nn.BatchNorm2d(width, eps=1e-12, momentum=0.4)
    layer.weight.requires_grad = False
    return layer


def vgg16_bn() -> nn.Module:
    layers: list[nn.Module] = []
    channels = 3
    for depth, width in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
        for _ in range(depth):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels, CLASSES))


def mobilenet_v1() -> nn.Module:
    def unit(channels: int, width: int, side: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
        conv = nn.Conv2d(channels, width, side, stride, padding=side // 2, groups=groups, bias=False)
        return [conv, nn.BatchNorm2d(width), nn.ReLU()]

    layers, channels = unit(3, 32, 3), 32
    rows = (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1)
    for width, stride in rows:
        layers += unit(channels, channels, 3, stride, groups=channels) + unit(channels, width, 1)
        channels = width
    return nn.Sequential(*layers, *head(channels))


class QuickNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 32, 4, 2, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU())
        self.stages = nn.Sequential(QuickStage(32, 64), QuickStage(64, 128), nn.AdaptiveMaxPool2d(1), nn.Flatten())
        self.head = nn.Linear(128, CLASSES, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.stages(self.stem(x))) / 8


class QuickStage(nn.Module):
    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.norm1(functional.max_pool2d(self.conv1(x), 2)))
        return x + functional.relu(self.norm2(self.conv2(x)))


class DnCNN(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(CHANNELS, 64, 3, padding=1), nn.ReLU()]
        for _ in range(15):
            layers += [nn.Conv2d(64, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
        self.noise = nn.Sequential(*layers, nn.Conv2d(64, CHANNELS, 3, padding=1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        return x - self.noise(x)


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        widths = (64, 128, 256, 512, 1024)
        self.down = nn.ModuleList(twice(*pair) for pair in zip((CHANNELS, *widths), widths, strict=False))
        pairs = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.enlarge = nn.ModuleList(nn.ConvTranspose2d(wide, width, 2, stride=2) for wide, width in pairs)
        self.up = nn.ModuleList(twice(2 * width, width) for _, width in pairs)
        self.head = nn.Conv2d(widths[0], CHANNELS, 1)

    def forward(self, x: Tensor) -> Tensor:
        carried: list[Tensor] = []
        for down in self.down:
            x = down(functional.max_pool2d(x, 2) if carried else x)
            carried.append(x)
        for enlarge, up, kept in zip(self.enlarge, self.up, carried[-2::-1], strict=True):
            x = up(torch.cat([kept, enlarge(x)], dim=1))
        return self.head(x)


def twice(channels: int, width: int) -> nn.Module:
    layers: list[nn.Module] = []
    for before in (channels, width):
        layers += [nn.Conv2d(before, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    return nn.Sequential(*layers)


MODELS: dict[str, Callable[[], nn.Module]] = {
    "airbench94": Airbench94,
    "resnet20": partial(resnet, (3, 3, 3), (16, 32, 64), project=False),
    "resnet18": partial(resnet, (2, 2, 2, 2), (64, 128, 256, 512), project=True),
    "vgg16_bn": vgg16_bn,
    "mobilenet_v1": mobilenet_v1,
    "quicknet": QuickNet,
    "dncnn": DnCNN,
    "unet": UNet,
}
