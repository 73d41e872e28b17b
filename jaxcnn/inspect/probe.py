"""Looking into a network: the outputs of its layers, the gradients that reach them, its kernels."""

from typing import cast

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn

from jaxcnn import losses, metrics, rules
from jaxcnn.data.for_run import read
from jaxcnn.models import construct
from jaxcnn.models.trace import calls
from jaxcnn.runs.load import Run
from jaxcnn.seeds import key_of
from jaxcnn.types import Tree


def examples(run: Run, count: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """The first `count` test images [N, H, W, C] uint8 of a run's data, and their labels."""
    dataset = read(run.config.data)
    return dataset.test_images[:count], dataset.test_labels[:count]


def training_examples(run: Run, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The first `count` images [N, H, W, C] uint8 that a run may train on, and their labels."""
    dataset = read(run.config.data)
    return dataset.train_images[:count], dataset.train_labels[:count]


def outputs(model: nn.Module, variables: Tree, images: jax.Array) -> dict[str, jax.Array]:
    """Layer -> what it puts out, for every layer with a kernel, in the order of the computation.

    images are normalized; the outputs are those before normalization layers and activations.
    """
    paths: list[str] = []

    def look(variables: Tree, images: jax.Array) -> list[jax.Array]:
        found = calls(lambda: model.apply(variables, images, train=False))
        layers = {call.path: call.output for call in found if "kernel" in call.variables.get("params", {})}
        paths[:] = layers
        return list(layers.values())

    values = jax.jit(look)(variables, images)
    return dict(zip(paths, values, strict=True))  # a dict that leaves jit has its keys sorted


def gradients(model: nn.Module, variables: Tree, images: jax.Array, labels: np.ndarray) -> Tree:
    """The gradient of the mean cross-entropy, like `params`; batch statistics are those of evaluation."""
    return jax.jit(_gradient, static_argnums=0)(model, variables, images, jnp.asarray(labels))


def _gradient(model: nn.Module, variables: Tree, images: jax.Array, labels: jax.Array) -> Tree:
    others = {name: value for name, value in variables.items() if name != "params"}

    def objective(params: Tree) -> jax.Array:
        logits = cast(jax.Array, model.apply({"params": params, **others}, images, train=False))
        return losses.cross_entropy(logits, labels).mean()

    return jax.grad(objective)(variables["params"])


def kernels(params: Tree) -> dict[str, np.ndarray]:
    """Layer -> its kernel (or the gradient of it)."""
    leaves = zip(rules.paths(params), jax.tree.leaves(params), strict=True)
    return {path.removesuffix("/kernel"): np.asarray(leaf) for path, leaf in leaves if path.endswith("kernel")}


def dead_fraction(activations: jax.Array) -> float:
    """The fraction of units (last axis) that are at most zero for every image and at every position."""
    return float((activations.reshape(-1, activations.shape[-1]).max(0) <= 0).mean())


def gradient_noise(
    model: nn.Module, variables: Tree, images: jax.Array, labels: np.ndarray, batch_size: int
) -> tuple[float, float]:
    """(|G|^2, tr(S)): the squared norm of the whole gradient, and the variance of one example's around it.

    Unbiased, from the norms of the gradients of batches and of all images; the noise of a batch of B is tr(S) / B, and
    tr(S) / |G|^2 is the batch size at which noise and gradient are alike.
    Source: McCandlish et al. 2018, arXiv:1812.06162, appendix A.1.
    """
    count = len(images) // batch_size
    whole = count * batch_size

    @jax.jit
    def norms(images: jax.Array, labels: jax.Array) -> tuple[jax.Array, jax.Array]:
        def batch(total: Tree, part: tuple[jax.Array, jax.Array]) -> tuple[Tree, jax.Array]:
            gradient = _gradient(model, variables, *part)
            return jax.tree.map(jnp.add, total, gradient), optax.tree.norm(gradient, squared=True)

        zero = jax.tree.map(jnp.zeros_like, variables["params"])
        total, squares = jax.lax.scan(batch, zero, (images, labels))
        return squares.mean(), optax.tree.norm(total, squared=True) / count**2

    parts = images[:whole].reshape(count, batch_size, *images.shape[1:])
    small, large = map(float, norms(parts, jnp.asarray(labels[:whole]).reshape(count, batch_size)))
    gradient = (whole * large - batch_size * small) / (whole - batch_size)
    noise = (small - large) / (1 / batch_size - 1 / whole)
    return gradient, noise


def evaluate(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Accuracy, negative log-likelihood and calibration error of class probabilities [N, K]."""
    logits = jnp.log(jnp.maximum(probabilities, np.finfo(np.float32).tiny))
    sums = metrics.sums(logits, jnp.asarray(labels), jnp.ones(len(labels)))
    return metrics.summarize({"count": np.asarray(len(labels)), **{name: np.asarray(x) for name, x in sums.items()}})


def init_model(spec: str, seed: int = 0, image_shape: tuple[int, ...] = (32, 32, 3)) -> tuple[nn.Module, Tree]:
    """A model of ten classes by its name and options, and its variables at step 0."""
    model = construct.build(spec, 10, jnp.float32)
    images = jnp.zeros((1, *image_shape))
    return model, jax.jit(lambda key: model.init(key, images, train=False))(key_of(seed))
