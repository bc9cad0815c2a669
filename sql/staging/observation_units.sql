-- How is a value in the unit as delivered turned into the concept's own unit?
-- Grain: one row per concept and unit text as delivered ('' = blank) that the code list knows.
-- unit_number tells the rows apart; canonical = value * numerator / denominator; lowest, highest: the plausible range in the row's own unit.
with units as (
    select distinct coalesce(unit, '') as unit from raw_observations
    union
    select distinct unit from default_units
    union
    select '' as unit
),

factors as (select concept, unit_key, numerator, denominator, lowest, highest from unit_factors),

final as (
    select
        row_number() over (order by factors.concept, units.unit) as unit_number,
        factors.concept,
        units.unit,
        factors.numerator,
        factors.denominator,
        factors.lowest,
        factors.highest
    from units
    join factors on factors.unit_key = unit_key(units.unit)
)

select unit_number, concept, unit, numerator, denominator, lowest, highest from final
