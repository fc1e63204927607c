"""Text in and text out: tokens, tokenizers, the language of messages, visible characters."""
