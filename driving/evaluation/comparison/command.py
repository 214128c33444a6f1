"""The comparison command: it compares two sides, says what differs, and judges the claims that it was asked to show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from driving.evaluation.comparison import sentences
from driving.evaluation.comparison.claims import judge, parse_claim
from driving.evaluation.comparison.difference import compare_all
from driving.evaluation.comparison.not_driven import describe_not_driven
from driving.evaluation.comparison.sides import check_comparable, load_side, pair_rows
from driving.parser import make_parser
from policy.whole_file import check_place, write_text

NOT_SHOWN = 1  # exit status


def compare_command(about: str, args: list[str] | None = None) -> int:
    """Parse the command line, compare, print, and return the exit status: 0 where all claims are shown, 1 where one is not.

    Raises UserError for evaluations that cannot be compared and for a wrong command line.
    """
    parser = make_parser(about)
    parser.add_argument("a", type=str, help="an evaluation, a folder of evaluations (one per training seed), or several separated by commas")
    parser.add_argument("b", type=str, help="the same for what A is compared with")
    parser.add_argument(
        "--at_least", type=str, nargs="+", default=[], metavar="MEASURE=MARGIN", help="show that A is better by this much, or end with 1"
    )
    parser.add_argument(
        "--no_worse_than", type=str, nargs="+", default=[], metavar="MEASURE=MARGIN", help="show that A is not worse by more than this, or end with 1"
    )
    parser.add_argument("--out", type=Path | None, default=None, help="a JSON file for all that is printed, and more")
    parser.add_argument("--seed", type=int, default=0, help="decides what is resampled")
    options = parser.parse_args(args)
    claims = [parse_claim("at_least", text) for text in options.at_least] + [parse_claim("no_worse_than", text) for text in options.no_worse_than]
    if options.out is not None:
        check_place(options.out)
    sides = [load_side(name, text) for name, text in (("A", options.a), ("B", options.b))]
    check_comparable(sides)
    paired, left_out = pair_rows(sides)
    drives = len(paired[0][0])
    differences = compare_all(paired, options.seed)
    judgements = [judge(claim, paired, options.seed) for claim in claims]
    seeds = min(len(side.evaluations) for side in sides)
    replicates = sentences.Replicates("training seeds", seeds) if seeds > 1 else sentences.Replicates("drives", drives)
    lines = sentences.explain_basis(sides, drives, left_out, differences) + sentences.explain_seeds(differences) + describe_not_driven(sides)
    lines.append(sentences.explain_findings(differences))
    lines += [sentences.explain_departures(one) for one in differences if one.discordant is not None]
    lines += [sentences.explain_judgement(judgement, replicates) for judgement in judgements]
    sentences.print_table(differences, replicates)
    print("\n".join(lines))
    if options.out is not None:
        said: dict[str, Any] = {side.name: [str(one.folder) for one in side.evaluations] for side in sides}
        said |= {"drives": drives, "left_out": left_out, "sentences": lines}
        said |= {"differences": [one.as_dict() for one in differences], "claims": [judgement.as_dict() for judgement in judgements]}
        write_text(options.out, json.dumps(said, indent=1, allow_nan=False))
    return 0 if all(judgement.decision == "shown" for judgement in judgements) else NOT_SHOWN
