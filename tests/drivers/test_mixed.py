"""The policy and the expert steer by turns; the expert's steer is the label of every frame, and the policy sees every image."""

from __future__ import annotations

import numpy as np

from driving.drivers.driver import Action
from driving.drivers.expert import Expert
from driving.drivers.learned import LearnedDriver
from driving.drivers.mixed import MixedDriver
from tests.drivers.test_learned import context, make_observation, policy

FRAMES = 300


def drive(driver: Expert | LearnedDriver | MixedDriver) -> list[Action]:
    driver.reset(context())
    return [driver.act(make_observation(frame % 50)) for frame in range(FRAMES)]


def test_stretches_of_the_expert_and_the_policy_take_turns_and_the_expert_labels_all() -> None:
    learned, expert = drive(LearnedDriver(policy("curvature"))), drive(Expert())
    mixed = drive(MixedDriver(LearnedDriver(policy("curvature")), 0.5))
    assert [action.label for action in mixed] == [action.label for action in expert]
    by_expert = np.array([action.control == other.control for action, other in zip(mixed, expert, strict=True)])
    by_policy = np.array([action.control == other.control for action, other in zip(mixed, learned, strict=True)])
    assert (by_expert ^ by_policy).all()
    assert 0.2 < by_expert.mean() < 0.8
    assert np.count_nonzero(np.diff(by_expert)) < FRAMES / 10
    np.testing.assert_array_equal([action.neuron_state for action in mixed], [action.neuron_state for action in learned])


def test_a_share_of_nought_is_the_policy_and_a_share_of_one_the_expert() -> None:
    learned, expert = LearnedDriver(policy("curvature")), Expert()
    assert [action.control for action in drive(MixedDriver(learned, 0.0))] == [action.control for action in drive(learned)]
    assert [action.control for action in drive(MixedDriver(learned, 1.0))] == [action.control for action in drive(expert)]
