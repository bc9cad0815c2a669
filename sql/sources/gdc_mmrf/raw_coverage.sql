-- Through which day is the record of each patient complete?
-- Grain: one row per patient for treatments, one for everybody for each of conditions and procedures.
-- Treatments: from the beginning (nothing comes before the first treatment) through the last day on which the
-- patient was seen; without such a day there is none. Of conditions the source states the myeloma only, of
-- procedures the transplants only, so the absence of any other proves nothing: their window is empty.
with patients as (
    select source_row, case_submitter_id, days_to_last_follow_up
    from source.raw_patients
    where case_submitter_id is not null
),

declared as (
    select
        'treatments' as "table",
        case_submitter_id as patient_id,
        beginning() as complete_from,
        coalesce(on_day(days_to_last_follow_up), beginning()) as complete_through,
        source_row as place
    from patients
    union all
    select unnest(['conditions', 'procedures']), null, forever(), beginning(), 0
),

final as (
    select
        (row_number() over (order by place, "table"))::integer as source_row,
        patient_id,
        "table",
        complete_from as complete_from_earliest,
        complete_from as complete_from_latest,
        complete_through as complete_through_earliest,
        complete_through as complete_through_latest,
        false as quarantined,
        [] as bad_columns
    from declared
)

select * from final order by source_row
