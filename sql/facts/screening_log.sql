-- How far has the patient come in each trial?
-- Grain: one row per patient and trial; columns as in schemas.facts.SCREENING_LOG.
-- Tie rule: of the steps that may be the last one, the one that keeps the patient off a list wins.
with steps as (
    select
        *,
        coalesce(date_earliest, beginning()) as first_day,
        coalesce(date_latest, forever()) as last_day,
        list_position(
            ['contacted', 'consented', 'declined', 'screen_failed', 'withdrawn', 'enrolled'], status
        ) as weight
    from stg_screening_log
    where trial_id is not null and status is not null
),

floors as (
    select patient, trial_id, max(first_day) filter (where last_day <= as_of()) as latest_sure_day
    from steps
    group by patient, trial_id
),

final as (
    select
        floors.patient,
        floors.trial_id,
        arg_max(steps.status, steps.weight) as status,
        least(max(steps.last_day), as_of()) as date
    from floors
    join steps
        on steps.patient = floors.patient
        and steps.trial_id = floors.trial_id
        and least(steps.last_day, as_of()) >= coalesce(floors.latest_sure_day, beginning())
    group by floors.patient, floors.trial_id
)

select patient, trial_id, status, date from final order by patient, trial_id
