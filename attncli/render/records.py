"""Lists of records (the tokens of a sentence) in every format."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import IO, Any

import numpy as np

from attncli.render import Options
from attncli.render.document import encode
from attncli.text.language import Say
from attncli.text.visible import harmless, visible

Record = dict[str, Any]


def write_records(
    name: str, head: Record, title: str, records: Sequence[Record], output: IO[bytes], options: Options
) -> None:
    """Writes records, which all have the same fields, under `title` in the document `head`."""
    WRITERS[name](head, title, records, output, options)


def _json(head: Record, title: str, records: Sequence[Record], output: IO[bytes], options: Options) -> None:
    output.write(encode(head | {title: records}) + b"\n")


def _ndjson(head: Record, title: str, records: Sequence[Record], output: IO[bytes], options: Options) -> None:
    output.write(b"".join(encode(line) + b"\n" for line in [head, *records]))


def _csv(head: Record, title: str, records: Sequence[Record], output: IO[bytes], options: Options) -> None:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(records[0])
    rows.writerows([harmless(v) if isinstance(v, str) else v for v in r.values()] for r in records)
    output.write(text.getvalue().encode())


def _markdown(head: Record, title: str, records: Sequence[Record], output: IO[bytes], options: Options) -> None:
    from attncli.render.markdown import as_row, escape

    say = options.say
    lines = [as_row([say(field) for field in records[0]]), as_row(["---"] * len(records[0]))]
    lines += [as_row([escape(_shown(v, say)) for v in r.values()]) for r in records]
    output.write(("\n".join(lines) + "\n").encode())


def _table(head: Record, title: str, records: Sequence[Record], output: IO[bytes], options: Options) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from attncli.render.console import console_for, finish

    console, say = console_for(output, options), options.say
    table = Table(box=box.ROUNDED, border_style="dim", header_style="bold cyan")
    for field in records[0]:
        number = all(isinstance(r[field], int | None) for r in records)
        table.add_column(say(field), justify="right" if number else "left", overflow="fold")
    for r in records:
        table.add_row(*(Text(_shown(v, say)) for v in r.values()))
    console.print(table)
    finish(console)


def _shown(value: Any, say: Say) -> str:
    return "" if value is None else visible(say.marked(value)) if isinstance(value, str) else str(value)


def _columns(records: Sequence[Record]) -> dict[str, np.ndarray[Any, Any]]:
    """An array a field; -1 stands for a number that is not there."""
    fields = {name: [r[name] for r in records] for name in records[0]}
    return {name: np.asarray([-1 if v is None else v for v in values]) for name, values in fields.items()}


def _npz(head: Record, title: str, records: Sequence[Record], output: IO[bytes], options: Options) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **{"attn": np.asarray(encode(head).decode())}, **_columns(records))  # type: ignore[arg-type]
    output.write(buffer.getvalue())


def _safetensors(head: Record, title: str, records: Sequence[Record], output: IO[bytes], options: Options) -> None:
    from safetensors.numpy import save

    arrays = {name: array for name, array in _columns(records).items() if array.dtype.kind in "iuf"}
    output.write(save(arrays, metadata={"attn": encode(head | {title: records}).decode()}))


WRITERS: dict[str, Callable[[Record, str, Sequence[Record], IO[bytes], Options], None]] = {
    "table": _table,
    "json": _json,
    "ndjson": _ndjson,
    "csv": _csv,
    "npz": _npz,
    "safetensors": _safetensors,
    "md": _markdown,
}
