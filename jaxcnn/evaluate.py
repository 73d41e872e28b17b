"""Evaluation: metrics over exactly the given examples, each once."""

import jax
import numpy as np

from jaxcnn import metrics
from jaxcnn.assemble import Training
from jaxcnn.train import DeviceDataset
from jaxcnn.types import Tree


def evaluate(training: Training, variables: Tree, data: DeviceDataset, indices: np.ndarray) -> dict[str, float]:
    """Metrics over the examples `indices` [N]; the last batch is padded, and the padding is masked."""
    size = training.eval_batch
    padded = -(-len(indices) // size) * size
    mask = (np.arange(padded) < len(indices)).astype(np.float32)
    examples = np.resize(indices.astype(np.int32), padded)
    split = training.devices.split
    totals = [
        training.eval_step(variables, data, split(examples[i : i + size]), split(mask[i : i + size]))
        for i in range(0, padded, size)
    ]
    return metrics.summarize(jax.tree.map(lambda *parts: sum(np.asarray(p, np.float64) for p in parts), *totals))
