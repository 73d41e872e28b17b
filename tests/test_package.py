"""What `import jaxcnn` offers."""

import ast

import jaxcnn
from helpers.processes import ROOT


def imported() -> dict[str, str]:
    """Name -> module of the imports that only a type checker sees."""
    tree = ast.parse((ROOT / "jaxcnn/__init__.py").read_text())
    (block,) = (each for each in tree.body if isinstance(each, ast.If) and isinstance(each.test, ast.Name))
    lines = [each for each in block.body if isinstance(each, ast.ImportFrom)]
    return {name.asname or name.name: str(line.module) for line in lines for name in line.names}


def test_the_three_lists_of_what_is_public_agree():
    assert imported() == jaxcnn._HOMES
    assert sorted(jaxcnn.__all__) == sorted(jaxcnn._HOMES)
    assert len(set(jaxcnn.__all__)) == len(jaxcnn.__all__)


def test_every_public_name_is_there():
    for name in jaxcnn.__all__:
        assert getattr(jaxcnn, name) is not None
