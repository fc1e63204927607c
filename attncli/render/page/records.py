"""Data that is a list of records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from attncli.render.page.page import Arrays, Record


@dataclass(frozen=True, eq=False)
class Records:
    """Data that is a list of records, which all have the same fields."""

    records: Sequence[Record]

    def objects(self) -> Iterable[Record]:
        return self.records

    def rows(self) -> Iterable[Record]:
        """A list within a record becomes one text."""
        return [
            {k: "; ".join(map(str, v)) if isinstance(v, list | tuple) else v for k, v in record.items()}
            for record in self.records
        ]

    def arrays(self) -> Arrays:
        """An array for each field; -1 stands for a missing number."""
        columns = {name: [record[name] for record in self.records] for name in self.records[0]}
        return {name: np.asarray([-1 if v is None else v for v in values]) for name, values in columns.items()}

    def facts(self) -> Iterable[Record]:
        return self.records
