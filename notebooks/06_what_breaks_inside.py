# %% [markdown]
# # 6 · Activations, initialization, batch norm: what breaks inside
#
# A deep network multiplies many numbers. If each layer makes them a little smaller, nothing arrives at the end; a
# little larger, and they explode. This notebook looks inside deep networks to see it happen, and at the three
# repairs.

# %%
from jaxcnn import notebook

notebook.setup()

# %%
import jax
import jax.numpy as jnp
import numpy as np
from matplotlib import pyplot as plt

from jaxcnn.config import Config, DataConfig, OptimizerConfig
from jaxcnn.inspect import probe
from jaxcnn.layers import BatchNorm, activation
from jaxcnn.report.table import Table

# %% [markdown]
# ## Six activations
#
# **Think first:** which of them have a slope near zero on one side, or on both? Which have outputs whose mean is
# zero?

# %%
names = ("sigmoid", "tanh", "relu", "leaky_relu", "elu")
z = jnp.linspace(-4, 4, 200)
figure, axes = plt.subplots(1, 2, figsize=(10, 3), layout="tight")
for name in names:
    axes[0].plot(z, activation(name)(z), label=name)
    axes[1].plot(z, jax.vmap(jax.grad(activation(name)))(z), label=name)
axes[0].set(title="activation", ylim=(-1.5, 3))
axes[1].set(title="slope")
axes[0].legend(frameon=False, fontsize=8)
plt.show()

draws = jax.random.normal(jax.random.key(0), (100_000,))
rows = []
for name in names:
    f = activation(name)
    slopes = jax.vmap(jax.grad(f))(draws)
    rows.append([name, f"{float(f(draws).mean()):.2f}", f"{float(slopes.max()):.2f}", f"{float(slopes.mean()):.2f}"])
Table(["activation", "mean output", "largest slope", "mean slope"], rows)

# %% [markdown]
# - **Sigmoid:** flat on both sides, mean not zero, an exponential to compute, and its slope is never more than 1/4.
# - **Tanh:** mean zero, but still flat on both sides.
# - **ReLU:** nothing to compute, slope 1 wherever it is on. Off, it gets no gradient: a unit that is off for every
#   picture stays off, it is *dead*.
# - **Leaky ReLU** leaves a little slope on the left; **ELU** also brings the mean nearer to zero, for an exponential.
# - **Maxout** takes the largest of several linear functions, at the price of twice the weights or more.
#
# ## Slopes that vanish
#
# By the chain rule the gradient of the first layer is a product over all layers above it.
#
# **Think first:** twelve layers of sigmoids, each with a slope of at most 1/4. How large is the gradient that reaches
# the first layer, compared with the last?

# %%
depth = notebook.pick(12, 6)
data = notebook.dataset()
images = jnp.asarray(data.train_images[:200] / 127.5 - 1, jnp.float32)
labels = data.train_labels[:200]
hidden = f"hidden=({','.join(['64'] * depth)})"


def sizes_of_gradients(settings):
    model, variables = probe.init_model(f"mlp:{hidden},{settings}")
    tree = probe.kernels(probe.gradients(model, variables, images, labels))
    layers = [f"dense{k}" for k in range(1, depth + 1)]
    return [float(np.linalg.norm(tree[layer])) for layer in layers]


settings = {
    "sigmoid": "activation=sigmoid,kernel_init=glorot_normal",
    "tanh": "activation=tanh,kernel_init=glorot_normal",
    "relu": "activation=relu,kernel_init=he_normal",
}
gradients = {name: sizes_of_gradients(each) for name, each in settings.items()}
figure, axis = plt.subplots(figsize=(6, 3), layout="tight")
for name, values in gradients.items():
    axis.semilogy(range(1, depth + 1), values, marker="o", label=name)
axis.set(xlabel="layer", ylabel="size of the gradient")
axis.legend(frameon=False)
plt.show()
ratio = gradients["sigmoid"][-1] / gradients["sigmoid"][0]
print(f"with sigmoids, the last layer's gradient is {ratio:.0e} times that of the first")
assert ratio > 100

# %% [markdown]
# With sigmoids the first layers learn nothing: that is the *vanishing gradient*, and the reason why deep networks had
# to wait for ReLU.
#
# ## How to begin
#
# Weights start at random. How large? A good beginning keeps the numbers alike from layer to layer: mean about zero,
# deviation about one.
#
# **Think first:** with ReLU, try weights of deviation 0.01 (small), 0.3 (large), Glorot's $\sqrt{1/n}$ and He's
# $\sqrt{2/n}$, where n is the number of inputs. Which one keeps the size? (Half of what comes in is cut off by the
# ReLU.)

# %%
inits = ("normal(0.01)", "normal(0.3)", "glorot_normal", "he_normal")


def spreads(kernel_init, function="relu", norm=False):
    spec = f"mlp:{hidden},activation={function},kernel_init={kernel_init},batch_norm={norm}"
    model, variables = probe.init_model(spec)
    found = probe.outputs(model, variables, images)
    return [float(found[f"dense{k}"].std()) for k in range(1, depth + 1)]


figure, axes = plt.subplots(1, 2, figsize=(10, 3), layout="tight", sharey=True)
for axis, function in zip(axes, ("relu", "tanh"), strict=True):
    for init in inits:
        axis.semilogy(range(1, depth + 1), spreads(init, function), marker="o", label=init)
    axis.set(xlabel="layer", title=function)
axes[0].set(ylabel="deviation of the outputs")
axes[0].legend(frameon=False, fontsize=8)
plt.show()
he, glorot = spreads("he_normal"), spreads("glorot_normal")
assert 0.2 < he[-1] / he[0] < 5
assert glorot[-1] < he[-1]

# %% [markdown]
# He's is made for ReLU: the 2 makes up for the half that is cut off. Glorot's is made for tanh, which cannot explode.
# The right beginning depends on the activation.
#
# And if all weights start at zero? Then all units of a layer get the same gradient, and remain the same for ever.

# %%
model, variables = probe.init_model("mlp:hidden=(8,),kernel_init=constant(0.1)")
gradient = probe.kernels(probe.gradients(model, variables, images, labels))["dense1"]
print("eight units that start alike; how much do their gradients differ?", float(np.ptp(gradient, axis=1).max()))
assert np.ptp(gradient, axis=1).max() < 1e-6

# %% [markdown]
# ## Batch norm
#
# Instead of hoping that the numbers stay well, set them right in every layer. For each channel, over the batch:
#
# $$ \hat{x} = \frac{x - \text{mean}(x)}{\sqrt{\text{var}(x) + \epsilon}}, \qquad y = \gamma \hat{x} + \beta $$
#
# Why $\gamma$ and $\beta$? A forced mean of 0 and deviation of 1 might destroy what a layer has found. With these
# two, which are learned like weights, the network can undo the normalization where that is better.
#
# **Think first:** we train the same network with a small and with a large learning rate. What
# happens with, and what without batch norm?

# %%
base = Config(
    name="norm",
    model="convnet:widths=(16,32),hidden=32",
    data=DataConfig(name=notebook.data_name(), train=notebook.pick(4000, 0), validation=notebook.pick(1000, 200)),
    optimizer=OptimizerConfig(name="momentum"),
    batch_size=64,
    duration=notebook.pick("150steps", "60steps"),
    evaluate_every="0steps",
    checkpoint_every="0steps",
    log_every="10steps",
)
rows, curves = [], {}
for norm in ("none", "batch"):
    row = []
    for rate in (0.01, 0.3):
        run = notebook.train(base, model=f"{base.model},norm={norm}", optimizer__learning_rate=rate)
        row.append(run.metrics["validation_accuracy"])
        curves[f"{norm}, rate {rate}"] = [(r["step"], r["loss"]) for r in run.history if r["split"] == "train"]
    rows.append([norm, *(f"{100 * value:.1f} %" for value in row)])

figure, axis = plt.subplots(figsize=(6, 3), layout="tight")
for name, curve in curves.items():
    axis.plot(*zip(*curve, strict=True), label=name)
axis.set(xlabel="step", ylabel="loss", ylim=(0, 4))
axis.legend(frameon=False, fontsize=8)
plt.show()
Table(["normalization", "rate 0.01", "rate 0.3"], rows)

# %%
assert float(rows[1][2].split()[0]) > float(rows[0][2].split()[0])

# %% [markdown]
# Without it, the large rate ruins the training; with it, both work. That is its main gift: it forgives a rate and a
# beginning that are not quite right.
#
# It has a price. An example's result depends on the others in its batch, so a batch should not be too small. And for
# a single picture there is no batch: during training the layer keeps running averages of mean and variance, and uses
# those in evaluation.
#
# ## Exercise: batch norm by hand
#
# Write it for a batch `[B, H, W, C]`: statistics per channel, over everything else. The assertion compares with the
# layer of our networks, in training.


# %%
def batch_norm(x, gamma, beta, eps=1e-5):
    mean = x.mean((0, 1, 2))  # your turn: everything below this line
    variance = jnp.square(x - mean).mean((0, 1, 2))
    return gamma * (x - mean) / jnp.sqrt(variance + eps) + beta


x = 3 + 2 * jax.random.normal(jax.random.key(1), (16, 8, 8, 4))
layer = BatchNorm(use_running_average=False, epsilon=1e-5)
variables = layer.init(jax.random.key(2), x)
gamma, beta = jnp.array([1.0, 2.0, 0.5, -1.0]), jnp.array([0.0, 1.0, -1.0, 3.0])
theirs, _ = layer.apply({**variables, "params": {"scale": gamma, "bias": beta}}, x, mutable=["batch_stats"])
np.testing.assert_allclose(batch_norm(x, gamma, beta), theirs, atol=1e-4)
print("The same as the layer.")
