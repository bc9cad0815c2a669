-- When was progression documented?
-- Grain: one row per assessment that found PD (perhaps, where it could not be read) and per course that was
-- stopped for progression. The course only tells that it was on some day of it, and the reason of a stop is
-- not an assessment: for a person to review, unless the registry has no table of assessments.
with assessments as (select * from response_events),

courses as (select * from treatment_courses),

has_responses as (select count(*) > 0 as delivered from delivered where name = 'responses'),

assessed as (
    select
        patient,
        'responses' as source_table,
        source_row,
        start_earliest,
        start_latest,
        certain and response_low is not null as certain,
        reasons,
        fact_until,
        recorded_name
    from assessments
    where coalesce(response_low, 0) = 0
),

stopped as (
    select distinct
        courses.patient,
        'treatments' as source_table,
        courses.source_row,
        courses.start_earliest,
        greatest(least(courses.end_latest, as_of()), courses.start_earliest) as start_latest,
        courses.row_certain and not courses.stop_reason_bad and not has_responses.delivered as certain,
        courses.row_reasons | reason('partial_date') | reason_if(has_responses.delivered, 'needs_review')
        as reasons,
        courses.fact_until,
        courses.recorded_name
    from courses
    cross join has_responses
    where courses.stop_reason = 'progression' or courses.stop_reason_bad
),

united as (
    select * from assessed
    union all
    select * from stopped
),

final as (
    select *, start_earliest as end_earliest, start_latest as end_latest from united
)

select
    patient, 'progression' as concept, source_table, source_row, start_earliest, start_latest, end_earliest,
    end_latest, certain, reasons, fact_until, recorded_name
from final
