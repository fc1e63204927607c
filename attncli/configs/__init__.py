"""Reading config.json: its fields, rotary positions, layer types, experts, and the layouts that families share."""
