# %% [markdown]
# # 2 · Ten neurons: softmax and losses
#
# One neuron tells two classes apart. For ten classes, take ten neurons, one each, and let them vote. Two questions
# need an answer: how do ten numbers become probabilities, and what is a good way to say how wrong they are?

# %%
from jaxcnn import notebook

notebook.setup()

# %%
import jax
import jax.numpy as jnp
import numpy as np
import optax
from matplotlib import pyplot as plt

from jaxcnn.report.table import Table

# %% [markdown]
# ## From numbers to probabilities
#
# *Softmax* makes every number positive with $e^z$ and divides by the sum: $P_k = e^{z_k} / \sum_j e^{z_j}$.
#
# How many neurons do three classes need? Two are enough: fix the logit of one class at 0 (then $e^0 = 1$), and learn
# the others. With outputs 2.8 and 1.3:

# %%
outputs = np.array([2.8, 1.3])
total = np.exp(outputs).sum() + 1
print("from two neurons: ", np.round([*np.exp(outputs) / total, 1 / total], 3))
print("softmax of three: ", np.asarray(jax.nn.softmax(jnp.array([2.8, 1.3, 0.0]))).round(3))

# %% [markdown]
# **Think first:** for two classes this leaves one neuron. What does softmax become then?

# %%
z = jnp.linspace(-5, 5, 11)
of_one_neuron = jax.nn.softmax(jnp.stack([z, jnp.zeros_like(z)]), axis=0)[0]
print("largest difference from a sigmoid:", float(jnp.abs(of_one_neuron - jax.nn.sigmoid(z)).max()))
assert jnp.allclose(of_one_neuron, jax.nn.sigmoid(z), atol=1e-6)

# %% [markdown]
# The sigmoid of notebook 1 is the softmax of two classes.
#
# ## How wrong is an answer?
#
# The truth is a label, such as 3; the answer is a list of probabilities. To compare them, write the label as a list,
# too: 1 at its place and 0 elsewhere. That is called *one-hot*.

# %%
answer = jnp.array([0.1, 0.2, 0.3, 0.4, 0.5])  # not probabilities yet, only an example to count with
truth = jax.nn.one_hot(3, 5)
print("one-hot:", truth, " absolute differences:", jnp.abs(truth - answer), " sum:", jnp.abs(truth - answer).sum())

# %% [markdown]
# Three ways to make one number of it: the absolute differences, their squares, or the *cross-entropy*, $-\sum_k y_k
# \ln p_k$, which is minus the logarithm of the probability of the true class.
#
# **Think first:** suppose a network is sure and wrong: it gives the true class 0.1 %. Which loss complains the
# loudest? And, what matters more, which has the steepest *slope*, so that the next step repairs the mistake?

# %%
logit = jnp.linspace(-8, 8, 200)  # of the true class, in a problem of two classes


def squared(z):
    return jnp.square(jax.nn.softmax(jnp.stack([z, 0.0])) - jnp.array([1.0, 0.0])).sum()


def entropy(z):
    return -jax.nn.log_softmax(jnp.stack([z, 0.0]))[0]


figure, axes = plt.subplots(1, 2, figsize=(9, 3), layout="tight")
for name, function in {"squared error": squared, "cross-entropy": entropy}.items():
    axes[0].plot(logit, jax.vmap(function)(logit), label=name)
    axes[1].plot(logit, jax.vmap(jax.grad(function))(logit), label=name)
axes[0].set(title="loss", xlabel="logit of the true class")
axes[1].set(title="slope", xlabel="logit of the true class")
axes[0].legend(frameon=False)
plt.show()
slopes = [abs(float(jax.grad(f)(-6.9))) for f in (squared, entropy)]
print(f"slope where the truth has 0.1 %: squared error {slopes[0]:.3f}, cross-entropy {slopes[1]:.3f}")
assert slopes[1] > 100 * slopes[0]

# %% [markdown]
# On the left of the second picture, where the network is sure and wrong, the squared error has no slope: it does not
# learn from its worst mistakes. Cross-entropy pulls with full force there. That is why classifiers use it.
#
# ## Ten neurons look at CIFAR-10
#
# The same list of 3,072 numbers as before, but now `w` is `[3072, 10]`: a template for each class.

# %%
data = notebook.dataset()
labels, test_labels = jnp.asarray(data.train_labels), np.asarray(data.test_labels)


def batch_of(images):
    return jnp.asarray(images.reshape(len(images), -1), jnp.float32) / 127.5 - 1


def logits(theta, x):
    return x @ theta["w"] + theta["b"]


def cross_entropy(theta, x, y):
    return optax.softmax_cross_entropy(logits(theta, x), jax.nn.one_hot(y, 10)).mean()


def squared_error(theta, x, y):
    return jnp.square(jax.nn.softmax(logits(theta, x)) - jax.nn.one_hot(y, 10)).sum(-1).mean()


# %%
test_pixels = batch_of(data.test_images)


def fit(loss, rate, steps=notebook.pick(2000, 150), seed=0):
    @jax.jit
    def step(theta, x, y):
        return jax.tree.map(lambda k, q: k - rate * q, theta, jax.grad(loss)(theta, x, y))

    random = np.random.default_rng(seed)
    theta = {"w": jnp.zeros((test_pixels.shape[1], 10)), "b": jnp.zeros(10)}
    curve = {}
    for number in range(steps + 1):
        if number % (steps // 10) == 0:
            curve[number] = float((logits(theta, test_pixels).argmax(1) == test_labels).mean())
        chosen = np.sort(random.integers(0, len(labels), 100))
        theta = step(theta, batch_of(data.train_images[chosen]), labels[chosen])
    return theta, curve


# %% [markdown]
# **Think first:** guessing gives 10 %. One neuron reached about 80 % of two classes. What will ten templates reach of
# ten?

# %%
trained, curves = {}, {}
for name, loss in {"cross-entropy": cross_entropy, "squared error": squared_error}.items():
    trained[name], curves[name] = fit(loss, 0.005)

figure, axis = plt.subplots(figsize=(5, 2.8), layout="tight")
for name, curve in curves.items():
    axis.plot(list(curve), [100 * value for value in curve.values()], marker=".", label=name)
axis.set(xlabel="step", ylabel="test accuracy, %")
axis.legend(frameon=False)
plt.show()
final = {name: curve[max(curve)] for name, curve in curves.items()}
Table(["loss", "test accuracy"], [[name, f"{100 * value:.1f} %"] for name, value in final.items()])

# %%
assert final["cross-entropy"] > 0.25

# %% [markdown]
# Far better than guessing, and far from good. A template cannot know that a car may face left or right, or stand
# anywhere.
#
# **Think first:** a horse's template has to serve for horses that look left and horses that look right. What will it
# look like?

# %%
templates = np.moveaxis(np.asarray(trained["cross-entropy"]["w"]).reshape(*data.image_shape, 10), -1, 0)
templates = 0.5 + 0.5 * templates / np.abs(templates).max(axis=(1, 2, 3), keepdims=True)
notebook.gallery(templates, data.label_names, columns=5, side=1.4)
plt.show()

# %% [markdown]
# A ship has blue water below, a frog is a green something in the middle, a car has a windshield above a body. The
# horse is spread to both sides, as if it had two heads: one template has to serve for all horses.
#
# ## What is confused with what?
#
# Accuracy is one number for ten classes. A *confusion matrix* has a row for each true class and a column for each
# answer.

# %%
answers = np.asarray(logits(trained["cross-entropy"], test_pixels).argmax(1))
confusion = np.zeros((10, 10), int)
np.add.at(confusion, (test_labels, answers), 1)

figure, axis = plt.subplots(figsize=(4.6, 4), layout="tight")
axis.imshow(confusion, cmap="Blues")
axis.set_xticks(range(10), data.label_names, rotation=90)
axis.set_yticks(range(10), data.label_names)
axis.set(xlabel="answer", ylabel="truth")
plt.show()
off = confusion - np.diag(np.diag(confusion))
truth, said = np.unravel_index(off.argmax(), off.shape)
print(f"most common mistake: {data.label_names[truth]} taken for {data.label_names[said]}, {off.max()} times")

# %% [markdown]
# ## Exercise: a softmax that survives
#
# $e^{1000}$ is more than a computer can hold, and $\infty / \infty$ is not a number. But softmax does not change if
# the same number is subtracted from all logits (try it on paper). Use this to write a softmax that survives large
# logits.


# %%
def naive(z):
    return np.exp(z) / np.exp(z).sum()


def stable(z):
    moved = z - z.max()  # your turn: everything below this line
    return np.exp(moved) / np.exp(moved).sum()


large = np.array([1000.0, 999.0, -1000.0])
with np.errstate(all="ignore"):
    print("naive: ", naive(large))
print("stable:", stable(large))
np.testing.assert_allclose(stable(large), [np.e / (1 + np.e), 1 / (1 + np.e), 0], atol=1e-12)
np.testing.assert_allclose(stable(np.array([2.8, 1.3, 0])), naive(np.array([2.8, 1.3, 0])))
