"""The Triton programs of the LTC. One program handles one tile of rows over the whole sequence, with the potentials in registers.

Synapses lie in slots. By target (`in_...`, K_IN slots of H2: the k-th synapse into each neuron) they serve to sum inputs. By source (`out_...`,
K_OUT slots: the k-th synapse out of each neuron) they serve the backward pass without scattering. An empty slot has weight 0. Each program keeps
its own four sums per synapse (of gG s, gD s, h v, h; see ltc_backward.h). They are added afterwards in a fixed order, without atomics.
Shapes: B rows, T steps, H2 neurons and I2 features padded to powers of two, E evaluations per step. Sub-steps have the number t E + k on the tape.
"""

from __future__ import annotations

import triton
import triton.language as tl

SEMI_IMPLICIT, MIDPOINT = tl.constexpr(0), tl.constexpr(2)


@triton.jit
def activity(x, mu, sigma):
    """Return the sigmoid of a synapse at potential x."""
    return 1.0 / (1.0 + tl.exp(-sigma * (x - mu)))


@triton.jit
def sum_in(x, G, D, index, mu, sigma, w, we, columns, slots, ROWS: tl.constexpr, H2: tl.constexpr):
    """Add sum w s E and sum w s over the synapses into each neuron to G and D (ROWS, H2), from source potentials x."""
    for slot in range(slots):
        at = slot * H2 + columns
        source = tl.broadcast_to(tl.load(index + at)[None, :], (ROWS, H2))
        s = activity(tl.gather(x, source, 1), tl.load(mu + at)[None, :], tl.load(sigma + at)[None, :])
        G += s * tl.load(we + at)[None, :]
        D += s * tl.load(w + at)[None, :]
    return G, D


@triton.jit
def go_back(x, g_x, gG, gD, index, mu, sigma, w, we, sums, columns, slots, ROWS: tl.constexpr, WIDTH: tl.constexpr):
    """Add the gradients through the synapses out of each source to g_x (ROWS, WIDTH) and to this program's sums, from gG and gD (ROWS, H2)."""
    for slot in range(slots):
        at = slot * WIDTH + columns
        target = tl.broadcast_to(tl.load(index + at)[None, :], (ROWS, WIDTH))
        g, d = tl.gather(gG, target, 1), tl.gather(gD, target, 1)
        slope = tl.load(sigma + at)[None, :]
        s = activity(x, tl.load(mu + at)[None, :], slope)
        h = (g * tl.load(we + at)[None, :] + d * tl.load(w + at)[None, :]) * s * (1.0 - s)
        g_x += h * slope
        into = sums + slot * 4 * WIDTH + columns
        tl.store(into, tl.load(into) + tl.sum(g * s, 0))
        tl.store(into + WIDTH, tl.load(into + WIDTH) + tl.sum(d * s, 0))
        tl.store(into + 2 * WIDTH, tl.load(into + 2 * WIDTH) + tl.sum(h * x, 0))
        tl.store(into + 3 * WIDTH, tl.load(into + 3 * WIDTH) + tl.sum(h, 0))
    tl.debug_barrier()  # the next call may read these sums with other threads
    return g_x


@triton.jit
def decay(D, cm, d):
    """Return exp(-x), (1 - exp(-x)) / D without cancellation, and x = d D / cm."""
    x = d * D / cm
    e = tl.exp(-x)
    series = 1.0 - x * (1.0 / 2 - x * (1.0 / 6 - x * (1.0 / 24 - x * (1.0 / 120 - x * (1.0 / 720 - x / 5040)))))
    return e, tl.where(x < 0.25, series * d / cm, (1.0 - e) / D), x


@triton.jit
def advance(start, G, D, cm, d, SOLVER: tl.constexpr):
    """Return the potentials after a sub-step of length d."""
    if SOLVER == SEMI_IMPLICIT:
        factor = d / (cm + d * D)
    else:
        _, factor, _ = decay(D, cm, d)
    return start + (G - D * start) * factor


@triton.jit
def slopes(start, G, D, cm, d, SOLVER: tl.constexpr):
    """The derivatives of `advance` by start, G, D, cm and d."""
    if SOLVER == SEMI_IMPLICIT:
        r = 1.0 / (cm + d * D)
        rate = (G - D * start) * r
        by_start, by_G, by_d = cm * r, d * r, cm * r * rate
        by_D, by_cm = -(start + d * rate) * by_G, -by_G * rate
    else:
        e, q, x = decay(D, cm, d)
        rest = G / D
        ue = (start - rest) * e / cm
        by_start, by_G, by_d = e, q, -ue * D
        by_D, by_cm = -(rest * q + d * ue), ue * x
    return by_start, by_G, by_D, by_cm, by_d


@triton.jit
def sense_forward(
    x, G0, D0, leak, gleak, in_index, in_mu, in_sigma, in_w, in_we, rows, slots, ROWS: tl.constexpr, I2: tl.constexpr, H2: tl.constexpr
):
    """G and D of leak and sensory synapses (rows, H2), for each row of features (rows, I2)."""
    row, features, neurons = tl.program_id(0) * ROWS + tl.arange(0, ROWS), tl.arange(0, I2), tl.arange(0, H2)
    mask = row[:, None] < rows
    inputs = tl.load(x + row[:, None] * I2 + features[None, :], mask, 0.0)
    G = tl.zeros((ROWS, H2), tl.float32) + tl.load(leak + neurons)[None, :]
    D = tl.zeros((ROWS, H2), tl.float32) + tl.load(gleak + neurons)[None, :]
    G, D = sum_in(inputs, G, D, in_index, in_mu, in_sigma, in_w, in_we, neurons, slots, ROWS, H2)
    at = row[:, None] * H2 + neurons[None, :]
    tl.store(G0 + at, G, mask)
    tl.store(D0 + at, D, mask)


@triton.jit
def sense_backward(
    x, gG0, gD0, g_x, sums, out_index, out_mu, out_sigma, out_w, out_we, rows, slots, blocks, ROWS: tl.constexpr, I2: tl.constexpr, H2: tl.constexpr
):
    """The gradients of the features (rows, I2) and this program's sums, over `blocks` blocks of rows."""
    program, features, neurons = tl.program_id(0), tl.arange(0, I2), tl.arange(0, H2)
    own = sums + program * slots * 4 * I2
    for block in range(blocks):
        row = (program * blocks + block) * ROWS + tl.arange(0, ROWS)
        mask = row[:, None] < rows
        inputs = tl.load(x + row[:, None] * I2 + features[None, :], mask, 0.0)
        gG = tl.load(gG0 + row[:, None] * H2 + neurons[None, :], mask, 0.0)
        gD = tl.load(gD0 + row[:, None] * H2 + neurons[None, :], mask, 0.0)
        g = tl.zeros((ROWS, I2), tl.float32)
        g = go_back(inputs, g, gG, gD, out_index, out_mu, out_sigma, out_w, out_we, own, features, slots, ROWS, I2)
        tl.store(g_x + row[:, None] * I2 + features[None, :], g, mask)


@triton.jit
def sequence_forward(
    state, dt, G0, D0, cm, tape, in_index, in_mu, in_sigma, in_w, in_we, batch, time, slots, UNFOLDS: tl.constexpr, SOLVER: tl.constexpr,
    ROWS: tl.constexpr, H2: tl.constexpr,
):  # fmt: skip
    """Fills the tape ((T E + 1), B, H2): the potentials before each evaluation, and the last ones."""
    row, neurons = tl.program_id(0) * ROWS + tl.arange(0, ROWS), tl.arange(0, H2)
    mask, line = row[:, None] < batch, row[:, None] * H2 + neurons[None, :]
    v = tl.load(state + line, mask, 0.0)
    c = tl.load(cm + neurons)[None, :]
    at = tape
    for t in range(time):
        drive = (row[:, None] * time + t) * H2 + neurons[None, :]
        G, D = tl.load(G0 + drive, mask, 0.0), tl.load(D0 + drive, mask, 1.0)
        d = (tl.load(dt + row * time + t, row < batch, 0.0) / UNFOLDS)[:, None]
        for _ in range(UNFOLDS):
            tl.store(at + line, v, mask)
            at += batch * H2
            g, s = sum_in(v, G, D, in_index, in_mu, in_sigma, in_w, in_we, neurons, slots, ROWS, H2)
            if SOLVER == MIDPOINT:
                middle = advance(v, g, s, c, 0.5 * d, SOLVER)
                tl.store(at + line, middle, mask)
                at += batch * H2
                g, s = sum_in(middle, G, D, in_index, in_mu, in_sigma, in_w, in_we, neurons, slots, ROWS, H2)
            v = advance(v, g, s, c, d, SOLVER)
    tl.store(at + line, v, mask)


@triton.jit
def sequence_backward(
    dt, G0, D0, cm, tape, g_neurons, gG0, gD0, g_state, g_dt, sums, g_cm, in_index, in_mu, in_sigma, in_w, in_we, out_index, out_mu, out_sigma,
    out_w, out_we, batch, time, slots, out_slots, UNFOLDS: tl.constexpr, SOLVER: tl.constexpr, ROWS: tl.constexpr, H2: tl.constexpr,
):  # fmt: skip
    """From the gradients of the neurons after each step (B, T, H2): those of drives, state and dt, and this program's sums."""
    program, neurons = tl.program_id(0), tl.arange(0, H2)
    row = program * ROWS + tl.arange(0, ROWS)
    mask, line = row[:, None] < batch, row[:, None] * H2 + neurons[None, :]
    c, own = tl.load(cm + neurons)[None, :], sums + program * out_slots * 4 * H2
    g, sum_cm = tl.zeros((ROWS, H2), tl.float32), tl.zeros((H2,), tl.float32)
    for back in range(time):
        t = time - 1 - back
        drive = (row[:, None] * time + t) * H2 + neurons[None, :]
        g += tl.load(g_neurons + drive, mask, 0.0)
        G, D = tl.load(G0 + drive, mask, 0.0), tl.load(D0 + drive, mask, 1.0)
        d = (tl.load(dt + row * time + t, row < batch, 0.0) / UNFOLDS)[:, None]
        step_G, step_D, step_d = tl.zeros((ROWS, H2), tl.float32), tl.zeros((ROWS, H2), tl.float32), tl.zeros((ROWS, H2), tl.float32)
        for k in range(UNFOLDS):
            number = (t * UNFOLDS + UNFOLDS - 1 - k) * (2 if SOLVER == MIDPOINT else 1)
            at = tape + number * batch * H2 + line
            v = tl.load(at, mask, 0.0)
            if SOLVER == MIDPOINT:
                middle = tl.load(at + batch * H2, mask, 0.0)
                a, b = sum_in(middle, G, D, in_index, in_mu, in_sigma, in_w, in_we, neurons, slots, ROWS, H2)
                by_v, by_G, by_D, by_cm, by_d = slopes(v, a, b, c, d, SOLVER)
                gG, gD, g_v = g * by_G, g * by_D, g * by_v
                step_G, step_D, step_d, sum_cm = step_G + gG, step_D + gD, step_d + g * by_d, sum_cm + tl.sum(g * by_cm, 0)
                zero = tl.zeros((ROWS, H2), tl.float32)
                g = go_back(middle, zero, gG, gD, out_index, out_mu, out_sigma, out_w, out_we, own, neurons, out_slots, ROWS, H2)
                a, b = sum_in(v, G, D, in_index, in_mu, in_sigma, in_w, in_we, neurons, slots, ROWS, H2)
                by_v, by_G, by_D, by_cm, by_d = slopes(v, a, b, c, 0.5 * d, SOLVER)
                step_d += 0.5 * g * by_d
                g_v += g * by_v
            else:
                a, b = sum_in(v, G, D, in_index, in_mu, in_sigma, in_w, in_we, neurons, slots, ROWS, H2)
                by_v, by_G, by_D, by_cm, by_d = slopes(v, a, b, c, d, SOLVER)
                step_d += g * by_d
                g_v = g * by_v
            gG, gD = g * by_G, g * by_D
            step_G, step_D, sum_cm = step_G + gG, step_D + gD, sum_cm + tl.sum(g * by_cm, 0)
            g = go_back(v, g_v, gG, gD, out_index, out_mu, out_sigma, out_w, out_we, own, neurons, out_slots, ROWS, H2)
        tl.store(gG0 + drive, step_G, mask)
        tl.store(gD0 + drive, step_D, mask)
        tl.store(g_dt + row * time + t, tl.sum(step_d, 1) / UNFOLDS, row < batch)
    tl.store(g_state + line, g, mask)
    tl.store(g_cm + program * H2 + neurons, sum_cm)
