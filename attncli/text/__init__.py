"""Text in and text shown: tokens, tokenizers, language, visible characters."""
