-- What are the results that can matter, in the concept's own unit?
-- Grain: one row per row of needed_results that repeats no other.
-- Units: the concept's own, rounded once to nine places; an open end (<5) is the next billionth inside.
-- A value that cannot be used is everything. upper_limit: as stated; else the concept's default range
-- (no_upper_limit unless that is one number). Source of the default ranges: the code list of concepts.
with needed as (
    select needed_results.*
    from needed_results
    anti join repeated_results
        on repeated_results.place = needed_results.place
        and repeated_results.concept = needed_results.concept
),

delivered as (
    select
        place,
        lower_end(value_low, value_high) as low,
        upper_end(value_low, value_high) as high,
        coalesce(value_low_open, false) as low_open,
        coalesce(value_high_open, false) as high_open,
        value_word,
        upper_limit,
        lower_limit,
        value as recorded_value,
        unit as recorded_unit
    from batch_observations
),

concepts as (select concept, value_type, limit_low, limit_high, lower_limit_default from code_concepts),

units as (
    select unit_number, highest, numerator = denominator as is_own from observation_units
),

numbers as (select unit_number, number, canonical from converted_numbers),

in_own_unit as (
    select
        needed.*,
        delivered.* exclude (place),
        concepts.value_type,
        case when units.is_own then clipped(delivered.low) else low_numbers.canonical end as canonical_low,
        case
            when delivered.high > delivered.low
                then case when units.is_own then clipped(delivered.high) else high_numbers.canonical end
        end as higher_canonical,
        -- A limit beyond every plausible value, or an upper one not above the lower one, is no limit.
        case
            when needed.usable and concepts.value_type = 'number' and not needed.limit_bad
                and delivered.upper_limit > 0 and delivered.upper_limit <= units.highest
                and delivered.upper_limit > coalesce(delivered.lower_limit, 0)
                then case when units.is_own then clipped(delivered.upper_limit) else upper_numbers.canonical end
        end as stated_upper_limit,
        case
            when needed.usable and concepts.value_type = 'number' and not needed.limit_bad
                and delivered.lower_limit >= 0 and delivered.lower_limit <= units.highest
                and delivered.lower_limit < coalesce(delivered.upper_limit, unbounded())
                then case when units.is_own then clipped(delivered.lower_limit) else lower_numbers.canonical end
        end as stated_lower_limit,
        concepts.limit_low,
        concepts.limit_high,
        concepts.lower_limit_default
    from needed
    join delivered on delivered.place = needed.place
    join concepts on concepts.concept = needed.concept
    left join units on units.unit_number = needed.unit_number
    left join numbers as low_numbers
        on low_numbers.unit_number = needed.unit_number and low_numbers.number = delivered.low
    left join numbers as high_numbers
        on high_numbers.unit_number = needed.unit_number and high_numbers.number = delivered.high
    left join numbers as upper_numbers
        on upper_numbers.unit_number = needed.unit_number and upper_numbers.number = delivered.upper_limit
    left join numbers as lower_numbers
        on lower_numbers.unit_number = needed.unit_number and lower_numbers.number = delivered.lower_limit
),

final as (
    select
        patient,
        concept,
        series,
        source_row,
        date_earliest,
        date_latest,
        date_reasons,
        case
            when value_type <> 'number' then case when usable and value_word = 'positive' then 1 else 0 end
            when not usable then -unbounded()
            when low_open then least(canonical_low + 0.000000001, unbounded())
            else canonical_low
        end::decimal(38, 9) as value_low,
        case
            when value_type <> 'number' then case when usable and value_word = 'negative' then 0 else 1 end
            when not usable then unbounded()
            when high_open and coalesce(higher_canonical, canonical_low) < unbounded()
                then greatest(coalesce(higher_canonical, canonical_low) - 0.000000001, -unbounded())
            else coalesce(higher_canonical, canonical_low)
        end::decimal(38, 9) as value_high,
        problem_reasons | reason_if(usable and (low < high or low_open or high_open), 'censored_value')
        as value_reasons,
        usable,
        is_crowded,
        coalesce(stated_upper_limit, limit_low, 0)::decimal(38, 9) as upper_limit_low,
        coalesce(stated_upper_limit, limit_high, unbounded())::decimal(38, 9) as upper_limit_high,
        reason('no_upper_limit') | reason_if(limit_bad, 'quarantined')
        | problem_reasons as open_upper_limit_reasons,
        coalesce(stated_lower_limit, lower_limit_default, 0)::decimal(38, 9) as lower_limit_low,
        coalesce(stated_lower_limit, lower_limit_default, unbounded())::decimal(38, 9) as lower_limit_high,
        reason('no_upper_limit') | reason_if(limit_bad, 'quarantined')
        | problem_reasons as open_lower_limit_reasons,
        recorded_value,
        recorded_unit
    from in_own_unit
)

select
    patient, concept, series, source_row, date_earliest, date_latest, date_reasons, value_low, value_high,
    case when value_low < value_high then value_reasons else 0 end as value_reasons, usable, is_crowded,
    upper_limit_low, upper_limit_high,
    case when upper_limit_low < upper_limit_high then open_upper_limit_reasons else 0 end as upper_limit_reasons,
    lower_limit_low, lower_limit_high,
    case when lower_limit_low < lower_limit_high then open_lower_limit_reasons else 0 end as lower_limit_reasons,
    recorded_value, recorded_unit
from final
