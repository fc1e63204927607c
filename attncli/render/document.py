"""The JSON form of a trace, under the names that this module had before."""

from attncli.files import encode
from attncli.tracing.document import head_object, stage_facts, stage_object

__all__ = ["encode", "head_object", "stage_facts", "stage_object"]
