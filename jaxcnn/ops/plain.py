"""Programs for elsewhere: convolutions and pools as XLA's own, not in the formulations that this CPU runs fast."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_PLAIN = ContextVar("plain", default=False)


@contextmanager
def plain_operations() -> Iterator[None]:
    """Inside, what is traced uses `jax.lax`'s convolutions and windows only, also for batches of symbolic size.

    A function that `jax.jit` has traced before keeps what it was traced to: trace a new one.
    """
    token = _PLAIN.set(True)
    try:
        yield
    finally:
        _PLAIN.reset(token)


def is_plain() -> bool:
    return _PLAIN.get()
