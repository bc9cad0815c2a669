-- What is each number, in a unit that is not the concept's own, in that unit?
-- Grain: one row per number and unit_number of the results that can matter: values and limits, each once, because
-- a registry repeats itself and a conversion is dear. Rounded once to nine places.
with needed as (select place, unit_number from needed_results),

units as (
    select unit_number, numerator, denominator from observation_units where numerator <> denominator
),

delivered as (
    select
        place,
        lower_end(value_low, value_high) as low,
        upper_end(value_low, value_high) as high,
        upper_limit,
        lower_limit
    from batch_observations
),

numbers as (
    select distinct
        units.unit_number,
        units.numerator,
        units.denominator,
        unnest([delivered.low, delivered.high, delivered.upper_limit, delivered.lower_limit]) as number
    from needed
    join units on units.unit_number = needed.unit_number
    join delivered on delivered.place = needed.place
),

final as (
    select unit_number, number, converted(number, numerator, denominator) as canonical
    from numbers
    where number is not null
)

select unit_number, number, canonical from final
