"""The model in the box: a small Llama trained on children's books, in Hugging Face layout. See MODEL_CARD.md."""

from pathlib import Path

NAME = "story"
"""What `-m` calls it; a folder of that name is `./story`."""
FOLDER = Path(__file__).parent
CARD = FOLDER / "MODEL_CARD.md"
LAYER = 1
"""The first whose head 0 has a task that is plain to see: it looks at the token before."""
