"""The feed-forward of a layer: one network, or a mixture of experts."""

from __future__ import annotations

import numpy as np

from attncli.architecture.spec import Experts, FeedForward
from attncli.formula.feed_forward import sigmoid
from attncli.formula.types import Array
from attncli.model.site import Site
from attncli.tracing.recorder import Untapped


def feed_forward(s: Site, part: FeedForward, x: Array) -> Array:
    """activation(x W_1) W_2, or with a gate (activation(x W_gate) ⊙ x W_1) W_2 (Shazeer 2020). [row, d_model]."""
    gate = s.stage("gate", s.linear("gate", x)) if part.gated else None  # x W_gate  [row, d_ff]
    hidden = s.stage("hidden", s.linear("hidden", x))  # x W_1  [row, d_ff]
    if gate is None:
        active = part.activation(hidden)
    else:
        active = part.activation(gate) * hidden if part.combine is None else part.combine(gate, hidden)
    active = s.stage("activated", active)
    return s.stage("output", s.linear("output", active))  # [row, d_model]


def mixture(s: Site, part: Experts, x: Array) -> Array:
    """The sum of the feed-forwards that a router chooses for each token, times its weights (Shazeer et al. 2017,
    §2).

    Only the experts that some token chose are read. [row, d_model].
    """
    scores = s.stage("router", s.linear("router", x))  # [row, expert]
    routed = s.stage("routed", part.route(scores, s.optional("router.choice")))  # [row, expert]
    total = np.zeros_like(x)
    for expert in np.flatnonzero(routed.any(axis=0)):
        chosen = np.flatnonzero(routed[:, expert])
        out = feed_forward(untapped(s, f"experts.{expert}"), part.each, x[chosen])
        total[chosen] += routed[chosen, expert, None] * out
    if part.shared is not None:
        out = feed_forward(untapped(s, "shared"), part.shared, x)
        if part.shared_gate:
            out = sigmoid(s.linear("shared_gate", x)) * out
        total = total + s.stage("shared", out)
    return s.stage("output", total)


def untapped(s: Site, name: str) -> Site:
    """The site of a network whose steps are not stages."""
    return s.within(name, tap=Untapped())
