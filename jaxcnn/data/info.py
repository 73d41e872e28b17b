"""What a run remembers of its data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DataInfo:
    """Enough to recognize a run's data, and to predict without them."""

    name: str
    version: str
    digest: str
    image_shape: tuple[int, ...]
    label_names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    train: int
    validation: int
    test: int
    fallback: bool
    """True if the data set that the config names was not available and another one stands in for it."""
    several_labels: bool = False
    """Whether a label is a row of zeros and ones, one for each class."""
    streamed: bool = False
    """Whether the pictures stayed in their files; the digest is then that of their names and sizes."""
