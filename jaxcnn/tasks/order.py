"""An order: sort lists of pictures, from comparisons only.

The labels are numbers (digits). The network gives each picture a score and is told only which of a list should come
first; it never learns which digit is which.
"""

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array

from jaxcnn.errors import UserError
from jaxcnn.tasks import ranking
from jaxcnn.tasks.task import Setting, Sums, Task, Totals, masked_sum

METRICS = {"exact": ranking.exact, "pairwise_accuracy": ranking.pairwise_accuracy, "kendall_tau": ranking.kendall_tau}


def sort(setting: Setting, *, size: int = 5, k: int = 3) -> Task:
    """Lists of `size` consecutive examples, to be sorted by label; it answers with a score [B] for each picture.

    Options:
        size: pictures in a list; a batch must hold whole lists.
        k: how many places of a list NDCG@k looks at.
    """
    if size < 2:
        raise UserError(f"sort:size is the number of pictures in a list, at least 2, not {size}")
    loss = setting.choose_loss("sort", ranking.LOSSES)
    metrics: dict[str, Callable[[Array, Array], Array]] = {
        **METRICS,
        f"ndcg_at_{k}": lambda scores, relevance: ranking.ndcg(scores, relevance, k),
    }

    def lists(outputs: Array, labels: Array) -> tuple[Array, Array]:
        return outputs.astype(jnp.float32).reshape(-1, size), labels.astype(jnp.float32).reshape(-1, size)

    def sums(outputs: Array, labels: Array, mask: Array) -> Sums:
        _, relevance = lists(outputs, labels)
        has_pairs = relevance.max(-1) > relevance.min(-1)
        whole = mask.reshape(-1, size).min(-1) * has_pairs
        found = {name: metric(*lists(outputs, labels)) for name, metric in metrics.items()}
        return {"lists": whole.sum()} | {name: masked_sum(value, whole) for name, value in found.items()}

    def summarize(totals: Totals) -> dict[str, float]:
        return {name: float(totals[name] / max(totals["lists"], 1)) for name in metrics}

    return Task(
        output_shape=(1,),
        input_shape=setting.image_shape,
        loss=lambda outputs, labels: jnp.repeat(loss(*lists(outputs, labels)), size),
        metric="exact",
        answer=lambda outputs, _: outputs[:, 0].astype(jnp.float32),
        sums=sums,
        summarize=summarize,
        group=size,
    )
