"""Draws collage.png, the picture at the top of the README, from the experiments' own panels.

Command   make sweep-first_steps sweep-learning_rate; python -m docs.images.collage
"""

import io
from pathlib import Path

from PIL import Image

from experiments import augmentation, first_steps, learning_rate, momentum
from jaxcnn.report import Panel, Results
from jaxcnn.report.page import png
from jaxcnn.sweep import Sweep

WIDTH = 1000
GAP = 20


def results(sweep: Sweep) -> Results:
    """The finished runs of a sweep in runs/."""
    return Results(sweep.name, tuple(row for row in sweep.rows() if row.ended), sweep.metric)


def picture(panel: Panel) -> Image.Image:
    assert panel.figure is not None
    image = Image.open(io.BytesIO(png(panel.figure))).convert("RGB")
    return image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.LANCZOS)


def collage(columns: list[list[Image.Image]]) -> Image.Image:
    height = max(sum(image.height for image in column) + GAP * (len(column) + 1) for column in columns)
    sheet = Image.new("RGB", (len(columns) * (WIDTH + GAP) + GAP, height), "white")
    for number, column in enumerate(columns):
        free = height - sum(image.height for image in column)
        top = space = free // (len(column) + 1)
        for image in column:
            sheet.paste(image, (GAP + number * (WIDTH + GAP), top))
            top += image.height + space
    return sheet


def main() -> None:
    panels = [
        [momentum.paths(results(momentum.SWEEP)), learning_rate.range_test(results(learning_rate.SWEEP))],
        [first_steps.templates(results(first_steps.SWEEP)), augmentation.pictures(results(first_steps.SWEEP))],
    ]
    sheet = collage([[picture(panel) for panel in column] for column in panels])
    sheet.quantize(128).save(Path(__file__).with_name("collage.png"), optimize=True)


if __name__ == "__main__":
    main()
