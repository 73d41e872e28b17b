"""Why does a network say what it says? All maps of a few images, in one record."""

import html
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxcnn.drawing import diverging, in_color, overlaid, png, uri
from jaxcnn.errors import UserError
from jaxcnn.inspect import attributions, class_maps
from jaxcnn.inspect.network import Network, network_of, normalized
from jaxcnn.json_files import write_json
from jaxcnn.paths import user_path, writing
from jaxcnn.runs.load import Run
from jaxcnn.types import Tree

METHODS = ("hires_cam", "grad_cam", "layer_cam", "integrated", "gradient", "input_x_gradient", "smooth", "occlusion")


@dataclass(frozen=True)
class Explanation:
    """Images, what the network says of them, and a map by each method for one class of each image."""

    images: np.ndarray
    """[N, H, W, C] uint8."""
    probabilities: np.ndarray
    """[N, K]."""
    classes: np.ndarray
    """[N]: the class that is explained."""
    label_names: tuple[str, ...]
    maps: dict[str, np.ndarray]
    """Method -> [N, H, W]; above zero speaks for the class."""
    layer: str
    """Of the class maps; empty if the network has no layer with places."""
    completeness_error: np.ndarray
    """[N]: how far integrated gradients are from adding up to f(x) - f(mean)."""

    def save(self, folder: str | Path) -> None:
        """Writes a PNG and an .npy for each map, and manifest.json last: a folder without it is not complete."""
        path = user_path(folder)
        with writing(path):
            path.mkdir(parents=True, exist_ok=True)
            for name, maps in self.maps.items():
                np.save(path / f"{name}.npy", maps)
                for place, picture in enumerate(drawn(name, self.images, maps)):
                    (path / f"{place:03d}-{name}.png").write_bytes(png(picture))
        manifest = {
            "images": len(self.images),
            "classes": [self.label_names[label] for label in self.classes],
            "predicted": [self.label_names[label] for label in self.probabilities.argmax(1)],
            "layer": self.layer,
            "methods": list(self.maps),
        }
        write_json(path / "manifest.json", manifest)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in ("image", "explained", *self.maps))
        columns = [in_color(self.images), *(drawn(name, self.images, maps) for name, maps in self.maps.items())]
        rows = ""
        for place, label in enumerate(self.classes):
            pictures = [f'<td><img width="96" src="{uri(column[place])}"></td>' for column in columns]
            share = self.probabilities[place, label]
            said = f"<td>{html.escape(self.label_names[label])}<br>{100 * share:.1f} %</td>"
            rows += f"<tr>{pictures[0]}{said}{''.join(pictures[1:])}</tr>"
        return f'<table style="image-rendering: pixelated"><tr>{head}</tr>{rows}</table>'


def drawn(method: str, images: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """Maps as pictures [N, H, W, 3] uint8: class maps light up the image, attributions are red for and blue against."""
    return overlaid(images, maps) if method in class_maps.CLASS_MAPS else diverging(maps)


def explain(
    run: Run, images: np.ndarray, classes: Sequence[int] | np.ndarray | None = None, methods: Sequence[str] = METHODS
) -> Explanation:
    """Maps of uint8 images [N, H, W, C] by each method, for a class of each image (default: the predicted one).

    Raises: UserError for an unknown method, a class that is not there, and a network whose answers are not classes.
    """
    network, seen = network_of(run), normalized(run, images)
    probabilities = run.predict(images)
    chosen = probabilities.argmax(1) if classes is None else np.asarray(classes)
    if len(chosen) != len(images) or (len(chosen) and not 0 <= chosen.min() <= chosen.max() < probabilities.shape[1]):
        raise UserError(f"classes must be {len(images)} numbers from 0 to {probabilities.shape[1] - 1}")
    places = network.places()
    usable = [name for name in methods if places or name not in class_maps.CLASS_MAPS]
    maps = {name: np.asarray(_map(network, name, seen, chosen)) for name in usable}
    shown = {name: np.asarray(class_maps.enlarge(jnp.asarray(x), *images.shape[1:3])) for name, x in maps.items()}
    error = np.zeros(len(images))
    if "integrated" in maps:
        error = np.asarray(_completeness_error(network, seen, jnp.asarray(chosen), jnp.asarray(maps["integrated"])))
    layer = network.default_layer() if places else ""
    return Explanation(images, probabilities, chosen, run.data.label_names, shown, layer, error)


def _map(network: Network, name: str, images: Array, classes: np.ndarray) -> Array:
    labels = jnp.asarray(classes)
    if name in class_maps.CLASS_MAPS:
        found = class_maps.class_maps(network, images, labels, name)
        return class_maps.enlarge(found, *images.shape[1:3])
    method = attributions.build(name)

    @jax.jit
    def summed(variables: Tree, images: Array, labels: Array) -> Array:
        return method(replace(network, variables=variables).score(labels), images).sum(-1)

    found = summed(network.variables, images, labels)
    attributions.require_finite(name, found)
    return found


def _completeness_error(network: Network, images: Array, labels: Array, maps: Array) -> Array:
    @jax.jit
    def error(variables: Tree, images: Array, labels: Array) -> Array:
        score = replace(network, variables=variables).score(labels)
        return maps.sum((1, 2)) - (score(images) - score(jnp.zeros_like(images)))

    return error(network.variables, images, labels)
