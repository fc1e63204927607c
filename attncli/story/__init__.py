"""The model that comes with attn: a small Llama trained on children's books, in Hugging Face layout. See
MODEL_CARD.md."""

from pathlib import Path

NAME = "story"
"""Its name for `-m`. A folder of that name is `./story`."""
FOLDER = Path(__file__).parent
CARD = FOLDER / "MODEL_CARD.md"
LAYER = 1
"""The layer to show by default: the first whose head 0 has a clear task, attending to the previous token."""
