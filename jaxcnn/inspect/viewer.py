"""One self-contained page, to move through what is inside a network: images, reasons, maps, kernels, fields."""

import html
import json
import re
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import Any

import numpy as np
from jax import Array

from jaxcnn.drawing import gray, in_color, kernel_pictures, sheet, uri
from jaxcnn.inspect import features, fields
from jaxcnn.inspect.explanation import Explanation, drawn
from jaxcnn.inspect.network import Network
from jaxcnn.inspect.probe import kernels

HOW = (
    "Choose an image (arrow keys, too), a class (c) and a layer (l). Class maps light up where the evidence is; in the "
    "others, red speaks for the class and blue against it. A map shows what the network used, not what is true."
)
SHOWN_CHANNELS = 64
EXCITING_CHANNELS, EXCITING_IMAGES = 16, 8


def page(title: str, about: str, parts: Mapping[str, Any]) -> str:
    """The HTML document; nothing in it is loaded from elsewhere."""
    template = files("jaxcnn.inspect").joinpath("viewer.html").read_text(encoding="utf-8")
    data = {"title": title, "about": about, "how": HOW, **parts}
    text = json.dumps(data, allow_nan=False).replace("<", "\\u003c")  # nothing may end the script early
    written = {"TITLE": html.escape(title), "DATA": text}
    return re.sub("@(TITLE|DATA)@", lambda marker: written[marker[1]], template)


def image_parts(
    predicted: Explanation,
    true: Explanation | None,
    names: Sequence[str],
    maps: Mapping[str, np.ndarray],
) -> list[dict[str, Any]]:
    """What the page shows of each image; `true` explains the right classes, `maps` are those of layers."""
    pictures = in_color(predicted.images)
    drawings = {kind: _drawings(each) for kind, each in (("predicted", predicted), ("true", true)) if each}
    found = []
    for place, picture in enumerate(pictures):
        label = true.label_names[true.classes[place]] if true else None
        explained = {
            kind: {
                "label": each.label_names[each.classes[place]],
                "methods": {
                    _named(name, maps[place]): uri(drawings[kind][name][place]) for name, maps in each.maps.items()
                },
            }
            for kind, each in (("predicted", predicted), ("true", true))
            if each and (kind == "predicted" or each.classes[place] != predicted.classes[place])
        }
        found.append(
            {
                "name": names[place],
                "src": uri(picture),
                "label": label,
                "top": _top(predicted.probabilities[place], predicted.label_names),
                "maps": explained,
                "features": {layer: uri(_channels(values[place])) for layer, values in maps.items()},
            }
        )
    return found


def _drawings(explanation: Explanation) -> dict[str, np.ndarray]:
    return {name: drawn(name, explanation.images, maps) for name, maps in explanation.maps.items()}


def _named(method: str, values: np.ndarray) -> str:
    return method if values.max() > 0 else f"{method}: nothing speaks for this class"


def _top(probabilities: np.ndarray, names: Sequence[str], count: int = 5) -> list[tuple[str, float]]:
    return [(names[label], round(float(probabilities[label]), 4)) for label in probabilities.argsort()[::-1][:count]]


def _channels(maps: np.ndarray) -> np.ndarray:
    """The first channels of a map [h, w, C] as one picture, at a size that people see."""
    channels = np.moveaxis(maps[..., :SHOWN_CHANNELS], -1, 0)
    larger = max(1, 48 // channels.shape[1])
    return sheet(gray(channels), columns=16, larger=larger)


def kernels_part(network: Network) -> dict[str, str] | None:
    """The kernels of the first convolution."""
    known = kernels(network.variables["params"])
    name = next((path for path in network.places() if path in known and known[path].ndim == 4), None)
    if name is None:
        return None
    kernel = known[name]
    pictures = kernel_pictures(kernel).astype(np.uint8)
    colors = "in color; gray is zero" if kernel.shape[2] == 3 else "the norm over their channels"
    about = f"{name}: {kernel.shape[-1]} kernels of {kernel.shape[0]} x {kernel.shape[1]}, {colors}."
    return {"src": uri(sheet(list(pictures), columns=16, larger=max(1, 48 // kernel.shape[0]))), "about": about}


def exciting_part(
    network: Network, pictures: np.ndarray, normalize: Callable[[np.ndarray], Array], layers: Sequence[str]
) -> dict[str, str]:
    """Layer -> for its first channels, the images that excite each most, with a frame around the part that does."""
    found = {}
    for layer in layers:
        step, size = _reach(network, layer, pictures.shape[1])
        channels = features.most_exciting(network, pictures, layer, EXCITING_IMAGES, normalize)[:EXCITING_CHANNELS]
        shown = [
            _framed(in_color(pictures)[image], int((row + 0.5) * step), int((column + 0.5) * step), size)
            for each in channels
            for image, row, column in zip(each.images, each.rows, each.columns, strict=True)
        ]
        found[layer] = uri(sheet(shown, columns=min(EXCITING_IMAGES, len(pictures)), larger=2))
    return found


def _reach(network: Network, layer: str, height: int) -> tuple[float, int]:
    """Pixels of a picture from one place of a layer to the next, and the side of the frame that is drawn."""
    step = height / network.places()[layer][0]
    return step, min(height, int(3 * step) + 2)


def _framed(picture: np.ndarray, row: int, column: int, size: int) -> np.ndarray:
    """A picture [H, W, 3] with a yellow frame of `size` pixels around a place."""
    framed = np.array(picture)
    top, left = max(row - size // 2, 0), max(column - size // 2, 0)
    bottom, right = min(top + size, len(framed)) - 1, min(left + size, framed.shape[1]) - 1
    for rows, columns in (
        (slice(top, bottom + 1), [left, right]),
        ([top, bottom], slice(left, right + 1)),
    ):
        framed[rows, columns] = (255, 215, 0)
    return framed


def fields_part(network: Network, seen: Array, layers: Sequence[str]) -> list[dict[str, str]]:
    """The effective field of each layer."""
    found = []
    for layer in layers:
        field = fields.effective_field(network, seen[:64], layer)
        height, width = fields.extent(field)
        half = fields.extent(field, 0.5)
        about = f"sees {height} x {width} pixels; half of it comes from {half[0]} x {half[1]}"
        found.append({"layer": layer, "src": uri(gray(np.sqrt(field))), "about": about})
    return found


def calibration_part(probabilities: np.ndarray, labels: np.ndarray, bins: int = 10) -> list[dict[str, float]]:
    """Confidence, accuracy and count of images in bins of equal width in confidence."""
    confidence, right = probabilities.max(1), probabilities.argmax(1) == labels
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    inside = [place == each for each in np.unique(place)]
    return [
        {
            "confidence": round(float(confidence[each].mean()), 4),
            "accuracy": round(float(right[each].mean()), 4),
            "count": int(each.sum()),
        }
        for each in inside
    ]
