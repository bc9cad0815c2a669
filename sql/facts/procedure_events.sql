-- When was each procedure done?
-- Grain: one row per delivered procedure and concept; without a last day it took one day. Codes and names that
-- no list has are no event; a slip of a listed spelling is that procedure perhaps; one that could not be read
-- may be any procedure (concept '*').
with procedures as (select * from stg_procedures),

names as (select text, code_system, system_bad, concept, match from coded_names where kind = 'procedure'),

read as (
    select
        procedures.*,
        coalesce(names.concept, '*') as concept,
        coalesce(names.match = 'listed', false) as is_listed,
        coalesce(procedures.status = 'planned', false) as is_intended,
        coalesce(procedures.start_earliest, beginning()) as first_earliest,
        least(coalesce(procedures.start_latest, forever()), procedures.stop_latest) as first_latest
    from procedures
    left join names
        on names.text = procedures.procedure
        and names.code_system is not distinct from procedures.code_system
        and names.system_bad = list_contains(procedures.bad_columns, 'code_system')
    where procedures.procedure is null or names.match <> 'unlisted' or names.system_bad
),

final as (
    select
        patient,
        concept,
        'procedures' as source_table,
        source_row,
        first_earliest as start_earliest,
        first_latest as start_latest,
        greatest(coalesce(stop_earliest, first_earliest), first_earliest) as end_earliest,
        coalesce(stop_latest, first_latest) as end_latest,
        not quarantined and not is_intended and is_listed and first_latest <= as_of() as certain,
        reason_if(quarantined, 'quarantined')
        | reason_if(is_intended, 'needs_review')
        | reason_if(procedure is not null and not is_listed, 'unmapped_code')
        | reason_if(
            is_partial(first_earliest, first_latest) or is_partial(stop_earliest, stop_latest), 'partial_date'
        ) as reasons,
        until_start(first_latest) as fact_until,
        procedure as recorded_name,
        rank_of('yes_no', major) as major_low,
        rank_of('yes_no', major) as major_high
    from read
)

select
    patient, concept, source_table, source_row, start_earliest, start_latest, end_earliest, end_latest, certain,
    reasons, fact_until, recorded_name, major_low, major_high
from final
