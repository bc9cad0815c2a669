-- What is the patient allergic to or intolerant of?
-- Grain: one row per delivered allergy and drug or substance; it never ends. A name that is almost a listed one
-- is that one perhaps; other unlisted names are no event; one that could not be read may be any ('*').
with allergies as (select * from stg_allergies),

names as (select text, concept, match from drug_names where domain = 'allergy' and match <> 'unlisted'),

read as (
    select
        allergies.*,
        case when allergies.substance is null then '*' else 'allergy_to_' || names.concept end as concept,
        coalesce(names.match = 'listed', false) as is_listed,
        coalesce(allergies.date_earliest, beginning()) as first_earliest,
        coalesce(allergies.date_latest, as_of()) as first_latest
    from allergies
    left join names on names.text = allergies.substance
    where allergies.substance is null or names.concept is not null
),

final as (
    select
        patient,
        concept,
        'allergies' as source_table,
        source_row,
        first_earliest as start_earliest,
        first_latest as start_latest,
        forever() as end_earliest,
        forever() as end_latest,
        not quarantined and is_listed and first_latest <= as_of() as certain,
        reason_if(quarantined, 'quarantined')
        | reason_if(substance is not null and not is_listed, 'unmapped_code')
        | reason_if(date_earliest is null, 'never_recorded')
        | reason_if(is_partial(date_earliest, date_latest), 'partial_date') as reasons,
        until_start(first_latest) as fact_until,
        substance as recorded_name,
        rank_of('allergy_kinds', kind) as kind_low,
        rank_of('allergy_kinds', kind) as kind_high
    from read
)

select
    patient, concept, source_table, source_row, start_earliest, start_latest, end_earliest, end_latest, certain,
    reasons, fact_until, recorded_name, kind_low, kind_high
from final
