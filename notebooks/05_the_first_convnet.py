# %% [markdown]
# # 5 · The first convolutional network, watched while it trains
#
# Three times convolution, ReLU and pooling, then two dense layers. We train it for a minute, keep its weights on the
# way, and then look at the film: how do kernels, maps and mistakes change?

# %%
from jaxcnn import notebook

notebook.setup()

# %%
from dataclasses import replace

import jax
import numpy as np
from matplotlib import pyplot as plt

import jaxcnn
from jaxcnn.assemble import assemble
from jaxcnn.config import Config, DataConfig, OptimizerConfig
from jaxcnn.data.for_run import load_images
from jaxcnn.drawing import kernel_pictures
from jaxcnn.inspect import features, probe
from jaxcnn.inspect.network import network_of, normalized
from jaxcnn.models.counts import count_layers
from jaxcnn.report.table import Table

# %% [markdown]
# ## An experiment is data
#
# Everything about a training is in one record: model, data, optimizer, duration, seed. Run it again, and you get the
# same numbers, to the last bit.

# %%
config = Config(
    name="convnet",
    model="convnet:widths=(16,32,64),hidden=64",
    data=DataConfig(
        name=notebook.data_name(),
        train=notebook.pick(10_000, 0),
        validation=notebook.pick(2000, 200),
        normalization="scale",  # x / 127.5 - 1
    ),
    augment=notebook.pick(("flip",), ()),
    optimizer=OptimizerConfig(name="momentum", learning_rate=0.03, momentum=0.9),
    batch_size=notebook.pick(100, 50),
    duration=notebook.pick("1000steps", "60steps"),
    evaluate_every=notebook.pick("100steps", "20steps"),
    checkpoint_every=notebook.pick("100steps", "20steps"),
    log_every=notebook.pick("25steps", "10steps"),
    keep=20,
)

# %% [markdown]
# **Think first:** which layer of this network has the most weights? And which one does the most work?

# %%
start = assemble(config, load_images(config))
layers = [layer for layer in count_layers(start.recipe.model) if layer.counts.parameters]
Table(
    ["layer", "output", "weights", "multiplications"],
    [
        [layer.path, " x ".join(map(str, layer.output)), f"{layer.counts.parameters:,}", f"{layer.counts.macs:,}"]
        for layer in layers
    ],
)

# %% [markdown]
# The convolutions work, the first dense layer owns the weights. That is typical of early networks; later ones replace
# it by a mean over the map (notebook 7).
#
# Older frameworks first *declared* a graph and then fed data into it. In JAX you write an ordinary function of
# arrays; `jax.jit` traces it once, compiles the graph that it finds, and from then on runs that. Every training step
# below is such a compiled function: (state, batch) in, (state, metrics) out.
#
# **Think first:** ten templates reached about 40 %. What will this network reach on the test images, after a minute
# on a fifth of the training images?

# %%
run = notebook.train(config)
print(f"test accuracy {100 * run.metrics['test_accuracy']:.1f} %")
assert run.metrics["test_accuracy"] > 0.4

# %% [markdown]
# ## The curves
#
# **Think first:** the loss on the training images will fall. And the one on images it does not train on?

# %%
figure, axes = plt.subplots(1, 2, figsize=(10, 3), layout="tight")
for split in ("train", "validation"):
    rows = [row for row in run.history if row["split"] == split]
    for axis, name in zip(axes, ("loss", "accuracy"), strict=True):
        axis.plot([row["step"] for row in rows], [row[name] for row in rows], label=split)
        axis.set(xlabel="step", ylabel=name)
axes[0].legend(frameon=False)
plt.show()

# %% [markdown]
# Near the end the two part: what the network learns about its 10,000 pictures is less and less true of others. That
# is overfitting, and notebook 8 is about it.
#
# ## The kernels
#
# The first layer has 16 kernels of 3 x 3 pixels and three colors. Each row below is a moment of the training.
#
# **Think first:** at the start the kernels are random. Will they become clean edges and colors? How much do they move
# at all?

# %%
steps = sorted(int(path.name) for path in (run.path / "checkpoints").iterdir() if path.name.isdigit())
variables, _ = start.initial_variables()
film = {0: replace(run, variables=jax.tree.map(np.asarray, variables), step=0)}
film |= {step: jaxcnn.load(run.path, step=step) for step in steps}


def first_kernels(moment):
    return np.asarray(moment.variables["params"]["stage1_conv1"]["kernel"])


shown = [step for step in film if step in (0, steps[0], steps[len(steps) // 3], steps[-1])]
pictures = [picture / 255 for step in shown for picture in kernel_pictures(first_kernels(film[step]))]
figure = notebook.gallery(pictures, columns=16, side=0.6)
for row, step in enumerate(shown):
    figure.axes[16 * row].set_title(f"step {step}", fontsize=9, loc="left")
plt.show()
moved = np.linalg.norm(first_kernels(film[steps[-1]]) - first_kernels(film[0])) / np.linalg.norm(first_kernels(film[0]))
print(f"the kernels moved by {100 * moved:.0f} % of their length")

# %% [markdown]
# They keep something of where they began, and get smoother and clearer: dark to bright, one color against another.
# Kernels of 3 x 3 are too small for beautiful pictures; networks with 7 x 7 or 11 x 11 show them better.
#
# ## What comes out of each layer
#
# The activations of 500 test images, before the ReLU. Everything left of zero will be cut off.
#
# **Think first:** as training proceeds, will the distributions get wider or narrower?

# %%
images, labels = probe.examples(run, notebook.pick(500, 100))
outputs = {}
for step in (0, steps[0], steps[-1]):
    moment = film[step]
    outputs[step] = probe.outputs(moment.model, moment.variables, normalized(moment, images))

names = list(outputs[0])
figure, axes = plt.subplots(1, len(names), figsize=(2.4 * len(names), 2.4), layout="tight")
for axis, name in zip(axes, names, strict=True):
    edge = float(np.percentile(np.abs(outputs[steps[-1]][name]), 99.5))
    for step, found in outputs.items():
        axis.hist(
            np.asarray(found[name]).ravel(),
            60,
            range=(-edge, edge),
            histtype="step",
            density=True,
            label=f"step {step}",
        )
    axis.set_title(name, fontsize=9)
    axis.set_yticks([])
axes[0].legend(frameon=False, fontsize=8)
plt.show()

# %% [markdown]
# They get wider, and in the middle layers they move to the left: most channels are silent most of the time and speak
# up for what they look for. The last layer shows it best: ten logits, most of them well below zero.
#
# Do all channels still speak? One that is never above zero gets no gradient and is *dead*.

# %%
for name in names[:-1]:
    dead = [probe.dead_fraction(found[name]) for found in outputs.values()]
    print(f"{name:13}", "  ".join(f"step {step}: {100 * f:3.0f} %" for step, f in zip(outputs, dead, strict=True)))

# %% [markdown]
# ## Feature maps
#
# One picture on its way through the network. **Think first:** the first maps still look like the picture. Do the last
# ones?

# %%
network = network_of(run)
which = 3
one = normalized(run, images[which : which + 1])
figure, axes = plt.subplots(3, 9, figsize=(9, 3.3), layout="tight")
for row, layer in zip(axes, ("stage1_conv1", "stage2_conv1", "stage3_conv1"), strict=True):
    maps = np.maximum(features.maps(network, one, layer)[0], 0)
    busiest = np.argsort(-maps.mean((0, 1)))[:8]
    row[0].imshow(images[which])
    row[0].set_title(layer, fontsize=8)
    for axis, channel in zip(row[1:], busiest, strict=True):
        axis.imshow(maps[..., channel])
    for axis in row:
        axis.axis("off")
plt.show()

# %% [markdown]
# ## What does a channel look for?
#
# Ask 1,000 test images which of them excites it the most, and cut out the part that does.

# %%
many, _ = probe.examples(run, notebook.pick(1000, 200))
layer, half = "stage2_conv1", 6
found = features.most_exciting(network, normalized(run, many), layer, count=8)
scale = many.shape[1] // network.places()[layer][0]
padded = np.pad(many, ((0, 0), (half, half), (half, half), (0, 0)))
patches = []
channels = np.argsort([-each.values.mean() for each in found])[:4]
for channel in channels:
    each = found[channel]
    for image, row, column in zip(each.images, each.rows, each.columns, strict=True):
        top, left = int(row) * scale, int(column) * scale
        patches.append(padded[image, top : top + 2 * half, left : left + 2 * half])
notebook.gallery(patches, columns=8, side=0.9)
plt.show()

# %% [markdown]
# A row is a channel. None of them was told what to look for: a corner, a stripe in a certain direction, bright above
# dark. It was useful for the answer, so descent found it.
#
# ## Look at it in TensorBoard
#
# Here we drew the pictures ourselves. A training from the command line writes its curves for TensorBoard, and with
# `--watch` also histograms, kernels and feature maps while it trains:
#
# ```
# python -m experiments.quickstart --watch --folder runs/watched
# tensorboard --logdir runs/watched
# ```
#
# ## Its mistakes
#
# **Think first:** which two classes will it confuse the most?

# %%
everything, truth = probe.examples(run, 10_000)
answers = run.predict(everything)
said = answers.argmax(1)
confusion = np.zeros((10, 10), int)
np.add.at(confusion, (truth, said), 1)
off = confusion - np.diag(np.diag(confusion))
label_names = run.data.label_names
for place in np.argsort(-off.ravel())[:3]:
    a, b = divmod(int(place), 10)
    print(f"{label_names[a]:>10} taken for {label_names[b]:10} {off[a, b]} times")

worst = np.argsort(-np.where(said != truth, answers.max(1), 0))[:8]
notebook.gallery(everything[worst], [f"{label_names[said[k]]}?" for k in worst])
plt.show()

# %% [markdown]
# ## Exercise: accuracy of each class
#
# Compute, from `truth` and `said`, the accuracy of each class: of all cats, how many are called cats? The assertion
# compares with what the training wrote into its summary.


# %%
def accuracy_of_each_class(truth, said):
    return np.array([(said[truth == k] == k).mean() for k in range(10)])  # your turn


ours = accuracy_of_each_class(truth, said)
for name, value in zip(label_names, ours, strict=True):
    print(f"{name:>10} {'#' * round(40 * value)} {100 * value:.0f} %")
counts = np.bincount(truth, minlength=10)
assert abs((ours * counts).sum() / counts.sum() - run.metrics["test_accuracy"]) < 2e-3
