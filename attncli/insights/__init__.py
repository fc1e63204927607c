"""What the numbers mean. Nothing here knows how results are shown."""
