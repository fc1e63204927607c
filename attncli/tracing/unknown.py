"""Fields of a saved document that this version does not know: kept when it is loaded, written again when it is
saved."""

from __future__ import annotations

from typing import Any

Fields = dict[str, Any]


def unknown_fields(document: Fields, known: Fields) -> Fields:
    """What a document has that is not in the `known` one, in objects within it as well; an object of a list of
    objects is found by its place in the list."""
    extra: Fields = {}
    for name, value in document.items():
        if name not in known:
            extra[name] = value
        elif within := _within(value, known[name]):
            extra[name] = within
    return extra


def _within(value: Any, known: Any) -> Any:
    if isinstance(value, dict) and isinstance(known, dict):
        return unknown_fields(value, known)
    if _alike(value, known):
        found = [unknown_fields(one, other) for one, other in zip(value, known, strict=True)]
        return found if any(found) else None
    return None


def with_unknown(document: Fields, extra: Fields) -> Fields:
    """The document with the unknown fields in their places again; a list whose length has changed has lost
    them."""
    merged = dict(document)
    for name, value in extra.items():
        ours = merged.get(name)
        if isinstance(value, dict) and isinstance(ours, dict):
            merged[name] = with_unknown(ours, value)
        elif _alike(value, ours):
            merged[name] = [with_unknown(one, fields) for one, fields in zip(merged[name], value, strict=True)]
        elif name not in merged:
            merged[name] = value
    return merged


def _alike(value: Any, other: Any) -> bool:
    """Whether both are lists of as many objects."""
    if not (isinstance(value, list) and isinstance(other, list) and len(value) == len(other)):
        return False
    return all(isinstance(one, dict) for one in (*value, *other))
