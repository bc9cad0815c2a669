-- When did the patient take part in other trials?
-- Grain: one row per delivered participation; a missing last day lies anywhere from the first day on.
with participations as (select * from stg_trial_participation),

spans as (
    select
        *,
        coalesce(start_earliest, beginning()) as first_earliest,
        -- least() passes over a blank.
        case
            when start_latest is null then least(end_latest, as_of())
            else least(start_latest, end_latest)
        end as first_latest
    from participations
),

final as (
    select
        patient,
        'trial_participation' as concept,
        'trial_participation' as source_table,
        source_row,
        first_earliest as start_earliest,
        first_latest as start_latest,
        greatest(coalesce(end_earliest, first_earliest), first_earliest) as end_earliest,
        coalesce(end_latest, forever()) as end_latest,
        not quarantined and first_latest <= as_of() as certain,
        reason_if(quarantined, 'quarantined')
        | reason_if(
            is_partial(first_earliest, first_latest) or is_partial(spans.end_earliest, spans.end_latest),
            'partial_date'
        )
        | reason_if(spans.start_earliest is null or spans.end_earliest is null, 'never_recorded') as reasons,
        until_start(first_latest) as fact_until,
        trial_id as recorded_name,
        rank_of('yes_no', interventional) as interventional_low,
        rank_of('yes_no', interventional) as interventional_high
    from spans
)

select
    patient, concept, source_table, source_row, start_earliest, start_latest, end_earliest, end_latest, certain,
    reasons, fact_until, recorded_name, interventional_low, interventional_high
from final
