# %% [markdown]
# # 3 · Learning rate, batches and momentum
#
# $\theta \leftarrow \theta - \alpha \, \partial L / \partial \theta$ looks harmless. How large should $\alpha$ be?
# How many examples should a step look at? And what happens where the slope is zero, though we have not arrived? This
# notebook looks at small landscapes, in which every step can be seen.

# %%
from jaxcnn import notebook

notebook.setup()

# %%
import jax
import jax.numpy as jnp
import numpy as np
import optax
from matplotlib import pyplot as plt

from jaxcnn.config import OptimizerConfig
from jaxcnn.inspect import landscapes, probe

# %% [markdown]
# ## Too small, too large
#
# A ravine: its walls are forty times steeper than its floor. The lowest point is in the middle, at (0, 0).
#
# **Think first:** you start at the left end, a little up the wall. Four learning rates from very small to very
# large. Draw the four paths in your head.


# %%
def descents(height, start, rates, steps, **settings):
    config = OptimizerConfig(**{"name": "sgd", "learning_rate": 1.0, "weight_decay_multipliers": (), **settings})
    return landscapes.descend(height, jnp.array(start), config, rates, steps)


def draw(axis, height, paths, limits, labels):
    across, along = np.meshgrid(*(np.linspace(*limit, 100) for limit in limits))
    axis.contour(
        across, along, np.asarray(height(jnp.asarray([across, along]))), 15, colors="lightgray", linewidths=0.8
    )
    for path, label in zip(paths, labels, strict=True):
        axis.plot(*path.T, marker=".", markersize=4, linewidth=1, label=label)
    axis.set(xlim=limits[0], ylim=limits[1])
    axis.legend(frameon=False, fontsize=8)


rates = [0.001, 0.02, 0.045, 0.0505]
paths = descents(landscapes.ravine, (-4.0, 0.4), rates, 60)
figure, axes = plt.subplots(2, 2, figsize=(10, 4.4), layout="tight")
for axis, path, rate in zip(axes.flat, paths, rates, strict=True):
    draw(axis, landscapes.ravine, [path], ((-4.5, 1), (-1.2, 1.2)), [f"rate {rate}"])
plt.show()

# %% [markdown]
# - 0.001: the right direction, but it will take forever.
# - 0.02: down the wall at once, then slowly along the floor.
# - 0.045: from wall to wall, and yet forward.
# - 0.0505: each jump lands *higher* on the other wall. The loss rises; this training is lost.
#
# The wall sets the limit. Its curvature is 40, and a rate above 2 / 40 = 0.05 throws you farther up the other side
# than you were. The floor would like a rate forty times as large. That is the trouble of plain descent: one rate for
# all directions.

# %%
heights = [np.asarray(jax.vmap(landscapes.ravine)(path)) for path in paths]
figure, axis = plt.subplots(figsize=(5.5, 3), layout="tight")
for rate, curve in zip(rates, heights, strict=True):
    axis.semilogy(curve, label=f"rate {rate}")
axis.set(xlabel="step", ylabel="loss")
axis.legend(frameon=False, fontsize=8)
plt.show()
assert heights[3][-1] > heights[3][0] > heights[2][-1]

# %% [markdown]
# ## The chain rule: slopes through many layers
#
# One layer was not enough in notebook 2, so we will use more. How does the slope get through several layers? By the
# chain rule: the slope of the outside times the slope of the inside, from the loss back to the first layer. For two
# layers, $h = \mathrm{relu}(x W_1)$ and $z = h W_2$:


# %%
def two_layers(theta, x, y):
    h = jax.nn.relu(x @ theta["w1"])
    return jnp.square(h @ theta["w2"] - y).mean()


def backward(theta, x, y):
    inside = x @ theta["w1"]  # forward: every layer's result is kept ...
    h = jax.nn.relu(inside)
    z = h @ theta["w2"]
    by_z = 2 * (z - y) / y.size  # ... backward: because each slope needs it
    by_h = by_z @ theta["w2"].T
    return {"w1": x.T @ (by_h * (inside > 0)), "w2": h.T @ by_z}


keys = jax.random.split(jax.random.key(0), 4)
theta = {"w1": jax.random.normal(keys[0], (5, 8)), "w2": jax.random.normal(keys[1], (8, 2))}
x, y = jax.random.normal(keys[2], (20, 5)), jax.random.normal(keys[3], (20, 2))
ours, theirs = backward(theta, x, y), jax.grad(two_layers)(theta, x, y)
for name in theta:
    np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-4, atol=1e-6)
print("By hand and by jax.grad: the same.")

# %% [markdown]
# Keeping every layer's result takes memory, and a slope over all 50,000 pictures takes time. So a step looks at a
# few.
#
# ## How many examples a step?
#
# Here is a small convolutional network, and the gradient over 2,000 pictures, which we call the truth. A batch of B
# pictures gives an estimate of it.
#
# **Think first:** batches of 1, 10, 100, 1,000. How large is the angle between the estimate and the truth? (Two
# directions drawn at random in such a large space are at 90 degrees.)

# %%
data = notebook.dataset()
count = notebook.pick(2000, 500)
images = jnp.asarray(data.train_images[:count] / 127.5 - 1, jnp.float32)
labels = data.train_labels[:count]
model, variables = probe.init_model("convnet:widths=(8,16),hidden=32")


def direction(chosen):
    tree = probe.gradients(model, variables, images[chosen], labels[chosen])
    flat = np.concatenate([np.asarray(leaf).ravel() for leaf in jax.tree.leaves(tree)])
    return flat / np.linalg.norm(flat)


truth = direction(np.arange(count))
random = np.random.default_rng(0)
sizes = notebook.pick((1, 10, 100, 1000), (1, 10, 100))
angles = {
    size: [
        np.degrees(np.arccos(np.clip(direction(random.choice(count, size, replace=False)) @ truth, -1, 1)))
        for _ in range(8)
    ]
    for size in sizes
}
figure, axis = plt.subplots(figsize=(5.5, 3), layout="tight")
axis.boxplot(list(angles.values()), tick_labels=[f"{size:,}" for size in angles])
axis.axhline(90, color="gray", linestyle="--", linewidth=1)
axis.set(xlabel="pictures in the batch", ylabel="angle to the truth, degrees", ylim=(0, 95))
plt.show()
means = [np.mean(each) for each in angles.values()]
assert means[0] > means[-1]

# %% [markdown]
# A single picture points almost anywhere: learn from one at a time, and you run after each of them in turn. All
# pictures point exactly right, at a price. A *mini-batch* of about a hundred is a good bargain: ten times as many
# examples do not make the direction ten times as good. What remains is noise, and the path trembles.
#
# ## Momentum
#
# A ball that rolls down keeps a part of its speed. In symbols: add up the slopes, and let the old ones fade.
#
# $$ v \leftarrow \mu v + \frac{\partial L}{\partial \theta}, \qquad \theta \leftarrow \theta - \alpha v $$
#
# **Think first:** in the ravine, slopes across alternate from step to step, and slopes along are always the same.
# What does a sum make of the first, and what of the second?

# %%
kinds = {"none": {}, **{f"{m}": {"name": "momentum", "momentum": m} for m in (0.5, 0.9)}}
paths = [descents(landscapes.ravine, (-4.0, 0.8), [0.03], 30, **settings)[0] for settings in kinds.values()]
figure, axis = plt.subplots(figsize=(8, 3.2), layout="tight")
draw(axis, landscapes.ravine, paths, ((-4.5, 2.5), (-1.2, 1.2)), [f"momentum {kind}" for kind in kinds])
plt.show()
left = [float(np.linalg.norm(path[-1])) for path in paths]
print("distance from the goal after 30 steps:", dict(zip(kinds, np.round(left, 2).tolist(), strict=True)))
assert left[1] < left[0]

# %% [markdown]
# What alternates cancels, and what agrees adds up, to at most $1 / (1 - \mu)$ times the slope: ten times for 0.9, the
# usual choice since AlexNet. (Notice that it overshoots. A ball that rolls does.)
#
# ## Where the slope is zero: saddles and small valleys
#
# A saddle goes up in one direction and down in another. In its middle the slope is zero, and plain descent that comes
# near slows down more and more. Networks have very many saddles.
#
# **Think first:** both start at the same place, just beside the ridge. Which one finds the way down within 60 steps?

# %%
start, steps = (-1.5, 0.001), 60
paths = [descents(landscapes.saddle, start, [0.05], steps, **kinds[kind])[0] for kind in ("none", "0.9")]
figure, axis = plt.subplots(figsize=(4.6, 4), layout="tight")
draw(axis, landscapes.saddle, paths, ((-1.7, 1.7), (-1.7, 1.7)), ["no momentum", "momentum 0.9"])
plt.show()
reached = [float(landscapes.saddle(jnp.array(path[-1]))) for path in paths]
print(f"height after {steps} steps: {reached[0]:.3f} without, {reached[1]:.3f} with momentum (lowest: -0.25)")
assert reached[1] < reached[0]

# %% [markdown]
# And a valley that is only a dent, on the way to a deeper one?


# %%
def dented(point, step=0):
    return 0.1 * point[0] ** 2 + 0.35 * jnp.cos(3 * point[0])


line = jnp.linspace(-6, 6, 300)
figure, axis = plt.subplots(figsize=(7, 2.8), layout="tight")
axis.plot(line, dented(line[None]), color="lightgray")
ends = []
for kind in ("none", "0.9"):
    path = descents(dented, (-5.5,), [0.05], 150, **kinds[kind])[0]
    axis.plot(path[:, 0], dented(path.T), marker=".", markersize=4, linewidth=0.6, label=f"momentum {kind}")
    ends.append(float(dented(path[-1])))
axis.set(xlabel="parameter", ylabel="loss")
axis.legend(frameon=False)
plt.show()
assert ends[1] < ends[0]

# %% [markdown]
# Plain descent stays in the first dent. With momentum it rolls through, and on into a deeper one. There is no promise
# in this (another start, another rate, and it may end elsewhere), but it helps.
#
# ## Exercise: momentum in three lines
#
# Write the update with momentum, as above. The assertion compares your path with Optax, the library that trains all
# of our networks.


# %%
def with_momentum(height, start, rate, mu, steps):
    theta, v, path = jnp.array(start), jnp.zeros(len(start)), [jnp.array(start)]
    for _ in range(steps):
        v = mu * v + jax.grad(height)(theta)  # your turn: two lines
        theta = theta - rate * v
        path.append(theta)
    return np.asarray(path)


optimizer, theta = optax.sgd(0.03, momentum=0.9), jnp.array((-4.0, 0.8))
state, path = optimizer.init(theta), [theta]
for _ in range(10):
    updates, state = optimizer.update(jax.grad(landscapes.ravine)(theta), state)
    theta = jnp.asarray(optax.apply_updates(theta, updates))
    path.append(theta)
np.testing.assert_allclose(with_momentum(landscapes.ravine, (-4.0, 0.8), 0.03, 0.9, 10), np.asarray(path), atol=1e-5)
print("The same path as Optax.")
