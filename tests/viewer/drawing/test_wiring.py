"""The wiring as a picture."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from driving.viewer.drawing.theme import BACKGROUND, Rect
from driving.viewer.drawing.wiring import MOST_LINKS, WiringView, lay_out, make_links, write_wiring_picture
from tests.viewer.playbacks import PAPER_ROLES, make_neurons

DENSE_ROLES = ("motor",) + ("hidden",) * 63


@pytest.mark.parametrize("roles", [PAPER_ROLES, DENSE_ROLES, ("motor",)], ids=["paper", "64 units", "one neuron"])
def test_every_neuron_has_its_own_place_in_the_unit_square(roles: tuple[str, ...]) -> None:
    places = lay_out(make_neurons(roles)) if len(roles) > 1 else lay_out(make_neurons(("motor", "hidden")))
    assert (places >= 0).all()
    assert (places <= 1).all()
    assert len(np.unique(places.round(6), axis=0)) == len(places)


def test_columns_run_from_the_senses_to_the_motor() -> None:
    neurons = make_neurons(PAPER_ROLES)
    x = lay_out(neurons)[:, 0]
    by_role = {role: x[members].mean() for role, members in neurons.by_role().items()}
    assert list(by_role) == ["inter", "command", "motor"]
    assert by_role["inter"] < by_role["command"] < by_role["motor"]


def test_sensory_synapses_are_summed_to_one_line_per_neuron() -> None:
    neurons = make_neurons(PAPER_ROLES)
    drawn = make_links(neurons)
    assert sorted(link.target for link in drawn if link.is_sensory) == neurons.by_role()["inter"]
    assert sum(not link.is_sensory for link in drawn) == sum(synapse.source in neurons.names for synapse in neurons.synapses)


def test_a_dense_network_shows_only_its_strongest_lines() -> None:
    neurons = make_neurons(DENSE_ROLES)
    dense = [(a, b, 1.0 + i) for i, (a, b) in enumerate((a, b) for a in neurons.names for b in neurons.names)]
    drawn = [link for link in make_links(type(neurons).from_parts(neurons.names, neurons.roles, dense)) if not link.is_sensory]
    assert len(drawn) == MOST_LINKS
    assert drawn[-1].share == 1.0
    assert drawn[0].share > 0.9


def test_polarity_is_the_sign_of_the_weight() -> None:
    neurons = make_neurons(("motor",) + ("command",) * 6)
    index = {name: i for i, name in enumerate(neurons.names)}
    signs = {(index[s.source], index[s.target]): s.weight > 0 for s in neurons.synapses if s.source in index}
    assert {(link.source, link.target): link.excites for link in make_links(neurons) if not link.is_sensory} == signs


def test_an_active_neuron_and_its_synapses_are_bright() -> None:
    neurons = make_neurons(PAPER_ROLES)
    rect = Rect(0, 0, 600, 360)
    view = WiringView(neurons, rect)
    still = np.full((360, 600, 3), BACKGROUND, np.uint8)
    view.draw_still(still)
    dark, bright = still.copy(), still.copy()
    view.draw(dark, np.zeros(19, np.float32))
    one = np.zeros(19, np.float32)
    one[neurons.names.index("inter 4")] = 1.0
    view.draw(bright, one)
    assert bright.astype(int).sum() > dark.astype(int).sum() + 50_000


def test_the_picture_is_written_with_lines_and_neurons(tmp_path: Path) -> None:
    write_wiring_picture(tmp_path / "wiring.png", make_neurons(PAPER_ROLES))
    image = cv2.imread(str(tmp_path / "wiring.png"))
    assert image.shape == (800, 1280, 3)
    assert len(np.unique(image.reshape(-1, 3), axis=0)) > 500
