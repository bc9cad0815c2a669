-- Which results can matter?
-- Grain: one row per delivered row and concept. Of every concept asked for: the rows that may be of its
-- latest day, those back to the latest day on which both inputs of a derived result were measured, and all rows
-- where every day is needed. Of rows of one day only the best status is kept; is_crowded: there were several;
-- is_exact: the day is known.
with results as not materialized (
    select
        patient, concept, series, place, source_row, date_earliest, date_latest, date_reasons, unit_number,
        limit_bad, usable, problem_reasons, status_rank
    from stg_observations
),

wanted as (select concept, every_day from wanted_measurements),

inputs as (
    select concept as pair, first_concept as concept, true as is_first from wanted_pairs
    union all
    select concept as pair, second_concept as concept, false as is_first from wanted_pairs
),

floors as (
    select results.series, max(results.date_earliest) as latest_sure_day
    from results
    join wanted on wanted.concept = results.concept and not wanted.every_day
    anti join inputs on inputs.concept = results.concept
    where results.date_latest <= as_of()
    group by results.series
),

shared_days as (
    select
        max(results.series) filter (where inputs.is_first) as first_series,
        max(results.series) filter (where not inputs.is_first) as second_series,
        results.date_earliest as day
    from results
    join inputs on inputs.concept = results.concept
    where results.date_earliest = results.date_latest
    group by results.patient, inputs.pair, results.date_earliest
    having bool_or(inputs.is_first) and not bool_and(inputs.is_first)
),

-- Back to which day a result of the series can matter.
reach as (
    select series, latest_sure_day as first_needed_day from floors
    union all
    select first_series, max(day) from shared_days group by first_series
    union all
    select second_series, max(day) from shared_days group by second_series
),

needed as (
    select results.*
    from results
    join wanted on wanted.concept = results.concept
    left join reach on reach.series = results.series
    where wanted.every_day
        or least(results.date_latest, as_of()) >= coalesce(reach.first_needed_day, beginning())
),

-- Most days have one result: those need no choice.
crowded_days as (
    select series, date_earliest as day, max(status_rank) as best_rank
    from needed
    where date_earliest = date_latest
    group by series, date_earliest
    having count(*) > 1
),

final as (
    select
        needed.*,
        needed.date_earliest = needed.date_latest as is_exact,
        crowded_days.day is not null as is_crowded
    from needed
    left join crowded_days
        on crowded_days.series = needed.series
        and crowded_days.day = needed.date_earliest
        and needed.date_earliest = needed.date_latest
    where crowded_days.day is null or needed.status_rank = crowded_days.best_rank
)

select
    patient, concept, series, place, source_row, date_earliest, date_latest, date_reasons, unit_number, limit_bad,
    usable, problem_reasons, status_rank, is_exact, is_crowded
from final
