# %% [markdown]
# # 9 · Optimizers and schedules
#
# Plain descent has one learning rate for all weights and for all time, and someone has to choose it. This notebook is
# about methods that adapt the rate to each weight, and about plans that change it with time.

# %%
from jaxcnn import notebook

notebook.setup()

# %%
import jax
import jax.numpy as jnp
import numpy as np
import optax
from matplotlib import pyplot as plt

from jaxcnn import schedules
from jaxcnn.config import Config, DataConfig, OptimizerConfig, ScheduleConfig
from jaxcnn.inspect import landscapes
from jaxcnn.report.table import Table

# %% [markdown]
# ## Four ideas
#
# With the slope $g$ of one weight and the rate $\alpha$:
#
# - **AdaGrad** divides by the root of the sum of all squares so far, $\alpha g / \sqrt{\sum g^2}$. Weights that moved
#   much take smaller steps. But the sum only grows.
# - **RMSProp** replaces the sum by a moving *mean* of the squares, which forgets.
# - **Adam** takes RMSProp's denominator and momentum's numerator, a moving mean of the slopes.
#
# **Think first:** on a slope that never changes, all $g = 1$: how does the step of each of them develop?


# %%
def descents(height, start, rates, steps, **settings):
    config = OptimizerConfig(**{"learning_rate": 1.0, "weight_decay_multipliers": (), **settings})
    return landscapes.descend(height, jnp.asarray(start), config, rates, steps)


kinds = {
    "sgd": {"name": "sgd"},
    "momentum": {"name": "momentum"},
    "adagrad": {"name": "adagrad"},
    "rmsprop": {"name": "rmsprop"},
    "adam": {"name": "adam"},
}
figure, axis = plt.subplots(figsize=(6, 3), layout="tight")
sizes = {}
for name, settings in kinds.items():
    path = descents(lambda point, step=0: point[0], (0.0,), [1.0], 100, **settings)[0, :, 0]
    sizes[name] = -np.diff(path)
    axis.semilogy(sizes[name], label=name)
axis.set(xlabel="step", ylabel="size of the step, rate 1")
axis.legend(frameon=False, fontsize=8)
plt.show()
assert sizes["adagrad"][-1] < 0.15 * sizes["adagrad"][0]

# %% [markdown]
# AdaGrad is fast at first, then slower and slower; a long training may stop before it has arrived. RMSProp and Adam
# settle at steps of the size of the rate, *whatever the size of the slope*.
#
# ## The ravine again
#
# **Think first:** the walls are forty times steeper than the floor. A method that divides by the size of the slope:
# what does the ravine look like to it?

# %%
rates = {"sgd": 0.04, "momentum": 0.01, "adagrad": 0.8, "rmsprop": 0.1, "adam": 0.3}
across, along = np.meshgrid(np.linspace(-4.5, 1.5, 100), np.linspace(-1.2, 1.2, 100))
figure, axis = plt.subplots(figsize=(8, 3.2), layout="tight")
levels = np.asarray(landscapes.ravine(jnp.asarray([across, along])))
axis.contour(across, along, levels, 15, colors="lightgray", linewidths=0.8)
for name, settings in kinds.items():
    path = descents(landscapes.ravine, (-4.0, 0.8), [rates[name]], 40, **settings)[0]
    axis.plot(*path.T, marker=".", markersize=4, linewidth=1, label=f"{name}, rate {rates[name]}")
axis.set(xlim=(-4.5, 1.5), ylim=(-1.2, 1.2))
axis.legend(frameon=False, fontsize=8)
plt.show()

# %% [markdown]
# They walk at 45 degrees at first: dividing by the size makes both directions alike.
#
# ## Rare features
#
# In some data most features are absent most of the time, like words in a text. A rare feature gets a slope only when
# it shows up.
#
# **Think first:** 200 features, the k-th present in one of k examples. Who learns the rare ones, at its own best
# rate?

# %%
height, of_batch = landscapes.sparse_regression()
grid = list(np.geomspace(0.003, 3, 9))
steps = notebook.pick(300, 100)
rows, left = [], {}
for name, settings in kinds.items():
    paths = descents(of_batch, np.zeros(200, np.float32), grid, steps, **settings)
    errors = np.array([float(height(jnp.asarray(path[-1]))) for path in paths])
    best = int(np.nanargmin(errors))
    left[name] = errors[best]
    rows.append([name, f"{grid[best]:.3f}", f"{errors[best]:.1e}"])
Table(["optimizer", "best rate", f"error after {steps} steps"], rows)

# %%
assert left["adagrad"] < left["sgd"]

# %% [markdown]
# Methods that adapt the rate to each weight win on rare features: a weight that has hardly moved still has its full
# rate.
#
# ## Plans for the rate
#
# Far from the goal, large steps; near it, small ones. AlexNet started at 0.01 and divided by ten whenever the error
# stopped falling.
#
# **Think first:** why do some plans *begin* with small steps (warm-up)?

# %%
plans = {
    "constant": ScheduleConfig(name="constant"),
    "step: divided by ten": ScheduleConfig(name="step"),
    "exponential": ScheduleConfig(name="exponential"),
    "cosine": ScheduleConfig(name="cosine"),
    "cosine, warm-up": ScheduleConfig(name="cosine", warmup="10%"),
    "one cycle": ScheduleConfig(name="one_cycle"),
}
figure, axis = plt.subplots(figsize=(7, 3), layout="tight")
for name, plan in plans.items():
    axis.plot(jax.vmap(schedules.build(plan, 1000, 100))(jnp.arange(1000)), label=name)
axis.set(xlabel="step", ylabel="rate / largest rate")
axis.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
# At the very start the weights are random and the slopes are large and change quickly: a full step may do harm that
# takes long to repair.
#
# Now a real training, at a rate that is rather large. **Think first:** which curve is lower in the middle, and which
# at the end?

# %%
base = Config(
    name="plan",
    model="convnet:widths=(16,32),hidden=64,norm=batch",
    data=DataConfig(name=notebook.data_name(), train=notebook.pick(8000, 0), validation=notebook.pick(2000, 200)),
    optimizer=OptimizerConfig(name="momentum", learning_rate=0.2),
    batch_size=64,
    duration=notebook.pick("500steps", "80steps"),
    evaluate_every=notebook.pick("50steps", "10steps"),
    checkpoint_every="0steps",
    log_every="50steps",
)
figure, axis = plt.subplots(figsize=(6, 3), layout="tight")
final = {}
for name in ("constant", "cosine"):
    run = notebook.train(base, schedule__name=name)
    rows = [row for row in run.history if row["split"] == "validation"]
    axis.plot([row["step"] for row in rows], [100 * row["accuracy"] for row in rows], marker=".", label=name)
    final[name] = rows[-1]["accuracy"]
axis.set(xlabel="step", ylabel="validation accuracy, %")
axis.legend(frameon=False)
plt.show()
assert final["cosine"] > max(final["constant"] - 0.02, 0.3)

# %% [markdown]
# Large steps keep the path trembling; as the rate falls, it settles.
#
# ## Exercise: Adam by hand
#
# Two moving means, of the slopes and of their squares. Both start at zero and are too small at first; dividing by
# $1 - \beta^t$ repairs that:
#
# $$ m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \quad \theta \leftarrow
# \theta - \alpha \, \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon} $$


# %%
def adam(height, start, rate, steps, b1=0.9, b2=0.999, eps=1e-8):
    theta = jnp.array(start)
    m = v = jnp.zeros_like(theta)
    for t in range(1, steps + 1):
        g = jax.grad(height)(theta)  # your turn: everything inside the loop
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        theta = theta - rate * (m / (1 - b1**t)) / (jnp.sqrt(v / (1 - b2**t)) + eps)
    return theta


optimizer, theta = optax.adam(0.1), jnp.array((-4.0, 0.8))
state = optimizer.init(theta)
for _ in range(20):
    updates, state = optimizer.update(jax.grad(landscapes.ravine)(theta), state)
    theta = jnp.asarray(optax.apply_updates(theta, updates))
np.testing.assert_allclose(adam(landscapes.ravine, (-4.0, 0.8), 0.1, 20), theta, atol=1e-4)
print("The same place as Optax.")
