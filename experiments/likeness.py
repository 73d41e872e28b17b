"""What is like this? Vectors learned on five classes, and searched among five others.

Recommendation by content asks for things like this one, among things the network was never trained on.

Expectation  Features of a classifier are hard to beat (Musgrave et al. 2020, arXiv:2003.08505); SimCLR, which is told
             no class, comes near in long trainings (Chen et al. 2020, arXiv:2002.05709), not in these.
Command      make sweep-likeness SEEDS=3
Cost         quickstart's network on half of CIFAR-10 for 5 epochs each: a minute a run on two cores, SimCLR two
Finding      not measured yet
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from experiments.finetune import KNOWN, NEW
from experiments.quickstart import CONFIG
from jaxcnn.cli import sweep_main
from jaxcnn.config import DataConfig, LossConfig
from jaxcnn.report import Panel, Results, Row, mean_and_deviation
from jaxcnn.report.panels import contact_sheet
from jaxcnn.report.table import Table
from jaxcnn.sweep import Sweep

VIEWS = ["multi_scale_crop:largest=1.8", "flip", "brightness:strength=0.3", "contrast:strength=0.3"]
VARIATIONS: Mapping[str, Mapping[str, Any]] = {
    "features of cross-entropy": {"task": "classification"},
    "supervised contrastive": {"loss.name": "supervised_contrastive"},
    "triplet": {"loss.name": "triplet"},
    "SimCLR, no labels": {"loss.name": "simclr", "augment": VIEWS},
}
COLUMNS = ("recall_at_1", "recall_at_5", "recall_at_10", "map_at_r")


def vectors(row: Row, images: np.ndarray) -> np.ndarray:
    """Vectors of length one: what a network for vectors answers, or what the head of a classifier gets."""
    run = row.run()
    if run.config.task != "classification":
        return run.predict(images)
    features = run.features(images, "stage2_norm2").max(axis=(1, 2))
    return features / np.linalg.norm(features, axis=1, keepdims=True)


def among_new_classes(results: Results) -> Panel:
    """All test images of the five classes that no network was trained on, each searching among the others."""
    from jaxcnn import data
    from jaxcnn.tasks.likeness import retrieval

    unseen = data.load("cifar10", classes=NEW)
    images, labels = unseen.test_images, unseen.test_labels
    raw = images.reshape(len(images), -1).astype(np.float32)
    raw -= raw.mean(0)
    raw /= np.linalg.norm(raw, axis=1, keepdims=True)
    lines = [["raw pixels", "", *_cells([retrieval(raw, labels)])]]
    for label in results.labels:
        found = [retrieval(vectors(row, images), labels) for row in results.of(label) if row.summary]
        lines.append([label, str(len(found)), *_cells(found)])
    lines.append(["chance", "", "20.00 %", "67.23 %", "89.26 %", ""])
    head = ["", "n", "recall@1", "recall@5", "recall@10", "MAP@R"]
    return Panel("Among five classes that were never seen", table=Table(head, lines))


def _cells(found: list[dict[str, float]]) -> list[str]:
    from jaxcnn.measures import measure_of

    return [measure_of(name)(*mean_and_deviation([each[name] for each in found])) for name in COLUMNS]


def neighbors(results: Results) -> Panel:
    """Queries of classes that were never seen, and the ten nearest of each: supervised contrastive, the first seed."""
    from jaxcnn import data

    images = data.load("cifar10", classes=NEW).test_images
    found = vectors(results.of("supervised contrastive")[0], images)
    rows = {}
    for query in (3, 11, 25, 42, 57, 68):
        nearest = np.argsort(-(found @ found[query]))[:11]
        rows[f"query {query}"] = list(images[nearest])
    return Panel("Queries (left) and their ten nearest", contact_sheet(rows))


SWEEP = Sweep(
    name="likeness",
    base=replace(
        CONFIG,
        task="embed:size=64",
        data=DataConfig(classes=KNOWN, validation=2500),
        augment=("crop:padding=2,mode=reflect", "flip"),
        loss=LossConfig(),
        duration="5epochs",
        tta="none",
        tensorboard=False,
    ),
    variations=VARIATIONS,
    panels=(among_new_classes, neighbors),
    metric="test_recall_at_1",
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
