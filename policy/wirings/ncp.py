"""Neural circuit policies: four layers (sensory, inter, command, motor) with sparse, random connections (Lechner et al. 2020).

The random draws are those of `ncps` 1.0.1, one by one. So a seed gives the same net in both, and checkpoints can be exchanged.
The paper's net, ncp(32 features, 12, 6, 1), has 250 synapses here and in `ncps` (192 sensory, 58 inner). The paper's Table 2 counts 253.
The difference comes from the recurrence of the command layer: 4 synapses are drawn with replacement, and duplicates coincide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from perception.errors import ConfigError
from policy.wirings.wiring import Synapse, Wiring

Polarities = dict[tuple[int, int], int]


def ncp(
    inputs: int,
    inter: int = 12,
    command: int = 6,
    motor: int = 1,
    sensory_fanout: int = 6,
    inter_fanout: int = 4,
    recurrent_command: int = 4,
    motor_fanin: int = 6,
    seed: int = 22222,
) -> Wiring:
    """Make a neural circuit policy. The defaults are the paper's net for lane keeping.

    Each feature has synapses to `sensory_fanout` inter neurons, and each inter neuron to `inter_fanout` command neurons. `recurrent_command` synapses
    are drawn among the command neurons. Each motor neuron has synapses from `motor_fanin` command neurons.
    Raises ConfigError when a fan-out or fan-in does not fit its layer.
    """
    for name, fan, layer, size in (
        ("sensory_fanout", sensory_fanout, "inter", inter),
        ("inter_fanout", inter_fanout, "command", command),
        ("motor_fanin", motor_fanin, "command", command),
    ):
        if not 1 <= fan <= size:
            raise ConfigError(f"{name} is {fan}, but there are {size} {layer} neurons: give 1 to {size}")
    random = np.random.RandomState(seed)  # the stream that ncps draws from
    motors, commands = range(motor), range(motor, motor + command)
    inters = range(motor + command, motor + command + inter)
    sensory, synapses = Polarities(), Polarities()
    _fan_out(random, sensory, range(inputs), inters, sensory_fanout)
    _fan_out(random, synapses, inters, commands, inter_fanout)
    for _ in range(recurrent_command):
        pair = int(random.choice(commands)), int(random.choice(commands))
        synapses[pair] = _polarity(random)
    _fan_in(random, synapses, commands, motors, motor_fanin)
    roles = ("motor",) * motor + ("command",) * command + ("inter",) * inter
    return Wiring("ncp", inputs, roles, _synapses(synapses), _synapses(sensory))


def auto_ncp(inputs: int, units: int, motor: int = 1, sparsity: float = 0.5, seed: int = 22222) -> Wiring:
    """Make an NCP of `units` neurons with `motor` outputs. `sparsity` (0.1 dense to 0.9 sparse) decides its layers and fan-outs.

    Raises ConfigError for `motor` >= units - 2 or a sparsity outside 0.1 to 1.
    """
    if motor >= units - 2:
        raise ConfigError(f"{motor} motor neurons leave no room for inter and command neurons in {units} units: give at least {motor + 3} units")
    if not 0.1 <= sparsity <= 1.0:
        raise ConfigError(f"sparsity is {sparsity}: give 0.1 (dense) to 0.9 (sparse)")
    density = 1.0 - sparsity
    command = max(int(0.4 * (units - motor)), 1)
    inter = units - motor - command
    sensory_fanout, inter_fanout, recurrent, motor_fanin = (max(int(size * density), 1) for size in (inter, command, command * 2, command))
    return ncp(inputs, inter, command, motor, sensory_fanout, inter_fanout, recurrent, motor_fanin, seed)


def _polarity(random: np.random.RandomState) -> int:
    return int(random.choice([-1, 1]))


def _synapses(polarities: Polarities) -> tuple[Synapse, ...]:
    return tuple(Synapse(source, target, polarity) for (source, target), polarity in polarities.items())


def _fan_out(random: np.random.RandomState, into: Polarities, sources: Sequence[int], targets: Sequence[int], fan: int) -> None:
    """Connect each source to `fan` targets. A target without a source then gets an average number of sources."""
    _choose(random, into, sources, targets, fan, lambda source, target: (source, target))


def _fan_in(random: np.random.RandomState, into: Polarities, sources: Sequence[int], targets: Sequence[int], fan: int) -> None:
    """Connect each target to `fan` sources. A source without a target then gets an average number of targets."""
    _choose(random, into, targets, sources, fan, lambda target, source: (source, target))


def _choose(
    random: np.random.RandomState,
    into: Polarities,
    choosers: Sequence[int],
    chosen: Sequence[int],
    fan: int,
    synapse: Callable[[int, int], tuple[int, int]],
) -> None:
    """Let each chooser draw `fan` of the chosen. `synapse` turns the two into (source, target)."""
    missed = list(chosen)
    for one in choosers:
        for other in random.choice(chosen, size=fan, replace=False).tolist():
            missed = [left for left in missed if left != other]
            into[synapse(one, other)] = _polarity(random)
    average = int(np.clip(int(len(choosers) * fan / len(chosen)), 1, len(choosers)))
    for other in missed:
        for one in random.choice(choosers, size=average, replace=False).tolist():
            into[synapse(one, other)] = _polarity(random)
