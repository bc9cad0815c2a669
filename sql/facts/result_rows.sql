-- Which results can matter, and what are they in the concept's own unit?
-- Grain: one row per delivered row and concept. Of every concept asked for: the rows that may be of its
-- latest day, those back to the latest day on which both inputs of a derived result were measured, and all rows
-- where every day is needed. Of rows of one day only the best status is kept.
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

wanted as (select concept, every_day from wanted_measurements),

concepts as (select concept, limit_low, limit_high, lower_limit_default from code_concepts),

floors as (
    select observations.patient, observations.concept, max(observations.date_earliest) as latest_sure_day
    from observations
    join wanted on wanted.concept = observations.concept
    where observations.date_latest <= as_of()
    group by observations.patient, observations.concept
),

pairs as (select first_concept, second_concept from wanted_pairs),

sure_days as (
    select distinct patient, concept, date_earliest as day
    from observations
    where date_earliest = date_latest
        and (concept in (select first_concept from pairs) or concept in (select second_concept from pairs))
),

shared_days as (
    select first_days.patient, pairs.first_concept, pairs.second_concept, max(first_days.day) as latest_shared_day
    from pairs
    join sure_days as first_days on first_days.concept = pairs.first_concept
    join sure_days as second_days
        on second_days.concept = pairs.second_concept
        and second_days.patient = first_days.patient
        and second_days.day = first_days.day
    group by first_days.patient, pairs.first_concept, pairs.second_concept
),

-- Back to which day a result of the concept can matter.
reach as (
    select floors.patient, floors.concept, floors.latest_sure_day as first_needed_day from floors
    anti join pairs on pairs.first_concept = floors.concept or pairs.second_concept = floors.concept
    union all
    select patient, first_concept, latest_shared_day from shared_days
    union all
    select patient, second_concept, latest_shared_day from shared_days
),

needed as (
    select observations.*
    from observations
    join wanted on wanted.concept = observations.concept
    left join reach on reach.patient = observations.patient and reach.concept = observations.concept
    where wanted.every_day
        or least(observations.date_latest, as_of()) >= coalesce(reach.first_needed_day, beginning())
),

best_status as (
    select *
    from needed
    where date_earliest = date_latest
    qualify status_rank = max(status_rank) over (partition by patient, concept, date_earliest)
    union all
    -- Days that are not exact may differ; only rows alike in every column are surely one result.
    select *
    from needed
    where date_earliest < date_latest
    qualify
        row_number() over (
            partition by
                patient, concept, date_earliest, date_latest, low, high, low_open, high_open, value_word,
                upper_limit, lower_limit, limit_bad, usable, problem_reasons, status_rank, recorded_value,
                recorded_unit
            order by source_row
        ) = 1
),

in_own_unit as (
    select
        best_status.*,
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
    from best_status
    join concepts on concepts.concept = best_status.concept
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
    case when value_low < value_high then value_reasons else 0 end as value_reasons, usable,
    upper_limit_low, upper_limit_high,
    case when upper_limit_low < upper_limit_high then open_upper_limit_reasons else 0 end as upper_limit_reasons,
    lower_limit_low, lower_limit_high,
    case when lower_limit_low < lower_limit_high then open_lower_limit_reasons else 0 end as lower_limit_reasons,
    recorded_value, recorded_unit
from final
