-- What happened to each patient, and when?
-- Grain: one row per event; columns as in schemas.facts.EVENTS. Only concepts asked for, and '*'. An attribute
-- that a row does not have, or leaves blank, may be anything in its domain.
with wanted as (select concept from wanted_concepts),

united as (
    select * from treatment_events
    union all by name select * from medication_events
    union all by name select * from condition_events
    union all by name select * from procedure_events
    union all by name select * from response_events
    union all by name select * from progression_events
    union all by name select * from line_events
    union all by name select * from trial_participation_events
    union all by name select * from allergy_events
),

final as (
    select united.*
    from united
    join wanted on wanted.concept = united.concept
)

select
    patient,
    concept,
    source_table,
    source_row,
    start_earliest,
    start_latest,
    end_earliest,
    end_latest,
    certain,
    reasons,
    fact_until,
    recorded_name,
    coalesce(grade_low, 1) as grade_low,
    coalesce(grade_high, 5) as grade_high,
    coalesce(confirmed_low, 0) as confirmed_low,
    coalesce(confirmed_high, 1) as confirmed_high,
    coalesce(controlled_low, 0) as controlled_low,
    coalesce(controlled_high, 1) as controlled_high,
    coalesce(residual_disease_low, 0) as residual_disease_low,
    coalesce(residual_disease_high, 1) as residual_disease_high,
    coalesce(completely_resected_low, 0) as completely_resected_low,
    coalesce(completely_resected_high, 1) as completely_resected_high,
    coalesce(major_low, 0) as major_low,
    coalesce(major_high, 1) as major_high,
    coalesce(stop_reason_low, 0) as stop_reason_low,
    coalesce(stop_reason_high, highest_rank('stop_reasons')) as stop_reason_high,
    coalesce(recorded_stop_reason_low, 0) as recorded_stop_reason_low,
    coalesce(recorded_stop_reason_high, highest_rank('recorded_stop_reasons')) as recorded_stop_reason_high,
    coalesce(interventional_low, 0) as interventional_low,
    coalesce(interventional_high, 1) as interventional_high,
    coalesce(kind_low, 0) as kind_low,
    coalesce(kind_high, highest_rank('allergy_kinds')) as kind_high,
    coalesce(response_low, 0) as response_low,
    coalesce(response_high, highest_rank('responses')) as response_high,
    coalesce(line_number_low, 1) as line_number_low,
    coalesce(line_number_high, 99) as line_number_high,
    coalesce(route_low, 0) as route_low,
    coalesce(route_high, highest_rank('routes')) as route_high
from final
