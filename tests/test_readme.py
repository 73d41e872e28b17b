"""The README's programs, run as they stand; what they need is a run and some images."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from helpers.processes import ROOT
from helpers.tiny import tiny_config, untrained_run


def programs(section):
    text = (ROOT / "README.md").read_text().split(f"\n## {section}\n")[1].split("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", text, flags=re.S)


@pytest.mark.parametrize("section", ["Fine-tune"])
def test_the_programs_of_a_section_run_one_after_the_other(section, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    untrained_run(replace(tiny_config(tmp_path / "runs/quickstart"), model="quicknet"), 40)
    names: dict[str, Any] = {"images": np.zeros((2, 32, 32, 3), np.uint8)}
    found = programs(section)
    assert len(found) == 3
    for program in found:
        exec(program, names)
    assert names["features"].shape == (2, 4, 4, 128)
    assert (tmp_path / "quickstart.safetensors").exists()
    assert names["stem"]["params"].keys() == {"Conv_0"}
    assert names["report"].to_dict()["initialized"]["names"] == ["Dense_0/kernel"]
    assert "loaded" in capsys.readouterr().out
