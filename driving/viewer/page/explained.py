"""What scripts/explain.py has found out about a policy, as far as the page shows it: rules in words and lesions driven closed loop."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from driving.quantities import UserError

EXPLAIN_JSON = "explain.json"
OFF_CENTRE = "mean_abs_lateral_m"


def read_explained(folder: Path, names: Sequence[str]) -> dict[str, Any]:
    """Return the rule of each neuron, and the effect of each lesion by its neurons' names, joined by " and ".

    `names` are the neurons of the policy that is shown. Raises UserError where the file is missing or is about other neurons.
    """
    path = folder / EXPLAIN_JSON
    try:
        policies = json.loads(path.read_text(encoding="utf-8"))["policies"]
        fitting = [policy for policy in policies if [rule["neuron"] for rule in policy["rules"]] == list(names)]
        if len(fitting) != 1:
            found = ", ".join(policy["label"] for policy in policies)
            raise UserError(
                f"{path} is about {found}, of which {len(fitting)} have these {len(names)} neurons: explain the policy that is shown alone"
            )
        rules = {rule["neuron"]: rule["words"] for rule in fitting[0]["rules"]}
        return {"rules": rules, "lesions": {" and ".join(one["lesion"]["words"]): _describe(one) for one in fitting[0]["effects"]}}
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): give the folder that scripts/explain.py wrote with --out") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} is not what this version of scripts/explain.py writes ({error!r}): explain again") from error


def _describe(effect: dict[str, Any]) -> dict[str, Any]:
    """Return an effect in words and, where it could be measured, the change of the distance from the centre (m) with its interval."""
    change = effect["changes"].get(OFF_CENTRE)
    lateral = None if change is None else [change["value"], change["interval"]["low"], change["interval"]["high"]]
    return {"words": effect["words"], "drives": effect["drives"], "lateral": lateral}
