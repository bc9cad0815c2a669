-- What did a person last answer to each criterion?
-- Grain: one row per patient, trial and criterion; date: of the answer; of an open one the last that may be.
-- Tie rule: answers that may be the last and differ, or cannot be read, cancel each other (is_contradicted).
-- is_open: they do, or it is open whether any answer was given by the as-of date.
-- An answer of some day of a year was given by the day that the extract reaches.
with extract_date as (select extracted_on from extract_dates),

answers as (
    select
        *,
        coalesce(date_earliest, beginning()) as first_day,
        case
            when quarantined then coalesce(date_latest, forever())
            else least(date_latest, greatest(date_earliest, extract_date.extracted_on))
        end as last_day
    from stg_attestations
    cross join extract_date
    where trial_id is not null and criterion_id is not null
),

floors as (
    select
        patient, trial_id, criterion_id,
        max(first_day) filter (where last_day <= as_of()) as latest_sure_day
    from answers
    group by patient, trial_id, criterion_id
),

judged as (
    select
        floors.patient,
        floors.trial_id,
        floors.criterion_id,
        floors.latest_sure_day,
        min(answers.answer) as answer,
        least(max(answers.last_day), as_of()) as latest_possible_day,
        arg_min(answers.source_row, answers.source_row) as source_row,
        count(distinct coalesce(answers.answer, '')) > 1 or bool_or(answers.answer is null) as is_contradicted
    from floors
    join answers
        on answers.patient = floors.patient
        and answers.trial_id = floors.trial_id
        and answers.criterion_id = floors.criterion_id
        and answers.last_day >= coalesce(floors.latest_sure_day, beginning())
    group by floors.patient, floors.trial_id, floors.criterion_id, floors.latest_sure_day
),

final as (
    select
        *,
        is_contradicted or latest_sure_day is null as is_open,
        case
            when is_contradicted or latest_sure_day is null then latest_possible_day else latest_sure_day
        end as date
    from judged
)

select patient, trial_id, criterion_id, answer, date, source_row, is_contradicted, is_open from final
