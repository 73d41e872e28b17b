# %% [markdown]
# # 4 · A convolution by hand
#
# A dense layer sees 3,072 numbers and no picture. For 1,000 neurons it needs three million weights: enough to learn a
# small training set by heart, many directions in which a step can go wrong, and what it learns about a cat at the
# left it has to learn again for a cat at the right.
#
# Two ideas repair this. **Neighbors belong together:** a neuron looks at a small window only. **What is useful here
# is useful there:** all windows share the same weights. Slide one small set of weights, a *kernel*, over the picture,
# multiply and add at each place: that is a convolution.

# %%
from jaxcnn import notebook

notebook.setup()

# %%
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from matplotlib import pyplot as plt

from jaxcnn.inspect.fields import Window, receptive_field
from jaxcnn.layers.upsample import conv_transpose
from jaxcnn.report.table import Table

# %% [markdown]
# ## Slide, multiply, add
#
# **Think first:** a picture of 6 x 6 and a kernel of 3 x 3. How many places does the kernel have? How large is the
# result?


# %%
def convolve(picture, kernel, stride=1):
    side = kernel.shape[0]
    rows = range(0, picture.shape[0] - side + 1, stride)
    columns = range(0, picture.shape[1] - side + 1, stride)
    return np.array([[(picture[r : r + side, c : c + side] * kernel).sum() for c in columns] for r in rows])


picture = np.array([[0, 0, 0, 9, 9, 9]] * 6)
upright_edge = np.array([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]])
print(picture, "\n\ngives\n\n", convolve(picture, upright_edge), sep="")

# %% [markdown]
# Dark on the left, bright on the right: the kernel answers only where the edge is. A kernel *extracts a feature*, and
# the result, the *feature map*, says where it is. Here is the same kernel, and others, on a photograph.
#
# **Think first:** what will each of these do? Their weights: all 1/9; -1 to the left and 1 to the right; -1 above and
# 1 below; 5 in the middle and -1 around it.

# %%
data = notebook.dataset()
photo = data.train_images[notebook.pick(4, 1)] / 255
gray = photo.mean(-1)
kernels = {
    "blur": np.full((3, 3), 1 / 9),
    "upright edges": upright_edge,
    "level edges": upright_edge.T,
    "sharpen": np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
}
maps = [convolve(gray, kernel) for kernel in kernels.values()]
notebook.gallery([photo, gray, *maps], ["photo", "gray", *kernels], columns=6, side=1.6)
plt.show()

# %% [markdown]
# Nobody writes kernels by hand in a network. They start at random, and descent finds them: notebook 5 watches it.
#
# ## Padding and stride
#
# The result is smaller than the picture: at the border the kernel would hang over. Put a frame of zeros around the
# picture, and the size stays: that is *padding*. Let the kernel jump several pixels at a time, and the result gets
# smaller still: that is the *stride*. With $n$ pixels, a kernel of $k$, padding $p$ and stride $s$:
#
# $$ \text{size} = \left\lfloor \frac{n + 2p - k}{s} \right\rfloor + 1 $$
#
# **Think first:** what padding does a kernel of 5 need, so that 32 pixels stay 32?


# %%
def size(n, k, p=0, s=1):
    return (n + 2 * p - k) // s + 1


rows = []
for n, k, p, s in ((32, 3, 0, 1), (32, 3, 1, 1), (32, 5, 2, 1), (32, 3, 1, 2), (32, 2, 0, 2), (224, 7, 3, 2)):
    shape = jax.eval_shape(
        lambda x, w, p=p, s=s: lax.conv_general_dilated(x, w, (s, s), [(p, p)] * 2),
        jax.ShapeDtypeStruct((1, 1, n, n), jnp.float32),
        jax.ShapeDtypeStruct((1, 1, k, k), jnp.float32),
    ).shape
    assert shape[-1] == size(n, k, p, s)
    rows.append([f"{n}", f"{k}", f"{p}", f"{s}", f"{size(n, k, p, s)}"])
Table(["pixels", "kernel", "padding", "stride", "result"], rows, text_columns=0)

# %% [markdown]
# ## Channels
#
# A color picture has three channels. Then a kernel has three layers, each with weights of its own, and the results
# are added up: **one kernel, one map**, however many channels come in. For many maps, take many kernels: each
# extracts another feature. So the weights of a layer are `[height, width, channels in, channels out]`.


# %%
def convolve_channels(picture, kernel):
    channels_in, channels_out = kernel.shape[2:]
    return np.stack(
        [sum(convolve(picture[..., i], kernel[..., i, o]) for i in range(channels_in)) for o in range(channels_out)],
        axis=-1,
    )


random = np.random.default_rng(0)
kernel = random.normal(size=(3, 3, 3, 8))
by_hand = convolve_channels(photo, kernel)
by_jax = lax.conv_general_dilated(
    jnp.asarray(photo[None], jnp.float32),
    jnp.asarray(kernel, jnp.float32),
    (1, 1),
    "VALID",
    dimension_numbers=("NHWC", "HWIO", "NHWC"),
)[0]
np.testing.assert_allclose(by_hand, by_jax, atol=1e-4)
print(photo.shape, "->", by_hand.shape, "  by hand and by JAX: the same")

# %% [markdown]
# **Think first:** how many weights does this layer have, and how many would a dense layer need for a result of the
# same size?

# %%
convolution = kernel.size + kernel.shape[-1]
dense = photo.size * by_hand.size + by_hand.size
print(f"convolution: {convolution:,} weights, dense: {dense:,} weights, a factor of {dense // convolution:,}")

# %% [markdown]
# A convolution *is* a dense layer, in which almost all weights are zero and the others are equal again and again.
# Here is the dense matrix of a 3 x 3 kernel on a picture of 6 x 6. Each row is a place of the kernel.

# %%
places = [convolve(one.reshape(6, 6), np.arange(1, 10).reshape(3, 3)).ravel() for one in np.eye(36)]
matrix = np.stack(places, axis=1)
figure, axis = plt.subplots(figsize=(5, 2.6), layout="tight")
axis.imshow(matrix, cmap="viridis")
axis.set(xlabel="pixel", ylabel="place")
plt.show()
np.testing.assert_allclose(matrix @ picture.ravel(), convolve(picture, np.arange(1, 10).reshape(3, 3)).ravel())

# %% [markdown]
# ## The activation
#
# After the kernel comes a function, number by number. Usually it is ReLU, $\max(x, 0)$, because it is fast. It must
# not be linear: two linear layers in a row are one linear layer, and depth would be for nothing. Notebook 6 compares
# activations.

# %%
first, second, inputs = random.normal(size=(5, 4)), random.normal(size=(4, 3)), random.normal(size=(7, 5))
np.testing.assert_allclose(inputs @ first @ second, inputs @ (first @ second))
assert not np.allclose(np.maximum(inputs @ first, 0) @ second, np.maximum(inputs @ (first @ second), 0))

# %% [markdown]
# ## Pooling
#
# A pool also slides a window, but it has no weights: it takes the largest value, or the mean. Usually the windows do
# not overlap, and there is no padding. The map gets smaller, so what follows costs less.
#
# It also forgives small shifts. **Think first:** shift the photograph by one pixel to the right. How much do the
# pixels change? And how much does the map of edges change, after a max-pool of 4 x 4?


# %%
def pool(values, side, how=np.max):
    height, width = (n // side * side for n in values.shape)
    return how(values[:height, :width].reshape(height // side, side, width // side, side), axis=(1, 3))


def change(a, b):
    return np.abs(a - b).mean() / np.abs(a).mean()


moved = np.roll(gray, 1, axis=1)
edges, moved_edges = (np.abs(convolve(each, upright_edge)) for each in (gray, moved))
changes = {
    "the map of edges": change(edges, moved_edges),
    "after a max-pool": change(pool(edges, 4), pool(moved_edges, 4)),
    "after a mean-pool": change(pool(edges, 4, np.mean), pool(moved_edges, 4, np.mean)),
}
for name, value in changes.items():
    print(f"{name} changes by {100 * value:.0f} %")
shown = [edges, pool(edges, 4), pool(edges, 4, np.mean)]
notebook.gallery(shown, ["edges", "max-pool", "mean-pool"], columns=3, side=1.8)
plt.show()
assert changes["after a max-pool"] < changes["the map of edges"]

# %% [markdown]
# The price: the pool does not tell *where* in its window the edge was. For "what is it?" that is often fine; for
# "where is it?" it is not.
#
# ## What a neuron sees: the receptive field
#
# A neuron of the first layer sees 3 x 3 pixels. One of the second layer sees 3 x 3 of those.
#
# **Think first:** how many pixels does a neuron see through two layers of 3 x 3? Through three? Which single kernel
# sees as much, and how many weights does it have?

# %%
rows = []
for layers in (1, 2, 3):
    field, _ = receptive_field([Window(3)] * layers)
    rows.append([f"{layers}", f"{field} x {field}", f"{9 * layers} C²", f"{field**2} C²"])
Table(["layers of 3 x 3", "field", "their weights (C channels)", "weights of one large kernel"], rows, text_columns=0)

# %% [markdown]
# Two layers of 3 x 3 see what one of 5 x 5 sees, with fewer weights and one more activation between them. That is the
# idea of VGG, and the reason why 3 x 3 is everywhere. Stride and pools make the field grow faster: after a pool by 2,
# every step counts twice.
#
# We can also measure a field: change one pixel, and look whether the neuron notices.

# %%
ones = jnp.ones((3, 3, 1, 1))


def neuron(pixels):
    x = pixels[None, :, :, None]
    for _ in range(2):
        x = lax.conv_general_dilated(x, ones, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    x = lax.conv_general_dilated(x, ones, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    return x[0, 4, 4, 0]


gradients = jax.vmap(jax.grad(neuron))(jax.random.normal(jax.random.key(0), (50, 16, 16)))
seen = np.abs(np.asarray(gradients)).sum(0) > 0
measured = int(np.ptp(np.flatnonzero(seen.any(0)))) + 1
by_arithmetic, _ = receptive_field([Window(3), Window(3), Window(2, stride=2), Window(3)])
print(f"two convolutions, a pool, a convolution: {measured} pixels measured, {by_arithmetic} by arithmetic")
assert measured == by_arithmetic

# %% [markdown]
# ## At the end: dense layers, or back to a picture
#
# To answer with a class, unroll the last map into one list, and let dense layers decide. Mind the order: once
# unrolled, rows and columns are gone, so no convolution or pool can follow. And most of the weights are often there.
#
# To answer with a *picture*, leave out the dense layers and make the map larger again. A *transposed convolution*
# (often called deconvolution) turns the arrows of a convolution around: where the kernel read nine numbers and wrote
# one, it now reads one and writes nine.

# %%
small = jnp.asarray(random.normal(size=(1, 8, 8, 4)), jnp.float32)
weights = jnp.asarray(random.normal(size=(4, 4, 4, 3)), jnp.float32)
large = conv_transpose(small, weights, stride=2, padding=1)
print("transposed convolution, stride 2:", small.shape, "->", large.shape)
assert large.shape == (1, 16, 16, 3)

# %% [markdown]
# ## Exercise: a convolution with padding and stride
#
# Extend `convolve` by padding, and check it against JAX.


# %%
def convolve_padded(picture, kernel, stride, padding):
    padded = np.pad(picture, padding)  # your turn: everything below this line
    return convolve(padded, kernel, stride)


for stride, padding, side in ((1, 1, 3), (2, 1, 3), (2, 2, 5), (3, 0, 4)):
    weights = random.normal(size=(side, side))
    theirs = lax.conv_general_dilated(
        jnp.asarray(gray[None, None], jnp.float32),
        jnp.asarray(weights[None, None], jnp.float32),
        (stride, stride),
        [(padding, padding)] * 2,
    )[0, 0]
    ours = convolve_padded(gray, weights, stride, padding)
    assert ours.shape == (size(32, side, padding, stride),) * 2
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
print("The same as JAX, for every stride and padding.")
