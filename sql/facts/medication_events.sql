-- When was each concurrent medication taken?
-- Grain: one row per delivered medication and drug. A name that is almost a listed one is that drug perhaps;
-- other unlisted names are no event; a name that could not be read may be any drug (concept '*').
-- Open-ended: taken still if confirmed within 90 days before the as-of date, else perhaps (stale).
-- Source of the 90 days: convention of the project.
with medications as (select * from stg_medications),

extract_date as (select extracted_on from extract_dates),

names as (select text, concept, match from drug_names where domain = 'drug' and match <> 'unlisted'),

read as (
    select
        medications.*,
        case when medications.drug is null then '*' else names.concept end as concept,
        coalesce(names.match = 'listed', false) as is_listed,
        extract_date.extracted_on,
        least(extract_date.extracted_on, as_of()) as known_through,
        coalesce(medications.status = 'planned', false) as is_intended,
        list_contains(medications.bad_columns, 'status') as status_bad,
        medications.stop_earliest is not null as has_stop,
        coalesce(medications.status, 'active') = 'active'
        and not list_contains(medications.bad_columns, 'status')
        and coalesce(as_of() - medications.last_confirmed_earliest <= 90, false) as is_confirmed
    from medications
    left join names on names.text = medications.drug
    cross join extract_date
    where medications.drug is null or names.concept is not null
),

ended as (
    select
        *,
        coalesce(start_earliest, beginning()) as first_earliest,
        case
            when has_stop and status = 'active' and stop_latest <= as_of() then forever()
            when has_stop then stop_latest
            when status = 'stopped' then extracted_on
            else forever()
        end as last_latest
    from read
),

started as (
    select
        *,
        least(
            coalesce(start_latest, known_through),
            case when start_latest = forever() then forever() else last_latest end
        ) as first_latest
    from ended
),

final as (
    select
        patient,
        concept,
        'medications' as source_table,
        source_row,
        first_earliest as start_earliest,
        greatest(first_latest, first_earliest) as start_latest,
        case
            when has_stop then greatest(stop_earliest, first_earliest)
            when status = 'stopped' then first_earliest
            when is_confirmed then forever()
            else greatest(first_earliest, coalesce(last_confirmed_earliest, first_earliest))
        end as end_earliest,
        greatest(last_latest, first_earliest) as end_latest,
        not quarantined and not is_intended and is_listed and first_latest <= as_of() as certain,
        reason_if(quarantined, 'quarantined')
        | reason_if(is_intended, 'needs_review')
        | reason_if(drug is not null and not is_listed, 'unmapped_code')
        | reason_if(start_earliest is null, 'never_recorded')
        | reason_if(
            is_partial(start_earliest, start_latest) or is_partial(stop_earliest, stop_latest), 'partial_date'
        )
        | reason_if(has_stop and status = 'active' and stop_latest <= as_of(), 'conflicting_values')
        | reason_if(not has_stop and status is distinct from 'active', 'never_recorded')
        | reason_if(not has_stop and status = 'active' and not is_confirmed, 'stale') as reasons,
        case
            when first_latest > as_of() then until_start(first_latest)
            when not has_stop and is_confirmed then least(last_confirmed_earliest + 90, forever())
            else forever()
        end as fact_until,
        drug as recorded_name,
        rank_of('routes', route) as route_low,
        rank_of('routes', route) as route_high
    from started
)

select
    patient, concept, source_table, source_row, start_earliest, start_latest, end_earliest, end_latest, certain,
    case when not certain or start_earliest < start_latest or end_earliest < end_latest then reasons else 0 end
    as reasons,
    fact_until, recorded_name, route_low, route_high
from final
