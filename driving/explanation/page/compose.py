"""explain.html: one page that opens without a network, with all policies side by side and each one in full."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from driving.evaluation.suite import SuiteConfig
from driving.explanation.looking import LINE_TAG, find_saliency
from driving.explanation.measure import Explanation, LesionBudget
from driving.explanation.page.tables import (
    make_contribution_table,
    make_lesion_table,
    make_neuron_table,
    make_response_table,
    make_rule_table,
    make_side_by_side,
)
from driving.explanation.road_pictures import RoadPictures
from driving.reports import figures
from driving.reports.document import Block, Document, Gallery, Paragraph, Picture, Section, Tile
from driving.viewer.saliency import Band, overlay

JPEG_QUALITY = 85
PICTURES_SHOWN = 4  # per policy
PAINT = (90, 220, 255)  # RGB, for the lane's markings


def compose_page(policies: Sequence[Explanation], pictures: Sequence[RoadPictures], suite: SuiteConfig, budget: LesionBudget) -> Document:
    """Return the page as a document."""
    sections = [
        Section("Side by side", [make_side_by_side(policies), draw_activity(policies)]),
        *(section for one in policies for section in _describe_policy(one, pictures)),
        Section("How it was measured", [Paragraph(text) for text in _explain(suite, budget)]),
    ]
    lead = f"{len(policies)} {'policy' if len(policies) == 1 else 'policies'} on suite {suite.name}. Right is positive."
    return Document("What the neurons do", lead, sections, _make_tiles(policies))


def _make_tiles(policies: Sequence[Explanation]) -> list[Tile]:
    drives, km = sum(len(one.rows) for one in policies), sum(float(row["km"]) for one in policies for row in one.rows)
    lesions = sum(effect.drives for one in policies for effect in one.effects)
    return [
        Tile(str(len(policies)), "policies" if len(policies) > 1 else "policy"),
        Tile(f"{drives}, {km:.1f} km", "intact drives"),
        Tile(str(lesions), "drives with a lesion"),
        Tile(str(sum(len(one.responses) for one in policies)), "questions about responses"),
    ]


def _describe_policy(one: Explanation, pictures: Sequence[RoadPictures]) -> list[Section]:
    blocks: list[Block] = [make_neuron_table(one), make_rule_table(one), Gallery(draw_looks(one, pictures))]
    sections = [Section(f"{one.label}: neurons", blocks), Section(f"{one.label}: responses", [make_response_table(one)])]
    lesions: list[Block] = [make_lesion_table(one)] if one.effects else [Paragraph(one.not_cut or "No lesion was asked for.")]
    sections.append(Section(f"{one.label}: lesions in closed loop", lesions))
    if one.contributions:
        sections.append(Section(f"{one.label}: contributions", [make_contribution_table(one)]))
    return sections


def draw_activity(policies: Sequence[Explanation]) -> Gallery:
    """Draw the spectra, the largest changes and the principal components of all policies."""
    spectra = {one.label: (one.activity.frequency_hz_F, 100.0 * one.activity.power_F) for one in policies}
    changes = {one.label: (np.linspace(0.0, 1.0, one.policy.cell.neurons), np.sort(one.activity.largest_change_H)[::-1]) for one in policies}
    shares = {one.label: (np.arange(1, 1 + len(one.activity.component_shares)), 100.0 * np.array(one.activity.component_shares)) for one in policies}
    charts = (
        ("spectrum", "Share of the neurons' power at each frequency, %", spectra, "Hz"),
        ("changes", "Largest change of each neuron from one tick to the next, sorted", changes, "share of the neurons"),
        ("components", "Share of the variance of each principal component, %", shares, "component"),
    )
    return Gallery([Picture(name, caption, svg=figures.draw_curves(lines, x_name)) for name, caption, lines, x_name in charts])


def draw_looks(one: Explanation, pictures: Sequence[RoadPictures]) -> list[Picture]:
    """Draw the saliency over some pictures of the roads, with the lane's markings outlined."""
    chosen = [pictures[place] for place in np.unique(np.linspace(0, len(pictures) - 1, PICTURES_SHOWN).round().astype(int))]
    config, shown = one.policy.config.transform, []
    for road in chosen:
        place = len(road.images) // 2
        heat = find_saliency(one.policy, one.policy.transform.to_model(road.images[place])[None])[0]
        image = overlay(road.images[place], heat, Band(config.crop_top, 1.0 - config.crop_bottom))
        lines = cv2.resize((road.tags[place] == LINE_TAG).astype(np.uint8), image.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        image[cv2.morphologyEx(lines, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0] = PAINT
        data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
        shown.append(Picture(f"look_{one.label}_{road.route}", f"{one.label} on {road.route}: saliency, and the markings outlined", jpeg=data))
    return shown


def _explain(suite: SuiteConfig, budget: LesionBudget) -> list[str]:
    return [
        "A lesion of a neuron cuts all its outgoing synapses, those to itself as well, and its way to the output; its own state goes on unseen. "
        f"Lesions are driven over {budget.length_m:g} m of each of the suite's routes and compared route by route with the intact policy. "
        "Which neurons and pairs come first is decided open loop.",
        "Curvature ahead is the mean of the route's curvature over the next 1.5 s of driving; brightness is the mean grey level of what the network "
        "sees. The first second of each drive, in which the states leave 0, is not counted.",
        "Likeness of the saliency: structural similarity (Wang et al. 2004) of VisualBackProp with and without Gaussian noise on images in [0, 1]. "
        "What chance gives: the saliency of a picture on the markings of other pictures.",
        f"Departure: more than {suite.departure_m:g} m from the centre line. All drives were made by the evaluation's runner.",
    ]
