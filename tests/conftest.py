"""What the tests share."""

import os
from pathlib import Path

import jax
import pytest

from jaxcnn.config import Config

pytest.register_assert_rewrite("helpers")  # before anything imports them


@pytest.fixture(autouse=True, scope="session")
def private_cache(tmp_path_factory, worker_id):
    """Decoded data and compiled programs of this session, shared by its workers, apart from the user's own."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    patch = pytest.MonkeyPatch()
    patch.setenv("JAXCNN_CACHE", str(shared / "cache"))
    patch.setenv("JAX_COMPILATION_CACHE_DIR", str(shared / "compiled"))
    jax.config.update("jax_compilation_cache_dir", os.environ["JAX_COMPILATION_CACHE_DIR"])
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
    yield
    patch.undo()


@pytest.fixture
def tiny(tmp_path: Path) -> Config:
    from helpers.tiny import tiny_config

    return tiny_config(tmp_path / "run")
