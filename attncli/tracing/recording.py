"""The names that this module had before it was split; import them from the modules below."""

from attncli.tracing.recorder import Recorder, Tap
from attncli.tracing.recorder import stage_of as describe
from attncli.tracing.selection import Selection
from attncli.tracing.slabs import Enough, OnPart

__all__ = ["Enough", "OnPart", "Recorder", "Selection", "Tap", "describe"]
