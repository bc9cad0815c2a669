-- What did each response assessment find?
-- Grain: one row per delivered assessment (one day); attribute response from worst to best.
with responses as (select * from stg_responses),

final as (
    select
        patient,
        'responses' as concept,
        'responses' as source_table,
        source_row,
        coalesce(date_earliest, beginning()) as start_earliest,
        coalesce(date_latest, forever()) as start_latest,
        coalesce(date_earliest, beginning()) as end_earliest,
        coalesce(date_latest, forever()) as end_latest,
        not quarantined and date_latest <= as_of() as certain,
        reason_if(quarantined, 'quarantined') | reason_if(is_partial(date_earliest, date_latest), 'partial_date')
        as reasons,
        until_start(date_latest) as fact_until,
        response as recorded_name,
        rank_of('responses', response) as response_low,
        rank_of('responses', response) as response_high
    from responses
)

select
    patient, concept, source_table, source_row, start_earliest, start_latest, end_earliest, end_latest, certain,
    reasons, fact_until, recorded_name, response_low, response_high
from final
