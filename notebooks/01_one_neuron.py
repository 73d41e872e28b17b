# %% [markdown]
# # 1 · One neuron
#
# A network of a hundred layers is made of one part, repeated. In this notebook you build that part, and let it answer
# two kinds of question: *how much?* (regression) and *which of two?* (classification). There are two more kinds,
# which come later: putting things in order (what should a search show first?) and making something new (a picture, a
# sentence).
#
# Learning from data turns a heap of numbers into something of value. Convolutional networks do it for pictures,
# recurrent ones for sequences of any length, and reinforcement learning for games and robots. This course is about
# the first kind.
#
# A neuron takes several numbers $x_1 \dots x_n$, weights each, adds a constant (the *bias*), and sends the sum
# through an *activation function* $f$:
#
# $$ y = f(w_1 x_1 + w_2 x_2 + \dots + w_n x_n + b) $$

# %%
from jaxcnn import notebook

notebook.setup()

# %%
import jax
import jax.numpy as jnp
import numpy as np
from matplotlib import pyplot as plt
from sklearn.datasets import load_diabetes

# %% [markdown]
# ## A number: how fast will the disease progress?
#
# 442 patients with diabetes; ten measurements each (age, body mass index, blood pressure, six blood values ...), and
# how far the disease had progressed a year later. The neuron's activation is the identity: its answer is the weighted
# sum itself.
#
# First, scale every column to mean 0 and deviation 1, so that no feature is loud only because of its unit.

# %%
patients = load_diabetes()
x = np.asarray(patients.data)
x = jnp.asarray((x - x.mean(0)) / x.std(0))
y = jnp.asarray((patients.target - patients.target.mean()) / patients.target.std())
train, test = slice(0, 342), slice(342, None)
x.shape, y.shape

# %% [markdown]
# How wrong is a neuron? The *loss* (or objective function) says it in one number. Here: the mean squared difference
# between answer and truth. To make it small, follow the slope downhill. With $\theta$ for all parameters, $\alpha$
# for the learning rate:
#
# $$ \theta \leftarrow \theta - \alpha \, \frac{\partial L}{\partial \theta} $$
#
# JAX finds the slope for you: `jax.grad` turns a function into its gradient.
#
# **Think first:** for a weighted sum there is also an exact solution, "least squares", which needs no steps at all.
# Will 300 small steps downhill end at the same weights, or somewhere else?


# %%
def neuron(theta, x):
    return x @ theta["w"] + theta["b"]


def loss(theta, x, y):
    return jnp.square(neuron(theta, x) - y).mean()


@jax.jit
def step(theta, rate):
    slope = jax.grad(loss)(theta, x[train], y[train])
    return jax.tree.map(lambda k, q: k - rate * q, theta, slope)


theta = {"w": jnp.zeros(10), "b": jnp.zeros(())}
losses = []
for _ in range(300):
    losses.append(float(loss(theta, x[train], y[train])))
    theta = step(theta, 0.1)

# %%
with_ones = np.c_[x[train], np.ones(342)]
exact = np.linalg.lstsq(with_ones, y[train], rcond=None)[0]

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.2), layout="tight")
left.plot(losses)
left.axhline(np.square(with_ones @ exact - y[train]).mean(), color="gray", linestyle="--", label="least squares")
left.set(xlabel="step", ylabel="loss")
left.legend(frameon=False)
places = np.arange(10)
right.bar(places - 0.2, exact[:10], 0.4, label="least squares", color="lightgray")
right.bar(places + 0.2, theta["w"], 0.4, label="300 steps downhill")
right.set_xticks(places, patients.feature_names)
right.set(ylabel="weight")
right.legend(frameon=False)
plt.show()

# %% [markdown]
# The loss has arrived; most of the weights have, too. Where they differ, look at `s1` and `s2`: two blood values that
# rise and fall together. The data hardly say which of them deserves the weight, so the valley is flat in that
# direction and the slope pushes only gently. Remember this: **a small loss does not mean that the weights are "the"
# weights.**
#
# How good is it on the 100 patients it has never seen? Compare with the simplest answer, the mean.

# %%
error = float(loss(theta, x[test], y[test]))
of_the_mean = float(jnp.square(y[test] - y[train].mean()).mean())
print(f"squared error on new patients: {error:.2f}, of always answering the mean: {of_the_mean:.2f}")
assert error < 0.7 * of_the_mean

# %% [markdown]
# ## One of two: the sigmoid
#
# For yes or no, we would like a probability. The sigmoid squeezes any number between 0 and 1:
#
# $$ \sigma(z) = \frac{1}{1 + e^{-z}}, \qquad P(\text{class 1}) = \sigma(w \cdot x + b) $$

# %%
z = jnp.linspace(-8, 8, 200)
figure, axis = plt.subplots(figsize=(5, 2.5), layout="tight")
axis.plot(z, jax.nn.sigmoid(z), label="sigmoid")
axis.plot(z, jax.vmap(jax.grad(jax.nn.sigmoid))(z), "--", label="its slope")
axis.set(xlabel="z")
axis.legend(frameon=False)
plt.show()

# %% [markdown]
# Look at the slope: far from the middle there is almost none. We will meet this again in notebook 6.
#
# ## Pictures as numbers
#
# CIFAR-10 has 60,000 color pictures of 32 x 32 pixels in ten classes. In its original files a picture is a row of
# 3,072 bytes: 1,024 reds, then 1,024 greens, then 1,024 blues. To show such a row, give it its shape back and move
# the colors to the end.

# %%
data = notebook.dataset(classes=(0, 1))
row = np.moveaxis(data.train_images[7], -1, 0).reshape(-1)  # a row as in the original files: RR... GG... BB...
picture = row.reshape(3, 32, 32).transpose(1, 2, 0)
print(row.shape, "->", picture.shape, data.label_names[data.train_labels[7]])
assert (picture == data.train_images[7]).all()
notebook.gallery(data.train_images[:16], [data.label_names[k] for k in data.train_labels[:16]])
plt.show()

# %% [markdown]
# Pixels are 0 to 255. Divide by 127.5 and subtract 1, and they are between -1 and 1, around zero, which a gradient
# likes. The neuron sees a picture as one list of 3,072 numbers: it does not know that pixels have neighbors.
#
# | name | shape | |
# |:--|:--|:--|
# | `x` | `[B, 3072]` | a batch of B pictures |
# | `w` | `[3072, 1]` | a weight for each pixel and color |
# | `b` | `[1]` | the bias |
# | answer | `[B, 1]` | a number for each picture; the sigmoid makes it a probability |


# %%
def flat(images):
    return jnp.asarray(images.reshape(len(images), -1) / 127.5 - 1, jnp.float32)


pixels, labels = flat(data.train_images), jnp.asarray(data.train_labels, jnp.float32)
test_pixels, test_labels = flat(data.test_images), np.asarray(data.test_labels)
pixels.shape


# %% [markdown]
# The loss for probabilities is *cross-entropy*: minus the logarithm of the probability that was given to the truth.
# Sure and right costs nothing; sure and wrong costs much. (Notebook 2 asks why we do not just square the difference.)
#
# Each step looks at 100 pictures drawn at random. Every so often we ask the test pictures: 20 batches of them, and
# the mean of their accuracies.
#
# **Think first:** a single weighted sum of raw pixels, no idea of shapes. Guessing is right half the time. What do
# you expect: 55 %, 70 %, 85 %, 95 %?


# %%
def logit(theta, x):
    return (x @ theta["w"] + theta["b"])[:, 0]


def cross_entropy(theta, x, y):
    p = jax.nn.sigmoid(logit(theta, x))
    return -(y * jnp.log(p + 1e-7) + (1 - y) * jnp.log(1 - p + 1e-7)).mean()


@jax.jit
def train_step(theta, x, y, rate):
    return jax.tree.map(lambda k, q: k - rate * q, theta, jax.grad(cross_entropy)(theta, x, y))


def accuracy(theta, batches=20):
    right = (np.asarray(logit(theta, test_pixels)) > 0) == test_labels
    return np.mean([part.mean() for part in np.array_split(right, batches)])


random = np.random.default_rng(0)
theta = {"w": jnp.zeros((pixels.shape[1], 1)), "b": jnp.zeros(1)}
curve = {}
for number in range(notebook.pick(4001, 201)):
    if number % notebook.pick(250, 50) == 0:
        curve[number] = accuracy(theta)
    batch = random.integers(0, len(pixels), 100)
    theta = train_step(theta, pixels[batch], labels[batch], 0.003)

figure, axis = plt.subplots(figsize=(5, 2.8), layout="tight")
axis.plot(list(curve), [100 * value for value in curve.values()], marker=".")
axis.set(xlabel="step", ylabel="test accuracy, %")
plt.show()
print(f"after {max(curve):,} steps: {100 * curve[max(curve)]:.1f} %")
assert curve[max(curve)] > 0.7

# %% [markdown]
# Not bad for one neuron. What has it found? It has one weight for each pixel and color, so **its weights are a
# picture**. Where they are above zero, brightness speaks for the second class.
#
# **Think first:** airplanes fly before the sky. What color will the weights have at the top of the picture?

# %%
weights = np.asarray(theta["w"]).reshape(data.image_shape)
shown = 0.5 + 0.5 * weights / np.abs(weights).max()
means = [data.train_images[data.train_labels == k].mean(0) / 255 for k in (0, 1)]
notebook.gallery([*means, shown], [*(f"mean {name}" for name in data.label_names), "weights"], columns=3, side=2.2)
plt.show()

# %% [markdown]
# A border of yellow is a border of "less blue": blue at the edges, the sky, speaks for the airplane.
#
# The weights are a template: the neuron lays it over the picture and adds up where they agree. It sees colors and
# rough shapes at fixed places. Move the airplane, and the template misses. That is why we will need convolutions.
#
# Which pictures is it most sure of, and where is it sure and wrong?

# %%
sure = np.asarray(logit(theta, test_pixels))
wrong = np.where((sure > 0) != test_labels, np.abs(sure), -1)
chosen = [*np.argsort(sure)[:4], *np.argsort(-sure)[:4], *np.argsort(-wrong)[:8]]
said = [f"{data.label_names[int(sure[k] > 0)]}?" for k in chosen]
notebook.gallery(data.test_images[chosen], said)
plt.show()

# %% [markdown]
# The second row is wrong, though the neuron was sure.
#
# ## Exercise: the slope by hand
#
# `jax.grad` did the work above. For a sigmoid with cross-entropy the gradient is surprisingly short. With $p =
# \sigma(w \cdot x + b)$ and the truth $y$, show on paper that for one example
#
# $$ \frac{\partial L}{\partial w} = (p - y)\, x, \qquad \frac{\partial L}{\partial b} = p - y $$
#
# and write it for a batch: the mean over the examples. The assertion compares with JAX.


# %%
def by_hand(theta, x, y):
    p = jax.nn.sigmoid(logit(theta, x))  # your turn: everything below this line
    difference = (p - y)[:, None]
    return {"w": (difference * x).mean(0)[:, None], "b": difference.mean(0)}


batch = slice(0, 50)
ours, theirs = (f(theta, pixels[batch], labels[batch]) for f in (by_hand, jax.grad(cross_entropy)))
for part in ("w", "b"):
    np.testing.assert_allclose(ours[part], theirs[part], atol=1e-4)
print("The gradients agree.")
