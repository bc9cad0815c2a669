-- When was each drug of each course of treatment given?
-- Grain: one row per delivered course and drug (a regimen gives each of its drugs; an unlisted name may be any
-- drug, concept '*'). row_certain: the course was given; certain: and it was this drug.
-- A missing last day lies anywhere from the first day on (never_recorded).
with courses as (select * from stg_treatments),

names as (
    select distinct text, case when match = 'listed' then concept else '*' end as concept, match = 'listed' as is_listed
    from drug_names
    where domain = 'drug'
),

spans as (
    select
        *,
        coalesce(start_earliest, beginning()) as first_earliest,
        -- least() passes over a blank.
        least(coalesce(start_latest, forever()), stop_latest) as first_latest,
        quarantined as is_bad,
        coalesce(status in ('planned', 'ordered'), false) as is_intended
    from courses
),

named as (
    select
        spans.*,
        case when spans.drug is null then '*' else names.concept end as concept,
        coalesce(names.is_listed, false) as is_listed
    from spans
    left join names on names.text = spans.drug
),

final as (
    select
        patient,
        concept,
        source_row,
        first_earliest as start_earliest,
        first_latest as start_latest,
        greatest(coalesce(stop_earliest, first_earliest), first_earliest) as end_earliest,
        coalesce(stop_latest, forever()) as end_latest,
        not is_bad and not is_intended and first_latest <= as_of() as row_certain,
        not is_bad and not is_intended and first_latest <= as_of() and is_listed as certain,
        reason_if(is_bad, 'quarantined')
        | reason_if(is_intended, 'needs_review')
        | reason_if(is_partial(start_earliest, start_latest) or is_partial(stop_earliest, stop_latest), 'partial_date')
        | reason_if(stop_earliest is null, 'never_recorded') as row_reasons,
        reason_if(drug is not null and not is_listed, 'unmapped_code') as name_reasons,
        until_start(first_latest) as fact_until,
        drug as recorded_name,
        line,
        planned,
        stop_reason,
        list_contains(bad_columns, 'line') as line_bad,
        list_contains(bad_columns, 'planned') as planned_bad,
        list_contains(bad_columns, 'stop_reason') as stop_reason_bad,
        stop_earliest is not null as has_stop
    from named
)

select
    patient, concept, source_row, start_earliest, start_latest, end_earliest, end_latest, row_certain, certain,
    row_reasons, row_reasons | name_reasons as reasons, fact_until, recorded_name, line, planned, stop_reason,
    line_bad, planned_bad, stop_reason_bad, has_stop
from final
