"""What is around a run changes nothing in it: JAX's own settings, a thread."""

import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import jax
import pytest

from helpers.runs import assert_same, newest_state, stop_at
from jaxcnn import fit
from jaxcnn.console import signals


@pytest.mark.slow
@pytest.mark.parametrize(
    "surroundings", [partial(jax.enable_x64, True), partial(jax.default_prng_impl, "rbg")], ids=["64 bits", "rbg"]
)
def test_what_jax_is_set_to_does_not_change_a_run(tiny, tmp_path, monkeypatch, surroundings):
    tiny = replace(tiny, augment=("crop:padding=2", "flip", "mixup"))
    unbroken = replace(tiny, folder=str(tmp_path / "unbroken"))
    fit.fit(unbroken)
    with monkeypatch.context() as patch:
        stop_at(patch, 13)
        with pytest.raises(signals.Stopped):
            fit.fit(tiny)
    with surroundings():
        fit.fit(tiny)
    assert_same(newest_state(unbroken.folder)[1], newest_state(tiny.folder)[1])


def test_fit_works_in_a_thread_and_leaves_signals_as_they_are(tiny):
    before = {number: signal.getsignal(number) for number in signals.EXIT_STATUS}
    with ThreadPoolExecutor() as pool:
        assert pool.submit(fit.fit, replace(tiny, model="mlp:hidden=(4,)", duration="2steps")).result()["steps"] == 2
    assert before == {number: signal.getsignal(number) for number in signals.EXIT_STATUS}
