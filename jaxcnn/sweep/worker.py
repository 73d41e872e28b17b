"""One process of a sweep: trains the configs that it receives and ends when its parent does.

`python -m jaxcnn.sweep.worker` reads one line of JSON, {"configs": [...], "cpus": [...]}, and keeps its
input open: when it is closed, the parent is gone, and the worker saves and stops as after SIGTERM.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from jaxcnn import runtime
from jaxcnn.config import Config, folder_of
from jaxcnn.config_json import from_dict
from jaxcnn.errors import Diverged, UserError


def main() -> int:
    task = json.loads(sys.stdin.readline())
    threading.Thread(target=_stop_with_the_parent, daemon=True).start()
    return work(task)


def work(task: Mapping[str, Any]) -> int:
    """Trains {"configs", "cpus"}; returns the exit status."""
    if task["cpus"] and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, task["cpus"])  # before JAX counts the CPUs for its threads
    configs = [from_dict(Config, config) for config in task["configs"]]
    runtime.prepare(configs[0].devices, configs[0].dtype)
    from jaxcnn.console.signals import Stopped
    from jaxcnn.console.terminal import say

    try:
        _train(configs)
    except UserError as error:
        say(f"error: {error}")
        return 2
    except Stopped as stopped:
        say(str(stopped))
        return stopped.status
    return 0


def _train(configs: Sequence[Config]) -> None:
    from jaxcnn.fit import fit
    from jaxcnn.json_files import write_json
    from jaxcnn.report import DIVERGED
    from jaxcnn.sweep.stack import train_together

    diverged: dict[int, Diverged] = {}
    if len(configs) > 1:
        diverged = train_together(configs)
    else:
        try:
            fit(configs[0])
        except Diverged as error:
            diverged = {0: error}
    for place, error in diverged.items():
        write_json(folder_of(configs[place]) / DIVERGED, {"step": error.step})


def _stop_with_the_parent() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
