"""The tables of explain.html: policies side by side, neurons, lesions, contributions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from driving.evaluation.estimates import DEPARTURES, make_estimates
from driving.evaluation.statistics.interval import Interval
from driving.explanation.lesions.effects import LAG, MEASURED, OFF_CENTRE, RESTLESSNESS, SIDE
from driving.explanation.looking import NOISE_VARIANCES
from driving.explanation.measure import Explanation
from driving.explanation.response import Response
from driving.explanation.watched import SIGNALS
from driving.reports.document import Table

SIGNIFICANT = 0.05
BEST_RESPONSES = 2  # per neuron that the table shows
SHOWN_FIGURES = ("departures_per_km", "completion", "mean_abs_lateral_m", "mean_lateral_m")
FORMS = {OFF_CENTRE.name: "{:+.3f}", DEPARTURES.name: "{:+.1f}", SIDE.name: "{:+.3f}", RESTLESSNESS.name: "{:+.4f}", LAG.name: "{:+.2f}"}
HEADINGS = {
    OFF_CENTRE.name: "off centre, m",
    DEPARTURES.name: "departures per km",
    SIDE.name: "to the right, m",
    RESTLESSNESS.name: "restlessness",
    LAG.name: "lag, s",
}


def show(value: float, interval: Interval, form: str) -> str:
    """Return a value with its interval as text: "0.52 (0.41 to 0.60)"."""
    if not np.isfinite(value):
        return "–"
    ends = [form.format(end) if np.isfinite(end) else "?" for end in (interval.low, interval.high)]
    return f"{form.format(value)} ({ends[0]} to {ends[1]})".replace("-", "−")


def make_side_by_side(policies: Sequence[Explanation]) -> Table:
    """Return one row per figure and one column per policy."""
    rows = [
        ["cell", *(one.policy.config.cell for one in policies)],
        ["neurons", *(str(one.policy.cell.neurons) for one in policies)],
        ["parameters of the cell", *(f"{sum(p.numel() for p in one.policy.cell.parameters()):,}" for one in policies)],
        ["drives", *(f"{len(one.rows)}, {sum(float(row['km']) for row in one.rows):.2f} km" for one in policies)],
        *_list_driving(policies),
        *_list_activity(policies),
        *_list_looking(policies),
        *_list_lesions(policies),
    ]
    first = policies[0]
    note = (
        f"95 % intervals in brackets: {make_estimates(first.rows)[0].interval.basis} for departures, else {first.activity.fast_interval.basis}. "
        "They hold for these policies, not for their kinds of cell: that would need several training seeds of each."
    )
    return Table(["", *(one.label for one in policies)], rows, note)


def _list_driving(policies: Sequence[Explanation]) -> list[list[str]]:
    estimates = [[one for one in make_estimates(policy.rows) if one.figure.name in SHOWN_FIGURES] for policy in policies]
    rows = [[same[0].figure.heading, *(one.text for one in same)] for same in zip(*estimates, strict=True)]
    steering = [
        "–" if one.certainty.prediction_range is None else "{:.3g} to {:.3g}".format(*one.certainty.prediction_range).replace("-", "−")
        for one in policies
    ]
    targets = " or ".join(dict.fromkeys(f"{one.policy.config.target}{', 1/m' * (one.policy.config.target == 'curvature')}" for one in policies))
    rows.append([f"certain bounds of the prediction ({targets})", *steering])
    kept = ["no bound is proven" if one.certainty.bounds is None else "kept" if one.certainty.is_kept else "LEFT" for one in policies]
    rows.append(["bounds of the states, on these drives", *kept])
    return rows


def _list_activity(policies: Sequence[Explanation]) -> list[list[str]]:
    parts = [one.activity for one in policies]
    first = parts[0]
    rows = [
        ["largest change per tick, worst neuron", *(f"{one.largest_change_H.max():.3f}" for one in parts)],
        ["largest change per tick, median neuron", *(f"{np.median(one.largest_change_H):.3f}" for one in parts)],
        ["power above 1 Hz, %", *(_percent(one.fast_share, one.fast_interval) for one in parts)],
    ]
    for place in range(len(first.component_shares)):
        cells = [_percent(one.component_shares[place], one.component_intervals[place]) for one in parts]
        rows.append([f"principal component {place + 1}, % of the variance", *cells])
    return rows


def _list_looking(policies: Sequence[Explanation]) -> list[list[str]]:
    parts = [one.looking for one in policies]
    rows = []
    for variance in NOISE_VARIANCES:
        cells = [show(one.similarity[variance].value, one.similarity[variance].interval, "{:.2f}") for one in parts]
        rows.append([f"likeness of the saliency under noise of variance {variance:g}", *cells])
    for name, words in (("markings", "the lane's markings"), ("edges", "the road's edges"), ("either", "either")):
        for title, group in ((f"saliency on {words}, %", "share"), (f"saliency on {words}, % beyond chance", "beyond_chance")):
            estimates = [getattr(one, group)[name] for one in parts]
            rows.append([title, *(_percent(one.value, one.interval) for one in estimates)])
    return rows


def _list_lesions(policies: Sequence[Explanation]) -> list[list[str]]:
    if not any(one.effects for one in policies):
        return []
    singles = [[effect for effect in one.effects if effect.lesion.kind == "neuron"] for one in policies]
    worst = [max(group, key=lambda effect: effect.changes[OFF_CENTRE.name].value, default=None) for group in singles]
    quiet = [sum(effect.words == "no change is shown" for effect in group) for group in singles]
    return [
        ["worst neuron to lose", *("–" if one is None else f"{one.lesion.words[0]}: {one.words}" for one in worst)],
        ["neurons without a shown effect", *(f"{count} of {len(group)}" for count, group in zip(quiet, singles, strict=True))],
    ]


def _percent(value: float, interval: Interval) -> str:
    return show(100.0 * value, Interval(100.0 * interval.low, 100.0 * interval.high, interval.basis), "{:.1f}")


def make_neuron_table(one: Explanation) -> Table:
    """Return one row per neuron: its bounds, what was seen of them, its strongest responses, its rule."""
    bounds, certainty = one.certainty.bounds, one.certainty
    rows = []
    for h, name in enumerate(one.policy.cell.neuron_names):
        box = "–" if bounds is None else f"{bounds.low_H[h]:.2f} to {bounds.high_H[h]:.2f}"
        tau = "–"
        if bounds is not None and bounds.tau_low_s_H is not None and bounds.tau_high_s_H is not None:
            tau = f"{1e3 * bounds.tau_low_s_H[h]:.0f} to {1e3 * bounds.tau_high_s_H[h]:.0f}"
        seen_tau = "–" if certainty.seen_tau_s_H2 is None else "{:.0f} to {:.0f}".format(*(1e3 * certainty.seen_tau_s_H2[h]))
        seen = f"{certainty.seen_low_H[h]:.2f} to {certainty.seen_high_H[h]:.2f}"
        strongest = _describe_strongest([response for response in one.responses if response.neuron == name])
        rows.append([name, *(cell.replace("-", "−") for cell in (box, seen, tau, seen_tau, f"{one.activity.largest_change_H[h]:.2f}", strongest))])
    header = ["neuron", "certain range", "seen", "certain τ, ms", "seen τ, ms", "largest change", "goes with (correlation)"]
    note = (
        f"Certain: {certainty.why}. Goes with: the signals with the highest mutual information, where it is above chance (adjusted p below "
        f"{SIGNIFICANT:g})."
    )
    return Table(header, rows, note)


def make_rule_table(one: Explanation) -> Table:
    """Return one row per neuron: its decision tree in words, and how often the tree is right."""
    rows = [[rule.neuron, _percent(rule.accuracy, rule.interval), rule.words.replace("-", "−")] for rule in one.rules]
    basis = one.rules[0].interval.basis
    note = (
        "A decision tree per neuron; high means above the neuron's median, so a coin is right in 50 %. Right: on drives that the tree has not seen "
        f"({basis}). A rule that is right in about half of all cases says nothing."
    )
    return Table(["neuron", "right, %", "rule"], rows, note, textual=True)


def _describe_strongest(responses: Sequence[Response]) -> str:
    """Return the signals that a neuron goes with, the strongest first."""
    real = [one for one in responses if one.adjusted_p < SIGNIFICANT and one.information_bits > one.chance_bits]
    strongest = sorted(real, key=lambda one: -one.information_bits)[:BEST_RESPONSES]
    return "; ".join(f"{one.signal} {one.correlation:+.2f}" for one in strongest) or "nothing shown"


def make_response_table(one: Explanation) -> Table:
    """Return one row per neuron and a column per signal: correlation with interval, and mutual information beside what chance gives."""
    rows = []
    for name in one.policy.cell.neuron_names:
        own = {response.signal: response for response in one.responses if response.neuron == name}
        rows.append([name, *(_describe_response(own[signal]) for signal in SIGNALS)])
    basis = one.responses[0].correlation_interval.basis
    note = (
        f"Correlation with its 95 % interval ({basis}); then the mutual information in bits and, after the stroke, what 95 of 100 shifted drives "
        f"stay below. A star: more than chance at an adjusted p below {SIGNIFICANT:g} ({len(one.responses)} questions, Benjamini and Hochberg)."
    )
    return Table(["neuron", *SIGNALS], rows, note)


def _describe_response(response: Response) -> str:
    star = " *" if response.adjusted_p < SIGNIFICANT else ""
    return f"{show(response.correlation, response.correlation_interval, '{:+.2f}')}, {response.information_bits:.2f}/{response.chance_bits:.2f}{star}"


def make_lesion_table(one: Explanation) -> Table:
    """Return one row per lesion: the change of each figure against the intact policy on the same routes. There must be a lesion."""
    rows = []
    for effect in sorted(one.effects, key=lambda effect: (effect.lesion.kind, -effect.changes[OFF_CENTRE.name].value)):
        found = [(effect.changes.get(figure.name), FORMS[figure.name]) for figure in MEASURED]
        changes = ["–" if change is None else show(change.value, change.interval, form) for change, form in found]
        what = [" and ".join(effect.lesion.words), effect.lesion.kind, f"{effect.lesion.open_loop:.2f}"]
        rows.append([*what, *changes, f"{effect.adjusted_p:.2g}", effect.words])
    first = one.effects[0]
    note = (
        "Each figure is that without the neurons or synapses less that of the intact policy on the same routes, "
        f"{first.drives} drives each ({first.changes[OFF_CENTRE.name].interval.basis}). Open loop: by how much the lesion changes the predictions of "
        "finished drives, by their standard deviation. Restlessness: root mean square of the steer less its mean over 1 s. Lag: by how much the "
        "driven curvature comes after the road's. p: that the distance from the centre is unchanged, adjusted over all "
        f"{len(one.effects)} lesions (Benjamini and Hochberg)."
    )
    return Table(["without", "kind", "open loop", *(HEADINGS[figure.name] for figure in MEASURED), "p", "what it does"], rows, note)


def make_contribution_table(one: Explanation) -> Table:
    """Return one row per neuron with its Shapley value, the greatest first."""
    ordered = sorted(one.contributions, key=lambda contribution: -contribution.value)
    rows = [[contribution.neuron, show(contribution.value, contribution.interval, "{:+.3f}")] for contribution in ordered]
    basis = ordered[0].interval.basis if ordered else ""
    note = f"Share of the routes driven before the first departure that a neuron contributes, over random orders of taking neurons out ({basis})."
    return Table(["neuron", "Shapley value"], rows, note)
