-- What are the results that can matter, in the concept's own unit?
-- Grain: one row per row of needed_results that repeats no other.
-- Units: the concept's own, rounded once to nine places; an open end (<5) is the next billionth inside.
-- A value that cannot be used is everything. upper_limit: as stated; else the concept's default range
-- (no_upper_limit unless that is one number). Source of the default ranges: the code list of concepts.
with observations as (
    select
        patient, concept, source_row, date_earliest, date_latest, date_reasons, value_type, low, high, low_open,
        high_open, value_word, upper_limit, lower_limit, limit_bad, numerator, denominator, highest, usable,
        problem_reasons, status_rank, recorded_value, recorded_unit
    from stg_observations
),

needed as (
    select source_row, concept, is_crowded
    from needed_results
    anti join repeated_results
        on repeated_results.source_row = needed_results.source_row
        and repeated_results.concept = needed_results.concept
),

concepts as (select concept, limit_low, limit_high, lower_limit_default from code_concepts),

in_own_unit as (
    select
        observations.*,
        needed.is_crowded,
        converted(low, numerator, denominator) as canonical_low,
        case when high > low then converted(high, numerator, denominator) end as higher_canonical,
        -- A limit beyond every plausible value, or an upper one not above the lower one, is no limit.
        case
            when usable and value_type = 'number' and not limit_bad and upper_limit > 0
                and upper_limit <= highest and upper_limit > coalesce(lower_limit, 0)
                then converted(upper_limit, numerator, denominator)
        end as stated_upper_limit,
        case
            when usable and value_type = 'number' and not limit_bad and lower_limit >= 0
                and lower_limit <= highest and lower_limit < coalesce(upper_limit, unbounded())
                then converted(lower_limit, numerator, denominator)
        end as stated_lower_limit,
        concepts.limit_low,
        concepts.limit_high,
        concepts.lower_limit_default
    from observations
    join needed on needed.source_row = observations.source_row and needed.concept = observations.concept
    join concepts on concepts.concept = observations.concept
),

final as (
    select
        patient,
        concept,
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
    patient, concept, source_row, date_earliest, date_latest, date_reasons, value_low, value_high,
    case when value_low < value_high then value_reasons else 0 end as value_reasons, usable, is_crowded,
    upper_limit_low, upper_limit_high,
    case when upper_limit_low < upper_limit_high then open_upper_limit_reasons else 0 end as upper_limit_reasons,
    lower_limit_low, lower_limit_high,
    case when lower_limit_low < lower_limit_high then open_lower_limit_reasons else 0 end as lower_limit_reasons,
    recorded_value, recorded_unit
from final
