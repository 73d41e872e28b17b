"""Claims and what became of them, as a table."""

from collections.abc import Sequence

from jaxcnn.measures import words
from jaxcnn.report.claims import Claim
from jaxcnn.report.scores import Scores
from jaxcnn.report.table import Table
from jaxcnn.report.tables import written


def table(claims: Sequence[Claim], scores: Scores, metric: str) -> Table:
    """One row per claim: what was expected, which difference decides, its 95 % interval, the verdict."""
    rows = []
    for claim in claims:
        seen, name = claim.difference(scores, metric), claim.metric or metric
        less = f" less {_named(claim.reference, scores)}" if claim.reference else ""
        pair = f"{_named(claim.label, scores)}{less}"
        rows.append([claim.text, f"{words(name)}: {pair}", written(seen, name), str(seen.n if seen else 0)])
        rows[-1].append(claim.verdict(seen))
    return Table(["expected", "difference", "seen [95 %]", "n", "verdict"], rows, text_columns=2)


def _named(label: str, scores: Scores) -> str:
    """A variation, or the one that stands for a group."""
    return scores.best(label) or label
