# %% [markdown]
# # 10 · Saving, reloading, freezing, fine-tuning
#
# A trained network is a tree of arrays. It can be saved, loaded, taken apart, and used as the beginning of another
# one. That is how most networks are made today: hardly anybody starts from random weights.

# %%
from jaxcnn import notebook

notebook.setup()

# %%
import jax
import numpy as np
from matplotlib import pyplot as plt

import jaxcnn
from jaxcnn import rules
from jaxcnn.config import Config, DataConfig, OptimizerConfig
from jaxcnn.inspect import features, probe
from jaxcnn.report.table import Table

# %% [markdown]
# ## A network that knows five classes

# %%
names = notebook.dataset().label_names
known, new = names[:5], names[5:]
base = Config(
    name="known",
    model="quicknet:kernel_init=dirac,stem=16,widths=(32,64)",
    data=DataConfig(name=notebook.data_name(), classes=known, validation=notebook.pick(1000, 100)),
    augment=notebook.pick(("crop:padding=2", "flip"), ()),
    optimizer=OptimizerConfig(name="muon", learning_rate=0.05, weight_decay=0.01),
    batch_size=notebook.pick(100, 50),
    duration=notebook.pick("600steps", "60steps"),
    evaluate_every="0steps",
    checkpoint_every=notebook.pick("200steps", "20steps"),
    log_every="50steps",
    keep=10,
)
run = notebook.train(base)
print("knows:", ", ".join(known))
print(f"test accuracy {100 * run.metrics['test_accuracy']:.1f} %")

# %% [markdown]
# ## What was saved?
#
# A run is a folder. **Think first:** what has to be in it, so that tomorrow you can (a) use the network, (b) continue
# its training as if nothing had happened, (c) know in a year what this was?

# %%
kinds = {
    "config.json": "every setting: (c)",
    "metrics.jsonl": "the curves",
    "summary.json": "the results",
    "checkpoints": "weights (a), and state of the optimizer and step number (b)",
}
there = {path.name for path in run.path.iterdir()}
assert set(kinds) <= there
Table(["file", "what it is for"], [list(pair) for pair in kinds.items()], text_columns=2)

# %%
steps = sorted(int(path.name) for path in (run.path / "checkpoints").iterdir() if path.name.isdigit())
images, labels = probe.examples(run, 500)
again = jaxcnn.load(run.path)
assert np.array_equal(again.predict(images), run.predict(images))  # to the last bit
film = [float((jaxcnn.load(run.path, step=step).predict(images).argmax(1) == labels).mean()) for step in steps]
print("accuracy at each checkpoint:", ", ".join(f"step {s}: {100 * a:.0f} %" for s, a in zip(steps, film, strict=True)))

# %% [markdown]
# If a training is interrupted, run the same command again: it resumes at the latest checkpoint, and its end is the
# same to the last bit as without the interruption.
#
# ## A tree of arrays

# %%
params = run.variables["params"]
Table(
    ["parameter", "shape", "numbers"],
    [
        [path, " x ".join(map(str, leaf.shape)), f"{leaf.size:,}"]
        for path, leaf in zip(rules.paths(params), jax.tree.leaves(params), strict=True)
    ],
)

# %% [markdown]
# ## Five new classes, and only a few pictures
#
# Now we want five other classes, and have 100 pictures of them in all. Three ways:
#
# - **from scratch:** start from random weights;
# - **head only:** take the weights, but for the head, which gets new ones, and *freeze* all others;
# - **everything:** take the weights, but for the head, and let all of them move.
#
# Which weights to take and which to freeze is said by patterns over the names above.
#
# **Think first:** which of the three wins? And with 2,000 pictures?

# %%
sizes = notebook.pick((100, 2000), (100,))
take = {"init__source": str(run.path), "init__restore": [["head/*", "init"], ["*", "load"]]}
ways = {
    "from scratch": {},
    "head only": {**take, "optimizer__freeze": ["stem/*", "stage*"]},
    "everything": take,
}
tuned, accuracy = {}, {}
for way, settings in ways.items():
    for count in sizes:
        tuned[way, count] = notebook.train(
            base,
            data__classes=list(new),
            data__train=count,
            optimizer__name="adam",
            optimizer__learning_rate=0.003,
            batch_size=50,
            duration=notebook.pick("200steps", "40steps"),
            checkpoint_every="0steps",
            **settings,
        )
        accuracy[way, count] = tuned[way, count].metrics["test_accuracy"]

figure, axis = plt.subplots(figsize=(6, 3), layout="tight")
for place, way in enumerate(ways):
    values = [100 * accuracy[way, count] for count in sizes]
    bars = axis.bar(np.arange(len(sizes)) + 0.27 * (place - 1), values, 0.25, label=way)
    axis.bar_label(bars, fmt="%.0f", fontsize=8)
axis.set_xticks(range(len(sizes)), [f"{count:,} pictures" for count in sizes])
axis.set(ylabel="test accuracy, %", ylim=(0, 100))
axis.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()
assert (
    max(accuracy["head only", sizes[0]], accuracy["everything", sizes[0]]) > accuracy["from scratch", sizes[0]] - 0.02
)

# %% [markdown]
# What the network learned about five classes helps with five others: edges, colors and textures are the same. The
# fewer the pictures, the more it helps.
#
# Freezing is cheap and safe, but it has a price: with many pictures, layers that may not move hold the others back.
#
# How far did each layer move? **Think first:** when everything may move, which layers stay nearly where they were?


# %%
def moved(way, count):
    before = probe.kernels(run.variables["params"])
    after = probe.kernels(tuned[way, count].variables["params"])
    layers = [layer for layer in before if layer != "head"]
    return {
        layer: float(np.linalg.norm(after[layer] - before[layer]) / np.linalg.norm(before[layer])) for layer in layers
    }


rows = []
for layer, everything in moved("everything", sizes[-1]).items():
    rows.append([layer, f"{100 * everything:.2f} %", f"{100 * moved('head only', sizes[-1])[layer]:.2f} %"])
Table(["layer", "moved: everything", "moved: head only"], rows)

# %%
assert all(value == 0 for value in moved("head only", sizes[-1]).values())  # frozen is frozen, to the last bit
assert all(value > 0 for value in moved("everything", sizes[-1]).values())

# %% [markdown]
# A gentle way in between: thaw the layers one after the other, from the head down (`--optimizer.unfreeze`), or give
# the lower layers a smaller rate (`--optimizer.lr-multipliers`). And VGG's authors trained a shallow network first,
# and began the deep one with its weights: the same idea, in 2014.
#
# ## Exercise: how alike are two networks?
#
# Centered kernel alignment (CKA) compares what two networks *see*, not their weights: it is 1 if the features of the
# same pictures differ only by a rotation and a factor. For features centered over the pictures, $X$ and $Y$:
#
# $$ \text{CKA} = \frac{\lVert X^\top Y \rVert_F^2}{\lVert X^\top X \rVert_F \, \lVert Y^\top Y \rVert_F} $$
#
# Write it, and compare the last layer before the head of the trained network with that of the fine-tuned one, and
# with that of the one from scratch.


# %%
def cka(x, y):
    x, y = x - x.mean(0), y - y.mean(0)  # your turn: everything below this line
    return np.linalg.norm(x.T @ y) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))


def hidden(one):
    return np.maximum(one.features(images, "stage2_norm2"), 0).max((1, 2)).astype(np.float64)


rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(64, 64)))[0]
assert abs(cka(hidden(run), 3 * hidden(run) @ rotation) - 1) < 1e-6
likeness = {way: cka(hidden(run), hidden(tuned[way, sizes[-1]])) for way in ways}
for way, value in likeness.items():
    assert abs(value - features.cka(hidden(run), hidden(tuned[way, sizes[-1]]))) < 1e-6
    print(f"{way:13} {value:.2f}")
assert likeness["head only"] > 0.99  # the same weights; only the normalization of the pictures may differ
assert likeness["everything"] > likeness["from scratch"]
