-- The courses of treatment as events.
-- Grain: one row per delivered course and drug; attributes stop_reason (blank: any) and
-- recorded_stop_reason (blank: not_stated).
with courses as (select * from treatment_courses),

final as (
    select
        patient,
        concept,
        'treatments' as source_table,
        source_row,
        start_earliest,
        start_latest,
        end_earliest,
        end_latest,
        certain,
        reasons,
        fact_until,
        recorded_name,
        rank_of('stop_reasons', stop_reason) as stop_reason_low,
        rank_of('stop_reasons', stop_reason) as stop_reason_high,
        case
            when not stop_reason_bad
                then rank_of('recorded_stop_reasons', coalesce(stop_reason, 'not_stated'))
        end as recorded_stop_reason_low,
        case
            when not stop_reason_bad
                then rank_of('recorded_stop_reasons', coalesce(stop_reason, 'not_stated'))
        end as recorded_stop_reason_high
    from courses
)

select
    patient, concept, source_table, source_row, start_earliest, start_latest, end_earliest, end_latest, certain,
    reasons, fact_until, recorded_name, stop_reason_low, stop_reason_high, recorded_stop_reason_low,
    recorded_stop_reason_high
from final
