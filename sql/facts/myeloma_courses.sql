-- Which courses can be part of a line of therapy?
-- Grain: one row per delivered course and drug: drugs against myeloma, names that may be such a drug, and
-- whatever the registry gives a line number. is_sure: given, surely this drug, surely against myeloma.
-- has_numbers: the registry numbers the lines of this patient.
with courses as (select * from treatment_courses),

classes as (select "class", concept, certain from code_classes),

myeloma_drugs as (select concept, certain = 'yes' as is_certain from classes where "class" = 'anti_myeloma'),

steroids as (select distinct concept from classes where "class" = 'corticosteroid'),

numbered_patients as (select distinct patient from courses where line is not null),

final as (
    select
        courses.*,
        steroids.concept is not null as is_steroid,
        courses.certain and coalesce(myeloma_drugs.is_certain, false) as is_sure,
        numbered_patients.patient is not null as has_numbers
    from courses
    left join myeloma_drugs on myeloma_drugs.concept = courses.concept
    left join steroids on steroids.concept = courses.concept
    left join numbered_patients on numbered_patients.patient = courses.patient
    where myeloma_drugs.concept is not null
        or courses.concept = '*'
        or courses.line is not null
        or courses.line_bad
)

select
    patient, concept, source_row, start_earliest, start_latest, end_earliest, end_latest, row_certain, certain,
    row_reasons, reasons, fact_until, line, planned, planned_bad, stop_reason, has_stop, is_steroid, is_sure,
    has_numbers
from final
