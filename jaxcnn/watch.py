"""What happens inside a network while it trains: `--watch`.

At steps in geometric progression it looks at fixed validation images, in a program of its own: histograms of weights,
gradients, updates and activations, the ratio of update to weight, dead and saturated shares, the first kernels,
feature maps and class maps. It draws no random number and changes no state, so a run has the same bits with and without
it.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn
from jax import Array

from jaxcnn import rules, tasks
from jaxcnn.assemble import Training
from jaxcnn.console.events import Events
from jaxcnn.drawing import gray, kernel_pictures, overlaid, sheet
from jaxcnn.inspect.class_maps import class_maps, enlarge
from jaxcnn.inspect.network import Network
from jaxcnn.models.trace import calls
from jaxcnn.paths import atomic_write
from jaxcnn.train import evaluation_draw
from jaxcnn.train_state import DeviceDataset, Recipe, Streamed, TrainState, taken
from jaxcnn.types import Tree

IMAGES = 128
"""Validation images that are looked at; training images of a run without any."""
BINS = 40
HISTOGRAMS, PICTURES = 50, 10
"""How many of each TensorBoard keeps of a tag (tensorflow/tensorboard#229); the first and the last are among them."""
EXPLAINED = 8
"""How many of the images get a class map."""
SATURATED = 3.0
"""Where a sigmoid or a tanh hardly changes any more."""


def watched_steps(total: int, count: int) -> frozenset[int]:
    """Steps from 1 to `total` in geometric progression, at most `count` - 1 of them, after step 0."""
    places = np.round(np.geomspace(1, total, min(count - 1, total))).astype(int)
    return frozenset({0, *places.tolist(), total})


class Watch:
    """Looks at a training now and then."""

    def __init__(self, training: Training, data: DeviceDataset, folder: Path, events: Events | None) -> None:
        split = training.images.split
        count = IMAGES // training.recipe.task.group * training.recipe.task.group
        indices = (split.validation if len(split.validation) else split.train)[:count].astype(np.int32)
        images = training.images
        task = tasks.build(training.config, images.info, class_counts=images.class_counts)  # of no mapped axis
        dataset = images.dataset
        self._chosen = (
            Streamed(dataset.images[indices], dataset.labels[indices], indices) if dataset.streamed else indices
        )
        self._data, self._events, self._folder = data, events, folder / "watch"
        recipe = replace(training.recipe, task=task)
        self._look = jax.jit(partial(look, recipe))
        self._explain = jax.jit(partial(explained, recipe))
        self._pictures = watched_steps(training.total_steps, PICTURES)
        self._steps = watched_steps(training.total_steps, HISTOGRAMS)

    def is_time(self, step: int) -> bool:
        return step in self._steps

    def observe(self, step: int, state: TrainState) -> None:
        """Writes `watch/STEP.npz` and TensorBoard events of the state at `step`."""
        seen = jax.tree.map(np.asarray, self._look(state, self._data, self._chosen))
        if step in self._pictures and (mapped := self._explain(state, self._data, self._chosen)):
            seen["class_maps", "true_class"] = {"overlaid": overlaid(*map(np.asarray, mapped))}
        flat = {f"{kind}/{layer}/{name}": x for (kind, layer), each in seen.items() for name, x in each.items()}
        self._folder.mkdir(exist_ok=True)
        with atomic_write(self._folder / f"{step:07d}.npz") as path, path.open("wb") as file:
            np.savez_compressed(file, **{name: x for name, x in flat.items() if not name.endswith("/maps")})
        if self._events:
            self._write(step, seen, self._events)

    def _write(self, step: int, seen: Mapping[tuple[str, str], Mapping[str, np.ndarray]], events: Events) -> None:
        for (kind, layer), each in seen.items():
            if "counts" in each:
                events.add_histogram(step, f"{kind}/{layer}", each["counts"], each["edges"])
            numbers = {name: float(x) for name, x in each.items() if x.ndim == 0}
            events.add(step, {f"watch/{kind}/{layer}/{name}": value for name, value in numbers.items()})
        if step not in self._pictures:
            return
        for (_, layer), each in seen.items():
            if "maps" in each:
                # Not the name of a histogram: of two kinds of one name TensorBoard shows the first.
                events.add_picture(step, f"maps/{layer}", _map_picture(each["maps"]))
            if "overlaid" in each:
                events.add_picture(step, f"class_maps/{layer}", sheet(each["overlaid"], columns=EXPLAINED, larger=3))
            if "kernel" in each:
                kernels = kernel_pictures(each["kernel"]).astype(np.uint8)
                larger = max(1, 48 // kernels.shape[1])
                events.add_picture(step, f"kernels/{layer}", sheet(list(kernels), columns=16, larger=larger))


def _map_picture(maps: np.ndarray) -> np.ndarray:
    """The channels of one image's map [h, w, C]."""
    return sheet(gray(np.moveaxis(maps, -1, 0)), columns=8, larger=max(1, 48 // maps.shape[0]))


Seen = dict[tuple[str, str], dict[str, Array]]
"""(kind, layer) -> a histogram, numbers, and for some layers an array to draw."""


def look(recipe: Recipe, state: TrainState, data: DeviceDataset, chosen: Array | Streamed) -> Seen:
    """What there is to see of the state on the examples `chosen`, in evaluation; pure."""
    pixels, labels, indices = taken(data, chosen)
    inputs, targets = recipe.task.example(evaluation_draw(indices), pixels, labels)
    images = recipe.normalize(inputs)
    optimized, fixed = rules.partition(recipe.optimized, state.params)

    def objective(params: Tree) -> Array:
        variables = {"params": rules.combine(params, fixed), "batch_stats": state.batch_stats}
        outputs = cast(Array, recipe.model.apply(variables, images, train=False))
        return recipe.task.loss(outputs, targets).mean()

    gradients = jax.grad(objective)(optimized)
    updates, _ = recipe.optimizer.update(gradients, state.opt_state, optimized)
    found: Seen = {}
    for kind, tree in (("weights", state.params), ("gradients", gradients), ("updates", updates)):
        for layer, kernel in _kernels(tree).items():
            found[kind, layer] = _histogram(kernel)
    weights = _kernels(state.params)
    for layer, update in _kernels(updates).items():
        ratio = optax.tree.norm(update) / jnp.maximum(optax.tree.norm(weights[layer]), 1e-12)
        found["updates", layer]["over_weight"] = ratio
    return found | _activations(recipe.model, state, images) | _first_kernel(weights)


def explained(
    recipe: Recipe, state: TrainState, data: DeviceDataset, chosen: Array | Streamed
) -> tuple[Array, Array] | None:
    """Images [B, H, W, C] uint8 and the class map of the true class of each [B, H, W]; pure.

    None for a network without places, and where the answer is not one class.
    """
    task = recipe.task
    if not task.class_names or task.takes_several_labels:
        return None
    pixels, labels, indices = taken(data, chosen)
    images, classes = task.example(evaluation_draw(indices), pixels, labels)
    images, classes = images[:EXPLAINED], cast(Array, classes)[:EXPLAINED]
    variables = {"params": state.params, "batch_stats": state.batch_stats}
    seen = recipe.normalize(images).astype(jnp.float32)
    network = Network(recipe.model.clone(dtype=jnp.float32), variables, seen.shape[1:])
    if max((min(size) for size in network.places().values()), default=1) == 1:
        return None
    return images, enlarge(class_maps(network, seen, classes), *images.shape[1:3])


def _kernels(tree: Tree) -> dict[str, Array]:
    leaves = zip(rules.paths(tree), jax.tree.leaves(tree), strict=True)
    return {path.removesuffix("/kernel"): leaf for path, leaf in leaves if path.endswith("kernel")}


def _histogram(values: Array) -> dict[str, Array]:
    flat = values.astype(jnp.float32).reshape(-1)
    counts, edges = jnp.histogram(flat, bins=BINS)
    return {"counts": counts, "edges": edges, "mean": flat.mean(), "std": flat.std()}


def _activations(model: nn.Module, state: TrainState, images: Array) -> Seen:
    """Outputs of layers with a kernel, before normalization and activation."""
    variables = {"params": state.params, "batch_stats": state.batch_stats}
    found = calls(lambda: model.apply(variables, images, train=False))
    layers = {call.path: call.output for call in found if "kernel" in call.variables.get("params", {})}
    seen: Seen = {}
    for path, output in layers.items():
        values = output.astype(jnp.float32)
        units = values.reshape(-1, values.shape[-1])
        extra: dict[str, Any] = {
            "dead": (units.max(0) <= 0).mean(),
            "saturated": (jnp.abs(units) > SATURATED).mean(),
        }
        if values.ndim == 4:
            extra["maps"] = values[0, :, :, :64]
        seen["activations", path] = _histogram(values) | extra
    return seen


def _first_kernel(weights: Mapping[str, Array]) -> Seen:
    """The kernel that sees colors, to draw."""
    colors = {layer: kernel for layer, kernel in weights.items() if kernel.ndim == 4 and kernel.shape[2] == 3}
    return {("kernels", layer): {"kernel": kernel} for layer, kernel in list(colors.items())[:1]}
