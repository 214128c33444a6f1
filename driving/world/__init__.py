from pathlib import Path

from driving.world.compiled import forget_outdated

_HERE = Path(__file__).parent
forget_outdated(_HERE, [_HERE])
