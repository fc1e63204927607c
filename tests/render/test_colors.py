"""Colors that can be read: by their lightness alone, by the color-blind, and in few of them."""

from __future__ import annotations

import numpy as np
import pytest

from attncli.render.page import colors
from attncli.render.page.levels import STEPS
from attncli.render.page.picture_style import COLORS
from attncli.render.terminal.ink import ink

MACHADO = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
"""What an eye without one kind of cones sees, of linear sRGB (Machado et al. 2009, severity 1)."""


@pytest.mark.parametrize("name", ["viridis", "magma", "cividis"])
def test_published_scales_look_as_published(name: str) -> None:
    """As matplotlib has them; a distance of 0.03 in OKLab is hardly seen."""
    matplotlib = pytest.importorskip("matplotlib")
    theirs = np.rint(255 * matplotlib.colormaps[name](np.linspace(0, 1, 255))[:, :3]).astype(np.uint8)
    apart = np.linalg.norm(colors.to_oklab(colors.scale(255, False, name)) - colors.to_oklab(theirs), axis=1)
    assert apart.max() < 0.03


@pytest.mark.parametrize("name", COLORS)
def test_every_scale_can_be_read_by_its_lightness_alone(name: str) -> None:
    light = lightness(colors.scale(64, False, name))
    steps = np.diff(light) if light[-1] > light[0] else -np.diff(light)
    assert (steps > 0).all()
    assert abs(light[-1] - light[0]) > 60
    assert len(colors.scale(64, True, name)) == 64


def test_zero_is_the_lightest_color_of_a_diverging_scale() -> None:
    light = lightness(colors.scale(STEPS, True, "bluered"))
    assert light.argmax() == STEPS // 2
    assert light[0] == pytest.approx(light[-1], abs=6)


def linear(srgb: colors.Colors) -> np.ndarray:
    gamma = srgb / 255
    return np.where(gamma <= 0.04045, gamma / 12.92, ((gamma + 0.055) / 1.055) ** 2.4)


def lightness(srgb: colors.Colors) -> np.ndarray:
    """CIE L*, 0 for black to 100 for white (CIE 15:2004), which the scales are not made from."""
    y = linear(srgb) @ [0.2126, 0.7152, 0.0722]
    return np.where(y > (6 / 29) ** 3, 116 * np.cbrt(y) - 16, y * (29 / 3) ** 3)


def of_signed(light: np.ndarray) -> list[np.ndarray]:
    """The two halves of a signed scale, each from zero outwards."""
    middle = len(light) // 2
    return [light[middle::-1], light[middle:]]


def test_black_and_white_are_as_ottosson_says() -> None:
    ends = np.array([[0, 0, 0], [255, 255, 255]], np.uint8)
    np.testing.assert_allclose(colors.to_oklab(ends), [[0, 0, 0], [1, 0, 0]], atol=1e-6)
    np.testing.assert_array_equal(colors.to_srgb(colors.to_oklab(ends)), ends)


def test_oklab_and_back_is_the_same_color() -> None:
    some = np.random.default_rng(0).integers(0, 256, (1000, 3)).astype(np.uint8)
    np.testing.assert_array_equal(colors.to_srgb(colors.to_oklab(some)), some)


def test_lightness_rises_along_the_scale() -> None:
    light = lightness(colors.scale(64, False))
    assert (np.diff(light) > 0).all()
    assert light[0] < 15
    assert light[-1] > 90


def test_lightness_rises_on_both_sides_of_zero() -> None:
    for half in of_signed(lightness(colors.scale(65, True))):
        assert (np.diff(half) > 0).all()
        assert half[-1] > 80


@pytest.mark.parametrize("signed", [False, True])
def test_steps_look_alike(signed: bool) -> None:
    steps = np.linalg.norm(np.diff(colors.to_oklab(colors.scale(33, signed)), axis=0), axis=1)
    assert steps.max() < 1.35 * steps.min()


@pytest.mark.parametrize("eye", MACHADO)
def test_the_color_blind_can_tell_the_steps_apart(eye: str) -> None:
    for signed in (False, True):
        seen = np.clip(linear(colors.scale(17, signed)) @ np.array(MACHADO[eye]).T, 0, 1)
        as_srgb = np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)
        lab = colors.to_oklab(np.rint(255 * as_srgb).astype(np.uint8))
        apart = np.linalg.norm(lab[:, None] - lab, axis=-1) + np.eye(17)
        assert apart.min() > 0.02, (eye, signed, np.unravel_index(apart.argmin(), apart.shape))


def test_scales_do_not_leave_what_a_screen_can_show() -> None:
    for signed in (False, True):
        points = np.array((*colors.NEGATIVE, *colors.ZERO, *colors.POSITIVE) if signed else colors.SEQUENTIAL)
        back = colors.to_oklab(colors.to_srgb(points))
        np.testing.assert_allclose(back, points, atol=0.02)


@pytest.mark.parametrize("signed", [False, True])
def test_the_256_colors_keep_the_order(signed: bool) -> None:
    codes = np.array(colors.codes_256(STEPS, signed))
    light = lightness(colors.palette_256()[codes - 16])
    for half in of_signed(light) if signed else [light]:
        assert (np.diff(half) >= 0).all()
    assert len(set(codes)) >= (20 if signed else 10)


PALETTES = {
    "xterm": "000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5 "
    "7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff",
    "vga": "000000 aa0000 00aa00 aa5500 0000aa aa00aa 00aaaa aaaaaa "
    "555555 ff5555 55ff55 ffff55 5555ff ff55ff 55ffff ffffff",
    "windows": "0c0c0c c50f1f 13a10e c19c00 0037da 881798 3a96dd cccccc "
    "767676 e74856 16c60c f9f1a5 3b78ff b4009e 61d6d6 f2f2f2",
    "gnome": "2e3436 cc0000 4e9a06 c4a000 3465a4 75507b 06989a d3d7cf "
    "555753 ef2929 8ae234 fce94f 729fcf ad7fa8 34e2e2 eeeeec",
    "macos": "000000 990000 00a600 999900 0000b2 b200b2 00a6b2 bfbfbf "
    "666666 e50000 00d900 e5e500 0000ff e500e5 00e5e5 e5e5e5",
}
"""The sixteen colors of common terminals."""


@pytest.mark.parametrize("name", PALETTES)
@pytest.mark.parametrize("signed", [False, True])
def test_neighbors_of_sixteen_colors_differ_and_get_lighter(name: str, signed: bool) -> None:
    palette = np.array([[int(c[i : i + 2], 16) for i in (0, 2, 4)] for c in PALETTES[name].split()], np.uint8)
    codes = [int(code) for code in ink("standard", True, signed).fore]
    path = colors.to_oklab(palette[[code - 30 if code < 90 else code - 82 for code in codes]])
    middle = len(codes) // 2 if signed else 0
    assert np.linalg.norm(np.diff(path, axis=0), axis=1).min() > 0.08
    assert (np.diff(path[middle:, 0]) > 0.02).all()
    assert not signed or (np.diff(path[: middle + 1, 0]) < -0.02).all()
