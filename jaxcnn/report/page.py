"""Results as a self-contained HTML page: pictures, tables, commands, configs, versions, data."""

import base64
import html
import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jaxcnn.config_json import to_dict
from jaxcnn.report import Panel, Results, tables
from jaxcnn.report.markup import to_html
from jaxcnn.report.scores import Scores

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; color: #1a1a1a; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2.5rem; }
img { max-width: 100%; height: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .8rem; border-bottom: 1px solid #ddd; text-align: right; }
th:first-child, td:first-child { text-align: left; }
code, pre { font: 13px/1.4 ui-monospace, monospace; background: #f5f5f5; }
pre { padding: .8rem; overflow-x: auto; }
.other { color: #a04000; }
.about p { margin: .5rem 0; max-width: 50rem; }
"""


BEGIN, END = "<section>", "</section>"


def page(title: str, sections: Mapping[str, str]) -> str:
    """A whole HTML document of sections (title -> HTML); nothing in it is loaded from elsewhere."""
    links = "".join(f'<li><a href="#{_anchor(name)}">{_text(name)}</a></li>' for name in sections)
    contents = f"<h1>{_text(title)}</h1><ul>{links}</ul>" if len(sections) > 1 else ""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{_text(title)}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>\n'
        f"<body>{contents}{''.join(sections.values())}</body></html>\n"
    )


def section(title: str, about: str, results: Results, scores: Scores, panels: Sequence[Panel], other: str = "") -> str:
    """The part of a page about one sweep; `other` are settings of its runs that are not those that `about` is of."""
    commands = "".join(f"{label:<30}  {command}\n" for label, command in results.commands.items())
    return (
        f'{BEGIN}<h2 id="{_anchor(title)}">{_text(title)}</h2><div class="about">{_about(about, other)}</div>'
        f"{tables.table(results, scores).to_html()}<p>{to_html(tables.caption(results))}</p>"
        + "".join(map(_panel, panels))
        + (f"<h3>Commands</h3><pre>{_text(commands)}</pre>" if commands else "")
        + f"<details><summary>Configs</summary><pre>{_text(_configs(results))}</pre></details>"
        f"<details><summary>Versions and machine</summary><pre>{_text(_environments(results))}</pre></details>{END}"
    )


def section_of(document: str) -> str:
    """The section of a page that has one."""
    return document[document.index(BEGIN) : document.rindex(END) + len(END)]


def _about(docstring: str, other: str) -> str:
    """The paragraphs of a docstring; indented lines continue one, and a first word before two spaces is its name.

    A finding is marked where it is one of other settings than those of the runs.
    """
    text = re.sub(r"\n +", " ", to_html(docstring.strip()))
    text = re.sub(r"^(\w+)  +", r"<b>\1</b> ", text, flags=re.MULTILINE)
    text = re.sub(r"(?<!\n)\n(?!\n|<b>)", " ", text)  # a line that is not indented continues a paragraph, too
    if other:
        mark = f'<em class="other">Not of the runs on this page, which were made with {to_html(other)}:</em>'
        text = re.sub(r"^(<b>(Finding|Result)s?</b>)", lambda found: f"{found[0]} {mark}", text, flags=re.MULTILINE)
    return "".join(f"<p>{line}</p>" for line in text.splitlines() if line)


def _panel(panel: Panel) -> str:
    table = panel.table.to_html() if panel.table else ""
    picture = f'<p><img alt="{_text(panel.title)}" src="{data_uri(panel.figure)}"></p>' if panel.figure else ""
    return f"<h3>{to_html(panel.title)}</h3>{picture}{table}"


def png(figure: "Figure") -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def data_uri(figure: "Figure") -> str:
    return f"data:image/png;base64,{base64.b64encode(png(figure)).decode()}"


def _configs(results: Results) -> str:
    """The first seed's config of each variation."""
    configs = {label: to_dict(results.of(label)[0].config) for label in results.labels}
    return json.dumps(configs, indent=1)


def _environments(results: Results) -> str:
    """Every distinct environment of the runs, without the command."""
    seen: list[dict[str, Any]] = []
    for row in results.rows:
        environment = {key: value for key, value in row.environment.items() if key != "command"}
        if environment not in seen:
            seen.append(environment)
    return json.dumps(seen, indent=1)


def _anchor(title: str) -> str:
    return re.sub(r"\W+", "-", title.lower())


def _text(text: str) -> str:
    return html.escape(text)
