-- Which of the results that can matter repeat another?
-- Grain: one row per row of needed_results whose day is not exact and that is alike another in every column:
-- such days may differ, but these rows are surely one result. The first of them is not listed.
with needed as (
    select
        patient, concept, place, source_row, date_earliest, date_latest, limit_bad, usable, problem_reasons,
        status_rank
    from needed_results
    where not is_exact
),

delivered as (
    select
        place, value, value_low, value_high, value_low_open, value_high_open, value_word, unit, upper_limit,
        lower_limit
    from batch_observations
),

final as (
    select needed.place, needed.concept
    from needed
    join delivered on delivered.place = needed.place
    qualify
        row_number() over (
            partition by
                patient, concept, date_earliest, date_latest, value_low, value_high, value_low_open,
                value_high_open, value_word, upper_limit, lower_limit, limit_bad, usable, problem_reasons,
                status_rank, value, unit
            order by needed.source_row, needed.place
        ) > 1
)

select place, concept from final
