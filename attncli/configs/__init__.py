"""config.json, read once: its fields, rotary positions, windows, experts, and the layouts that families share."""
