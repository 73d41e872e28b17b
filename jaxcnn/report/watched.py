"""What `--watch` recorded, as pictures: does every layer learn, at the same pace, and from which places?"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jaxcnn.errors import UserError
from jaxcnn.report.panels import contact_sheet
from jaxcnn.report.plots import line_style, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = {
    "updates/over_weight": "update / weight",
    "gradients/std": "deviation of the gradient",
    "activations/std": "deviation of the outputs",
    "activations/dead": "fraction of dead units",
}
"""Number of a layer -> what it is, in the order of the panels."""


MAPPED = "class_maps/true_class/overlaid"


@dataclass(frozen=True)
class Watched:
    """What a folder holds: {number of SHOWN: {layer: {step: value}}}, and {step: images [B, H, W, 3]} of class maps."""

    numbers: dict[str, dict[str, dict[int, float]]] = field(default_factory=dict)
    class_maps: dict[int, np.ndarray] = field(default_factory=dict)


def read(folder: Path) -> Watched:
    """What `--watch` wrote into a run's folder; empty where it was not watched.

    Raises: UserError for a damaged file.
    """
    found = Watched()
    for path in sorted((folder / "watch").glob("*.npz")):
        step = int(path.stem)
        try:
            with np.load(path) as written:
                for name in written.files:
                    kind, layer, number = re.fullmatch(r"(\w+)/(.*)/(\w+)", name).groups()  # type: ignore[union-attr]
                    if f"{kind}/{number}" in SHOWN:
                        layers = found.numbers.setdefault(f"{kind}/{number}", {})
                        layers.setdefault(layer, {})[step] = float(written[name])
                if MAPPED in written:
                    found.class_maps[step] = written[MAPPED]
        except (OSError, ValueError, AttributeError, EOFError) as error:
            raise UserError(f"{path} is damaged ({type(error).__name__}): remove it; the others are shown") from None
    return found


def figure(numbers: dict[str, dict[str, dict[int, float]]]) -> "Figure":
    """A panel for each of SHOWN, a line for each layer, over steps."""
    drawn, axes = new_figure(13, 3.6, len(SHOWN))
    for axis, (name, title) in zip(axes, SHOWN.items(), strict=True):
        for place, (layer, values) in enumerate(numbers.get(name, {}).items()):
            steps = [step for step in values if step]  # the axis is logarithmic
            axis.plot(steps, [values[step] for step in steps], label=layer, linewidth=1.3, **line_style(place))
        axis.set(title=title, xlabel="step", xscale="log")
        if not name.endswith("dead"):
            axis.set_yscale("log", nonpositive="mask")
    handles, labels = axes[0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside right upper", frameon=False, fontsize=8)
    return drawn


def mapped(class_maps: dict[int, np.ndarray]) -> "Figure":
    """A row for each step, a column for each image: bright where a place speaks for the true class."""
    return contact_sheet({f"step {step:,}": list(pictures) for step, pictures in class_maps.items()})
