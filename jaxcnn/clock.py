"""How long a training took: by the clock on the wall, and in time of the processors."""

import time

TIMES = ("seconds", "cpu_seconds")


class Clock:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._began = time.monotonic(), time.process_time()

    def __call__(self) -> dict[str, float]:
        """`seconds`, and `cpu_seconds`: those of all threads of this process, which a busy machine changes little."""
        wall, processors = self._began
        return dict(zip(TIMES, (time.monotonic() - wall, time.process_time() - processors), strict=True))
