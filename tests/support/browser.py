"""Chromium, in which pages are tested as people use them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

REQUIRED = "ATTN_TEST_BROWSER"
"""Where this variable is set, tests fail for want of a browser; elsewhere they are skipped."""
NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium with a profile of its own. The test that asks for it is skipped, or fails, where there is none."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        path, why = None, "playwright is not installed: pip install 'attncli[test]'"
    else:
        why = f"none of {', '.join(NAMES)} is installed: apt-get install chromium"
    if path is None:
        (pytest.fail if os.environ.get(REQUIRED) else pytest.skip)(why)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "XDG_CONFIG_HOME": folder, "XDG_CACHE_HOME": folder}
        started = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS), env=environment)
        yield started
        started.close()


def violations(page: Page) -> list[str]:
    """What axe finds wrong with a page: the rule, and the elements that break it."""
    from axe_playwright_python.sync_playwright import Axe

    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]
