"""The two times of a training are not mixed up, and begin when the clock is made."""

import time

import pytest

from jaxcnn.clock import Clock


def test_each_time_is_its_own(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    monkeypatch.setattr(time, "process_time", lambda: 7.0)
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: 130.0)
    monkeypatch.setattr(time, "process_time", lambda: 57.0)
    assert clock() == {"seconds": 30.0, "cpu_seconds": 50.0}
