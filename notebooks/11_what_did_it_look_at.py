# %% [markdown]
# # 11 · What did it look at?
#
# A network says "horse". Did it look at the horse, or at the meadow? There are many methods that draw a map of what
# decided. Some can be trusted, and some draw nice pictures that have nothing to do with the network. In this notebook
# you meet both, and tests that tell them apart.

# %%
from jaxcnn import notebook

notebook.setup(dtype="auto")

# %%
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib import pyplot as plt

import jaxcnn
from jaxcnn import drawing
from jaxcnn.config import Config, DataConfig, OptimizerConfig
from jaxcnn.inspect import attributions, class_maps, judge, probe
from jaxcnn.inspect.network import network_of, normalized
from jaxcnn.report.table import Table

# %% [markdown]
# A small ResNet: it ends with a mean over an 8 x 8 map and one dense layer. That will matter.

# %%
run = notebook.train(
    Config(
        name="small-resnet",
        model="resnet20:blocks=(1,1,1),option=B",
        data=DataConfig(name=notebook.data_name(), train=notebook.pick(10_000, 0), validation=notebook.pick(1000, 200)),
        augment=notebook.pick(("crop:padding=2", "flip"), ()),
        optimizer=OptimizerConfig(name="momentum", learning_rate=0.1),
        batch_size=100,
        dtype="auto",
        duration="6epochs",
    )
)
network = network_of(run)
images, labels = probe.examples(run, notebook.pick(500, 100))
probabilities = run.predict(images)
print(f"test accuracy {100 * run.metrics['test_accuracy']:.1f} %")
assert run.metrics["test_accuracy"] > 0.45

# %%
right = np.flatnonzero((probabilities.argmax(1) == labels) & (probabilities.max(1) > notebook.pick(0.6, 0.3)))
chosen = np.array([right[labels[right] == k][0] for k in range(10) if (labels[right] == k).any()])[:8]
seen = normalized(run, images[chosen])
classes = jnp.asarray(labels[chosen])
names = [run.data.label_names[k] for k in labels[chosen]]
notebook.gallery(images[chosen], names, columns=len(chosen))
plt.show()

# %% [markdown]
# ## Two ways to the same map
#
# **CAM** (2016): the network ends with $z_k = \sum_c w_{ck} \cdot \text{mean}(A_c) + b_k$, where $A_c$ is the last
# map of channel c. So weight the maps themselves: $\sum_c w_{ck} A_c$ shows the evidence for class k, place by place.
#
# **Grad-CAM** (2017) works for any network: weight the maps by the mean of the *gradient* of the logit with respect
# to them.
#
# **Think first:** for a network that ends as ours does, how do the two differ?

# %%
layer = "stage3_block1"
activations, gradients = network.at_layer(layer, seen, classes)
cam = class_maps.cam(activations, network.variables["params"]["head"]["kernel"], classes)
grad_cam = class_maps.grad_cam_before_relu(activations, gradients)
places = activations.shape[1] * activations.shape[2]
print("largest difference between Grad-CAM and CAM / 64:", f"{float(jnp.abs(grad_cam - cam / places).max()):.1e}")
np.testing.assert_allclose(grad_cam, cam / places, atol=1e-4)

# %% [markdown]
# Not at all, but for a constant factor: the derivative of a mean over 64 places is 1/64 at each. Grad-CAM is CAM,
# where CAM exists. (Its authors then cut off what is below zero.)

# %%
large = np.asarray(class_maps.enlarge(cam, *images.shape[1:3]))
notebook.gallery(drawing.overlaid(images[chosen], large), names, columns=len(chosen))
plt.show()

# %% [markdown]
# Bright is where the evidence is. The map has 8 x 8 places; finer detail would be made up.
#
# And it adds up: the mean of the CAM is the logit without its bias. Nothing is left unexplained.

# %%
bias = network.variables["params"]["head"]["bias"][classes]
logits = network.score(classes)(seen)
np.testing.assert_allclose(cam.mean((1, 2)), logits - bias, atol=1e-3)
rows = [
    ["mean of CAM", *(f"{v:.2f}" for v in cam.mean((1, 2)))],
    ["logit - bias", *(f"{v:.2f}" for v in logits - bias)],
]
Table(["", *names], rows)

# %% [markdown]
# ## Down to the pixels
#
# The gradient of the logit says how it would change if a pixel changed a little. That is not yet how much a pixel
# *contributed*. **Integrated gradients** walk from a mean image to the picture and add up the gradient on the way. By
# the fundamental theorem of calculus, all contributions together are $f(x) - f(\text{mean image})$: the method is
# *complete*.
#
# **Think first:** we take the gradient only at a few points of the way. How many are needed until the sum is right to
# 1 %? And is a single gradient times the picture complete?

# %%
score = network.score(classes)
goal = score(seen) - score(jnp.zeros_like(seen))


def error_of(maps):
    return float((jnp.abs(maps.sum((1, 2, 3)) - goal) / jnp.abs(goal)).mean())


points = (1, 4, 16, 64)
errors = [
    error_of(jax.jit(attributions.build(f"integrated:points={n}"), static_argnums=0)(score, seen)) for n in points
]
single = error_of(attributions.input_x_gradient(score, seen))
figure, axis = plt.subplots(figsize=(5.5, 3), layout="tight")
axis.loglog(points, 100 * np.array(errors), marker="o", label="integrated gradients")
axis.axhline(100 * single, color="gray", linestyle="--", label="gradient x picture")
axis.set(xlabel="points on the way", ylabel="what is missing, %")
axis.set_xticks(points, [str(n) for n in points])
axis.legend(frameon=False)
plt.show()
assert errors[-1] < errors[0]
assert errors[-1] < single

# %%
why = jaxcnn.explain(run, images[chosen[:4]], methods=("grad_cam", "integrated", "gradient", "occlusion"))
why

# %% [markdown]
# In the colored maps red speaks for the class and blue against it. They are noisy: neighboring pixels share the
# credit in strange ways, because the network multiplies and adds them together. Occlusion, which covers a square and
# looks how far the logit falls, is calmer.
#
# ## A map that knows nothing
#
# Here is a method which many people would like: it draws the outlines of the object. Compare.
#
# **Think first:** how could you find out whether a map says something about the *network*?

# %%
edges = np.asarray(judge.edges(network, seen, classes))
notebook.gallery(np.sqrt(edges), names, columns=len(chosen))
plt.show()

# %% [markdown]
# These are only differences of neighboring pixels; the network was never asked. To find out, **destroy the network
# and draw the map again**. Shuffle the weights of the last layer, then also those of the layer before, and so on. A
# map that tells of what was learned must change. One that stays the same has been telling of the picture all along.

# %%
order = ["head", "stage3_block1", "stage2_block1", "stage1_block1", "stem"]


def class_map(name):
    return lambda net: class_maps.enlarge(class_maps.class_maps(net, seen, classes, name, layer), 32, 32)


methods = {
    "grad_cam": class_map("grad_cam"),
    "integrated": lambda net: attributions.integrated(net.score(classes), seen, points=8).sum(-1),
    "gradient": lambda net: attributions.gradient(net.score(classes), seen).sum(-1),
    "edges": lambda net: judge.edges(net, seen, classes),
}
likeness = {}
for name, method in methods.items():
    of_weights = jax.jit(lambda weights, method=method: method(replace(network, variables=weights)))
    weights = network.variables
    original = of_weights(weights)
    likeness[name] = [1.0]
    for number, part in enumerate(order):
        weights = judge.randomized(weights, part, seed=number)
        likeness[name].append(float(np.nanmean(judge.rank_correlation(of_weights(weights), original))))

figure, axis = plt.subplots(figsize=(6.5, 3), layout="tight")
for name, values in likeness.items():
    axis.plot(values, marker="o", label=name, linewidth=3 if name == "edges" else 1.2)
axis.set_xticks(range(len(order) + 1), ["trained", *(f"+ {part}" for part in order)], rotation=20)
axis.set(ylabel="likeness to the map before", ylim=(-0.3, 1.05))
axis.legend(frameon=False, fontsize=8)
plt.show()
assert min(likeness["edges"]) > 0.99
assert all(values[1] < 0.95 for name, values in likeness.items() if name != "edges")

# %% [markdown]
# The outlines do not move at all: they fail. The others change as soon as the last layer is shuffled. Methods that
# fail this test (guided backpropagation is the best known) are not in this project.
#
# ## Does it find the right quarter?
#
# One more test, which needs nobody's opinion of what a good map looks like. Put four pictures of different classes
# into a mosaic, ask for the map of one class, and measure how much of its positive evidence is in the right quarter.
# Chance: 25 %.

# %%
sure = right[: len(right) // 4 * 4]
fours = [sure[k : k + 4] for k in range(0, len(sure), 4) if len(set(labels[sure[k : k + 4]])) == 4][:16]
mosaics = judge.mosaics(normalized(run, images[np.concatenate(fours)]))
asked, cell = jnp.asarray([labels[four[0]] for four in fours]), jnp.zeros(len(fours), int)
rows = []
for name in ("grad_cam", "hires_cam"):
    maps = class_maps.enlarge(class_maps.class_maps(network, mosaics, asked, name, layer), *mosaics.shape[1:3])
    rows.append([name, f"{100 * float(judge.pointing_game(maps, cell).mean()):.0f} %"])
found = judge.edges(network, mosaics, asked)
rows.append(["edges", f"{100 * float(judge.pointing_game(found, cell).mean()):.0f} %"])
Table(["map", "evidence in the right quarter"], rows)

# %% [markdown]
# ## Exercise: HiResCAM
#
# Grad-CAM averages the gradient over the map before it weights the channels. HiResCAM does not: it multiplies
# gradient and activation place by place and sums over the channels. At the last layer of our network both are the
# same (why?); at an earlier layer they are not. Write it. The first assertion compares at the last layer, the second
# with ours at an earlier one.


# %%
def hires_cam(activations, gradients):
    return (activations * gradients).sum(-1)  # your turn


np.testing.assert_allclose(hires_cam(activations, gradients), grad_cam, atol=1e-4)
earlier = network.at_layer("stage2_block1", seen, classes)
np.testing.assert_allclose(hires_cam(*earlier), class_maps.hires_cam(*earlier), atol=1e-5)
difference = float(jnp.abs(hires_cam(*earlier) - class_maps.grad_cam_before_relu(*earlier)).max())
assert difference > 1e-3
print(f"At the last layer the two maps are equal; at an earlier one they differ by up to {difference:.2f}.")
