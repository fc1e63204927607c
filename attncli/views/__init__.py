"""Views: from an insight to a page, one file each."""
