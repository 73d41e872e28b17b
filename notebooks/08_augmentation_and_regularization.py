# %% [markdown]
# # 8 · Augmentation and regularization
#
# A network with half a million weights can learn a thousand pictures by heart. That is called *overfitting*: good on
# what it has seen, poor on what is new. There are three ways out: more pictures (or what looks like more), weights
# that cost something, and units that cannot rely on each other.

# %%
from jaxcnn import notebook

notebook.setup()

# %%
import jax
import jax.numpy as jnp
import numpy as np
from matplotlib import pyplot as plt

from jaxcnn import augment
from jaxcnn.augment import Draw
from jaxcnn.config import Config, DataConfig, OptimizerConfig
from jaxcnn.inspect import probe
from jaxcnn.report.table import Table
from jaxcnn.seeds import key_of

# %% [markdown]
# ## One picture, many pictures
#
# A cat that is mirrored, shifted or a little darker is still a cat. So change the training pictures at random, each
# time they are shown. (AlexNet cut windows of 224 x 224 out of 256 x 256 pixels; VGG first enlarged the picture to a
# random size, then cut: *multi-scale crop*.)
#
# **Think first:** which of these changes would you *not* use for handwritten digits?

# %%
data = notebook.dataset()
which = notebook.pick(20, 3)
copies = jnp.asarray(np.repeat(data.train_images[which : which + 1], 7, axis=0))
kinds = (
    *("flip", "crop:padding=4", "multi_scale_crop", "stretch", "rotation", "shear", "elastic"),
    *("brightness", "contrast", "cutout:size=12"),
)
keys = jax.random.split(key_of(1), len(copies))
rows = []
for kind in kinds:
    changed, _ = augment.build([kind], 10)(Draw(keys, keys, jnp.int32(0)), copies, jnp.zeros(len(copies), jnp.int32))
    rows.extend(np.clip(np.asarray(changed), 0, 255).astype(np.uint8))
figure = notebook.gallery(rows, columns=7, side=1.0)
for row, kind in enumerate(kinds):
    figure.axes[7 * row].set_title(kind, fontsize=9, loc="left")
plt.show()

# %% [markdown]
# A mirrored 3 is not a digit, and a 6 turned by 180 degrees is a 9: augmentation is knowledge about the problem.
#
# ## Weights that cost something
#
# Add to the loss a price for every weight: $\lambda \sum w^2$ (L2, "weight decay") or $\lambda \sum |w|$ (L1). Here
# are the patients of notebook 1 again, with 40 useless random features added.
#
# **Think first:** both prices make weights smaller. Which of the two makes them exactly zero?

# %%
from sklearn.datasets import load_diabetes

inputs, target = load_diabetes(return_X_y=True)
noise = np.random.default_rng(0).normal(size=(len(inputs), 40))
inputs = np.concatenate([(inputs - inputs.mean(0)) / inputs.std(0), noise], axis=1)
x, y = jnp.asarray(inputs, jnp.float32), jnp.asarray((target - target.mean()) / target.std(), jnp.float32)
train, test = slice(0, 100), slice(100, None)


def error(w, part):
    return float(jnp.square(x[part] @ w - y[part]).mean())


def fit(l1=0.0, l2=0.0, steps=2000, rate=0.02):
    @jax.jit
    def step(w):
        slope = jax.grad(lambda w: jnp.square(x[train] @ w - y[train]).mean() + l2 * jnp.square(w).sum())(w)
        moved = w - rate * slope
        return jnp.sign(moved) * jnp.maximum(jnp.abs(moved) - rate * l1, 0)  # the price of |w| never crosses zero

    w = jnp.zeros(x.shape[1])
    for _ in range(steps):
        w = step(w)
    return w


found = {"no price": fit(), "L2": fit(l2=0.5), "L1": fit(l1=0.2)}
figure, axes = plt.subplots(1, 3, figsize=(10, 2.4), layout="tight", sharey=True)
for axis, (name, w) in zip(axes, found.items(), strict=True):
    axis.bar(range(50), w, color=["tab:blue"] * 10 + ["lightgray"] * 40)
    axis.set(title=name, xlabel="feature (gray: useless)")
plt.show()
rows = [
    [name, f"{int((w == 0).sum())}", f"{error(w, train):.2f}", f"{error(w, test):.2f}"] for name, w in found.items()
]
Table(["price", "weights that are zero", "training error", "test error"], rows)

# %%
assert error(found["no price"], train) < error(found["L2"], train)
assert error(found["L2"], test) < error(found["no price"], test)
assert (found["L1"] == 0).sum() > 10 > (found["L2"] == 0).sum()

# %% [markdown]
# Without a price the training error is the best and the test error the worst: that *is* overfitting. L2 shrinks all
# weights; L1 removes most of the useless features altogether.
#
# ## Units that cannot rely on each other
#
# *Dropout* (AlexNet used it in two dense layers, with a rate of 0.5) switches off every unit with probability p, by a
# new draw in each step. Three ways to see why it helps: each step trains another part of the network, and the whole
# is the mean of all those parts; each unit sees noisy copies of its inputs, which is augmentation; and no unit can
# rely on another one being there.
#
# ## All of them on 500 pictures
#
# **Think first:** a small network, 500 pictures, many epochs. Which of the four will have the smallest gap between
# training and validation?

# %%
base = Config(
    name="few",
    model="convnet:widths=(16,32),hidden=64",
    data=DataConfig(name=notebook.data_name(), train=500, validation=notebook.pick(2000, 200)),
    optimizer=OptimizerConfig(name="momentum", learning_rate=0.02),
    batch_size=50,
    duration=notebook.pick("400steps", "60steps"),
    evaluate_every="0steps",
    checkpoint_every="0steps",
    log_every="20steps",
)
variations = {
    "nothing": {},
    "augmentation": {"augment": ["crop:padding=4", "flip"]},
    "L2": {"loss__l2": 0.02},
    "dropout": {"model": f"{base.model},dropout=0.5"},
}
runs = {name: notebook.train(base, **changes) for name, changes in variations.items()}


def accuracies(run):
    seen = [row["accuracy"] for row in run.history if row["split"] == "train"][-3:]
    return float(np.mean(seen)), run.metrics["validation_accuracy"]


places = np.arange(len(runs))
both = np.array([accuracies(run) for run in runs.values()])
figure, axis = plt.subplots(figsize=(7, 3), layout="tight")
axis.bar(places - 0.2, 100 * both[:, 0], 0.4, label="training, as it went", color="lightgray")
axis.bar(places + 0.2, 100 * both[:, 1], 0.4, label="validation")
axis.set_xticks(places, list(runs))
axis.set(ylabel="accuracy, %")
axis.legend(frameon=False)
plt.show()
assert both[0, 0] - both[0, 1] > both[1, 0] - both[1, 1]

# %% [markdown]
# (While it trains, augmentation and dropout also make the training pictures harder; that is a part of the smaller
# gap.)
#
# Compare the blue bars, too: a small gap is not yet a good network. With 500 pictures none of these works wonders.
# More pictures would.
#
# ## Several heads
#
# AlexNet's best result was the mean of seven networks. **Think first:** our four are all mediocre, and their training
# pictures are the same. Is their mean better than the best of them?

# %%
images, labels = probe.examples(runs["nothing"], notebook.pick(4000, 360))
answers = {name: run.predict(images) for name, run in runs.items()}
single = {name: float((answer.argmax(1) == labels).mean()) for name, answer in answers.items()}
together = float((np.mean(list(answers.values()), axis=0).argmax(1) == labels).mean())
rows = [[name, f"{100 * value:.1f} %"] for name, value in {**single, "their mean": together}.items()]
Table(["network", "test accuracy"], rows)

# %%
assert together > np.mean(list(single.values()))

# %% [markdown]
# Different networks make different mistakes, and the mean cancels some of them.
#
# ## Exercise: dropout by hand
#
# Switch off each number with probability `rate`. In evaluation nothing is switched off, so the sums would be larger
# than in training: scale what remains, so that the *mean* stays the same.


# %%
def dropout(key, x, rate):
    keep = jax.random.bernoulli(key, 1 - rate, x.shape)  # your turn: everything below this line
    return jnp.where(keep, x / (1 - rate), 0)


ones = jnp.ones(100_000)
for rate in (0.1, 0.5, 0.8):
    dropped = dropout(jax.random.key(0), ones, rate)
    assert abs(float((dropped == 0).mean()) - rate) < 0.01
    assert abs(float(dropped.mean()) - 1) < 0.02
print("The mean stays, whatever the rate.")
