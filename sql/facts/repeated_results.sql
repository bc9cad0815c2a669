-- Which of the results that can matter repeat another?
-- Grain: one row per row of needed_results whose day is not exact and that is alike another in every column:
-- such days may differ, but these rows are surely one result. The first of them is not listed.
with observations as (
    select
        patient, concept, source_row, date_earliest, date_latest, low, high, low_open, high_open, value_word,
        upper_limit, lower_limit, limit_bad, usable, problem_reasons, status_rank, recorded_value, recorded_unit
    from stg_observations
    where date_earliest < date_latest
),

needed as (select source_row, concept from needed_results where not is_exact),

final as (
    select observations.source_row, observations.concept
    from observations
    join needed on needed.source_row = observations.source_row and needed.concept = observations.concept
    qualify
        row_number() over (
            partition by
                patient, observations.concept, date_earliest, date_latest, low, high, low_open, high_open,
                value_word, upper_limit, lower_limit, limit_bad, usable, problem_reasons, status_rank,
                recorded_value, recorded_unit
            order by observations.source_row
        ) > 1
)

select source_row, concept from final
