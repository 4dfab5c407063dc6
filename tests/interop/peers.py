"""The families of models/, as one writes them in PyTorch: the same names, the same layers."""
from torch import nn

acts = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU, "sigmoid": nn.Sigmoid, "silu": nn.SiLU}


def row(*layers):
    net = nn.Sequential()
    for name, layer in layers:
        net.add_module(name, layer)
    return net


def mlp(inputs, hidden=(256, 128), activation="relu", batch_norm=False, dropout=0.0):
    layers, width = [("flatten", nn.Flatten())], inputs[0] * inputs[1] * inputs[2]
    for i, following in enumerate(hidden, 1):
        layers.append((f"fc{i}", nn.Linear(width, following)))
        if batch_norm:
            layers.append((f"bn{i}", nn.BatchNorm1d(following)))
        layers.append((f"act{i}", acts[activation]()))
        if dropout > 0:
            layers.append((f"drop{i}", nn.Dropout(dropout)))
        width = following
    return row(*layers, (f"fc{len(hidden) + 1}", nn.Linear(width, 10)))


def lenet(inputs, activation="relu", pool="max"):
    act = acts[activation]
    make_pool = (lambda: nn.AvgPool2d(2)) if pool == "avg" else (lambda: nn.MaxPool2d(2))
    height, width = ((size // 2 - 4) // 2 for size in inputs[1:])
    return row(("conv1", nn.Conv2d(inputs[0], 6, 5, padding=2)), ("act1", act()), ("pool1", make_pool()),
               ("conv2", nn.Conv2d(6, 16, 5)), ("act2", act()), ("pool2", make_pool()), ("flatten", nn.Flatten()),
               ("fc1", nn.Linear(16 * height * width, 120)), ("act3", act()),
               ("fc2", nn.Linear(120, 84)), ("act4", act()), ("fc3", nn.Linear(84, 10)))


def conv_net(inputs, channels=(32, 64), hidden=128, activation="relu"):
    act = acts[activation]
    return row(("conv1", nn.Conv2d(inputs[0], channels[0], 3, padding=1)), ("act1", act()),
               ("conv2", nn.Conv2d(channels[0], channels[1], 3, padding=1)), ("act2", act()),
               ("pool", nn.MaxPool2d(2)), ("flatten", nn.Flatten()),
               ("fc1", nn.Linear(channels[1] * (inputs[1] // 2) * (inputs[2] // 2), hidden)), ("act3", act()),
               ("fc2", nn.Linear(hidden, 10)))


def vgg_small(inputs, width=16, stages=3, hidden=128, batch_norm=False, activation="relu"):
    layers, channels = [], inputs[0]
    for stage in range(1, stages + 1):
        for half in (1, 2):
            layers.append((f"conv{stage}_{half}", nn.Conv2d(channels, width, 3, padding=1)))
            if batch_norm:
                layers.append((f"bn{stage}_{half}", nn.BatchNorm2d(width)))
            layers.append((f"act{stage}_{half}", acts[activation]()))
            channels = width
        layers.append((f"pool{stage}", nn.MaxPool2d(2)))
        width *= 2
    features = channels * (inputs[1] >> stages) * (inputs[2] >> stages)
    return row(*layers, ("flatten", nn.Flatten()), ("fc1", nn.Linear(features, hidden)),
               ("act_fc1", acts[activation]()), ("fc2", nn.Linear(hidden, 10)))


class BasicBlock(nn.Module):
    """torchvision's, with a choice of activation and of no normalisation."""

    def __init__(self, channels, width, stride, activation, batch_norm):
        super().__init__()
        norm = nn.BatchNorm2d if batch_norm else (lambda _: nn.Identity())
        self.conv1 = nn.Conv2d(channels, width, 3, stride, 1, bias=not batch_norm)
        self.bn1 = norm(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=not batch_norm)
        self.bn2 = norm(width)
        self.act = acts[activation]()
        self.downsample = None
        if stride != 1 or channels != width:
            self.downsample = nn.Sequential(nn.Conv2d(channels, width, 1, stride, bias=not batch_norm), norm(width))

    def forward(self, x):
        y = self.bn2(self.conv2(self.act(self.bn1(self.conv1(x)))))
        return self.act(y + (x if self.downsample is None else self.downsample(x)))


def resnet_small(inputs, blocks=1, width=16, batch_norm=True, activation="relu"):
    layers = [("conv1", nn.Conv2d(inputs[0], width, 3, padding=1, bias=not batch_norm))]
    if batch_norm:
        layers.append(("bn1", nn.BatchNorm2d(width)))
    layers.append(("act1", acts[activation]()))
    channels = width
    for stage in range(3):
        stage_blocks = []
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            stage_blocks.append(BasicBlock(channels, width << stage, stride, activation, batch_norm))
            channels = width << stage
        layers.append((f"layer{stage + 1}", nn.Sequential(*stage_blocks)))
    return row(*layers, ("avgpool", nn.AdaptiveAvgPool2d(1)), ("flatten", nn.Flatten()), ("fc", nn.Linear(channels, 10)))


def plain_net(inputs, depth=20, width=256, activation="tanh", conv=False):
    act = acts[activation]
    if conv:
        layers, channels = [], inputs[0]
        for i in range(1, depth + 1):
            layers += [(f"conv{i}", nn.Conv2d(channels, width, 3, 2 if i <= 2 else 1, 1)), (f"act{i}", act())]
            channels = width
        return row(*layers, ("avgpool", nn.AdaptiveAvgPool2d(1)), ("flatten", nn.Flatten()), ("out", nn.Linear(width, 10)))
    layers, features = [("flatten", nn.Flatten())], inputs[0] * inputs[1] * inputs[2]
    for i in range(1, depth + 1):
        layers += [(f"fc{i}", nn.Linear(features, width)), (f"act{i}", act())]
        features = width
    return row(*layers, ("out", nn.Linear(features, 10)))
