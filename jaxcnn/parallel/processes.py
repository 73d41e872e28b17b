"""Several processes, on one machine or on many, as one run: they start together, and none outlives another.

`jax.distributed` starts them, and by itself notices a lost process only after its heartbeat's 100 seconds. So process 0
also holds one idle connection to each of the others: the kernel closes it the moment a process dies, and the probes of
TCP notice within half a minute when a machine or the network is gone.
"""

import os
import secrets
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from typing import Any, NoReturn

from jaxcnn.config import DistributedConfig
from jaxcnn.errors import UserError

START_SECONDS = 120
"""How long to wait for all processes to come; then XLA ends this one with status 134."""

GRACE_SECONDS = 2
"""A sum that fails because another process is gone may be heard of before that; its watcher then has the last word."""

PROBES = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
GOODBYE = b"."
TOKEN_BYTES = 16


@contextmanager
def job(config: DistributedConfig) -> Iterator[None]:
    """Join the multi-process job described by `config`; only process 0 prints.

    An error in one process ends it at once, and so the others: they would wait for its part of a sum for ever.
    Raises: UserError if the settings are not whole or the others do not come.
    """
    if not config.coordinator:
        yield
        return
    _join(config)
    import jax

    from jaxcnn.console.terminal import console

    with ExitStack() as stack:
        if jax.process_index() > 0:
            console.quiet = True
            stack.enter_context(redirect_stdout(stack.enter_context(open(os.devnull, "w"))))
        try:
            links = _link(config)
            yield
        except UserError as error:
            _end(f"error: {error}", 2)
        except KeyboardInterrupt:
            _end("interrupted before the first step: nothing was lost.", 130)
        except Exception:
            trouble = traceback.format_exc()
            time.sleep(GRACE_SECONDS)
            _end(trouble, 1)
        for link in links:
            link.sendall(GOODBYE)
        jax.distributed.shutdown()


def _join(config: DistributedConfig) -> None:
    import jax

    from jaxcnn.console.terminal import say

    known: dict[str, Any] = {}
    if config.coordinator != "auto":
        if ":" not in config.coordinator or not 0 <= config.process < config.processes:
            raise UserError(
                f"distributed: coordinator {config.coordinator!r}, process {config.process} of {config.processes}: "
                "write --distributed.coordinator HOST:PORT --distributed.processes N --distributed.process 0 ... N-1"
            )
        known = {
            "coordinator_address": config.coordinator,
            "num_processes": config.processes,
            "process_id": config.process,
            "cluster_detection_method": "deactivate",
        }
    jax.config.update("jax_enable_preemption_service", False)  # it would take SIGTERM from jaxcnn.console.signals
    try:
        # Where not all come, XLA aborts with pages of its own, so what is waited for must be said before.
        say(f"waiting up to {START_SECONDS} s for all processes of the run at {config.coordinator}")
        jax.distributed.initialize(**known, initialization_timeout=START_SECONDS)
    except (RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"timed out waiting for all processes to connect to {config.coordinator}: {reason}") from None


def _link(config: DistributedConfig) -> list[socket.socket]:
    """Connections between process 0 and each of the others, each with a thread that waits for its end."""
    import jax
    import numpy as np
    from jax.experimental.multihost_utils import broadcast_one_to_all

    first, count = jax.process_index() == 0, jax.process_count()
    server = socket.create_server(("", 0), backlog=count) if first else None
    host = socket.gethostname() if config.coordinator == "auto" else config.coordinator.rsplit(":", 1)[0]
    port = server.getsockname()[1] if server else 0
    announced = f"{secrets.token_hex(TOKEN_BYTES // 2)} {port} {host}".encode().ljust(300)
    announced = bytes(broadcast_one_to_all(np.frombuffer(announced, np.uint8)).astype(np.uint8)).decode()
    token, port, host = announced.split()
    try:
        links = _accept(server, token.encode(), count - 1) if server else _call(host, int(port), token.encode())
    except OSError as error:
        raise UserError(f"the processes of the run cannot connect to process 0 at {host}:{port}: {error}") from None
    for process, link in links.items():
        link.settimeout(None)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in PROBES.items():
            if hasattr(socket, name):
                link.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        threading.Thread(target=_watch, args=(process, link), daemon=True).start()
    return list(links.values())


def _call(host: str, port: int, token: bytes) -> dict[int, socket.socket]:
    import jax

    link = socket.create_connection((host, port), timeout=START_SECONDS)
    link.sendall(token + jax.process_index().to_bytes(4, "big"))
    return {0: link}


def _accept(server: socket.socket, token: bytes, count: int) -> dict[int, socket.socket]:
    links: dict[int, socket.socket] = {}
    server.settimeout(START_SECONDS)
    with server:
        while len(links) < count:
            link, _ = server.accept()
            link.settimeout(5)
            said = link.recv(TOKEN_BYTES + 4, socket.MSG_WAITALL)
            if said[:TOKEN_BYTES] == token:  # a stranger on the network is not waited for
                links[int.from_bytes(said[TOKEN_BYTES:], "big")] = link
            else:
                link.close()
    return links


def _watch(process: int, link: socket.socket) -> None:
    try:
        if link.recv(1) == GOODBYE:
            return
    except OSError:
        pass
    _end(
        f"process {process} of the run is gone (its last output says why), so this one stops too.\n"
        "Start all processes again to resume from the latest checkpoint.",
        1,
    )


def _end(message: str, status: int) -> NoReturn:
    """Leaves without waiting for anybody: Python's own way out would wait for the other processes."""
    import jax

    text = f"process {jax.process_index()}: {message}\n"
    os.write(2, text.encode())  # in one piece, so that the lines of processes do not mix
    os._exit(status)
