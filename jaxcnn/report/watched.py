"""What `--watch` recorded, as one picture: does every layer learn, and at the same pace?"""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jaxcnn.errors import UserError
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


def read(folder: Path) -> dict[str, dict[str, dict[int, float]]]:
    """{number of SHOWN: {layer: {step: value}}} of a run's folder; empty where it was not watched.

    Raises: UserError for a damaged file.
    """
    found: dict[str, dict[str, dict[int, float]]] = {}
    for path in sorted((folder / "watch").glob("*.npz")):
        try:
            with np.load(path) as numbers:
                for name in numbers.files:
                    kind, layer, number = re.fullmatch(r"(\w+)/(.*)/(\w+)", name).groups()  # type: ignore[union-attr]
                    if f"{kind}/{number}" in SHOWN:
                        values = found.setdefault(f"{kind}/{number}", {}).setdefault(layer, {})
                        values[int(path.stem)] = float(numbers[name])
        except (OSError, ValueError, AttributeError, EOFError) as error:
            raise UserError(f"{path} is damaged ({type(error).__name__}): remove it; the others are shown") from None
    return found


def figure(found: dict[str, dict[str, dict[int, float]]]) -> "Figure":
    """A panel for each of SHOWN, a line for each layer, over steps."""
    drawn, axes = new_figure(13, 3.6, len(SHOWN))
    for axis, (name, title) in zip(axes, SHOWN.items(), strict=True):
        for place, (layer, values) in enumerate(found.get(name, {}).items()):
            steps = [step for step in values if step]  # the axis is logarithmic
            axis.plot(steps, [values[step] for step in steps], label=layer, linewidth=1.3, **line_style(place))
        axis.set(title=title, xlabel="step", xscale="log")
        if not name.endswith("dead"):
            axis.set_yscale("log", nonpositive="mask")
    handles, labels = axes[0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside right upper", frameon=False, fontsize=8)
    return drawn
