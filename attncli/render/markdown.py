"""Markdown tables, for notes and pull requests. Wide matrices are elided in the middle unless all is asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import IO

from attncli.render import Options
from attncli.render.matrices import Matrix, matrices, middle_out, row_sums
from attncli.text.language import Say
from attncli.text.tokens import Tokens
from attncli.text.visible import visible
from attncli.tracing.stage import Stage
from attncli.tracing.trace import Trace

COLUMNS, ROWS = 16, 40


class _Writer:
    def __init__(self, head: Trace, output: IO[bytes], options: Options) -> None:
        self.head, self.output, self.options = head, output, options
        self._write(head_lines(head, options.say))

    def stage(self, stage: Stage) -> None:
        say = self.options.say
        self._write(f"\n## `{stage.name}`\n\n`{say(stage.formula)}` – {say(stage.meaning)}\n")
        if stage.detail:
            self._write(f"\n{say(stage.detail)}\n")
        for matrix in matrices(stage, self.head, say):
            self._write(f"\n**{escape(matrix.title(say))}** {escape(matrix.shape(say))}\n\n")
            self._write("\n".join(_table(matrix, self.options)) + "\n")

    def close(self) -> None:
        pass

    def _write(self, text: str) -> None:
        self.output.write(text.encode())


def writer(head: Trace, output: IO[bytes], options: Options) -> _Writer:
    return _Writer(head, output, options)


def head_lines(head: Trace, say: Say) -> str:
    """What is said above the stages: the model, and the tokens."""
    if head.model is None or head.tokens is None:
        return ""
    model, tokens = _code(head.model.name), _listed(head.tokens)
    lines = say("Model: {model}. Tokens: {tokens}", model=model, tokens=tokens) + "\n"
    if head.target is None:
        return lines
    return lines + "\n" + say("Target: {tokens}", tokens=_listed(head.target)) + "\n"


def _listed(tokens: Tokens) -> str:
    return " ".join(f"{i}:{_code(t)}" for i, t in enumerate(tokens.texts))


def _table(matrix: Matrix, options: Options) -> list[str]:
    height, width = matrix.values.shape
    rows, rows_out = (list(range(height)), 0) if options.full else middle_out(height, ROWS)
    columns, columns_out = (list(range(width)), 0) if options.full else middle_out(width, COLUMNS)
    sums = row_sums(matrix, rows, options.precision)

    def line(label: str, cells: list[str], gap: str, total: str) -> str:
        if columns_out:
            cells.insert((len(cells) + 1) // 2, gap)
        return as_row([label, *cells, *([] if sums is None else [total])])

    more = options.say("{count} more", count=columns_out)
    header = line("", [escape(matrix.columns[c]) for c in columns], f"⋯ {more}", "Σ")
    lines = [header, as_row(["---"] + ["---:"] * (header.replace(r"\|", "").count("|") - 2))]
    for place, r in enumerate(rows):
        if rows_out and place == (len(rows) + 1) // 2:
            lines.append(as_row([f"⋮ {options.say('{count} rows more', count=rows_out)}"]))
        cells = [escape(matrix.cell(r, c, options.precision)) for c in columns]
        lines.append(line(escape(matrix.rows[r]), cells, "⋯", "" if sums is None else sums[place]))
    return lines


def as_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def escape(text: str) -> str:
    """Text in which all can be seen already, as Markdown shows it as it is."""
    return re.sub(r"([\\`*_{}\[\]<>#|~&!])", r"\\\1", text)


def visible_words(text: str) -> str:
    return " ".join(visible(part) for part in text.split(" "))


def _code(text: str) -> str:
    fence = "``" if "`" in text else "`"
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{visible(text)}{pad}{fence}"
