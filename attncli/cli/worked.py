"""How a followed query is shown: `attn explain --query TOKEN`, `--key TOKEN`."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from attncli.insights.following import Followed, follow
from attncli.insights.worked import Worked
from attncli.model.pipeline import Prepared, top_of
from attncli.tracing.stage import Stage

if TYPE_CHECKING:
    from attncli.render import Options

FORMATS = ("table", "md", "json")


def show(prepared: Prepared, asked: Followed, format_: str) -> None:
    """Computes the stages that the rows are taken from, and writes the rows."""
    from attncli.cli.output import opened, render_options
    from attncli.cli.progress import Progress
    from attncli.cli.warnings import count_broken, warn_of_broken

    broken = dict[str, tuple[int, int]]()

    def count(stage: Stage) -> None:
        count_broken(stage.name, stage.values, broken)

    with Progress() as progress, opened(prepared.request.output.path) as output:
        rows = follow(prepared, asked, count, progress)
        progress.hide()
        _write(format_, prepared, rows, asked.key, output, render_options(prepared.request.output))
    warn_of_broken(prepared.model, broken)


def _write(
    format_: str,
    prepared: Prepared,
    rows: tuple[Worked, ...],
    key: int | None,
    output: IO[bytes],
    options: Options,
) -> None:
    head, top = prepared.head, prepared.request.scope.top
    if format_ == "json":
        from attncli.render import worked_json

        worked_json.write(head, list(rows), key, top_of(top, None), output)
        return
    from attncli.render import worked as table
    from attncli.render import worked_markdown as markdown
    from attncli.render import worked_pair as pair
    from attncli.render import worked_row as whole

    pages = (
        whole.page_of_row(row, top_of(top, whole.KEYS), options)
        if key is None
        else pair.page_of_pair(row, key, top_of(top, pair.DIMENSIONS), options)
        for row in rows
    )
    (table if format_ == "table" else markdown).write(head, pages, output, options)
