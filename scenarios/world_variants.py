"""A scenario's world with one thing varied on purpose: its behaviour, its staff, its courts, its budget or its economy."""

from __future__ import annotations

from dataclasses import dataclass

from recoup.sim.parameters import Section, Shock, World
from recoup.sim.perturbation import with_behaviour

SHOCK_DAY = 30


@dataclass(frozen=True)
class WorldVariant:
    """What a world differs in from the scenario's own; every default leaves it as it is.

    Attributes:
        name: key of the variant in result files.
        label: the same in plain English, for tables.
        behaviour: factors on behaviour parameters, by parameter name, or `name.channel` for one channel of it; each result stays
            in the parameter's range.
        values: behaviour parameters set outright, by name.
        staff: factors on people or lines per 1,000 accounts, by pool.
        everybody: factor on the people and lines of all pools.
        legal: factor on the legal team's places and on the court's docket.
        budget: factor on the settlement budget.
        shock: size of a macro shock on day `SHOCK_DAY`, in units of the macro index; 0 is none.
    """

    name: str
    label: str
    behaviour: tuple[tuple[str, float], ...] = ()
    staff: tuple[tuple[str, float], ...] = ()
    legal: float = 1.0
    budget: float = 1.0
    shock: float = 0.0
    values: tuple[tuple[str, float], ...] = ()
    everybody: float = 1.0

    def apply(self, world: World) -> World:
        """The varied world; the one given is not changed."""
        world = with_behaviour(world, dict(self.behaviour))
        operations = world.operations
        factors = dict(self.staff) if self.everybody == 1.0 else dict.fromkeys(world.pools, self.everybody)
        operations = operations.with_pools({name: world.pools[name].scaled(factor) for name, factor in factors.items()})
        changes = _scaled(operations, ("legal_cases", "legal_cases_per_1000_accounts"), self.legal)
        courts = world.courts.model_copy(
            update=_scaled(world.courts, ("docket", "docket_per_1000_accounts"), self.legal)
        )
        macro = world.macro
        if self.shock:
            macro = macro.model_copy(update={"shocks": [*macro.shocks, Shock(day=SHOCK_DAY, size=self.shock)]})
        return world.model_copy(
            update={
                "operations": operations.model_copy(update=changes),
                "courts": courts,
                "macro": macro,
                "behaviour": world.behaviour.model_copy(update=dict(self.values)),
                "settlement_budget": min(1.0, self.budget * world.settlement_budget),
            }
        )


AS_IT_IS = WorldVariant("none", "the scenario as it is")


def _scaled(section: Section, places: tuple[str, str], factor: float) -> dict[str, object]:
    """So many times the places of a section, given as a fixed number (perhaps none) and by 1,000 accounts."""
    fixed, by_size = (getattr(section, name) for name in places)
    return {places[0]: None if fixed is None else round(factor * fixed), places[1]: factor * by_size}
