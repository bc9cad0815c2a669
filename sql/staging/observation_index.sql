-- Which results are there, whose, of when? What it takes to choose among them, and no more.
-- Grain: one row per row of stg_observations. series: patient and concept as one number, to group by.
with observations as (
    select
        patient, concept, source_row, date_earliest, date_latest, status_rank, has_unknown_unit, has_wrong_type,
        is_implausible
    from stg_observations
),

numbers as (select concept, row_number() over (order by concept) as number from code_concepts),

final as (
    select observations.*, observations.patient::bigint * 100000 + numbers.number as series
    from observations
    join numbers on numbers.concept = observations.concept
)

select
    patient, concept, series, source_row, date_earliest, date_latest, status_rank, has_unknown_unit,
    has_wrong_type, is_implausible
from final
