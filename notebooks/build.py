"""Makes the executed notebooks of the course from their sources.

Command   make notebooks   (or: python -m notebooks.build [--only 04] [--check] [--text])

A source is `NN_name.py` in percent format: `# %%` begins a code cell, `# %% [markdown]` a text cell, whose lines are
comments. `zh/NN_name.md` has the Chinese text cells, each after a line `<!-- cell -->`; the code is that of the `.py`,
and so are the outputs. `--check` compares sources with the committed `.ipynb` and runs nothing; `--text` replaces the
text and keeps the outputs.
"""

import argparse
import base64
import io
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
from PIL import Image

FOLDER = Path(__file__).parent
MARK = "<!-- cell -->"
LARGEST = 1_000_000
"""Bytes of a notebook."""
LARGEST_FIGURE = 100_000
"""Bytes of a figure."""
SECONDS = 600
"""After which a cell is given up."""


class Cell(NamedTuple):
    kind: str
    """`code` or `markdown`."""
    text: str


def sources() -> list[Path]:
    return sorted(FOLDER.glob("[0-9][0-9]_*.py"))


def read(path: Path) -> list[Cell]:
    """The cells of a percent-format file."""
    parts = re.split(r"^# %%(.*)\n", path.read_text(), flags=re.M)
    if parts[0].strip():
        raise ValueError(f"{path.name}: the first line must begin a cell")
    return [_cell(title, body) for title, body in zip(parts[1::2], parts[2::2], strict=True)]


def _cell(title: str, body: str) -> Cell:
    body = body.strip("\n")
    if "[markdown]" not in title:
        return Cell("code", body)
    return Cell("markdown", "\n".join(re.sub(r"^# ?", "", line) for line in body.split("\n")))


def in_chinese(path: Path, cells: list[Cell]) -> list[Cell]:
    """`cells` with their text from the Chinese edition of the source `path`.

    Raises: ValueError if it has another number of text cells.
    """
    texts = [text.strip() for text in chinese(path).read_text().split(MARK)[1:]]
    count = sum(cell.kind == "markdown" for cell in cells)
    if len(texts) != count:
        raise ValueError(f"zh/{path.stem}.md has {len(texts)} text cells, and {path.name} {count}")
    rest = iter(texts)
    return [Cell("markdown", next(rest)) if cell.kind == "markdown" else cell for cell in cells]


def chinese(path: Path) -> Path:
    return FOLDER / "zh" / f"{path.stem}.md"


def editions(path: Path) -> dict[Path, list[Cell]]:
    """Notebook -> its cells, for each language that a source has."""
    cells = read(path)
    made = {path.with_suffix(".ipynb"): cells}
    if chinese(path).exists():
        made[chinese(path).with_suffix(".ipynb")] = in_chinese(path, cells)
    return made


def notebook(cells: list[Cell], outputs: Sequence[list[Any]] = ()) -> Any:
    """A notebook of `cells`, whose code cells have these outputs."""
    made = nbformat.v4.new_notebook()
    made.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    rest = iter(outputs)
    for place, cell in enumerate(cells):
        new = nbformat.v4.new_code_cell if cell.kind == "code" else nbformat.v4.new_markdown_cell
        each = new(cell.text, id=f"cell-{place:02d}")
        if cell.kind == "code":
            each.outputs = next(rest, [])
        made.cells.append(each)
    return made


def execute(path: Path) -> list[list[Any]]:
    """The outputs of each code cell of a source."""
    from nbclient import NotebookClient

    os.environ["PYTHONPATH"] = os.pathsep.join([str(FOLDER.parent), os.environ.get("PYTHONPATH", "")])
    made = notebook(read(path))
    NotebookClient(made, timeout=SECONDS, resources={"metadata": {"path": str(FOLDER)}}, record_timing=False).execute()
    outputs = _outputs(made)
    for output in (output for each in outputs for output in each if "image/png" in output.get("data", {})):
        output.data["image/png"] = _smaller(output.data["image/png"])
    return outputs


def _smaller(png: str) -> str:
    """A figure in base64, with a palette of at most 256 colors."""
    colors = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    file = io.BytesIO()
    colors.save(file, format="png", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def _outputs(made: Any) -> list[list[Any]]:
    kept = [cell.outputs for cell in made.cells if cell.cell_type == "code"]
    for output in (output for outputs in kept for output in outputs):
        output.pop("execution_count", None)
        if output.output_type == "execute_result":
            output.output_type = "display_data"
        if "image/png" in output.get("data", {}):
            output.data.pop("text/plain", None)
    return kept


def problems(path: Path) -> list[str]:
    """What is wrong with the committed notebooks of a source."""
    found = []
    for target, cells in editions(path).items():
        name = target.relative_to(FOLDER)
        if not target.exists():
            found.append(f"{name} is missing")
            continue
        made: Any = nbformat.read(target, as_version=4)
        if [Cell(cell.cell_type, cell.source) for cell in made.cells] != cells:
            found.append(f"{name} has other cells than {path.name}")
        outputs = [output for each in _outputs(made) for output in each]
        if any(output.output_type == "error" for output in outputs):
            found.append(f"{name} shows an error")
        if any(output.get("name") == "stderr" for output in outputs):
            found.append(f"{name} shows a warning")
        if not outputs:
            found.append(f"{name} was not executed")
        figures = [output.data["image/png"] for output in outputs if "image/png" in output.get("data", {})]
        if max(map(len, figures), default=0) * 3 / 4 > LARGEST_FIGURE:
            found.append(f"{name} has a figure of more than {LARGEST_FIGURE:,} bytes")
        if target.stat().st_size > LARGEST:
            found.append(f"{name} has more than {LARGEST:,} bytes")
    return found


def build(path: Path, run: bool = True) -> None:
    """Writes the notebooks of a source, executed, or with the outputs that they have."""
    target = path.with_suffix(".ipynb")
    outputs = execute(path) if run else _outputs(nbformat.read(target, as_version=4))
    for edition, cells in editions(path).items():
        nbformat.write(notebook(cells, outputs), edition)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="numbers or names of notebooks, as in 04,11")
    parser.add_argument("--check", action="store_true", help="compare, and run nothing")
    parser.add_argument("--text", action="store_true", help="replace the text, and keep the outputs")
    options = parser.parse_args()
    chosen = [path for path in sources() if path.stem.startswith(tuple(options.only.split(",")))]
    if options.check:
        found = [problem for path in chosen for problem in problems(path)]
        print("\n".join(found) or f"{len(chosen)} notebooks agree with their sources")
        return 1 if found else 0
    for path in chosen:
        print(f"{path.stem} ...", flush=True)
        build(path, run=not options.text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
