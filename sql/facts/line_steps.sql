-- Where the registry does not number lines: what happened, in order?
-- Grain: one row per patient and step: the start of a drug against myeloma, or a stem cell transplant.
-- Order: by first day; on one day what is sure, and what is stated to be unplanned, comes first.
-- progressed_on: the last progression (an assessment that found PD, or a course stopped for progression or lack
-- of response) that surely was on or before the step; its earliest day. Melphalan from 14 days before to 7 days
-- after a transplant prepares for it and is part of it (convention).
with courses as (select * from myeloma_courses where not has_numbers),

procedures as (
    select * from procedure_events where concept in ('autologous_transplant', 'allogeneic_transplant')
),

progressions as (
    select patient, start_earliest as first_day, start_latest as last_day
    from progression_events
    where source_table = 'responses' and certain
    union all
    select patient, end_earliest, end_latest
    from courses
    where row_certain and has_stop and stop_reason in ('progression', 'lack_of_response')
),

preparations as (
    select distinct courses.patient, courses.source_row
    from courses
    join procedures on procedures.patient = courses.patient
    where courses.concept = 'melphalan'
        and courses.start_earliest >= procedures.start_earliest - 14
        and courses.start_latest <= procedures.start_latest + 7
),

steps as (
    select
        courses.patient,
        case
            when preparations.patient is not null then 'preparation'
            when courses.is_steroid then 'steroid'
            else 'drug'
        end as kind,
        courses.concept,
        courses.source_row,
        courses.start_earliest,
        courses.start_latest,
        courses.end_earliest,
        courses.end_latest,
        courses.is_sure,
        courses.certain,
        case when not courses.planned_bad then courses.planned end as planned,
        courses.row_reasons,
        courses.reasons,
        courses.fact_until
    from courses
    left join preparations
        on preparations.patient = courses.patient and preparations.source_row = courses.source_row
        and courses.concept = 'melphalan'
    union all
    select
        patient, 'transplant', concept, source_row, start_earliest, start_latest, end_earliest, end_latest,
        certain, certain, null, reasons, reasons, fact_until
    from procedures
    -- Transplants alone say nothing of the drugs; lines are counted where there is any drug.
    where patient in (select patient from courses)
),

progressed as (
    select steps.patient, steps.start_earliest, max(progressions.first_day) as progressed_on
    from (select distinct patient, start_earliest from steps) as steps
    join progressions
        on progressions.patient = steps.patient and progressions.last_day <= steps.start_earliest
    group by steps.patient, steps.start_earliest
),

final as (
    select
        steps.*,
        coalesce(progressed.progressed_on, beginning()) as progressed_on,
        row_number() over (
            partition by steps.patient
            order by
                steps.start_earliest, steps.start_latest, steps.is_sure desc, steps.planned is not distinct from 'no' desc,
                steps.kind, steps.concept, steps.end_latest, steps.planned, steps.source_row
        ) as step
    from steps
    left join progressed
        on progressed.patient = steps.patient and progressed.start_earliest = steps.start_earliest
)

select
    patient, step, kind, concept, source_row, start_earliest, start_latest, end_earliest, end_latest, is_sure,
    certain, planned, row_reasons, reasons, fact_until, progressed_on
from final
