# %% [markdown]
# # 7 · From AlexNet to NASNet
#
# Five years, and a handful of ideas. Each network of this family tree repaired something in the one before it. They
# differ in purpose, too, and borrow from each other: none is the best at everything.
#
# | step | idea | networks |
# |:--|:--|:--|
# | deeper and wider | more layers of small kernels | AlexNet → VGG |
# | another structure | a way around each block | VGG → ResNet |
# | several paths | small and large kernels side by side | Inception; with ways around: Inception-ResNet |
# | for phones | each kernel sees few channels | MobileNet |
# | found, not designed | a search draws the blocks | NASNet |

# %%
from jaxcnn import notebook

notebook.setup()

# %%
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax
from matplotlib import pyplot as plt

import jaxcnn
from jaxcnn.inspect import probe
from jaxcnn.layers import avg_pool
from jaxcnn.models import construct
from jaxcnn.models.counts import count, count_layers
from jaxcnn.models.trace import outputs_of
from jaxcnn.report.table import Table

# %% [markdown]
# ## The family in numbers
#
# **Think first:** these networks classify the same pictures of 224 x 224 pixels, and from the first to the fourth
# each is better than the one before. Do you expect that they have more and more weights?

# %%
family = {
    "AlexNet (2012)": ("alexnet_2012", 227),
    "VGG-16 (2014)": ("vgg16_224", 224),
    "GoogLeNet (2014)": ("googlenet_224", 224),
    "ResNet-50 (2015)": ("resnet50_224", 224),
    "MobileNet (2017)": ("mobilenet_v1_224", 224),
}
counts = {
    name: count(jaxcnn.MODELS[model](num_classes=1000), (side, side, 3)) for name, (model, side) in family.items()
}
figure, axis = plt.subplots(figsize=(6.5, 3.4), layout="tight")
for name, each in counts.items():
    axis.scatter(each.parameters / 1e6, each.macs / 1e9, s=60)
    axis.annotate(name, (each.parameters / 1e6, each.macs / 1e9), xytext=(6, 4), textcoords="offset points", fontsize=9)
axis.set(xscale="log", yscale="log", xlabel="weights, millions", ylabel="multiplications, billions", xlim=(2.5, 700))
plt.show()
assert counts["GoogLeNet (2014)"].parameters < counts["AlexNet (2012)"].parameters / 5

# %% [markdown]
# No! AlexNet and VGG keep most of their weights in the dense layers at the end. The others do without: they take the
# mean of each map (*global pooling*, a pool as large as the map), and one small dense layer.

# %%
rows = []
for name, (model, side) in family.items():
    layers = count_layers(jaxcnn.MODELS[model](num_classes=1000), (side, side, 3))
    dense = sum(layer.counts.parameters for layer in layers if layer.kind == "Dense")
    rows.append([name, f"{counts[name].parameters:,}", f"{100 * dense / counts[name].parameters:.0f} %"])
Table(["network", "weights", "of them in dense layers"], rows)

# %% [markdown]
# ## AlexNet: it works
#
# ReLU instead of tanh; max-pools after the first, second and fifth convolution; dropout of 0.5 in two dense layers;
# and two GPUs, with half of the channels each, that meet only in some layers. How it was trained is still a good
# recipe: windows of 224 x 224 out of larger pictures, momentum 0.9, batches of 128, a rate of 0.01 that is divided by
# ten when the error stops falling, and in the end the mean of seven networks.
#
# The two GPUs were a makeshift, but a convolution in two *groups* turned out to be an idea of its own.
# **Think first:** what does it cost, compared with one that sees all channels?


# %%
def weights(window, channels_in, channels_out, groups=1):
    return window[0] * window[1] * channels_in // groups * channels_out


whole, halves = weights((5, 5), 96, 256), weights((5, 5), 96, 256, groups=2)
print(f"all channels: {whole:,} weights, two groups: {halves:,}")
conv2 = next(
    layer
    for layer in count_layers(jaxcnn.MODELS["alexnet_2012"](num_classes=1000), (227, 227, 3))
    if layer.output[-1:] == (256,) and len(layer.output) == 3 and layer.counts.parameters
)
assert conv2.counts.parameters == halves + 256  # and a bias for each channel

# %% [markdown]
# ## VGG: only 3 x 3
#
# Two layers of 3 x 3 see what one of 5 x 5 sees, three see 7 x 7 (notebook 4): fewer weights, and more activations in
# between. After each pool the number of channels doubles, so that each layer has about the same work. A variant uses
# 1 x 1 kernels: they mix the channels of one place, which is one more non-linear step, and a way to reduce the
# channels.
#
# ## ResNet: a way around
#
# Even deeper networks of this kind got *worse*, and also on the training pictures: not overfitting, but descent did
# not find its way. A deep network could at least do what the shallow one does, if the additional layers did nothing.
# So let each block compute only the *difference*: $y = F(x) + x$. To do nothing, it only needs $F = 0$.
#
# **Think first:** a stack of 5, 20 or 60 small layers learns 300 pictures by heart, once with and once without a way
# around each layer. How does the *training* loss depend on the depth?

# %%
data = notebook.dataset()
few = notebook.pick(300, 100)
images = jnp.asarray(data.train_images[:few].reshape(few, -1) / 127.5 - 1, jnp.float32)
labels = jax.nn.one_hot(data.train_labels[:few], 10)


def network(theta, x, way_around):
    def layer(x, kernel):
        change = jax.nn.relu(x @ kernel)
        return (x + change if way_around else change), None

    x, _ = lax.scan(layer, x @ theta["first"], theta["layers"])
    return x @ theta["last"]


def training_loss(depth, way_around, width=64, steps=notebook.pick(150, 60)):
    keys = jax.random.split(jax.random.key(0), 3)
    size = 0.1 if way_around else 1.0
    theta = {
        "first": jax.random.normal(keys[0], (images.shape[1], width)) / images.shape[1] ** 0.5,
        "layers": size * jax.random.normal(keys[1], (depth, width, width)) * (2 / width) ** 0.5,
        "last": 0.1 * jax.random.normal(keys[2], (width, 10)),
    }
    optimizer = optax.adam(0.001)

    def loss(theta):
        return optax.softmax_cross_entropy(network(theta, images, way_around), labels).mean()

    def step(carry, _):
        theta, state = carry
        value, slope = jax.value_and_grad(loss)(theta)
        updates, state = optimizer.update(slope, state)
        return (optax.apply_updates(theta, updates), state), value

    return np.asarray(jax.jit(lambda start: lax.scan(step, start, None, steps)[1])((theta, optimizer.init(theta))))


depths = notebook.pick((5, 20, 60), (5, 40))
figure, axes = plt.subplots(1, 2, figsize=(10, 3), layout="tight", sharey=True)
last = {}
for axis, way_around in zip(axes, (False, True), strict=True):
    for depth in depths:
        curve = training_loss(depth, way_around)
        last[depth, way_around] = float(curve[-1])
        axis.plot(curve, label=f"{depth} layers")
    axis.set(title="with a way around" if way_around else "plain", xlabel="step")
axes[0].set(ylabel="training loss", ylim=(0, 3))
axes[0].legend(frameon=False)
plt.show()
assert last[depths[-1], True] < last[depths[-1], False]

# %% [markdown]
# Plain, more layers make it worse, on the training pictures themselves. With ways around, depth does no harm: each
# layer starts near "change nothing", all layers see numbers of the same kind, and the gradient has a free way down.
#
# The whole network is then: a convolution, a pool, many residual blocks, a global pool, and one dense layer.
#
# Where a stage halves the map and doubles the channels, $x$ no longer fits. Then it is pooled, and the missing
# channels are filled with zeros.

# %%
x = jnp.ones((1, 8, 8, 16))
pooled = avg_pool(x, (2, 2), strides=(2, 2))
fitted = jnp.pad(pooled, [(0, 0), (0, 0), (0, 0), (8, 8)])
print(x.shape, "->", pooled.shape, "->", fitted.shape)
module, variables = probe.init_model("resnet20:blocks=(2,2,2),zero_gamma=True")
pictures = jnp.asarray(data.train_images[:4] / 127.5 - 1, jnp.float32)
before, after = (outputs_of(module, variables, pictures, f"stage1_block{k}") for k in (1, 2))
np.testing.assert_allclose(before, after, atol=1e-5)
print("A block whose F is zero passes on what it gets.")

# %% [markdown]
# ## Inception: several paths
#
# How large should a kernel be? Take all sizes: 1 x 1, 3 x 3, 5 x 5 and a pool, side by side, and join their channels.
# (All with padding, the pool, too, so that the maps fit.) Then save: a 1 x 1 before the expensive kernels reduces the
# channels; a 5 x 5 becomes two 3 x 3; a 3 x 3 becomes 1 x 3 and 3 x 1.
#
# **Think first:** 200 channels in, 400 out. How many weights does each save?

# %%
one_size = weights((3, 3), 200, 400)
paths = sum(weights((k, k), 200, 100) for k in (1, 3, 5)) + weights((1, 1), 200, 100)
reduced = weights((1, 1), 200, 100) * 2 + sum(weights((1, 1), 200, 32) + weights((k, k), 32, 100) for k in (3, 5))
rows = [
    ["one kernel size, 3 x 3", f"{one_size:,}"],
    ["four paths of 100 channels", f"{paths:,}"],
    ["four paths, reduced to 32 channels by a 1 x 1", f"{reduced:,}"],
    ["5 x 5 (32 to 100 channels)", f"{weights((5, 5), 32, 100):,}"],
    ["two 3 x 3 instead", f"{weights((3, 3), 32, 32) + weights((3, 3), 32, 100):,}"],
    ["3 x 3 (100 to 100 channels)", f"{weights((3, 3), 100, 100):,}"],
    ["1 x 3 and 3 x 1 instead", f"{weights((1, 3), 100, 100) + weights((3, 1), 100, 100):,}"],
]
Table(["", "weights"], rows)

# %%
assert reduced < one_size / 3

# %% [markdown]
# Four paths by themselves save nothing here: the expensive 5 x 5 eats up what the cheap 1 x 1 saves. The reduction
# before them does.
#
# (A sparse matrix would have few weights as well, but computers multiply dense ones so much faster that nothing would
# be gained. Dense paths beside each other are the answer to that.)
#
# ## MobileNet: as many groups as channels
#
# Take the groups to the end: each kernel sees *one* channel (depthwise), and a 1 x 1 then mixes the channels.
#
# **Think first:** for 3 x 3 and 256 channels, how many times fewer weights is that?

# %%
usual = weights((3, 3), 256, 256)
separable = weights((3, 3), 256, 256, groups=256) + weights((1, 1), 256, 256)
print(f"usual: {usual:,}, separable: {separable:,}, {usual / separable:.1f} times fewer")
assert separable < usual / 8

# %% [markdown]
# A little less accurate, much smaller, and fast on a phone.
#
# ## NASNet: found, not designed
#
# In the end a search was let loose on the blocks themselves: choose two inputs, choose an operation for each
# (separable convolution of 3, 5 or 7, pool, identity), add them up; repeat five times. What it found is a *cell*, of
# which the network is built as ResNet is of blocks. Here are the parts of one:

# %%
nasnet = next(name for name in jaxcnn.MODELS if name.startswith("nasnet"))
module = construct.build(nasnet, 10, jnp.float32)
parts: dict[str, list] = {}
for layer in count_layers(module):
    cell, _, rest = layer.path.partition("/")
    if rest and layer.counts.parameters:
        parts.setdefault(cell, []).append((rest.split("/")[0], layer.counts.parameters))
cell = max(parts, key=lambda name: len(parts[name]))
names = dict.fromkeys(name for name, _ in parts[cell])
rows = [[name, f"{sum(size for part, size in parts[cell] if part == name):,}"] for name in names]
print(f"{nasnet}, {cell}:")
Table(["part", "weights"], rows)

# %% [markdown]
# ## Exercise: count a MobileNet
#
# A block of MobileNet is a depthwise 3 x 3 and a 1 x 1, each followed by batch norm (two numbers for each channel),
# without other biases. Count the weights of a block, then of all thirteen, with the stem (3 x 3, 32 channels) and the
# head. The assertion compares with the real network.


# %%
def block(channels_in, channels_out):
    depthwise = 9 * channels_in + 2 * channels_in  # your turn: two lines
    return depthwise + channels_in * channels_out + 2 * channels_out


widths = [32, 64, 128, 128, 256, 256, *[512] * 6, 1024, 1024]
stem = 27 * 32 + 2 * 32
head = 1024 * 10 + 10
ours = stem + sum(block(a, b) for a, b in pairwise(widths)) + head
theirs = count(jaxcnn.MODELS["mobilenet_v1"](num_classes=10)).parameters
print(f"by hand {ours:,}, the network {theirs:,}")
assert ours == theirs
